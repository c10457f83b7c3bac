"""The régie's pages. Each part registers its own."""

from facturation.admin import avoirs, campagnes, en_ligne, encaissements, prelevements

__all__ = ["avoirs", "campagnes", "en_ligne", "encaissements", "prelevements"]
