"""The agents' pages on schools, years, enrolments, days and bookings."""

from reservations.admin import annees, collectives, inscriptions, journees, preuves, services

__all__ = ["annees", "collectives", "inscriptions", "journees", "preuves", "services"]
