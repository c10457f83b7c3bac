"""Every address of the project: its name, and what its parameters are in the world of the table."""

from collections.abc import Iterator

from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from tests.acces.monde import JOUR


def adresses(motifs=None, espace: str = "") -> Iterator[tuple[str, URLPattern]]:
    """(name, pattern) of each address; the route stands for the name of those that have none."""
    for motif in get_resolver().url_patterns if motifs is None else motifs:
        if isinstance(motif, URLResolver):
            yield from adresses(motif.url_patterns, espace + (f"{motif.namespace}:" if motif.namespace else ""))
        else:
            yield espace + (motif.name or str(motif.pattern)), motif


# Name of an address, or of its parameter → what it is in this world.
PARAMETRES = {
    "reservations:enfant pk": lambda m: m.lea.enfant.pk,
    "reservations:choix_inscription pk": lambda m: m.lea.enfant.pk,
    "reservations:calendrier pk": lambda m: m.lea.inscription.pk,
    "reservations:attente pk": lambda m: m.lea.inscription.pk,
    "reservations:prix pk": lambda m: m.lea.inscription.pk,
    "reservations:declarer_absence pk": lambda m: m.lea.inscription.pk,
    "reservations:annuler_absence pk": lambda m: m.lea.inscription.pk,
    "reservations:accepter_place pk": lambda m: m.attente.pk,
    "reservations:refuser_place pk": lambda m: m.attente.pk,
    "reservations:retirer_attente pk": lambda m: m.attente.pk,
    "reservations:calendrier_ics jeton": lambda m: m.flux.jeton,
    "comptes:retirer_demande pk": lambda m: m.demande.pk,
    "comptes:refuser_rappels jeton": lambda m: m.jeton_de_rappel,
    "comptes:confirmer_adresse jeton": lambda m: "un-jeton-que-personne-n-a-recu",
    "comptes:telecharger_document pk": lambda m: m.document.pk,
    "comptes:supprimer_document pk": lambda m: m.document.pk,
    "comptes:document_de_la_ville pk": lambda m: m.document_de_la_ville.pk,
    "portail:effacement pk": lambda m: m.effacement.pk,
    "portail:version_de_texte code": lambda m: m.texte.code,
    "portail:version_de_texte numero": lambda m: m.version.numero,
    "comptes:ouvrir_notification pk": lambda m: m.notification.pk,
    "comptes:refuser_courriels jeton": lambda m: "un-jeton-que-personne-n-a-recu",
    "reservations:premiere_visite_suivi jeton": lambda m: "un-jeton-que-personne-n-a-recu",
    "comptes:ajouter_contact pk": lambda m: m.lea.enfant.pk,
    "comptes:importer_contacts pk": lambda m: m.lea.enfant.pk,
    "comptes:modifier_contact pk": lambda m: m.contact.pk,
    "comptes:supprimer_contact pk": lambda m: m.contact.pk,
    "comptes:monter_contact pk": lambda m: m.contact.pk,
    "comptes:descendre_contact pk": lambda m: m.contact.pk,
    "comptes:fiche pk": lambda m: m.lea.enfant.pk,
    "comptes:aider pk": lambda m: m.lea.famille.pk,
    "reservations:cantine_enfant pk": lambda m: m.lea.enfant.pk,
    "reservations:pointage pk": lambda m: m.lea.activite.journees.get(date=JOUR).pk,
    "admin:comptes_document_telecharger pk": lambda m: m.document.pk,
    "admin:comptes_quotientfamilial_actualiser pk": lambda m: m.lea.famille.pk,
    "admin:comptes_texte_publier pk": lambda m: m.texte.pk,
    "admin:comptes_texte_version pk": lambda m: m.texte.pk,
    "admin:comptes_texte_version numero": lambda m: m.version.numero,
    "admin:reservations_annulationcollective_retablir pk": lambda m: m.collective.pk,
    "admin:reservations_premieredemande_repondre pk": lambda m: m.premiere.pk,
    "admin:reservations_premieredemande_piece pk": lambda m: m.premiere.pk,
    "facturation:payer numero": lambda m: m.facture.numero,
    "facturation:retour refdet": lambda m: m.transaction.refdet,
    "facturation:notification passerelle": lambda m: "payfip",
    "admin:facturation_transactionenligne_verifier pk": lambda m: m.transaction.pk,
    "admin:facturation_facturation_preparer pk": lambda m: m.facture.facturation_id,
    "admin:facturation_facturation_emettre pk": lambda m: m.facture.facturation_id,
    "admin:facturation_avoir_rendre pk": lambda m: m.facture.pk,
    "admin:facturation_paiement_rejeter pk": lambda m: m.paiement.pk,
    "admin:facturation_lotdeprelevements_fichier pk": lambda m: 0,
    "admin:facturation_lotdeprelevements_remettre pk": lambda m: 0,
    "annee": lambda m: 2026,
    "facturation:facture numero": lambda m: m.facture.numero,
    "facturation:facture_pdf numero": lambda m: m.facture.numero,
    "facturation:facture_agent numero": lambda m: m.facture.numero,
    "facturation:facture_agent_pdf numero": lambda m: m.facture.numero,
    "facturation:avoir numero": lambda m: m.avoir.numero,
    "facturation:avoir_pdf numero": lambda m: m.avoir.numero,
    "facturation:quittance numero": lambda m: m.paiement.numero,
    "facturation:quittance_pdf numero": lambda m: m.paiement.numero,
    "admin:facturation_relance_echeancier pk": lambda m: 0,
    "admin:facturation_relance_clore pk": lambda m: 0,
    "admin:facturation_transmission_telecharger pk": lambda m: 0,
    "facturation:exporter code": lambda m: "journal",
    "piece": lambda m: 0,
    "extension": lambda m: "csv",
    "demo_courriel nom": lambda m: "absent",
    "demo_courriel_html nom": lambda m: "absent",
    "jour": lambda m: JOUR.isoformat(),
    "numero": lambda m: m.operation.numero,
}


def parametres(nom: str, motif: URLPattern, monde) -> dict:
    voulus = getattr(motif.pattern, "converters", {})
    return {cle: (PARAMETRES.get(f"{nom} {cle}") or PARAMETRES[cle])(monde) for cle in voulus}
