"""The cast of the access table, and one object of each kind for its addresses."""

import datetime as dt
from decimal import Decimal

from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.test import Client

from comptes.models import (
    Autorisation,
    Contact,
    Demande,
    Document,
    DocumentDeLaVille,
    FicheCantine,
    Notification,
    QuotientFamilial,
    Texte,
    VersionDeTexte,
)
from comptes.roles import creer_agent
from comptes.services.rappels import adresse_de_refus
from facturation.models import TransactionEnLigne
from reservations.models import (
    AnnulationCollective,
    Attente,
    Fermeture,
    FluxCalendrier,
    Menu,
    MessageDeLaVille,
    Plat,
    PremiereDemande,
)
from reservations.services.annuler_collectivement import Demande as Greve
from reservations.services.annuler_collectivement import annuler_collectivement
from tests.factories import EnfantFactory, foyer
from tests.facturation.pieces import avoir_de, facture_de, paiement_de

JOUR = dt.date(2026, 12, 10)
ROLES = ["personne", "parent", "autre foyer", "étranger", "cantine", "guichet", "regie"]


class Monde:
    """Léa's household, the other household of her child, a stranger's, two agents; and what belongs to Léa's."""

    def __init__(self):
        self.lea = foyer(enfant=EnfantFactory(prenom="Zoé"), reserves=[JOUR, dt.date(2026, 12, 11)])
        self.paul = foyer(enfant=self.lea.enfant, activite=self.lea.activite, annee=self.lea.annee)
        self.etranger = foyer()
        self.agents = {
            role: creer_agent(courriel=f"{role}@exemple.fr", role=role)[0] for role in ("cantine", "guichet", "regie")
        }
        self.operation = self.lea.famille.operations.first()
        self.attente = Attente.objects.create(
            inscription=self.lea.inscription,
            journee=self.lea.activite.journees.get(date=dt.date(2026, 12, 14)),
            enfant=self.lea.enfant,
            date=dt.date(2026, 12, 14),
            mode="auto",
            demandee_le=self.operation.cree_le,
        )
        self.flux = FluxCalendrier.objects.create(utilisateur=self.lea.utilisateur)
        self.contact = Contact.objects.create(
            rattachement=self.lea.rattachement,
            prenom="Mamie",
            nom="Rose",
            lien="grand-mère",
            telephone="06 12 34 56 78",
        )
        self.fiche = FicheCantine.objects.create(enfant=self.lea.enfant)
        self.document = Document.objects.create(
            famille=self.lea.famille, nature="domicile", nom="facture.pdf", type_mime="application/pdf", taille=4,
            empreinte="0" * 64, fichier=ContentFile(b"%PDF", name="x"), depose_par=self.lea.utilisateur,
        )  # fmt: skip
        self.document_de_la_ville = DocumentDeLaVille.objects.create(
            titre="Règlement", nom="reglement.pdf", type_mime="application/pdf", taille=4,
            fichier=ContentFile(b"%PDF", name="x"),
        )  # fmt: skip
        self.demande = Demande.objects.create(
            famille=self.lea.famille,
            nature="adresse",
            contenu={"adresse": "1 rue A", "code_postal": "11000", "commune": "Carcassonne"},
            deposee_par=self.lea.utilisateur,
        )
        self.effacement = Demande.objects.create(
            famille=self.etranger.famille, nature="effacement", deposee_par=self.etranger.utilisateur
        )
        self.quotient = QuotientFamilial.objects.create(
            famille=self.lea.famille, mois=dt.date(2026, 9, 1), valeur=845, source="agent"
        )
        self.texte = Texte.objects.filter(a_signer=True).first() or Texte.objects.create(
            code="photo", titre="Photographies", a_signer=True
        )
        self.version = self.texte.versions.first() or VersionDeTexte.objects.create(
            texte=self.texte, numero=1, contenu="Oui ?"
        )
        self.autorisation = Autorisation.objects.create(
            rattachement=self.lea.rattachement, version=self.version, accordee=True, nom_signataire="Léa"
        )
        self.notification = Notification.objects.create(
            destinataire=self.lea.responsable, categorie="messages", titre="Bonjour"
        )
        self.menu = Menu.objects.create(date=JOUR)
        self.plat = Plat.objects.create(menu=self.menu, composante="plat", libelle="Cassoulet")
        self.message = MessageDeLaVille.objects.create(titre="Bonjour", texte="Bonjour", famille=self.lea.famille)
        self.fermeture = Fermeture.objects.create(debut=dt.date(2027, 6, 1), fin=dt.date(2027, 6, 1), motif="Essai")
        quand = self.operation.cree_le
        self.premiere = PremiereDemande.objects.create(
            courriel="neuve@exemple.fr", prenom="Nina", nom="Neuve", telephone="06", adresse="1", code_postal="11000",
            commune="Carcassonne", etat="deposee", deposee_le=quand, empreinte="1" * 64, expediteur="2" * 64,
            expire_le=quand,
        )  # fmt: skip
        greve = Greve("greve", "Grève", (self.etranger.activite,), (dt.date(2026, 12, 17),))
        annuler_collectivement(demande=greve, auteur=self.agents["guichet"], cle="0" * 32)
        self.collective = AnnulationCollective.objects.get()
        self.facture = facture_de([self.lea.inscription])
        self.avoir = avoir_de(self.facture, Decimal("1.00"))
        self.paiement = paiement_de(self.lea, "2.00")
        self.transaction = TransactionEnLigne.objects.create(
            famille=self.lea.famille, facture=self.facture, passerelle="payfip", montant=self.facture.total,
            refdet="F2026000001ABCD", numcli="123456", saisie="T", exercice="2026", courriel="lea@exemple.fr",
            cree_le=quand, etat="abandonnee",
        )  # fmt: skip
        self.sessions = {role: self.session(role) for role in ROLES if role != "personne"}
        self.jeton_de_rappel = adresse_de_refus(self.lea.famille).rstrip("/").rpartition("/")[2]

    def client(self, role: str) -> Client:
        """A browser of its own, in the one session of this role."""
        client = Client()
        if role != "personne":
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        return client

    def session(self, role: str) -> str:
        client = Client()
        client.force_login(self.utilisateur(role))
        return client.cookies[settings.SESSION_COOKIE_NAME].value

    def utilisateur(self, role: str):
        parents = {"parent": self.lea, "autre foyer": self.paul, "étranger": self.etranger}
        return parents[role].utilisateur if role in parents else self.agents[role]

    def objet(self, etiquette: str):
        """One object of a model, for its page in the administration; None when the world has none."""
        return apps.get_model(etiquette)._default_manager.order_by("pk").first()
