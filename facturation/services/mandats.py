"""Mandates of direct debit: signed and revoked by the household, one at a time."""

import schwifty
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from schwifty.exceptions import SchwiftyException

from comptes.francais import INSECABLE
from comptes.models import Utilisateur
from facturation.chiffre import chiffrer, dechiffrer
from facturation.models import Mandat, Prelevement
from facturation.services.imputer import verrouiller_le_foyer

IBAN_REFUSE = f"Cet IBAN n’existe pas. Recopiez-le de votre relevé d’identité bancaire, par exemple{INSECABLE}: FR76…"


def ouvert() -> bool:
    """Whether the town can debit: its creditor identifier (ICS), its account and its bank are set."""
    return all(settings.REGIE[nom] for nom in ("ics", "iban", "bic"))


def lire_iban(texte: str) -> schwifty.IBAN:
    """An IBAN checked by its key. Raises ValidationError with a sentence that does not repeat it."""
    try:
        iban = schwifty.IBAN(texte, validate_bban=True)
    except SchwiftyException:
        raise ValidationError(IBAN_REFUSE) from None
    if not iban.in_sepa_zone:
        raise ValidationError("Ce compte est hors de la zone SEPA. Il ne peut pas être prélevé.")
    return iban


def masque(fin: str) -> str:
    return f"••••{INSECABLE}{fin}"


def texte_du_mandat(*, rum: str, titulaire: str, fin_iban: str) -> str:
    """What is signed, kept as it was. Wording: SEPA Core Direct Debit Rulebook, annex VII."""
    regie = settings.REGIE
    deux = f"{INSECABLE}: "
    return (
        f"En signant ce mandat, vous autorisez {regie['nom']} à envoyer à votre banque des instructions pour débiter "
        "votre compte, et votre banque à débiter votre compte conformément à ces instructions. Vous bénéficiez du "
        "droit d’être remboursé par votre banque selon les conditions de votre convention avec elle. Une demande de "
        "remboursement est présentée dans les 8 semaines qui suivent la date de débit pour un prélèvement autorisé.\n"
        f"Créancier{deux}{regie['nom']}, ICS {regie['ics']}\n"
        f"Référence unique du mandat{deux}{rum}\n"
        f"Titulaire du compte{deux}{titulaire}\n"
        f"IBAN{deux}{masque(fin_iban)}\n"
        f"Type de paiement{deux}récurrent"
    )


def signer(*, famille: int, titulaire: str, iban: str, par: Utilisateur) -> tuple[Mandat, bool]:
    """Sign; the same account sent twice is one mandate. Raises ValidationError."""
    if not ouvert():
        raise ValidationError("Le prélèvement automatique n’est pas proposé.")
    lu = lire_iban(iban)
    with transaction.atomic():
        verrouiller_le_foyer(famille)
        maintenant = timezone.now()
        actif = Mandat.objects.filter(famille=famille).actifs().first()
        if actif and dechiffrer(actif.iban) == lu.compact:
            return actif, False
        if actif:
            raise ValidationError("Un mandat est déjà en cours. Révoquez-le avant d’en signer un autre.")
        rum = f"CANTINE{famille:08d}{Mandat.objects.filter(famille=famille).count() + 1:03d}"
        mandat = Mandat.objects.create(
            famille_id=famille,
            rum=rum,
            titulaire=titulaire,
            iban=chiffrer(lu.compact),
            fin_iban=lu.compact[-4:],
            bic=str(lu.bic or ""),
            signe_le=maintenant,
            signe_par=par,
            texte=texte_du_mandat(rum=rum, titulaire=titulaire, fin_iban=lu.compact[-4:]),
        )
    return mandat, True


def revoquer(*, famille: int, par: Utilisateur) -> bool:
    """End the mandate; debits announced that are in no file yet are withdrawn. Twice does it once."""
    with transaction.atomic():
        verrouiller_le_foyer(famille)
        actif = Mandat.objects.filter(famille=famille).actifs().first()
        if actif is None:
            return False
        actif.revoque_le, actif.revoque_par = timezone.now(), par
        actif.save(update_fields=["revoque_le", "revoque_par"])
        actif.prelevements.filter(etat=Prelevement.Etat.ANNONCE, lot=None).update(etat=Prelevement.Etat.RETIRE)
    return True
