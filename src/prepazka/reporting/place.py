"""One ticket's place in the hall, for its holder: on paper, at the kiosk and on the phone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from prepazka.core import calendar, interval
from prepazka.core.announcing import Expected, is_turn_near
from prepazka.offices.models import Counter, Incident, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import wait_learning
from prepazka.queueing.models import IN_QUEUE, Ticket
from prepazka.queueing.validity import valid_until
from prepazka.reporting.live_hall import Hall, hall_at

OPENING_WITHIN = 14  # days
FRESH = timedelta(minutes=1)
STEP = 300  # seconds to which the time of the turn is rounded


@dataclass(frozen=True)
class Place:
    """A ticket's place at one moment."""

    ticket: Ticket
    service: Service
    valid_until: datetime
    counter: Counter | None = None
    # Set while the ticket waits: the estimate while a counter that serves it is open, else when one
    # should open next.
    ahead: int | None = None
    expected: Expected | None = None
    between: tuple[datetime, datetime] | None = None
    opens_at: datetime | None = None
    incident: Incident | None = None  # that stops the service; then there is no estimate

    @property
    def thin(self) -> bool:
        """Whether the estimate is made of too few services."""
        return bool(self.expected and self.expected.thin)

    @property
    def wait(self) -> tuple[int, int] | None:
        """The minutes to announce, from and to."""
        return self.expected.span if self.expected else None


def place_of(office: OfficeSnapshot, ticket: Ticket, *, now: datetime) -> Place:
    """The ticket's place at `now`."""
    if ticket.state in IN_QUEUE and calendar.day_of(now, office.tz) == ticket.date:
        return place_in(hall_at(office, now=now), ticket)
    return _place_without_queue(office, ticket)


def place_in(hall_now: Hall, ticket: Ticket) -> Place:
    """The ticket's place in the given hall."""
    ticket_place, office = _place_without_queue(hall_now.office, ticket), hall_now.office
    if ticket.state not in IN_QUEUE:
        return ticket_place
    expected = expected_of(hall_now, ticket)
    return replace(
        ticket_place,
        ahead=hall_now.ahead_of(ticket),
        expected=expected,
        between=_between(expected, hall_now.now) if expected else None,
        opens_at=None
        if expected
        else counter_opens(office, ticket_place.service, now=hall_now.now),
        incident=office.stopped.get(ticket_place.service.pk),
    )


def _place_without_queue(office: OfficeSnapshot, ticket: Ticket) -> Place:
    counter = office.counters.get(ticket.counter_id) if ticket.counter_id else None
    service = office.services[ticket.service_id]
    return Place(ticket, service, valid_until(office, ticket), counter)


def announced_place(
    office: OfficeSnapshot, ticket: Ticket, *, now: datetime, hall_now: Hall | None = None
) -> Place:
    """The ticket's place for its holder; a new ticket's first estimate is stored."""
    ticket_place = place_in(hall_now, ticket) if hall_now else place_of(office, ticket, now=now)
    expected = ticket_place.expected
    if expected and ticket.p80 is None and now - ticket.issued_at <= FRESH:
        wait_learning.store_announced_wait(
            ticket=ticket, p20=expected.p20, p50=expected.p50, p80=expected.p80
        )
    return ticket_place


def expected_of(hall_now: Hall, ticket: Ticket) -> Expected | None:
    """The ticket's expected wait; None where there is no estimate.

    A ticket issued after the last replay gets the wait of a newcomer.
    """
    expected = hall_now.outlook.tickets.get(ticket.pk)
    return expected or (
        hall_now.outlook.newcomers.get(ticket.service_id) if not ticket.for_counter_id else None
    )


def turn_is_near(hall_now: Hall, ticket: Ticket) -> bool:
    """Whether to ask the holder to come; of a parked ticket only the minutes count."""
    if ticket.pk not in hall_now.tickets:
        return False  # it was called meanwhile, or is of another day
    is_parked = bool(ticket.parked_until and ticket.parked_until > hall_now.now)
    return is_turn_near(
        None if is_parked else hall_now.ahead_of(ticket), expected_of(hall_now, ticket)
    )


def counter_opens(office: OfficeSnapshot, service: Service, *, now: datetime) -> datetime | None:
    """When a counter for the service opens next by the plan; None if one should be open now."""
    today = calendar.day_of(now, office.tz)
    for ahead in range(OPENING_WITHIN):
        day = today + timedelta(days=ahead)
        hours = office.opening_hours.of_service(service.pk, day)
        planned = interval.union(
            opening
            for counter in office.counters_for(service.pk)
            for opening in interval.intersect(
                hours, office.opening_hours.of_counter(counter.pk, day)
            )
        )
        for opening in planned:
            opens = calendar.local_instant(day, opening.start, office.tz)
            if opens > now:
                return opens
            if calendar.local_instant(day, opening.end, office.tz) > now:
                return None  # one should be open now, so nobody knows when it will be
    return None


def _between(expected: Expected, now: datetime) -> tuple[datetime, datetime]:
    """The interval of the turn, rounded outwards to five minutes."""
    start = (now + timedelta(minutes=expected.p20)).timestamp() // STEP * STEP
    end = -((now + timedelta(minutes=expected.p80)).timestamp() // -STEP) * STEP
    return datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(max(end, start + STEP), UTC)
