"""The agents' pages on schools, years, enrolments, days and bookings."""

from reservations.admin import annees, inscriptions, journees, preuves, services

__all__ = ["annees", "inscriptions", "journees", "preuves", "services"]
