"""One ticket's place in the hall: what its holder may know, on paper, kiosk and phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from prepazka.core import calendar
from prepazka.offices.directory import Directory
from prepazka.offices.models import Counter, Service
from prepazka.queueing.models import IN_QUEUE, Ticket
from prepazka.reporting.hall import Hall, hall

# A guess of so many minutes is told as the range from LEAST to MOST of it, in whole STEPs.
LEAST, MOST, STEP = 0.7, 1.4, 5


@dataclass(frozen=True)
class Place:
    """Where the ticket stands at one moment."""

    ticket: Ticket
    service: Service
    valid_until: datetime
    counter: Counter | None = None
    # Known while the ticket waits; the wait only while a counter that serves it is open.
    ahead: int | None = None
    wait: tuple[int, int] | None = None


def place_of(office: Directory, ticket: Ticket, *, now: datetime) -> Place:
    """Look up the ticket's place."""
    service = office.services[ticket.service_id]
    until = valid_until(office, ticket)
    counter = office.counters.get(ticket.counter_id) if ticket.counter_id else None
    if ticket.state not in IN_QUEUE or calendar.day_of(now, office.tz) != ticket.date:
        return Place(ticket, service, until, counter)
    seen = hall(office, now=now)
    return Place(ticket, service, until, counter, seen.ahead_of(ticket), wait_of(seen, ticket))


def wait_of(seen: Hall, ticket: Ticket) -> tuple[int, int] | None:
    """The range of minutes the ticket will still wait, where it can be guessed."""
    return wait_range(seen.estimate.waits.get(ticket.pk))


def wait_range(minutes: float | None) -> tuple[int, int] | None:
    """A guess as an honest range: 0–5, 10–20, 25–40 minutes."""
    if minutes is None:
        return None
    low = int(minutes * LEAST) // STEP * STEP
    high = -(-int(minutes * MOST + 1) // STEP) * STEP
    return low, max(high, low + STEP)


def valid_until(office: Directory, ticket: Ticket) -> datetime:
    """When the service closes on the ticket's day; the end of the day where it is not open."""
    hours = office.service_hours(office.services[ticket.service_id], ticket.date)
    if hours:
        closes = calendar.local_instant(ticket.date, hours[-1].end, office.tz)
        if closes > ticket.issued_at:
            return closes
    return calendar.local_instant(ticket.date + timedelta(days=1), 0, office.tz)
