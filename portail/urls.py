"""Every address of the portal."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from portail import (
    accueil,
    sante,
    views,
    views_autorisations,
    views_donnees,
    views_effacement,
    views_recu_d_aide,
    views_textes,
)

pages = [
    path("", accueil.accueil, name="accueil"),
    path("compte/donnees/", views_donnees.donnees, name="donnees"),
    path("compte/donnees/effacement/", views_donnees.demander_effacement, name="demander_effacement"),
    path("compte/donnees/effacement/retirer/", views_donnees.retirer_effacement, name="retirer_effacement"),
    path("admin/effacements/", admin.site.admin_view(views_effacement.effacements), name="effacements"),
    path("admin/effacements/<int:pk>/", admin.site.admin_view(views_effacement.effacement), name="effacement"),
    path("aide/recu/", views_recu_d_aide.recu_d_aide, name="recu_d_aide"),
    path("autorisations/", views_autorisations.autorisations, name="autorisations"),
    path("reglement-interieur/", views_textes.page, {"code": "reglement-interieur"}, name="reglement_interieur"),
    path("guide/", views.guide, name="guide"),
    path("guide/agents/", views.guide_agents, name="guide_agents"),
    path("conditions-generales/", views_textes.page, {"code": "conditions-generales"}, name="conditions_generales"),
    path("donnees-personnelles/", views_textes.page, {"code": "donnees-personnelles"}, name="donnees_personnelles"),
    path("accessibilite/", views_textes.page, {"code": "accessibilite"}, name="accessibilite"),
    path("textes/<slug:code>/<int:numero>/", views_textes.version, name="version_de_texte"),
    path("contact/", views.contact, name="contact"),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", views.favicon, name="favicon"),
    path(".well-known/security.txt", views.securite, name="securite"),
]

urlpatterns = [
    path("healthz", sante.healthz),
    path("readyz", sante.readyz),
    path("", include((pages, "portail"))),
    path("", include("comptes.urls")),
    path("", include("reservations.urls")),
    path("", include("facturation.urls")),
    path("admin/", admin.site.urls),
]
if settings.DEMO:
    urlpatterns.insert(0, path("demo/courriels/", include("portail.demo_courriels")))

handler400 = "portail.vues_erreurs.requete_incorrecte"
handler403 = "portail.vues_erreurs.interdit"
handler404 = "portail.vues_erreurs.introuvable"
handler500 = "portail.vues_erreurs.erreur"
