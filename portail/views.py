"""Pages of the town: texts that everyone may read, signed in or not."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from comptes.lecture_textes import lire_page


def _page(nom: str):
    """A view that shows `templates/portail/<nom>.html`."""

    @require_safe
    def vue(request):
        return render(request, f"portail/{nom}.html")

    vue.__name__ = nom
    return vue


contact = _page("contact")


@require_safe
def guide(request):
    """The portal's own screens, then what the town adds."""
    return render(request, "portail/guide.html", {"ajout": lire_page("guide", niveau=3)})


@login_required
@require_safe
def guide_agents(request):
    """How the town rules what the guide tells the parents; it names the pages of the administration."""
    if not request.user.is_staff:
        raise PermissionDenied("Cette page est réservée aux agents de la ville.")
    return render(request, "portail/guide_agents.html")


@require_safe
def favicon(request):
    return redirect(static("img/favicon.svg"), permanent=False)


@require_safe
def robots(request):
    """Only the public texts are worth an index."""
    prives = ["/admin/", "/compte/", "/documents/", "/enfants/", "/reservations/", "/factures/", "/notifications/"]
    prives += ["/autorisations/", "/contacts/", "/cantine/"]
    lignes = ["User-agent: *", *(f"Disallow: {chemin}" for chemin in prives), ""]
    return HttpResponse("\n".join(lignes), content_type="text/plain; charset=utf-8")


@require_safe
def securite(request):
    """RFC 9116: where to report a flaw. `Expires` is mandatory and less than a year away."""
    echeance = (timezone.now() + timedelta(days=180)).replace(microsecond=0, second=0, minute=0, hour=0)
    lignes = [
        f"Contact: mailto:{settings.VILLE['courriel']}",
        f"Expires: {echeance:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: fr, en",
        f"Canonical: {settings.SITE_URL}{reverse('portail:securite')}",
        "",
    ]
    return HttpResponse("\n".join(lignes), content_type="text/plain; charset=utf-8")
