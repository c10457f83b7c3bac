"""The calendar feed: the meals of a household as iCalendar (RFC 5545): dates and first names, nothing else."""

import datetime as dt
from collections.abc import Iterable
from urllib.parse import urlsplit

from icalendar import Calendar, Event

from comptes.francais import INSECABLE
from reservations.models import Reservation

JOURS_PASSES = 30


def ecrire_agenda(repas: Iterable[Reservation], *, ville: str, site: str, estampille: dt.datetime) -> bytes:
    """One all-day event for each meal; the same meals give the same bytes.

    `estampille` is the feed's own date: a booking keeps no instant, and the UID of a meal (child and day) does not
    change when it is cancelled and booked again.
    """
    domaine = urlsplit(site).hostname or "portail"
    agenda = Calendar()
    agenda.add("prodid", f"-//Ville de {ville}//Portail famille//FR")
    agenda.add("version", "2.0")
    agenda.add("x-wr-calname", f"Cantine{INSECABLE}: {ville}")
    agenda.add("x-published-ttl", "PT6H")
    for reservation in repas:
        evenement = Event()
        evenement.add("uid", f"repas-{reservation.enfant_id}-{reservation.date:%Y%m%d}@{domaine}")
        evenement.add("dtstamp", estampille.astimezone(dt.UTC).replace(microsecond=0))
        evenement.add("dtstart", reservation.date)
        evenement.add("dtend", reservation.date + dt.timedelta(days=1))
        evenement.add("summary", f"Cantine{INSECABLE}: {reservation.enfant.prenom}")
        evenement.add("transp", "TRANSPARENT")
        agenda.add_component(evenement)
    return agenda.to_ical()
