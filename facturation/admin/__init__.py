"""The régie's pages on money."""

from facturation.admin import en_ligne

__all__ = ["en_ligne"]
