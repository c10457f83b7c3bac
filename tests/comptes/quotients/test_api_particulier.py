"""API Particulier, against a small server that speaks as it does, and can lie; the agent's button."""

import dataclasses
import datetime as dt
import gzip
import json
import logging

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from comptes.api_particulier import Identite, Indisponible, PasTrouve, Quotient, TropDeDemandes, lire_le_quotient
from comptes.models import QuotientFamilial
from comptes.roles import creer_agent
from comptes.services.actualiser_quotient import actualiser
from tests.comptes.quotients.faux_api_particulier import JETON, SIRET, FauxAPIParticulier, du_quotient
from tests.comptes.quotients.outils import OCTOBRE, SEPTEMBRE, connus, page, texte
from tests.factories import FamilleFactory

JEANNE = Identite(
    nom="D’Arc Rouxeville",
    prenoms=("Jeanne", "Stéphanie"),
    naissance=dt.date(1987, 6, 27),
    sexe="F",
    commune="Charleville",
    departement="08",
)
SAISIE = {
    "nom": "D’Arc Rouxeville",
    "prenoms": "Jeanne, Stéphanie",
    "naissance": "27/06/1987",
    "sexe": "F",
    "commune": "Charleville",
    "departement": "08",
    "pays": "",
}


@pytest.fixture
def api(settings):
    faux = FauxAPIParticulier()
    settings.API_PARTICULIER = {"url": faux.url, "jeton": JETON, "recipient": SIRET, "delai": 5}
    yield faux
    faux.fermer()


# --- The module ------------------------------------------------------------------------------------------------------
def test_la_demande_est_celle_de_la_documentation(api):
    assert lire_le_quotient(JEANNE) == Quotient(valeur=845, mois=10, annee=2026)
    attendus = {
        "recipient": SIRET,
        "nomNaissance": "D’Arc Rouxeville",
        "anneeDateNaissance": "1987",
        "moisDateNaissance": "6",
        "jourDateNaissance": "27",
        "sexeEtatCivil": "F",
        "codeCogInseePaysNaissance": "99100",
        "nomCommuneNaissance": "Charleville",
        "codeCogInseeDepartementNaissance": "08",
    }
    parametres = {nom: [valeur] for nom, valeur in attendus.items()} | {"prenoms[]": ["Jeanne", "Stéphanie"]}
    assert api.demandes == [("/v3/dss/quotient_familial/identite", parametres, f"Bearer {JETON}")]


def test_une_naissance_a_l_etranger_n_a_pas_de_commune(api):
    lire_le_quotient(dataclasses.replace(JEANNE, pays="99351"))
    (_, parametres, _), *_ = api.demandes
    assert parametres["codeCogInseePaysNaissance"] == ["99351"]
    assert not [nom for nom in parametres if "Commune" in nom or "Departement" in nom]


@pytest.mark.parametrize("valeur", [0, 20_000])
def test_les_bornes_d_un_quotient_sont_lues(api, valeur):
    api.repondre(du_quotient(valeur))
    assert lire_le_quotient(JEANNE).valeur == valeur


@pytest.mark.parametrize(
    ("statut", "echec", "mots"),
    [
        (404, PasTrouve, "Ni la CAF ni la MSA"),
        (422, PasTrouve, "Vérifiez son nom de naissance"),
        (401, Indisponible, "refuse le jeton"),
        (403, Indisponible, "refuse le jeton"),
        (400, Indisponible, "en panne"),
        (500, Indisponible, "en panne"),
        (502, Indisponible, "en panne"),
        (503, Indisponible, "en panne"),
        (504, Indisponible, "en panne"),
        (301, Indisponible, "en panne"),
        (204, Indisponible, "en panne"),
    ],
)
def test_chaque_statut_a_son_echec(api, statut, echec, mots):
    api.repondre(b"" if statut == 204 else du_quotient(), statut, Location="/ailleurs")
    with pytest.raises(echec, match=mots):
        lire_le_quotient(JEANNE)
    assert len(api.demandes) == 1  # no redirect is followed: the token stays where it was sent


@pytest.mark.parametrize(
    ("entete", "attendre"),
    [
        ("30", 30),
        ("0", 1),
        ("999999", 3600),
        ("-5", 60),
        ("demain", 60),
        ("", 60),
        ("9" * 50, 60),
        ("Mon, 05 Oct 2026 12:01:30 GMT", 91),
        ("Mon, 05 Oct 2020 12:01:30 GMT", 1),
    ],
)
def test_apres_un_429_on_sait_combien_attendre(api, entete, attendre):
    api.repondre({}, 429, Retry_After=entete)
    with pytest.raises(TropDeDemandes) as refus:
        lire_le_quotient(JEANNE)
    assert refus.value.attendre == attendre


JUSTE = json.dumps(du_quotient()).encode()
HOSTILES = {
    "vide": b"",
    "pas du JSON": b'{"data": {"quotient_familial": {"valeur": 845',
    "une page": b"<!doctype html><title>Maintenance</title>",
    "autre encodage": b"\xff\xfe{",
    "comprimé": gzip.compress(JUSTE),
    "deux mégaoctets": JUSTE + b" " * 2_000_000,
    "profond": b"[" * 100_000,
    "grand nombre": b'{"data": {"quotient_familial": {"valeur": ' + b"9" * 5000 + b', "mois": 10, "annee": 2026}}}',
    "liste": b"[]",
    "nul": b"null",
    "sans donnée": b'{"data": null}',
    "sans quotient": b'{"data": {"quotient_familial": null}}',
    "sans mois": b'{"data": {"quotient_familial": {"valeur": 845, "annee": 2026}}}',
}


@pytest.mark.parametrize("corps", HOSTILES.values(), ids=HOSTILES)
def test_un_corps_hostile_est_une_indisponibilite(api, corps):
    api.repondre(corps)
    with pytest.raises(Indisponible):
        lire_le_quotient(JEANNE)


@pytest.mark.parametrize(
    "champs",
    [
        *({"valeur": v} for v in (-1, 10**9, 20_001, "850", None, 850.0, 850.5, True, [845], float("nan"))),
        *({"mois": m} for m in (0, 13, 11, -1, "10", None, True, 10**20)),
        *({"annee": a} for a in (0, 2016, 2027, 99999, 10**20, "2026", None)),
    ],
    ids=str,
)
def test_un_quotient_absurde_est_une_indisponibilite(api, champs):
    api.repondre(du_quotient(**champs))
    with pytest.raises(Indisponible, match="n’a pas de sens"):
        lire_le_quotient(JEANNE)


@pytest.mark.parametrize("panne", ["lente", "goutte", "coupee"])
def test_une_reponse_qui_ne_vient_pas_est_une_indisponibilite(api, settings, panne):
    settings.API_PARTICULIER = {**settings.API_PARTICULIER, "delai": 0.2}
    setattr(api, panne, True)
    with time_machine.travel(dt.datetime(2026, 10, 5, 12, tzinfo=dt.UTC)), pytest.raises(Indisponible):
        lire_le_quotient(JEANNE)


def test_un_serveur_absent_est_une_indisponibilite(api):
    api.fermer()
    with pytest.raises(Indisponible, match="ne répond pas") as refus:
        lire_le_quotient(JEANNE)
    assert refus.value.__suppress_context__  # a trace would tell the address, so the identity


@pytest.mark.parametrize("statut", [200, 404, 429, 500])
def test_les_journaux_ne_disent_ni_qui_ni_le_jeton(api, caplog, statut):
    caplog.set_level(logging.DEBUG, logger="comptes")
    api.repondre(b"<html>Rouxeville", statut)
    with pytest.raises((Indisponible, PasTrouve, TropDeDemandes)) as refus:
        lire_le_quotient(JEANNE)
    dits = caplog.text + str(refus.value) + repr(JEANNE)
    assert caplog.text
    assert not [mot for mot in ("Rouxeville", "Jeanne", "1987", "Charleville", JETON) if mot in dits]


# --- The service -----------------------------------------------------------------------------------------------------
def test_la_valeur_lue_est_enregistree_avec_sa_source(api, famille, agent):
    QuotientFamilial.objects.create(famille=famille, mois=SEPTEMBRE, valeur=700, source="document")
    fait = actualiser(famille=famille, identite=JEANNE, par=agent)
    assert connus() == [(700, SEPTEMBRE, "document"), (845, OCTOBRE, "api")]
    assert fait.enregistre.saisi_par == agent


@pytest.mark.parametrize("mois", [SEPTEMBRE, OCTOBRE])
def test_la_valeur_deja_connue_n_est_pas_ecrite_deux_fois(api, famille, agent, mois):
    QuotientFamilial.objects.create(famille=famille, mois=mois, valeur=845, source="document")
    QuotientFamilial.objects.create(famille=FamilleFactory(), mois=mois, valeur=1, source="document")
    assert actualiser(famille=famille, identite=JEANNE, par=agent).enregistre is None
    assert connus() == [(845, mois, "document"), (1, mois, "document")]


def test_la_caf_corrige_le_quotient_du_mois(api, famille, agent):
    QuotientFamilial.objects.create(famille=famille, mois=OCTOBRE, valeur=84, source="agent")
    actualiser(famille=famille, identite=JEANNE, par=agent)
    assert connus() == [(845, OCTOBRE, "api")]


@pytest.mark.parametrize(("corps", "statut"), [({}, 404), ({}, 429), ({}, 504), (b"{", 200), (du_quotient(-1), 200)])
def test_un_echec_ne_change_ni_n_enleve_rien(api, famille, agent, corps, statut):
    QuotientFamilial.objects.create(famille=famille, mois=SEPTEMBRE, valeur=700, source="document")
    api.repondre(corps, statut)
    with pytest.raises((PasTrouve, TropDeDemandes, Indisponible)):
        actualiser(famille=famille, identite=JEANNE, par=agent)
    assert connus() == [(700, SEPTEMBRE, "document")]


# --- The button ------------------------------------------------------------------------------------------------------
def adresse(famille) -> str:
    return reverse("admin:comptes_quotientfamilial_actualiser", args=[famille.pk])


def test_sans_jeton_il_n_y_a_ni_bouton_ni_page(guichet, famille, demande, settings):
    settings.API_PARTICULIER = {**settings.API_PARTICULIER, "jeton": ""}
    assert guichet.get(adresse(famille)).status_code == 404
    assert guichet.post(adresse(famille), SAISIE).status_code == 404
    fiche = reverse("admin:comptes_famille_change", args=[famille.pk])
    assert "Actualiser le quotient" not in texte(guichet.get(fiche)) + texte(guichet.get(page(demande)))


def test_le_bouton_est_sur_la_famille_et_sur_la_demande(api, guichet, famille, demande):
    fiche = reverse("admin:comptes_famille_change", args=[famille.pk])
    for ou in (fiche, page(demande)):
        assert f'href="{adresse(famille)}"' in guichet.get(ou).content.decode()


def test_l_agent_demande_et_le_quotient_est_enregistre(api, guichet, famille, agent):
    vide = guichet.get(adresse(famille))
    assert 'value="Martin"' in vide.content.decode()
    reponse = guichet.post(adresse(famille), SAISIE, follow=True)
    assert "Quotient enregistré : 845 € depuis octobre 2026" in texte(reponse)
    assert connus() == [(845, OCTOBRE, "api")]
    trace = LogEntry.objects.get()
    assert (trace.user, trace.object_repr) == (agent, str(QuotientFamilial.objects.get()))
    assert "1987" not in trace.change_message + trace.object_repr
    assert "la ville a déjà cette valeur" in texte(guichet.post(adresse(famille), SAISIE, follow=True))
    assert QuotientFamilial.objects.count() == 1


@pytest.mark.parametrize(
    ("champs", "mots"),
    [
        ({"nom": ""}, "nom de naissance"),
        ({"nom": "a\x00"}, "caractère"),
        ({"prenoms": " , "}, "de un à 10 prénoms"),
        ({"prenoms": "a " * 11}, "de un à 10 prénoms"),
        ({"sexe": "X"}, "dans la liste"),
        ({"naissance": "31/02/1987"}, "une date, par exemple"),
        ({"naissance": "05/10/2026"}, "impossible"),
        ({"naissance": "01/01/1800"}, "impossible"),
        ({"commune": ""}, "naissance en France"),
        ({"departement": ""}, "naissance en France"),
        ({"departement": "999"}, "deux chiffres"),
        ({"pays": "Tunisie"}, "commence par 99"),
    ],
)
def test_une_identite_fausse_est_une_phrase_et_rien_n_est_demande(api, guichet, famille, champs, mots):
    assert mots in texte(guichet.post(adresse(famille), {**SAISIE, **champs}))
    assert api.demandes == []


def test_un_echec_est_une_phrase_et_la_saisie_reste(api, guichet, famille):
    api.repondre({}, 429, Retry_After="30")
    reponse = guichet.post(adresse(famille), SAISIE)
    assert "Réessayez dans 30 secondes" in texte(reponse)
    assert "Rouxeville" in reponse.content.decode()
    assert connus() == []


def test_la_regie_et_la_cantine_ne_demandent_pas(api, famille):
    for role in ("regie", "cantine"):
        client = Client()
        client.force_login(creer_agent(courriel=f"{role}@exemple.fr", role=role, prenom="A", nom="B")[0])
        assert client.post(adresse(famille), SAISIE).status_code == 403
    assert api.demandes == []
