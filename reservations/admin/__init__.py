"""The agents' pages on schools, years, enrolments, days and bookings."""

from reservations.admin import annees, attente, inscriptions, journees, preuves, services

__all__ = ["annees", "attente", "inscriptions", "journees", "preuves", "services"]
