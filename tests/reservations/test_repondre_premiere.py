"""First visit, the town's side: what looks alike, one answer only, and what it makes."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import connections
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from comptes.models import Document, Enfant, Famille, Rattachement, Responsable, Utilisateur
from comptes.televersement import FichierLu
from reservations.models import EnfantDeLaDemande, PieceDeLaDemande, PremiereDemande
from reservations.services import premiere, repondre_premiere
from reservations.services.repondre_premiere import accepter, doublons, refuser
from tests.administration import agent
from tests.factories import EnfantFactory, RattachementFactory, ResponsableFactory, UtilisateurFactory

Etat = PremiereDemande.Etat
NAISSANCE = dt.date(2019, 5, 2)


@pytest.fixture(autouse=True)
def dossier(settings, tmp_path):
    settings.DOCUMENTS = tmp_path / "documents"
    return settings.DOCUMENTS


def deposee(courriel="nadia.faure@exemple.fr", *, prenoms=("Louis",), papier=True, **champs) -> PremiereDemande:
    demande = PremiereDemande.objects.create(
        **{
            "courriel": courriel, "prenom": "Nadia", "nom": "Faure", "telephone": "06 12 34 56 78",
            "adresse": "3 rue Trivalle", "code_postal": "11000", "commune": "Carcassonne",
            "empreinte": courriel, "expediteur": "x", "etat": Etat.A_COMPLETER,
            "expire_le": timezone.now() + dt.timedelta(days=1), **champs,
        }
    )  # fmt: skip
    for prenom in prenoms:
        EnfantDeLaDemande.objects.create(demande=demande, prenom=prenom, nom="Faure", naissance=NAISSANCE)
    if papier:
        lu = FichierLu("bail.pdf", "application/pdf", b"%PDF", 4, "e" * 64)
        premiere.joindre(demande=demande, nature="domicile", lu=lu)
    premiere.deposer(demande=demande)
    demande.refresh_from_db()
    return demande


def connu(prenom="Louis", nom="Faure", naissance=NAISSANCE) -> Enfant:
    return RattachementFactory(enfant=EnfantFactory(prenom=prenom, nom=nom, naissance=naissance)).enfant


def fichiers(dossier: Path):
    return [chemin for chemin in dossier.rglob("*") if chemin.is_file()]


pytestmark = pytest.mark.django_db


# --- What looks alike -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("prenom", "nom", "naissance", "ressemble"),
    [
        ("Louis", "Faure", NAISSANCE, True),
        ("LOUÏS", "faure", NAISSANCE, True),
        ("Lou-is", "FAURÉ", NAISSANCE, True),
        ("Louis", "Faure", dt.date(2019, 5, 3), False),
        ("Louise", "Faure", NAISSANCE, False),
    ],
)
def test_un_enfant_ressemble_a_un_autre_aux_accents_pres(prenom, nom, naissance, ressemble):
    enfant = connu(prenom, nom, naissance)
    trouves = doublons(deposee())
    assert [e for siens in trouves.enfants.values() for e in siens] == [enfant] * ressemble
    assert trouves.familles == list(enfant.familles.all()) * ressemble
    assert trouves.aucun is not ressemble


def test_un_compte_de_la_meme_adresse_est_nomme():
    demande = deposee()
    responsable = ResponsableFactory(utilisateur=UtilisateurFactory(email="nadia.faure@exemple.fr"))
    trouves = doublons(demande)
    assert (trouves.compte, trouves.familles) == (responsable.utilisateur, [responsable.famille])


def test_les_doublons_de_huit_enfants_ne_coutent_pas_plus(django_assert_num_queries):
    for prenom in "abcdefgh":
        connu(prenom)
    demande = deposee(prenoms="abcdefgh")
    with django_assert_num_queries(4):
        assert len(doublons(demande).familles) == 8


# --- A new household ------------------------------------------------------------------------------------------------
def test_accepter_ouvre_le_dossier_en_entier(dossier, django_capture_on_commit_callbacks):
    demande, qui = deposee(prenoms=("Louis", "Jade")), UtilisateurFactory(agent=True)
    with django_capture_on_commit_callbacks(execute=True):
        famille = accepter(demande=demande, agent=qui)
    assert (famille.nom, famille.adresse, famille.commune) == ("Faure", "3 rue Trivalle", "Carcassonne")
    adulte = famille.responsables.get()
    assert (adulte.prenom, adulte.rang, adulte.utilisateur.email) == ("Nadia", 1, "nadia.faure@exemple.fr")
    assert not adulte.utilisateur.has_usable_password()
    assert set(famille.enfants.values_list("prenom", flat=True)) == {"Louis", "Jade"}
    document = Document.objects.get()
    assert (document.famille, document.nature) == (famille, "domicile")
    assert [chemin.read_bytes() for chemin in fichiers(dossier)] == [b"%PDF"]
    assert not PieceDeLaDemande.objects.exists()
    demande.refresh_from_db()
    assert (demande.etat, demande.traitee_par, demande.famille) == (Etat.ACCEPTEE, qui, famille)
    lettre = Email.objects.get()
    assert lettre.to == ["nadia.faure@exemple.fr"]
    assert "Générer votre mot de passe" in lettre.message.replace("\xa0", " ")


def test_un_enfant_deja_connu_demande_une_decision():
    enfant, demande = connu(), deposee()
    (demandee,) = demande.enfants.all()
    with pytest.raises(ValidationError, match="dites si c’est le même"):
        accepter(demande=demande, agent=None)
    with pytest.raises(ValidationError, match="n’est pas un de ceux"):
        accepter(demande=demande, agent=None, memes={demandee.pk: EnfantFactory().pk})
    assert Famille.objects.count() == 1
    famille = accepter(demande=demande, agent=None, memes={demandee.pk: enfant.pk})
    assert list(famille.enfants.all()) == [enfant]
    assert enfant.familles.count() == 2


def test_un_homonyme_est_un_autre_enfant():
    enfant, demande = connu(), deposee()
    famille = accepter(demande=demande, agent=None, memes={demande.enfants.get().pk: None})
    assert enfant not in famille.enfants.all()
    assert Enfant.objects.count() == 2


def test_une_adresse_qui_a_trouve_une_famille_entre_temps_n_en_ouvre_pas_deux():
    demande = deposee()
    ResponsableFactory(utilisateur=UtilisateurFactory(email="nadia.faure@exemple.fr"))
    with pytest.raises(ValidationError, match="déjà celle de"):
        accepter(demande=demande, agent=None)
    assert Famille.objects.count() == 1
    assert not Enfant.objects.exists()
    assert PieceDeLaDemande.objects.exists()


# --- An existing household ------------------------------------------------------------------------------------------
def test_rattacher_ajoute_l_adulte_et_les_enfants_qui_manquent():
    enfant = connu()
    famille = enfant.familles.get()
    ResponsableFactory(famille=famille, prenom="Karim")
    demande = deposee(prenoms=("Louis", "Jade"))
    accepter(demande=demande, agent=None, famille=famille)
    assert set(famille.responsables.values_list("prenom", "rang")) == {("Karim", 1), ("Nadia", 2)}
    assert set(famille.enfants.values_list("prenom", flat=True)) == {"Louis", "Jade"}
    assert Enfant.objects.count() == 2
    assert Document.objects.get().famille == famille


def test_l_adulte_sans_adresse_de_la_famille_recoit_son_acces():
    nadia = ResponsableFactory(prenom="Nadia", nom="FAURE", utilisateur=None)
    accepter(demande=deposee(), agent=None, famille=nadia.famille)
    nadia.refresh_from_db()
    assert nadia.utilisateur.email == "nadia.faure@exemple.fr"
    assert Responsable.objects.count() == 1


def test_deux_responsables_et_pas_de_troisieme():
    un = ResponsableFactory(prenom="Karim")
    ResponsableFactory(famille=un.famille, rang=2, prenom="Sonia")
    with pytest.raises(ValidationError, match="déjà deux responsables"):
        accepter(demande=deposee(), agent=None, famille=un.famille)
    assert not Utilisateur.objects.filter(email="nadia.faure@exemple.fr").exists()


def test_un_papier_deja_donne_n_est_garde_qu_une_fois(dossier, django_capture_on_commit_callbacks):
    famille = accepter(demande=deposee(), agent=None)
    demande = deposee(etat=Etat.A_COMPLETER, courriel="karim@exemple.fr", prenoms=("Zoé",), prenom="Karim")
    with django_capture_on_commit_callbacks(execute=True):
        accepter(demande=demande, agent=None, famille=famille)
    assert Document.objects.count() == 1
    assert len(fichiers(dossier)) == 1


# --- No, and once ---------------------------------------------------------------------------------------------------
def test_refuser_dit_pourquoi():
    demande, qui = deposee(), UtilisateurFactory(agent=True)
    refuser(demande=demande, agent=qui, mot=" Votre commune a sa propre cantine. ")
    demande.refresh_from_db()
    assert (demande.etat, demande.reponse) == (Etat.REFUSEE, "Votre commune a sa propre cantine.")
    assert "Votre commune a sa propre cantine." in Email.objects.get().message
    assert not Famille.objects.exists()


@pytest.mark.parametrize("mot", ["", "   ", "x" * 501, "a\0b"])
def test_un_refus_sans_mot_n_en_est_pas_un(mot):
    demande = deposee()
    with pytest.raises(ValidationError, match="pourquoi"):
        refuser(demande=demande, agent=None, mot=mot)
    assert not Email.objects.exists()


@pytest.mark.parametrize("etat", [e for e in Etat if e != Etat.DEPOSEE])
def test_on_ne_repond_qu_a_ce_qui_attend(etat):
    demande = deposee()
    PremiereDemande.objects.update(etat=etat)
    for repondre in (
        lambda: accepter(demande=demande, agent=None),
        lambda: refuser(demande=demande, agent=None, mot="a"),
    ):
        with pytest.raises(ValidationError, match="n’attend pas de réponse"):
            repondre()
    assert not Famille.objects.exists()


def a_la_fois(demande) -> list[str]:
    """Two agents press « accepter » at the same time; the second reads the row before the first has committed."""
    depart = threading.Barrier(2, timeout=10)

    def presser(_):
        depart.wait()
        try:
            accepter(demande=PremiereDemande.objects.get(pk=demande.pk), agent=None)
            return "fait"
        except ValidationError as refus:
            return refus.messages[0]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as fils:
        return sorted(fils.map(presser, range(2)))


@pytest.mark.django_db(transaction=True)
def test_deux_agents_qui_acceptent_ensemble_ouvrent_un_seul_dossier():
    issues = a_la_fois(deposee(papier=False))
    assert "fait" in issues
    assert any("n’attend pas de réponse" in issue for issue in issues)
    assert (Famille.objects.count(), Enfant.objects.count(), Email.objects.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_sans_le_verrou_les_deux_passent_la_porte(monkeypatch):
    """The control: without the lock both read that nothing was answered, and only the address stops the second."""
    vus, tous_la = [], threading.Barrier(2, timeout=10)

    def sans_verrou(demande):
        lue = PremiereDemande.objects.get(pk=demande.pk)
        vus.append(lue.etat)
        tous_la.wait()
        return lue

    monkeypatch.setattr(repondre_premiere, "_a_repondre", sans_verrou)
    a_la_fois(deposee(papier=False))
    assert vus == [Etat.DEPOSEE] * 2


# --- The pages of the desk ------------------------------------------------------------------------------------------
def page(demande) -> str:
    return reverse("admin:reservations_premieredemande_change", args=[demande.pk])


def repondre(client, demande, **champs):
    adresse = reverse("admin:reservations_premieredemande_repondre", args=[demande.pk])
    return client.post(adresse, champs, follow=True)


def dit(reponse) -> str:
    return " ".join(reponse.text.replace("\xa0", " ").split())


def test_le_guichet_lit_la_demande_ses_pieces_et_ce_qui_lui_ressemble():
    client, enfant, demande = agent("guichet"), connu(), deposee()
    lue = dit(client.get(page(demande)))
    assert "Louis" in lue
    assert str(enfant.familles.get()) in lue
    assert "Ouvrir un nouveau dossier" in lue
    piece = client.get(reverse("admin:reservations_premieredemande_piece", args=[demande.pk, demande.pieces.get().pk]))
    assert b"".join(piece.streaming_content) == b"%PDF"
    assert piece["Content-Disposition"] == 'attachment; filename="bail.pdf"'
    assert "Nadia Faure" in dit(client.get(reverse("admin:reservations_premieredemande_changelist")))


def test_le_guichet_accepte_puis_inscrit():
    client, demande = agent("guichet"), deposee()
    lue = dit(repondre(client, demande, geste="accepter"))
    assert "l’inscription des enfants" in lue
    assert "Ouvrir un nouveau dossier" not in lue
    assert "Famille Faure" in LogEntry.objects.get().change_message
    assert "n’attend pas de réponse : acceptée" in dit(repondre(client, demande, geste="accepter"))


def test_le_guichet_rattache_et_choisit_l_enfant():
    client, enfant, demande = agent("guichet"), connu(), deposee()
    famille = ResponsableFactory().famille
    (demandee,) = demande.enfants.all()
    assert "Choisissez la famille" in dit(repondre(client, demande, geste="rattacher"))
    assert "dites si c’est le même" in dit(repondre(client, demande, geste="rattacher", famille=famille.pk))
    champs = {f"enfant-{demandee.pk}": str(enfant.pk)}
    assert "Acceptée" in dit(repondre(client, demande, geste="rattacher", famille=famille.pk, **champs))
    assert Rattachement.objects.filter(famille=famille, enfant=enfant).exists()


def test_le_guichet_refuse_avec_un_mot():
    client, demande = agent("guichet"), deposee()
    assert "pourquoi" in dit(repondre(client, demande, geste="refuser"))
    assert "prévenue par e-mail" in dit(repondre(client, demande, geste="refuser", mot="Dossier incomplet."))
    assert "Dossier incomplet." in dit(client.get(page(demande)))


@pytest.mark.parametrize(
    "champs",
    [
        {},
        {"geste": "\0"},
        {"geste": "rattacher", "famille": "abc"},
        {"geste": "rattacher", "famille": "9" * 30},
        {"geste": "rattacher", "famille": "\0"},
        {"geste": "refuser", "mot": "\0"},
    ],
)
def test_un_envoi_hostile_du_guichet_est_une_phrase(champs):
    client, demande = agent("guichet"), deposee()
    assert repondre(client, demande, **champs).status_code == 200
    demande.refresh_from_db()
    assert demande.etat == Etat.DEPOSEE


@pytest.mark.parametrize("choix", ["abc", "9" * 30, "\0", "²", "-1", ""])
def test_un_enfant_qui_n_est_pas_de_la_liste(choix):
    client, demande = agent("guichet"), deposee()
    connu()
    champs = {f"enfant-{demande.enfants.get().pk}": choix}
    assert repondre(client, demande, geste="accepter", **champs).status_code == 200
    demande.refresh_from_db()
    assert demande.etat == Etat.DEPOSEE


@pytest.mark.parametrize("role", ["cantine", "regie"])
def test_les_autres_roles_n_ouvrent_rien(role):
    client, demande = agent(role), deposee()
    piece = reverse("admin:reservations_premieredemande_piece", args=[demande.pk, demande.pieces.get().pk])
    for adresse in (page(demande), piece, reverse("admin:reservations_premieredemande_changelist")):
        assert client.get(adresse).status_code == 403
    assert repondre(client, demande, geste="accepter").status_code == 403
    assert not Famille.objects.exists()


def test_ce_qui_n_est_pas_envoye_n_est_pas_a_la_ville():
    client, demande = agent("guichet"), deposee()
    piece = demande.pieces.get().pk
    PremiereDemande.objects.update(etat=Etat.A_COMPLETER)
    assert client.get(page(demande)).status_code == 302
    assert client.get(reverse("admin:reservations_premieredemande_piece", args=[demande.pk, piece])).status_code == 404
    assert repondre(client, demande, geste="accepter").status_code == 404


@pytest.mark.parametrize(("pk", "piece"), [(0, 0), (2**63, 1), (10**30, 10**30)])
def test_des_numeros_impossibles_ne_sont_pas_trouves(pk, piece):
    client = agent("guichet")
    assert client.get(reverse("admin:reservations_premieredemande_piece", args=[pk, piece])).status_code == 404
    assert client.post(reverse("admin:reservations_premieredemande_repondre", args=[pk])).status_code == 404
