"""One ticket's place in the hall: what its holder may know, on paper, kiosk and phone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from prepazka.core import calendar, interval
from prepazka.core.announcing import Expected, is_near
from prepazka.offices.directory import Directory
from prepazka.offices.models import Counter, Incident, Service
from prepazka.queueing import learning
from prepazka.queueing.models import IN_QUEUE, Ticket
from prepazka.queueing.validity import valid_until
from prepazka.reporting.hall import Hall, hall

OPENING_WITHIN = 14  # days
FRESH = timedelta(minutes=1)
STEP = 300  # seconds to which the time of the turn is said


@dataclass(frozen=True)
class Place:
    """Where the ticket stands at one moment."""

    ticket: Ticket
    service: Service
    valid_until: datetime
    counter: Counter | None = None
    # Known while the ticket waits; the estimate only while a counter that serves it is open,
    # otherwise when one should open next.
    ahead: int | None = None
    expected: Expected | None = None
    between: tuple[datetime, datetime] | None = None
    opens_at: datetime | None = None
    incident: Incident | None = None  # for what the service waits; then there is no estimate

    @property
    def thin(self) -> bool:
        """Whether too little is behind the estimate."""
        return bool(self.expected and self.expected.thin)

    @property
    def wait(self) -> tuple[int, int] | None:
        """The minutes that are said."""
        return self.expected.span if self.expected else None


def place_of(office: Directory, ticket: Ticket, *, now: datetime) -> Place:
    """Look up the ticket's place."""
    if ticket.state in IN_QUEUE and calendar.day_of(now, office.tz) == ticket.date:
        return place_in(hall(office, now=now), ticket)
    return _outside(office, ticket)


def place_in(seen: Hall, ticket: Ticket) -> Place:
    """The ticket's place in a hall that was looked at."""
    place, office = _outside(seen.office, ticket), seen.office
    if ticket.state not in IN_QUEUE:
        return place
    expected = expected_of(seen, ticket)
    return replace(
        place,
        ahead=seen.ahead_of(ticket),
        expected=expected,
        between=_between(expected, seen.now) if expected else None,
        opens_at=None if expected else counter_opens(office, place.service, now=seen.now),
        incident=office.stopped.get(place.service.pk),
    )


def _outside(office: Directory, ticket: Ticket) -> Place:
    counter = office.counters.get(ticket.counter_id) if ticket.counter_id else None
    service = office.services[ticket.service_id]
    return Place(ticket, service, valid_until(office, ticket), counter)


def announced(
    office: Directory, ticket: Ticket, *, now: datetime, seen: Hall | None = None
) -> Place:
    """The place as it is shown; the first wait told of a fresh ticket is kept, to be judged."""
    place = place_in(seen, ticket) if seen else place_of(office, ticket, now=now)
    said = place.expected
    if said and ticket.p80 is None and now - ticket.issued_at <= FRESH:
        learning.announce(ticket=ticket, p20=said.p20, p50=said.p50, p80=said.p80)
    return place


def expected_of(seen: Hall, ticket: Ticket) -> Expected | None:
    """How long the ticket will still wait, where it can be guessed.

    Who came after the last look of the estimate is the newcomer it had expected.
    """
    known = seen.outlook.tickets.get(ticket.pk)
    return known or (
        seen.outlook.newcomers.get(ticket.service_id) if not ticket.for_counter_id else None
    )


def turn_is_near(seen: Hall, ticket: Ticket) -> bool:
    """Whether its holder should be told to come; while others go first, only the minutes count."""
    if ticket.pk not in seen.tickets:
        return False  # called meanwhile, or of another day
    aside = bool(ticket.parked_until and ticket.parked_until > seen.now)
    return is_near(None if aside else seen.ahead_of(ticket), expected_of(seen, ticket))


def counter_opens(office: Directory, service: Service, *, now: datetime) -> datetime | None:
    """When a counter for the service should open next, as planned."""
    today = calendar.day_of(now, office.tz)
    for ahead in range(OPENING_WITHIN):
        day = today + timedelta(days=ahead)
        hours = office.service_hours(service, day)
        planned = interval.union(
            one
            for counter in office.counters_for(service.pk)
            for one in interval.intersect(hours, office.counter_hours(counter, day))
        )
        for one in planned:
            opens = calendar.local_instant(day, one.start, office.tz)
            if opens > now:
                return opens
            if calendar.local_instant(day, one.end, office.tz) > now:
                return None  # one should be open now; nobody knows when it will be
    return None


def _between(expected: Expected, now: datetime) -> tuple[datetime, datetime]:
    """From when to when the turn comes, to five minutes, outwards."""
    start = (now + timedelta(minutes=expected.p20)).timestamp() // STEP * STEP
    end = -((now + timedelta(minutes=expected.p80)).timestamp() // -STEP) * STEP
    return datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(max(end, start + STEP), UTC)
