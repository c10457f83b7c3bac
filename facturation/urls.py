from django.contrib import admin
from django.urls import path

from facturation import views, views_agents, views_mandat, views_paiement, views_pieces
from facturation.admin import exports

app_name = "facturation"
urlpatterns = [
    path("factures/", views.factures, name="factures"),
    path("factures/attestation/<int:annee>/", views.attestation, name="attestation"),
    path("factures/attestation/<int:annee>.pdf", views_pieces.attestation_pdf, name="attestation_pdf"),
    path("factures/avoirs/<slug:numero>/", views.avoir, name="avoir"),
    path("factures/avoirs/<slug:numero>.pdf", views_pieces.avoir_pdf, name="avoir_pdf"),
    path("factures/quittances/<slug:numero>/", views.quittance, name="quittance"),
    path("factures/quittances/<slug:numero>.pdf", views_pieces.quittance_pdf, name="quittance_pdf"),
    path("factures/<slug:numero>/", views.facture, name="facture"),
    path("factures/<slug:numero>.pdf", views_pieces.facture_pdf, name="facture_pdf"),
    path("admin/factures/<slug:numero>/", admin.site.admin_view(views_agents.facture), name="facture_agent"),
    path("admin/factures/<slug:numero>.pdf", admin.site.admin_view(views_agents.facture_pdf), name="facture_agent_pdf"),
]
# Payment online
urlpatterns += [
    path("factures/<slug:numero>/payer/", views_paiement.payer, name="payer"),
    path("factures/paiement/<slug:refdet>/retour/", views_paiement.retour, name="retour"),
    path("<slug:passerelle>/notification/", views_paiement.notification, name="notification"),
]
# The régie's exports, in the administration.
agents = admin.site.admin_view
urlpatterns += [
    path("admin/exports/", agents(exports.exports), name="exports"),
    path("admin/exports/<slug:code>.<slug:extension>", agents(exports.exporter), name="exporter"),
]
# Direct debit
urlpatterns += [
    path("compte/mandat/", views_mandat.mandat, name="mandat"),
    path("compte/mandat/revoquer/", views_mandat.revoquer, name="revoquer_mandat"),
]
