"""The recap of an operation: the same words and sums on the page of step 4, in the mail and on paper."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from comptes.francais import FINE, INSECABLE, date_courte, date_sans_annee, enumerer, euros, instant_long, nombre
from comptes.models import Enfant
from reservations.models import AnneeScolaire, Inscription, Mouvement, Operation
from reservations.regles import Motif

N = Mouvement.Nature


def ligne(mouvement: Mouvement) -> str:
    """`Réservation ajoutée : 15/05/2025 - Prix : 4,97 €`, the words of the town's tutorial."""
    # Not get_…_display(), which reads all the choices again for each line.
    debut = f"{N(mouvement.nature).label}{INSECABLE}: {date_courte(mouvement.date)}"
    if mouvement.motif:
        debut += f" - {motif(mouvement)}"
        return debut
    if mouvement.nature == N.ABSENCE:
        return f"{debut} - {reste_du(mouvement.prix or Decimal(0))} ({mouvement.precision})"
    if mouvement.prix is not None:
        debut += f" - Prix{INSECABLE}: {euros(mouvement.prix)}"
        if mouvement.precision:
            debut += f" ({mouvement.precision})"
    elif mouvement.precision:
        debut += f" ({mouvement.precision})"
    return debut


def reste_du(prix: Decimal) -> str:
    """What stays due of a meal whose absence is declared."""
    return f"Reste dû{INSECABLE}: {euros(prix)}" if prix else "Non facturé"


def ligne_a_venir(mouvement: Mouvement) -> str:
    """A line of `simuler`, before anything is written: `Repas du 15/05/2025 : sera annulé (4,97 €)`."""
    debut = f"Repas du {date_courte(mouvement.date)}{INSECABLE}: "
    if mouvement.motif:
        return debut + motif(mouvement)
    verbe = "sera annulé" if mouvement.nature == N.ANNULATION else "sera réservé de nouveau"
    return debut + verbe + (f" ({euros(mouvement.prix)})" if mouvement.prix is not None else "")


def ligne_definitive(mouvement: Mouvement) -> str:
    """A line of an operation that no undo touches: a waiting list, an absence."""
    return f"{mouvement.get_nature_display()}{INSECABLE}: {date_courte(mouvement.date)} - ne se défait pas ici"


def retards_en_mots(mouvements: Iterable[Mouvement]) -> str:
    """What a form with late meals that cost more than its page said is told, before anything is booked."""
    repas = f"{FINE}; ".join(
        f"{m.inscription.enfant.prenom}, {date_sans_annee(m.date)}, {euros(m.prix or Decimal(0))}" for m in mouvements
    )
    return (
        f"Rien n’est encore enregistré{INSECABLE}: la limite est passée pour certains jours, réservés au prix tardif. "
        f"Réservation tardive{INSECABLE}: {repas}. Vérifiez le total, puis «{INSECABLE}Valider{INSECABLE}»."
    )


def deja_enregistre(operation: Operation) -> str:
    """What a form sent again is told: its recap is of then, and meals may have changed since."""
    return (
        f"Ce formulaire avait déjà été enregistré le {instant_long(operation.cree_le)}{FINE}; rien n’a été changé. "
        "Voici son récapitulatif."
    )


def rien_de_defait(operation: Operation) -> str:
    """What an undo that changed no meal is told, above the recap that names each of them."""
    return (
        f"Rien n’a pu être défait de l’opération n° {operation.numero}{INSECABLE}: la raison est écrite en face de "
        "chaque repas. L’opération reste telle qu’elle était."
    )


def auteur_en_mots(operation: Operation, lecteur=None) -> str:
    """Who did it, for the household: never the name of an agent. `lecteur` is « vous »; a document has none."""
    if operation.origine != Operation.Origine.PARENT:
        return operation.get_origine_display()
    return "vous" if lecteur and operation.auteur_id == lecteur.pk else str(operation.auteur)


def motif(mouvement: Mouvement) -> str:
    """The reason, with what proves it: the closure's own words, or the count on which a full day was refused."""
    texte = Motif(mouvement.motif).label
    if mouvement.precision:
        return f"{texte} ({mouvement.precision})"
    if mouvement.motif == Motif.COMPLET:
        return f"{texte} ({mouvement.places_prises} repas réservés sur {mouvement.capacite})"
    return texte


@dataclass(frozen=True)
class PartieDuRecapitulatif:
    """The lines of one enrolment."""

    inscription: Inscription
    mouvements: Sequence[Mouvement]

    @cached_property
    def lignes(self) -> list[tuple[str, str]]:
        """Worded once for the text, the HTML and the page that show them."""
        return [(m.nature, ligne(m)) for m in self.mouvements]

    @property
    def du_calendrier(self) -> bool:
        """Whether a calendar was sent: its draft has arrived. A waiting list or an absence leaves the draft alone."""
        ailleurs = (N.ATTENTE, N.SORTIE_D_ATTENTE, N.ABSENCE)
        return any(m.nature not in ailleurs for m in self.mouvements)

    @property
    def jour_du_prix(self) -> dt.date | None:
        """The first day whose line says a price, of which the page can say why."""
        return next((m.date for m in self.mouvements if m.prix is not None and not m.motif), None)

    @property
    def complets(self) -> list[Mouvement]:
        """The days refused because they were full: those on which one may ask to wait."""
        return [m for m in self.mouvements if m.nature == N.REFUS and m.motif == Motif.COMPLET]

    @property
    def complets_en_adresse(self) -> str:
        """`20261207.20261208`, the `?jours=` of the waiting list."""
        return ".".join(f"{m.date:%Y%m%d}" for m in self.complets)


@dataclass(frozen=True)
class Recapitulatif:
    operation: Operation
    parties: Sequence[PartieDuRecapitulatif]

    @classmethod
    def de(cls, operation: Operation, mouvements: Iterable[Mouvement], inscriptions: Iterable[Inscription]):
        mouvements = list(mouvements)
        return cls(
            operation,
            [
                PartieDuRecapitulatif(
                    i, sorted((m for m in mouvements if m.inscription_id == i.pk), key=lambda m: m.date)
                )
                for i in inscriptions
            ],
        )

    @property
    def enfant(self) -> Enfant:
        return self.parties[0].inscription.enfant

    @property
    def annee(self) -> AnneeScolaire:
        return self.parties[0].inscription.annee

    def _de_nature(self, *natures: str) -> list[Mouvement]:
        return [m for partie in self.parties for m in partie.mouvements if m.nature in natures]

    @property
    def ajouts(self) -> int:
        return len(self._de_nature(N.AJOUT))

    @property
    def annulations(self) -> int:
        return len(self._de_nature(N.ANNULATION))

    @property
    def absences(self) -> int:
        return len(self._de_nature(N.ABSENCE))

    @property
    def montant_du(self) -> Decimal:
        """What stays due of the meals of the absences declared."""
        return sum((m.prix or Decimal(0) for m in self._de_nature(N.ABSENCE)), Decimal(0))

    @property
    def refus(self) -> int:
        return len(self._de_nature(N.REFUS, N.REFUS_ANNULATION))

    @property
    def sans_effet(self) -> int:
        return len(self._de_nature(N.SANS_EFFET))

    @property
    def a_signer(self) -> bool:
        """Whether a day was refused for want of a signature, which the page leads to."""
        return any(m.motif == Motif.A_SIGNER for m in self._de_nature(N.REFUS))

    @property
    def attentes(self) -> int:
        return len(self._de_nature(N.ATTENTE))

    @property
    def attente_seule(self) -> bool:
        """Whether it is about the waiting list and no meal."""
        return all(m.nature in (N.ATTENTE, N.SORTIE_D_ATTENTE) for p in self.parties for m in p.mouvements)

    @property
    def a_ecrire(self) -> bool:
        """Whether it is worth a mail: something changed, or a full day was refused, of which the mail is the proof.

        A form whose every day is without effect or too late, sent again and again, fills nobody's mailbox; the
        operation stays as the proof.
        """
        inchange = (N.SANS_EFFET, N.REFUS, N.REFUS_ANNULATION)
        return any(m.nature not in inchange or m.motif == Motif.COMPLET for p in self.parties for m in p.mouvements)

    @property
    def resume(self) -> str:
        """`2 réservés, 1 annulé, 1 refusé`: what became of the days, in one line."""
        comptes = [
            (self.ajouts, "réservé", "réservés"),
            (self.annulations, "annulé", "annulés"),
            (self.absences, "absence déclarée", "absences déclarées"),
            (self.attentes, "en liste d’attente", "en liste d’attente"),
            (len(self._de_nature(N.SORTIE_D_ATTENTE)), "sorti de la liste d’attente", "sortis de la liste d’attente"),
            (self.refus, "refusé", "refusés"),
            (self.sans_effet, "sans changement", "sans changement"),
        ]
        return ", ".join(nombre(n, un, plusieurs) for n, un, plusieurs in comptes if n)

    @property
    def montant_ajoute(self) -> Decimal:
        return sum((m.prix or Decimal(0) for m in self._de_nature(N.AJOUT)), Decimal(0))

    @property
    def montant_annule(self) -> Decimal:
        return sum((m.prix or Decimal(0) for m in self._de_nature(N.ANNULATION)), Decimal(0))

    @property
    def prenoms(self) -> str:
        return enumerer(p.inscription.enfant.prenom for p in self.parties)
