"""Quotients familiaux: what a family sends, what an agent reads on the attestation or at the desk."""

import datetime as dt

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.urls import reverse
from post_office.models import Email

from comptes.models import Notification, QuotientFamilial
from comptes.regles_quotient import mois_admis, verifier_un_quotient
from comptes.services.demandes import accepter
from tests.comptes.quotients.outils import OCTOBRE, SEPTEMBRE, connus, page, texte
from tests.factories import FamilleFactory

AUJOURDHUI = dt.date(2026, 10, 5)
AJOUT = reverse("admin:comptes_quotientfamilial_add")


# --- The rule --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("valeur", "mois", "mots"),
    [
        (0, OCTOBRE, None),
        (20_000, dt.date(2024, 11, 1), None),
        (-1, OCTOBRE, "n’est pas négatif"),
        (20_001, OCTOBRE, "trop grand"),
        (10**9, OCTOBRE, "trop grand"),
        (845, dt.date(2026, 11, 1), "à venir"),
        (845, dt.date(2024, 10, 1), "trop ancien"),
        (845, dt.date(2016, 10, 1), "trop ancien"),
        (845, dt.date(2026, 9, 2), "à venir"),
    ],
)
def test_ce_qu_un_quotient_peut_etre(valeur, mois, mots):
    if mots is None:
        verifier_un_quotient(valeur, mois, AUJOURDHUI)
        return
    with pytest.raises(ValidationError, match=mots):
        verifier_un_quotient(valeur, mois, AUJOURDHUI)


@pytest.mark.parametrize(
    ("jour", "nombre", "attendus"),
    [
        (dt.date(2026, 2, 28), 3, [dt.date(2026, 2, 1), dt.date(2026, 1, 1), dt.date(2025, 12, 1)]),
        (dt.date(2026, 12, 31), 1, [dt.date(2026, 12, 1)]),
    ],
)
def test_les_mois_admis_remontent_du_mois_courant(jour, nombre, attendus):
    assert mois_admis(jour, nombre) == attendus


# --- The agent answers a request -------------------------------------------------------------------------------------
def test_l_agent_ouvre_l_attestation_depuis_la_demande(guichet, demande):
    lue = guichet.get(page(demande))
    assert "845 € depuis 09/2026" in texte(lue)
    assert 'value="845"' in lue.content.decode()
    assert '<option value="2026-09-01" selected>septembre 2026</option>' in lue.content.decode()
    papier = reverse("admin:comptes_document_telecharger", args=[demande.piece.pk])
    assert papier in lue.content.decode()
    assert b"".join(guichet.get(papier).streaming_content).startswith(b"%PDF")


def test_l_agent_accepte_ce_que_la_famille_a_saisi(guichet, demande, agent):
    guichet.post(page(demande), {"valeur": "845", "mois": "2026-09-01", "reponse": "", "_accepter": ""})
    assert connus() == [(845, SEPTEMBRE, "document")]
    assert QuotientFamilial.objects.get().saisi_par == agent
    demande.refresh_from_db()
    assert (demande.etat, demande.retenu) == ("acceptee", "")


def test_l_agent_corrige_la_valeur_et_le_mois_et_la_famille_le_lit(guichet, demande):
    guichet.post(page(demande), {"valeur": "854", "mois": "2026-10-01", "reponse": "Merci.", "_accepter": ""})
    assert connus() == [(854, OCTOBRE, "document")]
    demande.refresh_from_db()
    assert (demande.contenu["valeur"], demande.contenu["mois"]) == (845, "2026-09-01")  # what was asked stays
    dit = "La mairie a lu sur l’attestation : 854 € depuis 10/2026."
    assert f"{dit} Merci." in Notification.objects.get().texte.replace("\N{NO-BREAK SPACE}", " ")
    assert dit in Email.objects.get().message.replace("\N{NO-BREAK SPACE}", " ")
    assert dit in texte(guichet.get(page(demande)))


@pytest.mark.parametrize(
    ("champs", "mots"),
    [
        ({"valeur": "-1"}, "n’est pas négatif"),
        ({"valeur": "1000000000"}, "trop grand"),
        ({"valeur": "huit cents"}, "nombre entier d’euros"),
        ({"valeur": "850,5"}, "nombre entier d’euros"),
        ({"valeur": ""}, "Saisissez le quotient"),
        ({"valeur": "9" * 5000}, "nombre entier d’euros"),
        ({"mois": "2026-11-01"}, "mois de la liste"),
        ({"mois": "2016-10-01"}, "mois de la liste"),
        ({"mois": ""}, "Choisissez le mois"),
        ({"mois": "\x00"}, "mois de la liste"),
    ],
)
def test_une_correction_fausse_est_une_phrase_et_ne_change_rien(guichet, demande, champs, mots):
    envoi = {"valeur": "845", "mois": "2026-09-01", "reponse": "", "_accepter": "", **champs}
    assert mots in texte(guichet.post(page(demande), envoi))
    demande.refresh_from_db()
    assert demande.etat == "deposee"
    assert connus() == []


def test_refuser_ne_demande_ni_valeur_ni_mois(guichet, demande):
    guichet.post(page(demande), {"valeur": "huit", "mois": "", "reponse": "Illisible.", "_refuser": ""})
    demande.refresh_from_db()
    assert (demande.etat, demande.reponse) == ("refusee", "Illisible.")
    assert connus() == []


def test_refuser_sans_raison_garde_la_demande(guichet, demande):
    envoi = {"valeur": "845", "mois": "2026-09-01", "reponse": " ", "_refuser": ""}
    assert "pourquoi sa demande est refusée" in texte(guichet.post(page(demande), envoi))
    demande.refresh_from_db()
    assert demande.etat == "deposee"


def test_une_demande_devenue_trop_vieille_n_est_pas_acceptee_telle_quelle(demande, agent):
    with (
        time_machine.travel(dt.datetime(2028, 10, 5, 12, tzinfo=dt.UTC), tick=False),
        pytest.raises(ValidationError, match="trop ancien"),
    ):
        accepter(demande=demande, agent=agent)
    assert connus() == []


# --- The agent types one ---------------------------------------------------------------------------------------------
def test_un_agent_saisit_le_quotient_montre_au_guichet(guichet, famille, agent):
    guichet.post(AJOUT, {"famille": famille.pk, "valeur": "700", "mois": "2026-10-01"})
    assert connus() == [(700, OCTOBRE, "agent")]
    quotient = QuotientFamilial.objects.get()
    assert quotient.saisi_par == agent
    fiche = guichet.get(reverse("admin:comptes_quotientfamilial_change", args=[quotient.pk]))
    assert "saisie d’un agent" in texte(fiche)


@pytest.mark.parametrize(
    ("champs", "mots"),
    [
        ({"valeur": "-1"}, "n’est pas négatif"),
        ({"valeur": "1000000000"}, "trop grand"),
        ({"valeur": "850,5"}, "nombre entier d’euros"),
        ({"valeur": "abc"}, "nombre entier d’euros"),
        ({"mois": "2026-11-01"}, "mois de la liste"),
        ({"mois": "2016-10-01"}, "mois de la liste"),
        ({"mois": "01/10/2026"}, "mois de la liste"),
        ({"famille": "0"}, "choix"),
        ({"famille": "a"}, "choix"),
    ],
)
def test_une_saisie_fausse_est_une_phrase_et_ne_change_rien(guichet, famille, champs, mots):
    envoi = {"famille": famille.pk, "valeur": "700", "mois": "2026-10-01", **champs}
    assert mots in texte(guichet.post(AJOUT, envoi))
    assert connus() == []


def test_le_quotient_d_un_mois_n_est_remplace_que_par_qui_le_dit(guichet, famille):
    ancien = QuotientFamilial.objects.create(famille=famille, mois=OCTOBRE, valeur=84, source="document")
    envoi = {"famille": famille.pk, "valeur": "840", "mois": "2026-10-01"}
    assert "déjà un quotient pour ce mois, 84 €" in texte(guichet.post(AJOUT, envoi))
    assert connus() == [(84, OCTOBRE, "document")]
    assert guichet.post(AJOUT, {**envoi, "remplacer": "on"}).status_code == 302
    assert connus() == [(840, OCTOBRE, "agent")]
    assert QuotientFamilial.objects.get().pk == ancien.pk


def test_remplacer_sans_rien_a_remplacer_ajoute(guichet, famille):
    QuotientFamilial.objects.create(famille=FamilleFactory(), mois=OCTOBRE, valeur=84, source="agent")
    guichet.post(AJOUT, {"famille": famille.pk, "valeur": "840", "mois": "2026-10-01", "remplacer": "on"})
    assert connus() == [(84, OCTOBRE, "agent"), (840, OCTOBRE, "agent")]
