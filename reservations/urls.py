from django.urls import path

from reservations import (
    views,
    views_absences,
    views_attente,
    views_cantine,
    views_enfant,
    views_famille,
    views_flux,
    views_menus,
    views_operations,
    views_premiere,
)

app_name = "reservations"
urlpatterns = [
    path("enfants/<int:pk>/", views_enfant.enfant, name="enfant"),
    path("cantine/", views_cantine.cantine, name="cantine"),
    path("cantine/enfants/<int:pk>/", views_cantine.cantine_enfant, name="cantine_enfant"),
    path("cantine/journees/<int:pk>/pointage/", views_cantine.pointage, name="pointage"),
    path("premiere-visite/", views_premiere.premiere_visite, name="premiere_visite"),
    path("premiere-visite/envoyee/", views_premiere.premiere_visite_envoyee, name="premiere_visite_envoyee"),
    path("premiere-visite/<str:jeton>/", views_premiere.premiere_visite_suivi, name="premiere_visite_suivi"),
    path("menus/", views_menus.menus, name="menus"),
    path("reservations/", views.choix_enfant, name="choix_enfant"),
    path("reservations/enfants/<int:pk>/", views.choix_inscription, name="choix_inscription"),
    path("reservations/inscriptions/<int:pk>/", views.calendrier, name="calendrier"),
    path(
        "reservations/inscriptions/<int:pk>/absences/<str:jour>/",
        views_absences.declarer_absence,
        name="declarer_absence",
    ),
    path(
        "reservations/inscriptions/<int:pk>/absences/<str:jour>/annuler/",
        views_absences.annuler_absence,
        name="annuler_absence",
    ),
    path("reservations/inscriptions/<int:pk>/attente/", views_attente.attente, name="attente"),
    path("reservations/attentes/<int:pk>/accepter/", views_attente.accepter_place, name="accepter_place"),
    path("reservations/attentes/<int:pk>/refuser/", views_attente.refuser_place, name="refuser_place"),
    path("reservations/attentes/<int:pk>/retirer/", views_attente.retirer_attente, name="retirer_attente"),
    path("reservations/operations/<str:numero>/", views_operations.operation, name="operation"),
    path("reservations/operations/<str:numero>/annuler/", views_operations.annuler, name="annuler"),
    path("reservations/operations/<str:numero>.pdf", views_operations.operation_pdf, name="operation_pdf"),
    path("reservations/historique/", views_operations.historique, name="historique"),
    path("reservations/flux/", views_flux.flux, name="flux"),
    path("reservations/flux/<uuid:jeton>.ics", views_flux.calendrier_ics, name="calendrier_ics"),
    path("reservations/tous/", views_famille.tous, name="tous"),
    path("reservations/rythme/", views_famille.rythme, name="rythme"),
    path("reservations/copie/", views_famille.copie, name="copie"),
]
