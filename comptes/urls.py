from django.urls import path

from comptes import views, views_compte, views_famille, views_france_connect, views_rappels, views_second_facteur

app_name = "comptes"
urlpatterns = [
    path("connexion/", views.connexion, name="connexion"),
    path("connexion/code/", views_second_facteur.code_de_connexion, name="code_de_connexion"),
    path("connexion/france-connect/", views_france_connect.Depart.as_view(), name="france_connect"),
    path("connexion/france-connect/retour/", views_france_connect.Retour.as_view(), name="france_connect_retour"),
    path("connexion/france-connect/lier/", views_france_connect.france_connect_lier, name="france_connect_lier"),
    path("compte/france-connect/delier/", views_france_connect.france_connect_delier, name="france_connect_delier"),
    path("deconnexion/", views.deconnexion, name="deconnexion"),
    path("mot-de-passe/generer/", views.generer_mot_de_passe, name="generer_mot_de_passe"),
    path("mot-de-passe/envoye/", views.mot_de_passe_envoye, name="mot_de_passe_envoye"),
    path("mot-de-passe/changer/", views.changer_mot_de_passe, name="changer_mot_de_passe"),
    path("compte/", views_compte.compte, name="compte"),
    path("compte/telephones/", views_compte.telephones, name="telephones"),
    path("compte/adresse-electronique/", views_compte.changer_adresse, name="changer_adresse"),
    path("compte/adresse-electronique/<str:jeton>/", views_compte.confirmer_adresse, name="confirmer_adresse"),
    path("compte/sessions/", views_compte.fermer_sessions, name="fermer_sessions"),
    path("compte/demandes/adresse/", views_compte.demander_adresse, name="demander_adresse"),
    path("compte/demandes/quotient/", views_compte.demander_quotient, name="demander_quotient"),
    path("compte/demandes/<int:pk>/retirer/", views_compte.retirer_demande, name="retirer_demande"),
    path("compte/historique/", views_compte.historique_foyer, name="historique_foyer"),
    path("compte/second-facteur/", views_second_facteur.second_facteur, name="second_facteur"),
    path("compte/second-facteur/activer/", views_second_facteur.activer_second_facteur, name="activer_second_facteur"),
    path("compte/second-facteur/codes/", views_second_facteur.renouveler_codes, name="renouveler_codes"),
    path("compte/second-facteur/retirer/", views_second_facteur.retirer_second_facteur, name="retirer_second_facteur"),
    path("compte/rappels/", views_rappels.choisir_rappels, name="choisir_rappels"),
    path("rappels/<str:jeton>/", views_rappels.refuser_rappels, name="refuser_rappels"),
    path("contacts/", views_famille.contacts, name="contacts"),
    path("session/prolonger/", views.prolonger_session, name="prolonger_session"),
]
