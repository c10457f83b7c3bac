"""Where a request comes from."""

from django.conf import settings


def adresse_de(request) -> str:
    """The client's address: the socket's, or what the nearest of our proxies wrote in X-Forwarded-For.

    Each proxy adds one address at the end; what stands before the last `PROXYS_DE_CONFIANCE` is the client's own words.
    """
    adresses = [a.strip() for a in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if a.strip()]
    proxys = settings.PROXYS_DE_CONFIANCE
    if proxys and len(adresses) >= proxys:
        return adresses[-proxys]
    return request.META.get("REMOTE_ADDR", "")
