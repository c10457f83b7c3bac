from django.urls import path

from facturation import views

app_name = "facturation"
urlpatterns = [path("factures/", views.factures, name="factures")]
