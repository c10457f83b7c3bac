"""The agents' pages on schools, years, enrolments, days and bookings."""

from reservations.admin import (
    absences,
    annees,
    attente,
    collectives,
    inscriptions,
    journees,
    messages,
    preuves,
    services,
)

__all__ = [
    "absences",
    "annees",
    "attente",
    "collectives",
    "inscriptions",
    "journees",
    "messages",
    "preuves",
    "services",
]
