"""The régie's pages. Each part registers its own."""

from facturation.admin import avoirs, campagnes

__all__ = ["avoirs", "campagnes"]
