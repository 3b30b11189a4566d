"""The hall at one moment: who waits in which order, who is where, how long it will take."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import takewhile

from django.db.models import F

from prepazka.core import calendar, discipline
from prepazka.core.estimate import CounterNow, Estimate, Means, estimate
from prepazka.offices.directory import Directory
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Shift, State, Ticket
from prepazka.queueing.turns import as_waiting, policy_of

LEARN_FROM = timedelta(days=30)
MOST_LEARNED = 3_000
RELEARN_AFTER = 300.0  # seconds

_means: dict[int, tuple[float, int, Means]] = {}


@dataclass(frozen=True)
class Hall:
    """Everything live about an office, read in three SQL statements."""

    office: Directory
    now: datetime
    waiting: list[discipline.Waiting]
    tickets: dict[int, Ticket]  # in the queue or at a counter, by id
    shifts: list[Shift]  # open ones, paused ones too
    means: Means

    @cached_property
    def order(self) -> list[discipline.Chosen]:
        """The queue in the order of turns, with reasons."""
        return discipline.ordered(self.waiting, policy=policy_of(self.office), now=self.now)

    @cached_property
    def estimate(self) -> Estimate:
        """Minutes to wait for everybody in the queue, and for a newcomer to each service."""
        return estimate(
            self.waiting,
            [self._counter_now(shift) for shift in self.shifts],
            self.means,
            policy=policy_of(self.office),
            now=self.now,
            services=[s.pk for s in self.office.offered_services()],
        )

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
        """How many are called before the ticket at counters that could call it too.

        While none of them is open, those count that are planned for its service.
        """
        able = {s.counter_id for s in self.shifts if self._can_call(s, ticket)}
        able = able or {c.pk for c in self.office.counters_for(ticket.service_id)}
        kinds = frozenset({ticket.service_id}).union(*(self.office.serves[c] for c in able))
        services = {w.ticket: w.service for w in self.waiting}
        before = takewhile(lambda chosen: chosen.ticket != ticket.pk, self.order)
        return sum(services[chosen.ticket] in kinds for chosen in before)

    def _can_call(self, shift: Shift, ticket: Ticket) -> bool:
        if ticket.for_counter_id:
            return ticket.for_counter_id == shift.counter_id
        return ticket.service_id in self.office.serves[shift.counter_id]

    def _counter_now(self, shift: Shift) -> CounterNow:
        client = self.at_counter.get(shift.counter_id)
        since = client and (client.serving_at or client.called_at)
        return CounterNow(
            counter=shift.counter_id,
            serves=self.office.serves[shift.counter_id],
            busy_for=(self.now - since) / timedelta(minutes=1) if since else None,
            open=shift.paused_at is None,
            serving=client.service_id if client else None,
        )


def hall(office: Directory, *, now: datetime) -> Hall:
    """Look at the office's hall."""
    today = calendar.day_of(now, office.tz)
    tickets = list(
        Ticket.objects.filter(office=office.office, date=today, state__in=(*IN_QUEUE, *AT_COUNTER))
    )
    shifts = Shift.objects.filter(office=office.office, closed_at=None).order_by(
        "counter__position"
    )
    return Hall(
        office=office,
        now=now,
        waiting=[as_waiting(t) for t in tickets if t.state in IN_QUEUE],
        tickets={t.pk: t for t in tickets},
        shifts=list(shifts),
        means=means_of(office, now),
    )


def means_of(office: Directory, now: datetime) -> Means:
    """Mean minutes per service, learned from the last month; relearned every five minutes."""
    kept = _means.get(office.office.pk)
    fresh_since = time.monotonic() - RELEARN_AFTER
    if kept and kept[0] > fresh_since and kept[1] == office.office.version:
        return kept[2]
    served = (
        Ticket.objects.filter(
            office=office.office,
            state=State.FINISHED,
            date__gte=(now - LEARN_FROM).date(),
            serving_at__isnull=False,
        )
        .order_by("-ended_at")
        .annotate(lasted=F("ended_at") - F("serving_at"))
    )
    observed = served.values_list("service_id", "lasted")[:MOST_LEARNED]
    learned = Means(
        {s.pk: float(s.duration_min) for s in office.services.values()},
        ((service, lasted / timedelta(minutes=1)) for service, lasted in observed),
    )
    _means[office.office.pk] = (time.monotonic(), office.office.version, learned)
    return learned
