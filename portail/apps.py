from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class PortailConfig(AppConfig):
    name = "portail"
    verbose_name = "Portail"


class AdministrationConfig(AdminConfig):
    default_site = "portail.administration.Administration"
