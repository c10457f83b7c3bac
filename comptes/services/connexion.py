"""Sign-in: three wrong passwords lock an address, whoever asks and however many arrive at once."""

from dataclasses import dataclass

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.hashers import check_password
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from comptes.models import ESSAIS_AU_PLUS, EssaisConnexion, MotDePasseGenere, Utilisateur, normaliser_courriel
from comptes.motsdepasse import lire_genere

# A person of whom the portal knows nothing has this password: none is right, and finding it out takes as long.
INUTILISABLE = "!"

# One statement decides who may be checked: of fifty guesses that arrive at once, three get a row back.
_COMPTER = """
INSERT INTO comptes_essaisconnexion AS e (cle, echecs, modifie_le) VALUES (%s, 1, %s)
    ON CONFLICT (cle) DO UPDATE SET echecs = e.echecs + 1, modifie_le = excluded.modifie_le
 WHERE e.echecs < %s
RETURNING echecs
"""


@dataclass(frozen=True)
class Verdict:
    """What a guess gave: the person, or how many guesses are left."""

    utilisateur: Utilisateur | None = None
    restants: int = 0

    @property
    def verrouille(self) -> bool:
        return self.utilisateur is None and self.restants == 0


def cle_de(courriel: str) -> str:
    """The fingerprint under which the guesses of an address are counted: a leak of the table names nobody."""
    return salted_hmac("comptes.essais", normaliser_courriel(courriel), algorithm="sha256").hexdigest()


def verifier(courriel: str, mot_de_passe: str) -> Verdict:
    """Check a password, the ordinary or the generated one. Same statements and hashing, known address or not.

    The try is counted, and committed, before the hash is computed; a right password takes the count away. A generated
    password has 89 bits: it is checked whatever the count, so that nobody can lock a family out by guessing.
    """
    utilisateur = (
        Utilisateur.objects.filter(email=normaliser_courriel(courriel), is_active=True)
        .select_related("mot_de_passe_genere")
        .first()
    )
    genere = lire_genere(mot_de_passe)
    if genere and _utiliser_le_genere(utilisateur, genere):
        return Verdict(utilisateur)
    rang = _compter_un_essai(courriel)
    if rang is None:
        return Verdict()
    if utilisateur and utilisateur.check_password(mot_de_passe):
        oublier_les_essais(courriel)
        return Verdict(utilisateur)
    if utilisateur is None:
        check_password(mot_de_passe, INUTILISABLE)  # the time that a check takes
    return Verdict(restants=ESSAIS_AU_PLUS - rang)


def _compter_un_essai(courriel: str) -> int | None:
    """Take one of the three guesses: its rank, or None when none is left."""
    with connection.cursor() as curseur:
        curseur.execute(_COMPTER, [cle_de(courriel), timezone.now(), ESSAIS_AU_PLUS])
        ligne = curseur.fetchone()
    return ligne[0] if ligne else None


def _utiliser_le_genere(utilisateur: Utilisateur | None, mot_de_passe: str) -> bool:
    """Spend the generated password: once, before its end. The ordinary one ends with it, and the lock."""
    genere = getattr(utilisateur, "mot_de_passe_genere", None)
    if genere is not None and genere.expire_le <= timezone.now():
        genere = None
    bon = check_password(mot_de_passe, genere.empreinte if genere else INUTILISABLE)
    if not (bon and utilisateur and genere):
        return False
    with transaction.atomic():
        # Two browsers with the same password: one deletes the row, the other finds none.
        depense, _ = MotDePasseGenere.objects.filter(pk=genere.pk, empreinte=genere.empreinte).delete()
        if not depense:
            return False
        utilisateur.set_unusable_password()
        utilisateur.mot_de_passe_a_changer = True
        utilisateur.save(update_fields=["password", "mot_de_passe_a_changer"])
        oublier_les_essais(utilisateur.email)
    return True


def oublier_les_essais(courriel: str) -> int:
    """Forget the wrong passwords of an address: the lock, if any, is lifted."""
    return EssaisConnexion.objects.filter(cle=cle_de(courriel)).delete()[0]


def est_verrouille(utilisateur: Utilisateur) -> bool:
    return EssaisConnexion.objects.filter(cle=cle_de(utilisateur.email), echecs__gte=ESSAIS_AU_PLUS).exists()


def deverrouiller(*, utilisateur: Utilisateur, agent: Utilisateur) -> bool:
    """An agent lifts the lock; the administration's journal says who and when. False when there was none."""
    with transaction.atomic():
        if not oublier_les_essais(utilisateur.email):
            return False
        LogEntry.objects.create(
            user=agent,
            content_type=ContentType.objects.get_for_model(Utilisateur),
            object_id=str(utilisateur.pk),
            object_repr=str(utilisateur)[:200],
            action_flag=CHANGE,
            change_message="Compte déverrouillé",
        )
    return True
