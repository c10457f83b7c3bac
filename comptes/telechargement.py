"""A kept file goes out as a file to save, never as a page of the portal."""

from django.http import FileResponse, Http404

# Opened in the browser all the same, it runs nothing and loads nothing.
SANS_DROITS = "sandbox; default-src 'none'"


def en_piece_jointe(fichier, *, nom: str, type_mime: str, public: bool = False) -> FileResponse:
    """The file of a row, under its name. 404 when the safe does not hold it, after a restored backup."""
    try:
        flux = fichier.open("rb")
    except FileNotFoundError:
        raise Http404("Fichier absent.") from None
    reponse = FileResponse(flux, as_attachment=True, filename=nom, content_type=type_mime)
    reponse["X-Content-Type-Options"] = "nosniff"
    reponse["Content-Security-Policy"] = SANS_DROITS
    reponse["Cross-Origin-Resource-Policy"] = "same-origin"
    reponse["Cache-Control"] = "no-cache" if public else "private, no-store"
    return reponse
