"""Messages of the town: told at once in the portal, then by mail, lot after lot, by the worker."""

import hashlib
from dataclasses import dataclass

from celery import signature
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import CharField, Count, Exists, OuterRef, Value
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator

from comptes.courriels import annoncer, mettre_en_file
from comptes.models import Categorie, Famille, RefusDeCourriel, Responsable, Texte, VersionDeTexte
from comptes.services.notifier import adresses_pour, notifier
from reservations.models import Ecole, Inscription, MessageDeLaVille

# By name: the task calls us.
POSTER = signature("reservations.tasks.envoyer_les_messages")
LOT = 200  # households whose mails go in one transaction
CLE_DE_VERSION = "version-de-texte-"  # then its primary key: the key of its one message


@dataclass(frozen=True)
class Message:
    """What an agent writes, to the households of a school, to one household, or to all."""

    titre: str
    texte: str
    ecole: Ecole | None = None
    famille: Famille | None = None

    def empreinte(self, jeton: str) -> str:
        """The key of this message confirmed with this token: confirmed again, it is the same."""
        portee = f"{self.ecole.pk if self.ecole else ''}/{self.famille.pk if self.famille else ''}"
        return hashlib.sha256("\n".join([jeton, portee, self.titre, self.texte]).encode()).hexdigest()


@dataclass(frozen=True)
class Apercu:
    """Who will read it. `sans_compte`: households to tell otherwise, for no adult of theirs has a login."""

    familles: int
    adultes: int
    courriels: int
    sans_compte: int

    @property
    def refus(self) -> int:
        return self.adultes - self.courriels


def familles_visees(*, ecole: Ecole | None, famille: Famille | None, quand):
    """The households: this one; those of a child enrolled in this school, now or later; or all."""
    if famille:
        return Famille.objects.filter(pk=famille.pk)
    familles = Famille.objects.filter(anonymisee_le=None)
    if ecole:
        inscriptions = Inscription.objects.filter(activite__ecole=ecole, fin__gte=timezone.localdate(quand))
        return familles.filter(pk__in=inscriptions.values("rattachement__famille"))
    return familles


def apercu(message: Message) -> Apercu:
    visees = familles_visees(ecole=message.ecole, famille=message.famille, quand=timezone.now())
    refus = RefusDeCourriel.objects.filter(responsable=OuterRef("pk"), categorie=Categorie.MESSAGES)
    comptes = Responsable.objects.filter(famille__in=visees.values("pk"), utilisateur__is_active=True).aggregate(
        familles=Count("famille", distinct=True), adultes=Count("pk"), courriels=Count("pk", filter=~Exists(refus))
    )
    return Apercu(**comptes, sans_compte=visees.count() - comptes["familles"])


def envoyer(*, message: Message, auteur, cle: str, lien: str = "") -> MessageDeLaVille:
    """Tell the households in the portal, in statements that do not count them; the worker writes the mails.

    The same `cle` twice returns the message of the first time. Raises ValidationError when nobody would read it.
    """
    with transaction.atomic():
        ecrit, nouveau = MessageDeLaVille.objects.get_or_create(
            cle=cle,
            defaults={
                "titre": message.titre,
                "texte": message.texte,
                "ecole": message.ecole,
                "famille": message.famille,
                "auteur": auteur,
                "envoye_le": timezone.now(),
            },
        )
        if not nouveau:
            return ecrit
        ecrit.destinataires = notifier(
            familles=_visees(ecrit).values_list("pk", flat=True),
            categorie=Categorie.MESSAGES,
            titre=ecrit.titre,
            texte=ecrit.texte,
            lien=lien,
            quand=ecrit.envoye_le,
        )
        if not ecrit.destinataires:
            raise ValidationError("Aucun adulte de ces familles n’a de compte : personne ne lirait ce message.")
        ecrit.save(update_fields=["destinataires"])
        transaction.on_commit(lambda: annoncer(POSTER))
    return ecrit


def annoncer_les_textes() -> int:
    """Tell every household of the versions to sign that took effect, each once; return how many were told.

    Nothing for the texts that a town begins with (nobody published them), for those that ask no signature, nor for a
    version replaced before it took effect.
    """
    en_vigueur = Texte.objects.a_signer().avec_version().exclude(version_id=None).values("version_id")
    dites = MessageDeLaVille.objects.filter(cle=Concat(Value(CLE_DE_VERSION), Cast(OuterRef("pk"), CharField())))
    versions = VersionDeTexte.objects.filter(~Exists(dites), pk__in=en_vigueur, auteur__isnull=False)
    annoncees = 0
    for version in versions.select_related("texte", "auteur").order_by("pk"):
        try:
            envoyer(
                message=_annonce(version),
                auteur=version.auteur,
                cle=f"{CLE_DE_VERSION}{version.pk}",
                lien=reverse("portail:autorisations"),
            )
        except ValidationError:  # nobody to read it yet
            continue
        annoncees += 1
    return annoncees


def _annonce(version: VersionDeTexte) -> Message:
    quoi = "a changé" if version.numero > 1 else "attend votre réponse"
    page = settings.SITE_URL + reverse("portail:autorisations")
    return Message(
        Truncator(f"À signer\u00a0: {version.texte.titre}").chars(120),
        f"«\u00a0{version.texte.titre}\u00a0» {quoi}. Lisez ce texte et répondez pour chacun de vos enfants dans "
        f"«\u00a0Mes autorisations\u00a0»\u00a0:\n{page}",
    )


def poster_les_courriels() -> int:
    """Queue the mails of the messages that still have some; return how many lots. Stopped anywhere, it resumes."""
    lots = 0
    for pk in list(MessageDeLaVille.objects.filter(termine_le=None).order_by("pk").values_list("pk", flat=True)):
        while _poster_un_lot(pk):
            lots += 1
    return lots


def _poster_un_lot(pk: int) -> bool:
    """One lot and the mark of where it stopped, in one transaction. False: finished, or another worker has it."""
    with transaction.atomic():
        en_cours = MessageDeLaVille.objects.filter(pk=pk, termine_le=None)
        ecrit = en_cours.select_for_update(of=("self",), skip_locked=True, no_key=True).first()
        if ecrit is None:
            return False
        lot = list(_visees(ecrit).filter(pk__gt=ecrit.reprise).order_by("pk").values_list("pk", flat=True)[:LOT])
        if lot:
            adresses = adresses_pour(lot, Categorie.MESSAGES)
            mettre_en_file(
                destinataires=[adresse for famille in lot for adresse in adresses.get(famille, [])],
                gabarit="message_de_la_ville",
                contexte={"message": ecrit},
                sujet=ecrit.titre,
                categorie=Categorie.MESSAGES,
            )
            ecrit.reprise = lot[-1]
        else:
            ecrit.termine_le = timezone.now()
        ecrit.save(update_fields=["reprise", "termine_le"])
    return bool(lot)


def _visees(ecrit: MessageDeLaVille):
    return familles_visees(ecole=ecrit.ecole, famille=ecrit.famille, quand=ecrit.envoye_le)
