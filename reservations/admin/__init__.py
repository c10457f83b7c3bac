"""The agents' pages on schools, years, enrolments, days and bookings."""

from reservations.admin import (
    absences,
    annees,
    attente,
    autorisations,
    collectives,
    grilles,
    inscriptions,
    journees,
    menus,
    messages,
    premiere,
    preuves,
    services,
)

__all__ = [
    "absences",
    "annees",
    "attente",
    "autorisations",
    "collectives",
    "grilles",
    "inscriptions",
    "journees",
    "menus",
    "messages",
    "premiere",
    "preuves",
    "services",
]
