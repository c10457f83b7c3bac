from django.urls import path

from reservations import views, views_enfant, views_famille

app_name = "reservations"
urlpatterns = [
    path("enfants/<int:pk>/", views_enfant.enfant, name="enfant"),
    path("reservations/", views.choix_enfant, name="choix_enfant"),
    path("reservations/enfants/<int:pk>/", views.choix_inscription, name="choix_inscription"),
    path("reservations/inscriptions/<int:pk>/", views.calendrier, name="calendrier"),
    path("reservations/tous/", views_famille.tous, name="tous"),
    path("reservations/rythme/", views_famille.rythme, name="rythme"),
    path("reservations/copie/", views_famille.copie, name="copie"),
    path("reservations/operations/<str:numero>/", views.operation, name="operation"),
]
