"""« Contacts »: whom the town calls for the children of a household, and who may come for them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comptes.formulaires_enfant import FormulaireContact
from comptes.francais import nombre
from comptes.models import Contact, Famille, Rattachement
from comptes.regles import CONTACTS_AU_PLUS, contacts_a_importer
from comptes.services import contacts as services
from comptes.views_fiche import PK_AU_PLUS, enfant_du_foyer

SENS = {"monter": -1, "descendre": 1}


@login_required
@require_safe
def contacts(request):
    """The adults, the contacts of each child in the order of the calls, and whom the household calls."""
    famille = Famille.objects.de(request.user).prefetch_related("responsables").first()
    siens = Rattachement.objects.de(request.user)
    freres = Contact.objects.filter(rattachement__famille=OuterRef("famille")).exclude(rattachement=OuterRef("pk"))
    enfants = siens.select_related("enfant").prefetch_related("contacts").annotate(copiable=Exists(freres))
    contexte = {
        "famille": famille,
        "enfants": enfants.order_by("enfant__nom", "enfant__prenom", "pk") if famille else [],
        "au_plus": CONTACTS_AU_PLUS,
    }
    return render(request, "comptes/contacts.html", contexte)


def _contact_du_foyer(request, pk: int) -> Contact:
    """The one door: a contact that this household named. The other household's is not found."""
    if pk > PK_AU_PLUS:
        raise Http404
    siens = Contact.objects.de(request.user).select_related("rattachement__enfant")
    return get_object_or_404(siens, pk=pk)


def _retour(pk_enfant: int):
    return redirect(f"{reverse('comptes:contacts')}#enfant-{pk_enfant}")


def _saisie(request, rattachement: Rattachement, contact: Contact | None):
    """The form of a contact, new when there is none yet."""
    formulaire = FormulaireContact(request.POST if request.method == "POST" else None, contact=contact)
    if formulaire.is_bound and formulaire.is_valid():
        try:
            if contact:
                fait = services.modifier(contact=contact, valeurs=formulaire.cleaned_data)
            else:
                fait = services.ajouter(rattachement=rattachement, valeurs=formulaire.cleaned_data)
        except ValidationError as refus:
            formulaire.add_error(None, refus)
        else:
            quoi = "est à jour" if contact else f"est ajouté aux contacts de {rattachement.enfant.prenom}"
            messages.success(request, f"{fait.prenom} {fait.nom} {quoi}.")
            return _retour(rattachement.enfant_id)
    contexte = {"formulaire": formulaire, "enfant": rattachement.enfant, "contact": contact}
    return render(request, "comptes/contact.html", contexte)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ajouter_contact(request, pk):
    return _saisie(request, enfant_du_foyer(request, pk), None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def modifier_contact(request, pk):
    contact = _contact_du_foyer(request, pk)
    return _saisie(request, contact.rattachement, contact)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def supprimer_contact(request, pk):
    """Asked once more by GET; by POST, deleted."""
    contact = _contact_du_foyer(request, pk)
    enfant = contact.rattachement.enfant
    if request.method == "POST":
        services.supprimer(contact=contact)
        messages.success(request, f"{contact.prenom} {contact.nom} n’est plus un contact de {enfant.prenom}.")
        return _retour(enfant.pk)
    return render(request, "comptes/supprimer_contact.html", {"contact": contact, "enfant": enfant})


@login_required
@require_POST
def deplacer_contact(request, pk, sens):
    """One rank up or down, from the rank that the page showed."""
    contact = _contact_du_foyer(request, pk)
    vu = request.POST.get("rang", "")
    rang = None
    if vu.isascii() and vu.isdecimal() and len(vu) < 6:
        rang = services.deplacer(contact=contact, rang_vu=int(vu), sens=SENS[sens])
    if rang is None:
        messages.warning(request, "L’ordre a changé entre-temps : le voici. Rien n’a été déplacé.")
    else:
        messages.success(request, f"{contact.prenom} {contact.nom} : appel n° {rang}.")
    return _retour(contact.rattachement.enfant_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def importer_contacts(request, pk):
    """Choose a brother or a sister, read what is added and what is there already, then copy."""
    vers = enfant_du_foyer(request, pk)
    freres = Rattachement.objects.de(request.user).exclude(pk=vers.pk).filter(contacts__isnull=False).distinct()
    choix = list(freres.select_related("enfant").order_by("enfant__nom", "enfant__prenom", "pk"))
    seul = str(choix[0].enfant_id) if len(choix) == 1 else ""
    demande = (request.POST if request.method == "POST" else request.GET).get("de", seul)
    source = next((r for r in choix if str(r.enfant_id) == demande), None)
    if demande and source is None:
        raise Http404
    if request.method == "POST" and source:
        return _copier(request, source, vers)
    contexte = {
        "enfant": vers.enfant,
        "choix": choix,
        "source": source,
        "apercu": contacts_a_importer(source.contacts.all(), vers.contacts.all()) if source else None,
        "au_plus": CONTACTS_AU_PLUS,
    }
    return render(request, "comptes/importer_contacts.html", contexte)


def _copier(request, source: Rattachement, vers: Rattachement):
    choisis = {int(n) for n in request.POST.getlist("contacts") if n.isascii() and n.isdecimal() and len(n) <= 18}
    try:
        fait = services.importer(source=source, vers=vers, choisis=choisis)
    except ValidationError as refus:
        messages.error(request, " ".join(refus.messages))
        return _retour(vers.enfant_id)
    faits = [nombre(len(fait.ajouts), "contact copié", "contacts copiés")]
    if fait.doublons:
        faits.append(nombre(len(fait.doublons), "contact était déjà là", "contacts étaient déjà là"))
    if fait.sans_place:
        faits.append(f"{len(fait.sans_place)} sans place : {CONTACTS_AU_PLUS} contacts au plus par enfant")
    messages.add_message(
        request, messages.SUCCESS if fait.ajouts else messages.WARNING, f"{', '.join(faits)}.".capitalize()
    )
    return _retour(vers.enfant_id)
