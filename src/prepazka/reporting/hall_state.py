"""The hall at one moment: the queue in order and clients at counters, without a forecast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import takewhile

from prepazka.core import discipline
from prepazka.core.learned_durations import ServiceTimes
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import wait_learning
from prepazka.queueing.models import AT_COUNTER, Shift, Ticket
from prepazka.queueing.turns import policy_of


@dataclass(frozen=True)
class HallState:
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
