"""The agents' administration: Django's admin with the town's theme and the portal's own sign-in."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme


class Administration(admin.AdminSite):
    site_header = f"Ville de {settings.VILLE['nom']}"
    site_title = "Administration du portail famille"
    index_title = "Administration du portail famille"
    site_url = "/"
    empty_value_display = "–"

    def login(self, request, extra_context=None):
        """One sign-in page for everyone: the one that counts wrong passwords and locks."""
        suite = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(suite, {request.get_host()}, request.is_secure()):
            suite = resolve_url("admin:index")
        if self.has_permission(request):
            return redirect(suite)
        if request.user.is_authenticated:
            raise PermissionDenied("Cette page est réservée aux agents de la ville.")
        return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': suite})}")

    def logout(self, request, extra_context=None):
        """Sign out, then the portal's sign-in page rather than the admin's farewell."""
        super().logout(request, extra_context)
        return redirect(settings.LOGIN_URL)

    def password_change(self, request, extra_context=None):
        """The portal's own page: it ends the other sessions and tells by mail."""
        return redirect("comptes:changer_mot_de_passe")
