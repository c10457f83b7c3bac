"""First visit, on the family's side: ask, prove the address by the link, join papers, hand in; and the sweep.

Whether an address is known is told to its mailbox alone: every request writes the same rows and sends one letter.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable, Mapping

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from comptes.models import Document, Utilisateur, normaliser_courriel
from comptes.services.documents import effacer_les_fichiers
from comptes.services.effacement import oublier_dans_le_journal
from comptes.televersement import FichierLu
from reservations.courriels_premiere import DEJA_CONNUE, EN_COURS, LIEN, ecrire
from reservations.models import EnfantDeLaDemande, PieceDeLaDemande, PremiereDemande

Etat = PremiereDemande.Etat
OUVERTES = (Etat.A_COMPLETER, Etat.DEPOSEE)
PERIODE = dt.timedelta(hours=1)
PAR_ADRESSE, PAR_EXPEDITEUR = 3, 30  # in a period; a library or a mobile operator is one sender for many families
A_CONFIRMER, A_COMPLETER = dt.timedelta(days=7), dt.timedelta(days=30)
EN_ATTENTE = dt.timedelta(days=365)
APRES_LA_REPONSE = dt.timedelta(days=30)  # the link still tells the answer; then the papers go
ACCEPTEES_GARDEES = dt.timedelta(days=365)  # with their household: « Mes données » and erasure hold them
PIECES_AU_PLUS = 10
# A PAI is read by the canteen alone: it is given later, on the child's page.
NATURES = [(code, nom) for code, nom in Document.Nature.choices if code != Document.Nature.PAI]


def empreinte_du_lien(jeton: str) -> str:
    return hashlib.sha256(jeton.encode(errors="replace")).hexdigest()


def demander(*, adulte: Mapping[str, str], enfants: Iterable[Mapping], expediteur: str) -> None:
    """Write down what an unknown household asks, and send its address the link; a known one is told to sign in.

    `adulte`: courriel, prenom, nom, telephone, adresse, code_postal, commune. `enfants`: prenom, nom, naissance, ecole.
    Above the limits of an address or of a sender no mail leaves, and nothing tells it.
    """
    maintenant, jeton = timezone.now(), secrets.token_urlsafe(32)
    champs = {**adulte, "courriel": normaliser_courriel(adulte["courriel"])}
    with transaction.atomic():
        demande = PremiereDemande.objects.create(
            **champs,
            empreinte=empreinte_du_lien(jeton),
            expediteur=salted_hmac("reservations.premiere", expediteur, algorithm="sha256").hexdigest(),
            cree_le=maintenant,
            expire_le=maintenant + A_CONFIRMER,
        )
        EnfantDeLaDemande.objects.bulk_create(EnfantDeLaDemande(demande=demande, **enfant) for enfant in enfants)
        connu = Utilisateur.objects.filter(email=demande.courriel).exists()
        en_cours = (
            PremiereDemande.objects.select_for_update(no_key=True)
            .filter(courriel=demande.courriel, etat__in=OUVERTES)
            .first()
        )
        if _trop_de_demandes(demande):
            return
        if connu:
            ecrire(DEJA_CONNUE, demande.courriel, lien=settings.SITE_URL + reverse("comptes:connexion"))
            return
        if en_cours:  # the request that is open gets the new link: the row just written never gets one
            PremiereDemande.objects.filter(pk=demande.pk).update(empreinte=empreinte_du_lien(secrets.token_urlsafe(32)))
            PremiereDemande.objects.filter(pk=en_cours.pk).update(empreinte=empreinte_du_lien(jeton))
        ecrire(EN_COURS if en_cours else LIEN, demande.courriel, lien=adresse_du_lien(jeton))


def adresse_du_lien(jeton: str) -> str:
    return settings.SITE_URL + reverse("reservations:premiere_visite_suivi", args=[jeton])


def _trop_de_demandes(demande: PremiereDemande) -> bool:
    avant = PremiereDemande.objects.filter(
        pk__lt=demande.pk, cree_le__range=(demande.cree_le - PERIODE, demande.cree_le)
    )
    return (
        avant.filter(courriel=demande.courriel).count() >= PAR_ADRESSE
        or avant.filter(expediteur=demande.expediteur).count() >= PAR_EXPEDITEUR
    )


def demande_du_jeton(jeton: str) -> PremiereDemande | None:
    """The request of a link: the one door. None for any other link, or one that is past."""
    return PremiereDemande.objects.filter(empreinte=empreinte_du_lien(jeton), expire_le__gt=timezone.now()).first()


def _ouvrir(demande: PremiereDemande) -> PremiereDemande:
    """The row, locked; its address is proved by who writes through its link."""
    lue = PremiereDemande.objects.select_for_update(no_key=True).get(pk=demande.pk)
    if lue.etat == Etat.A_CONFIRMER:
        lue.etat, lue.expire_le = Etat.A_COMPLETER, timezone.now() + A_COMPLETER
        try:
            with transaction.atomic():
                lue.save(update_fields=["etat", "expire_le"])
        except IntegrityError:
            raise ValidationError(
                "Une autre demande de votre adresse est déjà en cours : suivez le lien du premier e-mail."
            ) from None
    if lue.etat != Etat.A_COMPLETER:
        raise ValidationError("Cette demande est déjà envoyée : elle ne change plus.")
    return lue


def joindre(*, demande: PremiereDemande, nature: str, lu: FichierLu) -> PieceDeLaDemande:
    """Keep a paper that `lire_fichier` has read. Raises ValidationError with a sentence; nothing is kept then."""
    with transaction.atomic():
        lue = _ouvrir(demande)
        if nature not in dict(NATURES):
            raise ValidationError("Choisissez la nature du document.")
        if lue.pieces.filter(empreinte=lu.empreinte).exists():
            raise ValidationError("Ce document est déjà joint.")
        if lue.pieces.count() >= PIECES_AU_PLUS:
            raise ValidationError(f"Votre demande a déjà {PIECES_AU_PLUS} documents.")
        champs = {"nom": lu.nom, "type_mime": lu.type_mime, "taille": lu.taille, "empreinte": lu.empreinte}
        piece = PieceDeLaDemande(demande=lue, nature=nature, **champs)
        piece.fichier.save(lu.nom, ContentFile(lu.contenu), save=False)
        piece.save()  # an undone transaction leaves a file without row: `balayer_le_coffre`
    return piece


def retirer_piece(*, demande: PremiereDemande, piece: str) -> bool:
    """Take a paper of this request away, by its number as sent. False when it has none such."""
    with transaction.atomic():
        lue = _ouvrir(demande)
        trouvee = next((p for p in lue.pieces.all() if str(p.pk) == piece), None)
        if trouvee is None:
            return False
        _effacer([trouvee])
    return True


def deposer(*, demande: PremiereDemande) -> None:
    """Hand the request in: it is the town's to answer. Twice is once. Raises ValidationError."""
    with transaction.atomic():
        lue = _ouvrir(demande)
        if Utilisateur.objects.filter(email=lue.courriel).exists():
            raise ValidationError("Votre adresse a maintenant un compte : connectez-vous.")
        lue.etat, lue.deposee_le, lue.expire_le = Etat.DEPOSEE, timezone.now(), timezone.now() + EN_ATTENTE
        lue.save(update_fields=["etat", "deposee_le", "expire_le"])


def _effacer(pieces: Iterable[PieceDeLaDemande]) -> None:
    """Rows and, once that is committed, files."""
    pieces = list(pieces)
    noms = [str(piece.fichier.name) for piece in pieces]
    PieceDeLaDemande.objects.filter(pk__in=[piece.pk for piece in pieces]).delete()
    transaction.on_commit(lambda: effacer_les_fichiers(noms))


def balayer() -> int:
    """Delete the requests never handed in, the papers of those answered, and at last those; how many requests went.

    A refused one names people who are nobody's household: it goes first, and its names in the agents' journal with it.
    """
    maintenant = timezone.now()
    with transaction.atomic():
        repondues = PremiereDemande.objects.filter(etat__in=[Etat.ACCEPTEE, Etat.REFUSEE])
        perimees = PremiereDemande.objects.exclude(pk__in=repondues).filter(expire_le__lt=maintenant)
        refusees_gardees = dt.timedelta(days=settings.PREMIERE_REFUSEE_JOURS)
        vieilles = repondues.filter(
            Q(traitee_le__lt=maintenant - ACCEPTEES_GARDEES)
            | Q(etat=Etat.REFUSEE, traitee_le__lt=maintenant - refusees_gardees)
        )
        supprimees = list((perimees | vieilles).select_for_update())
        sans_papiers = repondues.filter(traitee_le__lt=maintenant - APRES_LA_REPONSE)
        _effacer(PieceDeLaDemande.objects.filter(demande__in=[*supprimees, *sans_papiers]))
        PremiereDemande.objects.filter(pk__in=[d.pk for d in supprimees]).delete()
        oublier_dans_le_journal(PremiereDemande, [d.pk for d in supprimees])
    return len(supprimees)
