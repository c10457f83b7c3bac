from django.http import Http404
from django.urls import path


def _a_ecrire(request, **kwargs):
    raise Http404


app_name = "comptes"
urlpatterns = [
    path("connexion/", _a_ecrire, name="connexion"),
    path("deconnexion/", _a_ecrire, name="deconnexion"),
    path("mot-de-passe/generer/", _a_ecrire, name="generer_mot_de_passe"),
    path("mot-de-passe/changer/", _a_ecrire, name="changer_mot_de_passe"),
    path("compte/", _a_ecrire, name="compte"),
    path("contacts/", _a_ecrire, name="contacts"),
    path("enfants/<int:pk>/", _a_ecrire, name="enfant"),
    path("session/prolonger/", _a_ecrire, name="prolonger_session"),
]
