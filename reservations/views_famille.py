"""All the children at once: one calendar, patterns, and the copy of a child's bookings to another."""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from comptes.francais import JOURS
from reservations import regles_changements
from reservations.calendrier_famille import CalendrierDeFamille, apercu
from reservations.formulaires import FormulaireIncorrect
from reservations.formulaires_famille import FormulaireDeFamille, adresse_de_famille, lire_demandes
from reservations.lecture_calendrier import charger_calendriers, lire_mois, mois_par_defaut
from reservations.models import AnneeScolaire, Attente, Inscription
from reservations.recapitulatif import deja_enregistre, retards_en_mots
from reservations.regles import Etat
from reservations.regles_changements import Changements, Semaines
from reservations.services import reserver
from reservations.services.reserver import RetardNonAnnonce, cle_du_formulaire


@dataclass(frozen=True)
class Foyer:
    """The enrolments of a household for one year, and the years around it in which it has some."""

    annee: AnneeScolaire
    inscriptions: list[Inscription]
    precedente: AnneeScolaire | None
    suivante: AnneeScolaire | None

    @property
    def a_signer(self) -> list[Inscription]:
        """Those that book nothing before something is signed."""
        return [i for i in self.inscriptions if i.a_signer]

    @property
    def debut(self) -> dt.date:
        """From when a pattern or a copy has something to change."""
        return max(timezone.localdate(), self.annee.debut)

    def calendriers(self, premier=None, *, pour=None, en_attente=None):
        return charger_calendriers(
            self.inscriptions if pour is None else pour,
            premier=premier or mois_par_defaut(self.inscriptions[0], timezone.localdate()),
            maintenant=timezone.now(),
            aujourdhui=timezone.localdate(),
            en_attente=en_attente,
        )

    def choisies(self, numeros) -> list[Inscription]:
        """Those of these numbers; anyone else's is not found."""
        connues = {str(i.pk): i for i in self.inscriptions}
        if not set(numeros) <= set(connues):
            raise Http404
        return [i for numero, i in connues.items() if numero in numeros]


def _foyer(request) -> Foyer | None:
    """The household at the year of the address, else at today's, else at its last. None without an enrolment."""
    toutes = list(
        Inscription.objects.de(request.user)
        .completes()
        .avec_prix()
        .order_by("annee__debut", "rattachement__enfant__prenom", "rattachement__enfant", "pk")
    )
    annees = list(dict.fromkeys(i.annee for i in toutes))
    voulue = [a for a in annees if str(a) == request.GET.get("annee")]
    a_venir = [a for a in annees if a.fin >= timezone.localdate()]
    annee = next(iter(voulue or a_venir or annees[-1:]), None)
    if annee is None:
        return None
    rang = annees.index(annee)
    return Foyer(
        annee,
        [i for i in toutes if i.annee == annee],
        precedente=annees[rang - 1] if rang else None,
        suivante=annees[rang + 1] if rang + 1 < len(annees) else None,
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tous(request):
    """One calendar for all the children; by POST, one submission that leads to étape 4."""
    foyer = _foyer(request)
    if foyer is None:
        return render(request, "reservations/tous.html", {"foyer": None})
    premier = lire_mois(request.GET.get("mois", ""), foyer.inscriptions[0])
    if request.method == "POST":
        return _envoi(request, foyer, premier)
    if premier is None and "mois" in request.GET:
        messages.warning(request, f"Ce mois n’est pas dans l’année scolaire {foyer.annee}.")
    calendrier = CalendrierDeFamille(
        foyer.calendriers(premier, en_attente=lire_demandes(request.GET.getlist("c"), foyer.annee))
    )
    contexte = {
        "foyer": foyer,
        "calendrier": calendrier,
        "mois": calendrier.affiche,
        "ouverte": foyer.annee.est_ouverte(timezone.now()),
        "effacer": adresse_de_famille(foyer.annee, calendrier.affiche.premier),
        "files": calendrier.files(timezone.now()),
        "modes": Attente.Mode.choices,
        "jeton": uuid.uuid4(),
    }
    return render(request, "reservations/tous.html", contexte)


def _envoi(request, foyer, premier):
    try:
        formulaire = FormulaireDeFamille.lire(request.POST, foyer.inscriptions)
    except FormulaireIncorrect as erreur:
        messages.error(request, str(erreur))
        return redirect(adresse_de_famille(foyer.annee, premier))
    demandes = formulaire.demandes
    if formulaire.aller or formulaire.a_plusieurs:
        # Without JavaScript a bulk button may touch months and children out of sight: their number and price first.
        voulu = lire_mois(formulaire.aller, foyer.inscriptions[0]) or premier
        return redirect(adresse_de_famille(foyer.annee, voulu, demandes))
    if not demandes:
        messages.info(request, "Vous n’avez rien changé : aucune réservation n’a été modifiée.")
        return redirect(adresse_de_famille(foyer.annee, premier))
    cle = cle_du_formulaire(formulaire.jeton, demandes)
    try:
        operation = reserver(demandes=demandes, auteur=request.user, cle=cle, annonce=formulaire.annonce)
    except RetardNonAnnonce as erreur:
        messages.warning(request, retards_en_mots(erreur.retards))
        return redirect(adresse_de_famille(foyer.annee, premier, demandes))
    if operation.repetee:
        messages.warning(request, deja_enregistre(operation))
    return redirect(f"{reverse('reservations:operation', args=[operation.numero])}?depuis=tous")


# --- Patterns --------------------------------------------------------------------------------------------------------
@login_required
@require_safe
def rythme(request):
    """Choose children, weekdays and weeks; with `apercu`, see what they change before sending it."""
    foyer = _foyer(request)
    if foyer is None:
        return render(request, "reservations/rythme.html", {"foyer": None})
    demande = _lire_rythme(request.GET, foyer)
    contexte = {
        "foyer": foyer,
        "demande": demande,
        "semaines": Semaines.choices,
        "jours": list(enumerate(JOURS[:5], 1)),
    }
    if "apercu" in request.GET:
        if demande["erreur"]:
            messages.error(request, demande["erreur"])
        else:
            contexte |= _contexte_de_l_apercu(foyer, _apercu_du_rythme(foyer, demande))
    return render(request, "reservations/rythme.html", {"apercu": None, **contexte})


def _lire_rythme(donnees, foyer) -> dict:
    """What the form of the pattern holds, as its fields show it again; `erreur` is the sentence for the person."""
    nouveau = "apercu" not in donnees
    demande = {
        "inscriptions": foyer.inscriptions if nouveau else foyer.choisies(donnees.getlist("inscriptions")),
        "jours": {1, 2, 4, 5} if nouveau else {n for n in range(1, 6) if str(n) in donnees.getlist("jours")},
        "semaines": next((c for c in Semaines.values if c == donnees.get("semaines")), Semaines.TOUTES.value),
        "du": _lire_date(donnees.get("du", ""), foyer.debut),
        "au": _lire_date(donnees.get("au", ""), foyer.annee.fin),
        "remplacer": donnees.get("mode") == "remplacer",
        "erreur": "",
    }
    if not demande["inscriptions"]:
        demande["erreur"] = "Choisissez au moins un enfant."
    elif not demande["jours"]:
        demande["erreur"] = "Choisissez au moins un jour de la semaine."
    elif demande["du"] is None or demande["au"] is None:
        demande["erreur"] = "Ces dates ne se lisent pas : écrivez-les comme dans un calendrier."
    elif demande["du"] > demande["au"]:
        demande["erreur"] = "La première date est après la dernière."
    return demande


def _lire_date(texte: str, defaut: dt.date) -> dt.date | None:
    if not texte:
        return defaut
    try:
        return dt.datetime.strptime(texte, "%Y-%m-%d").date()
    except ValueError:
        return None


def _apercu_du_rythme(foyer, demande):
    calendriers = foyer.calendriers(pour=demande["inscriptions"])
    # The days on which some service of the household cooks: a holiday is not a day left out.
    servis = {c.date for lu in calendriers for c in lu.cases if c.etat != Etat.FERME}
    periode = {j for j in servis if demande["du"] <= j <= demande["au"]}
    voulus = regles_changements.rythme(
        servis, jours_de_semaine=demande["jours"], semaines=demande["semaines"], du=demande["du"], au=demande["au"]
    )
    return apercu(calendriers, voulus, remplacer=periode if demande["remplacer"] else ())


# --- Copy ------------------------------------------------------------------------------------------------------------
@login_required
@require_safe
def copie(request):
    """Copy the meals to come of one child to others; with `apercu`, see what it changes before sending it."""
    foyer = _foyer(request)
    if foyer is None or len(foyer.inscriptions) < 2:
        return render(request, "reservations/copie.html", {"foyer": foyer, "seul": True})
    sources = foyer.choisies(request.GET.getlist("source"))
    vers = [i for i in foyer.choisies(request.GET.getlist("vers")) if i not in sources]
    contexte = {"foyer": foyer, "seul": False, "sources": sources, "vers": vers, "apercu": None}
    if "apercu" in request.GET:
        if len(sources) != 1 or not vers:
            messages.error(request, "Choisissez un enfant à copier et au moins un autre à qui copier ses repas.")
        else:
            source, *calendriers = foyer.calendriers(pour=[*sources, *vers])
            reserves = {c.date for c in source.cases if c.reserve and c.date >= timezone.localdate()}
            contexte |= _contexte_de_l_apercu(foyer, apercu(calendriers, reserves))
    return render(request, "reservations/copie.html", contexte)


def _contexte_de_l_apercu(foyer, lu) -> dict:
    demandes: dict[int, Changements] = lu.demandes
    jours = [j for c in demandes.values() for j in c.ajouts | c.annulations]
    premier = min(jours, default=foyer.debut).replace(day=1)
    return {
        "apercu": lu,
        "jeton": uuid.uuid4(),
        "envoi": adresse_de_famille(foyer.annee, premier),
        "ajuster": adresse_de_famille(foyer.annee, premier, demandes),
    }
