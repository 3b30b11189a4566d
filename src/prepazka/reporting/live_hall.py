"""The hall at one moment: the queue in order, clients at counters, expected waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import takewhile

from prepazka.core import calendar, discipline
from prepazka.core.learned_durations import ServiceTimes
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id
from prepazka.queueing import wait_learning
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Shift, Ticket
from prepazka.queueing.turns import policy_of, waiting_of_ticket
from prepazka.reporting.forecast import Outlook, hall_outlook


@dataclass(frozen=True)
class Hall:
    """The live state of an office, read in two SQL statements.

    The office's snapshot has every part that the rows name; it may be newer than the given one.
    """

    office: OfficeSnapshot
    now: datetime
    waiting: list[discipline.Waiting]
    tickets: dict[int, Ticket]  # in the queue or at a counter, by id
    shifts: list[Shift]  # open ones, including paused

    @cached_property
    def order(self) -> list[discipline.Chosen]:
        """The queue in the order of turns, with reasons."""
        return discipline.order_tickets(self.waiting, policy=policy_of(self.office), now=self.now)

    @cached_property
    def outlook(self) -> Outlook:
        """The expected waits of everybody in the queue and of a newcomer to each service."""
        return hall_outlook(self)

    @cached_property
    def times(self) -> ServiceTimes:
        """The office's learned service times."""
        return wait_learning.learned_times(self.office).times

    @cached_property
    def at_counter(self) -> dict[int, Ticket]:
        """The client at each counter, by the counter's id."""
        return {
            t.counter_id: t for t in self.tickets.values() if t.state in AT_COUNTER and t.counter_id
        }

    def open_shifts(self) -> list[Shift]:
        """Shifts that are not paused."""
        return [shift for shift in self.shifts if shift.paused_at is None]

    def ahead_of(self, ticket: Ticket) -> int:
        """How many tickets go before this one at open counters that may call it.

        While none is open, the counters planned for its service count.
        """
        able = {s.counter_id for s in self.shifts if self._can_call(s, ticket)}
        able = able or {c.pk for c in self.office.counters_for(ticket.service_id)}
        kinds = frozenset({ticket.service_id}).union(*(self.office.serves[c] for c in able))
        if ticket.service_id not in self.office.stopped:
            kinds -= self.office.stopped.keys()  # nobody is called for them meanwhile
        services = {w.ticket: w.service for w in self.waiting}
        before = takewhile(lambda chosen: chosen.ticket != ticket.pk, self.order)
        return sum(services[chosen.ticket] in kinds for chosen in before)

    def _can_call(self, shift: Shift, ticket: Ticket) -> bool:
        if ticket.for_counter_id:
            return ticket.for_counter_id == shift.counter_id
        return ticket.service_id in self.office.serves[shift.counter_id]


def hall_at(office: OfficeSnapshot, *, now: datetime) -> Hall:
    """The office's hall at `now`. Two SQL statements."""
    today = calendar.day_of(now, office.tz)
    tickets = list(
        Ticket.objects.filter(office=office.row, date=today, state__in=(*IN_QUEUE, *AT_COUNTER))
    )
    shifts = list(
        Shift.objects.filter(office=office.row, closed_at=None).order_by("counter__position")
    )
    if not _knows(office, tickets, shifts):
        # A file was loaded since. Parts are never deleted, so an office read now has all of them.
        office = snapshot_by_id(office.office_id)
    return Hall(
        office=office,
        now=now,
        waiting=[waiting_of_ticket(t) for t in tickets if t.state in IN_QUEUE],
        tickets={t.pk: t for t in tickets},
        shifts=shifts,
    )


def _knows(office: OfficeSnapshot, tickets: list[Ticket], shifts: list[Shift]) -> bool:
    services, counters = office.services, office.counters
    return all(t.service_id in services for t in tickets) and all(
        counter is None or counter in counters
        for counter in (
            *(s.counter_id for s in shifts),
            *(t.counter_id for t in tickets),
            *(t.for_counter_id for t in tickets),
        )
    )
