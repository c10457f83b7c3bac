"""Ask API Particulier for a household's quotient, and record it. A failure changes nothing."""

from dataclasses import dataclass

from comptes.api_particulier import Identite, Quotient, lire_le_quotient
from comptes.models import Famille, QuotientFamilial, Utilisateur
from comptes.services.quotients import enregistrer_un_quotient


@dataclass(frozen=True)
class Actualisation:
    lu: Quotient
    enregistre: QuotientFamilial | None  # None: the town had this value already


def actualiser(*, famille: Famille, identite: Identite, par: Utilisateur) -> Actualisation:
    """Record the quotient of this adult when it differs from what counts for the household in that month.

    Raises a `comptes.api_particulier.Echec` and writes nothing. No transaction may be open: the call lasts seconds.
    """
    lu = lire_le_quotient(identite)
    compte = QuotientFamilial.objects.filter(famille=famille, mois__lte=lu.premier).order_by("-mois").first()
    if compte is not None and compte.valeur == lu.valeur:
        return Actualisation(lu, None)
    quotient = enregistrer_un_quotient(
        famille=famille, mois=lu.premier, valeur=lu.valeur, source=QuotientFamilial.Source.API, par=par
    )
    return Actualisation(lu, quotient)
