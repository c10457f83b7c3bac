"""Notifications: the list, read or not; which mails an adult wants."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from comptes.categories import REGIMES
from comptes.francais import nombre
from comptes.models import Categorie, Notification, Responsable
from comptes.refus import lire_le_jeton
from comptes.services.notifications import choisir_les_courriels, lire, refuser

PAR_PAGE = 20
NON_LUES = "non-lues"


@dataclass(frozen=True)
class Filtre:
    """What the list shows: every category or one, all or the unread."""

    voir: str
    categorie: str
    reconnu: bool

    @classmethod
    def lu(cls, question) -> "Filtre":
        voir, categorie = question.get("voir", ""), question.get("categorie", "")
        bons = voir in {"", NON_LUES}, categorie in {"", *Categorie.values}
        return cls(voir if bons[0] else "", categorie if bons[1] else "", all(bons))

    def appliquer(self, notifications):
        if self.voir:
            notifications = notifications.non_lues()
        return notifications.filter(categorie=self.categorie) if self.categorie else notifications

    @property
    def adresse(self) -> str:
        """The filter as the end of an address, with its « & », empty when it filters nothing."""
        poses = {"voir": self.voir, "categorie": self.categorie}
        return "".join(f"&{urlencode({nom: valeur})}" for nom, valeur in poses.items() if valeur)


@login_required
@require_safe
def notifications(request):
    """What the portal told this adult, the latest first."""
    filtre = Filtre.lu(request.GET)
    siennes = Notification.objects.de(request.user)
    contexte = {
        "page": Paginator(filtre.appliquer(siennes), PAR_PAGE).get_page(request.GET.get("page")),
        "filtre": filtre,
        "categories": Categorie.choices,
        "accompagnee": bool(request.user.famille_accompagnee),
    }
    return render(request, "comptes/notifications.html", contexte)


@login_required
@require_POST
def ouvrir_notification(request, pk):
    """Read, then go to what it tells; without a page of its own, back to the list as it was."""
    siennes = Notification.objects.de(request.user).filter(pk=pk)
    notification = get_object_or_404(siennes)
    lire(siennes, par=request.user)
    if notification.lien and url_has_allowed_host_and_scheme(notification.lien, allowed_hosts=None):
        return redirect(notification.lien)
    messages.success(request, f"« {notification.titre} » est marqué comme lu.")
    return redirect(f"{reverse('comptes:notifications')}?{request.GET.urlencode()}")


@login_required
@require_POST
def tout_lire(request):
    lues = lire(Notification.objects.de(request.user), par=request.user)
    if lues:
        messages.success(request, f"{nombre(lues, 'notification marquée', 'notifications marquées')} comme lues.")
    return redirect("comptes:notifications")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choix_courriels(request):
    """Which mails this adult wants: every category but those that the law has sent."""
    responsable = get_object_or_404(Responsable.objects.select_related("famille"), utilisateur=request.user)
    if request.method == "POST":
        choisir_les_courriels(responsable=responsable, recus=request.POST.getlist("recevoir"))
        messages.success(request, "Vos choix d’e-mails sont enregistrés.")
        return redirect("comptes:choix_courriels")
    refusees = set(responsable.refus_de_courriel.values_list("categorie", flat=True))
    contexte = {
        "responsable": responsable,
        "choix": [(c, r, c not in refusees) for c, r in REGIMES.items() if r.refusable],
        "obligatoires": [(c, r) for c, r in REGIMES.items() if not r.refusable],
    }
    return render(request, "comptes/choix_courriels.html", contexte)


@csrf_exempt  # the link is the secret, and a mail reader posts to it without a page (RFC 8058)
@require_http_methods(["GET", "HEAD", "POST"])
def refuser_courriels(request, jeton):
    """The link of a mail. A person confirms, for mail readers open links by themselves; they post when asked to."""
    lu = lire_le_jeton(jeton)
    if lu is None:
        raise Http404
    responsable, categorie = lu
    if request.method == "POST":
        refuser(responsable=responsable, categorie=categorie)
        if "List-Unsubscribe" not in request.POST:
            return redirect("comptes:refuser_courriels", jeton=jeton)
    contexte = {
        "categorie": categorie,
        "regime": REGIMES[categorie],
        "refusee": responsable.refus_de_courriel.filter(categorie=categorie).exists(),
    }
    return render(request, "comptes/refuser_courriels.html", contexte)
