from django.urls import path

from comptes import views

app_name = "comptes"
urlpatterns = [
    path("connexion/", views.connexion, name="connexion"),
    path("deconnexion/", views.deconnexion, name="deconnexion"),
    path("mot-de-passe/generer/", views.generer_mot_de_passe, name="generer_mot_de_passe"),
    path("mot-de-passe/envoye/", views.mot_de_passe_envoye, name="mot_de_passe_envoye"),
    path("mot-de-passe/changer/", views.changer_mot_de_passe, name="changer_mot_de_passe"),
    path("compte/", views.mot_de_passe_envoye, name="compte"),
    path("contacts/", views.mot_de_passe_envoye, name="contacts"),
    path("enfants/<int:pk>/", views.mot_de_passe_envoye, name="enfant"),
    path("session/prolonger/", views.prolonger_session, name="prolonger_session"),
]
