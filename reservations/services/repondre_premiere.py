"""First visit, on the town's side: who it may already be, then one answer: a new household, an existing one, or no."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from comptes.francais import nu
from comptes.models import Document, Enfant, Famille, Rattachement, Responsable, Utilisateur
from comptes.services.documents import effacer_les_fichiers
from comptes.services.famille import donner_un_acces
from reservations.courriels_premiere import ACCEPTEE, REFUSEE, ecrire
from reservations.models import EnfantDeLaDemande, PremiereDemande

Etat = PremiereDemande.Etat


@dataclass(frozen=True)
class Doublons:
    """What the town already holds that looks like this request. Compared without accents, case or signs."""

    compte: Utilisateur | None
    enfants: Mapping[int, list[Enfant]] = field(default_factory=dict)  # child asked → children known
    familles: list[Famille] = field(default_factory=list)

    @property
    def aucun(self) -> bool:
        return self.compte is None and not self.familles and not any(self.enfants.values())


def doublons(demande: PremiereDemande) -> Doublons:
    """Same address, same child (name and birth date), and their households. Three statements, however many children."""
    compte = Utilisateur.objects.filter(email=demande.courriel).select_related("responsable__famille").first()
    demandes = list(demande.enfants.all())
    connus = list(
        Enfant.objects.filter(naissance__in={e.naissance for e in demandes}).prefetch_related("familles").order_by("pk")
    )
    memes = {d.pk: [e for e in connus if _cle(e) == _cle(d)] for d in demandes}
    familles = {f.pk: f for siens in memes.values() for enfant in siens for f in enfant.familles.all()}
    titulaire = getattr(compte, "responsable", None)
    if titulaire:
        familles[titulaire.famille_id] = titulaire.famille
    return Doublons(compte, memes, sorted(familles.values(), key=lambda f: (f.nom, f.pk)))


def _cle(enfant: Enfant | EnfantDeLaDemande):
    return nu(f"{enfant.prenom} {enfant.nom}"), enfant.naissance


def accepter(
    *, demande: PremiereDemande, agent, famille: Famille | None = None, memes: Mapping[int, int | None] | None = None
) -> Famille:
    """Open the household, or add the adult and the children to `famille`; the parent is told by mail. Once.

    `memes`: for each child asked (by primary key) that the town may already know, the child that it is, or None for
    another. Raises ValidationError with a sentence; nothing is written then.
    """
    try:
        with transaction.atomic():
            lue = _a_repondre(demande)
            if famille is None:
                adresse = {c: getattr(lue, c) for c in ("nom", "adresse", "code_postal", "commune", "telephone")}
                famille = Famille.objects.create(**adresse)
            else:
                famille = Famille.objects.select_for_update(no_key=True).get(pk=famille.pk)
            _ajouter_l_adulte(lue, famille)
            _ajouter_les_enfants(lue, famille, memes or {})
            _confier_les_pieces(lue, famille)
            _clore(lue, Etat.ACCEPTEE, agent, famille=famille)
            ecrire(ACCEPTEE, lue.courriel, lien=settings.SITE_URL + reverse("comptes:connexion"))
    except IntegrityError:
        raise ValidationError("Ce dossier vient d’être changé par quelqu’un d’autre : relisez-le.") from None
    return famille


def refuser(*, demande: PremiereDemande, agent, mot: str) -> None:
    """Answer no, with a word that the parent reads by mail. Once. Raises ValidationError."""
    mot = mot.strip()
    if not mot or len(mot) > 500 or "\0" in mot:
        raise ValidationError("Écrivez à la famille pourquoi, en 500 caractères au plus.")
    with transaction.atomic():
        lue = _a_repondre(demande)
        _clore(lue, Etat.REFUSEE, agent, reponse=mot)
        ecrire(REFUSEE, lue.courriel, mot=mot)


def _a_repondre(demande: PremiereDemande) -> PremiereDemande:
    """The row, locked: two agents who answer at once wait here, and the second reads the answer of the first."""
    lue = PremiereDemande.objects.select_for_update(no_key=True).get(pk=demande.pk)
    if lue.etat != Etat.DEPOSEE:
        par = f" par {lue.traitee_par}" if lue.traitee_par else ""
        raise ValidationError(f"Cette demande n’attend pas de réponse : {lue.get_etat_display().lower()}{par}.")
    return lue


def _ajouter_l_adulte(demande: PremiereDemande, famille: Famille) -> None:
    """The adult with their login: the one of the household who is the same person, else a second adult."""
    adultes = list(famille.responsables.select_related("utilisateur"))
    if any(a.utilisateur and a.utilisateur.email == demande.courriel for a in adultes):
        return
    nom = nu(f"{demande.prenom} {demande.nom}")
    sien = next((a for a in adultes if nu(str(a)) == nom and a.utilisateur is None), None)
    if sien is None:
        if len(adultes) >= 2:
            raise ValidationError(
                f"La {famille} a déjà deux responsables, {adultes[0]} et {adultes[1]} : donnez plutôt l’adresse à l’un "
                "d’eux sur la page de la famille."
            )
        rang = 2 if any(a.rang == 1 for a in adultes) else 1
        champs = {c: getattr(demande, c) for c in ("prenom", "nom", "telephone")}
        sien = Responsable.objects.create(famille=famille, rang=rang, **champs)
    donner_un_acces(responsable=sien, courriel=demande.courriel)


def _ajouter_les_enfants(demande: PremiereDemande, famille: Famille, memes: Mapping[int, int | None]) -> None:
    connus = doublons(demande).enfants
    deja = set(famille.rattachements.values_list("enfant", flat=True))
    for enfant in demande.enfants.all():
        possibles = {e.pk: e for e in connus[enfant.pk]}
        dedans = next((e for e in possibles.values() if e.pk in deja), None)
        if possibles and not dedans and enfant.pk not in memes:
            raise ValidationError(f"La ville connaît déjà un enfant comme {enfant} : dites si c’est le même.")
        choisi = dedans.pk if dedans else memes.get(enfant.pk)
        if choisi is not None and choisi not in possibles:
            raise ValidationError(f"Cet enfant n’est pas un de ceux qui ressemblent à {enfant}.")
        if dedans is None:
            le_sien = possibles[choisi] if choisi is not None else Enfant.objects.create(**_identite(enfant))
            Rattachement.objects.create(famille=famille, enfant=le_sien)


def _identite(enfant: EnfantDeLaDemande) -> dict:
    return {"prenom": enfant.prenom, "nom": enfant.nom, "naissance": enfant.naissance}


def _confier_les_pieces(demande: PremiereDemande, famille: Famille) -> None:
    """The papers become the household's, files included; one that it already has goes."""
    pieces = list(demande.pieces.all())
    deja = set(Document.objects.filter(famille=famille, enfant=None).values_list("nature", "empreinte"))
    gardees = [p for p in pieces if (p.nature, p.empreinte) not in deja]
    Document.objects.bulk_create(
        Document(
            famille=famille,
            **{c: getattr(p, c) for c in ("nature", "nom", "type_mime", "taille", "empreinte")},
            fichier=p.fichier.name,
            depose_le=demande.deposee_le or demande.cree_le,
        )
        for p in gardees
    )
    en_trop = [str(p.fichier.name) for p in pieces if p not in gardees]
    demande.pieces.all().delete()
    transaction.on_commit(lambda: effacer_les_fichiers(en_trop))


def _clore(demande: PremiereDemande, etat: str, agent, **champs) -> None:
    valeurs = {"etat": etat, "traitee_le": timezone.now(), "traitee_par": agent, **champs}
    for nom, valeur in valeurs.items():
        setattr(demande, nom, valeur)
    demande.save(update_fields=[*valeurs])
