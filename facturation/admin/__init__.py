"""The régie's pages. Each part registers its own."""

from facturation.admin import avoirs, campagnes, en_ligne, encaissements, exports, prelevements, relances

__all__ = ["avoirs", "campagnes", "en_ligne", "encaissements", "exports", "prelevements", "relances"]
