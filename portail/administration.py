"""The agents' administration: Django's admin with the town's theme and the portal's own sign-in."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import JsonResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme


class Administration(admin.AdminSite):
    site_header = f"Ville de {settings.VILLE['nom']}"
    site_title = "Administration du portail famille"
    index_title = "Administration du portail famille"
    site_url = "/"
    empty_value_display = "–"

    def get_urls(self):
        """Without the redirection to an object's own page: no object has one, and it fails on the history's tables."""
        return [adresse for adresse in super().get_urls() if getattr(adresse, "name", "") != "view_on_site"]

    def autocomplete_view(self, request):
        """PostgreSQL has no null character: nothing is found with it."""
        if "\0" in request.GET.get("term", ""):
            return JsonResponse({"results": [], "pagination": {"more": False}})
        return super().autocomplete_view(request)

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
