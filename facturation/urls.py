from django.urls import path

from facturation import views, views_paiement

app_name = "facturation"
urlpatterns = [path("factures/", views.factures, name="factures")]
# Payment online
urlpatterns += [
    path("factures/<slug:numero>/payer/", views_paiement.payer, name="payer"),
    path("factures/paiement/<slug:refdet>/retour/", views_paiement.retour, name="retour"),
    path("<slug:passerelle>/notification/", views_paiement.notification, name="notification"),
]
