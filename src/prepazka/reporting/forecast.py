"""The wait estimate of the live hall: one replay for all requests within some seconds.

The replay is seeded by the hall's state and begins on a grid of five seconds, so that two processes
that see the same hall announce the same.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from threading import Lock
from typing import Any

import numpy as np

from prepazka.booking.models import Booking, BookingState
from prepazka.core import calendar
from prepazka.core.announcing import Expected, latest_call_time
from prepazka.core.hall_model import Coming, Counter, Habits
from prepazka.core.interval import Interval
from prepazka.core.learned_durations import Calibration, DaySpeed, Finished
from prepazka.core.replay import Forecast, Wait, replay_waits
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import wait_learning
from prepazka.queueing.models import Shift, Ticket, TicketState
from prepazka.queueing.turns import policy_of
from prepazka.reporting.hall_state import HallState

GRID = timedelta(seconds=5)
REPLAYS = 300
MINUTE = timedelta(minutes=1)
# After a change the hall is replayed again, but a process waits at least PAUSE seconds and spends
# at most SHARE of its time on it.
PAUSE, SHARE = 0.5, 0.1
COMING_WITHIN, MOST_COMING = timedelta(hours=3), 80
BEYOND = 1 << 40  # ticket ids from here on stand for booked clients without a ticket
USUAL_PAUSE, SHORTEST_PAUSE = timedelta(minutes=15), timedelta(minutes=5)


@dataclass(frozen=True)
class Outlook:
    """The waits that may be announced; without entries where no counter is open."""

    tickets: Mapping[int, Expected] = field(default_factory=dict)
    newcomers: Mapping[int, Expected] = field(default_factory=dict)  # by service
    # Minutes until four of five newcomers would be served; inf: not today.
    served: Mapping[int, float] = field(default_factory=dict)
    by: Mapping[int, datetime] = field(default_factory=dict)  # when each ticket's P80 is up


@dataclass(frozen=True)
class _Kept:
    outlook: Outlook
    state: bytes
    shifts: tuple[Any, ...]
    moment: datetime
    made_at: float
    cost: float


_kept: dict[int, _Kept] = {}
_making = Lock()


def hall_outlook(hall: HallState) -> Outlook:
    """The outlook of the hall, computed at most once for a state and five seconds.

    Four SQL statements when it is computed, none when it comes from the cache.
    """
    pk, shifts, moment = hall.office.office_id, _shifts_key(hall), _on_grid(hall.now)
    state = _digest(hall, shifts)
    if usable := _still_good(_kept.get(pk), state, shifts, moment):
        return usable.outlook
    with _making:
        cached = _kept.get(pk)
        if usable := _still_good(cached, state, shifts, moment):
            return usable.outlook
        began = time.monotonic()
        fresh_outlook = _new_outlook(hall, state, moment, cached.outlook.by if cached else {})
        ended = time.monotonic()
        _kept[pk] = _Kept(fresh_outlook, state, shifts, moment, ended, ended - began)
        return fresh_outlook


def clear_outlook_cache() -> None:
    """Clear the cache."""
    _kept.clear()


def _still_good(
    cached: _Kept | None, state: bytes, shifts: tuple[Any, ...], moment: datetime
) -> _Kept | None:
    if cached is None or cached.shifts != shifts:
        return None
    if cached.state == state and cached.moment == moment:
        return cached
    is_young = time.monotonic() - cached.made_at < max(PAUSE, cached.cost / SHARE if SHARE else 0)
    return cached if is_young and abs(moment - cached.moment) <= MINUTE else None


def _on_grid(now: datetime) -> datetime:
    """The next point of the grid, so that everybody in the hall came before a newcomer then."""
    return now + timedelta(seconds=-now.timestamp() % GRID.total_seconds())


def _shifts_key(hall: HallState) -> tuple[Any, ...]:
    shift_states = tuple((s.counter_id, s.clerk_id, s.paused_at) for s in hall.shifts)
    return (hall.office.row.version, *shift_states)


def _digest(hall: HallState, shifts: tuple[Any, ...]) -> bytes:
    """A digest of the state that is the same in every process."""
    people = sorted(
        (t.pk, t.service_id, t.state, t.counter_id, t.for_counter_id, t.called_at, t.serving_at,
         t.parked_until, t.returned_at, t.statutory)
        for t in hall.tickets.values()
    )  # fmt: skip
    return blake2b(repr((shifts, people)).encode(), digest_size=8).digest()


def _new_outlook(
    hall: HallState, state: bytes, moment: datetime, announced_until: Mapping[int, datetime]
) -> Outlook:
    office = hall.office
    able = frozenset[int]().union(*(office.serves[s.counter_id] for s in hall.open_shifts()))
    able -= office.stopped.keys()
    services = [s.pk for s in office.offered_services() if s.pk in able]
    if not able:
        return Outlook()
    learned = wait_learning.learned_times(office)
    replayed = replay_waits(
        hall.waiting,
        [_counter(hall, shift) for shift in hall.shifts],
        learned.times,
        policy=policy_of(office),
        now=moment,
        services=services,
        coming=_coming(office, moment, able, learned.shows_up),
        habits=_habits(hall, learned, moment),
        replays=REPLAYS,
        seed=int.from_bytes(blake2b(state + str(moment).encode(), digest_size=8).digest()),
    )
    return _Announced(hall, learned, replayed, wait_learning.calibrations_of(office), able).outlook(
        services, announced_until
    )


class _Announced:
    """Calibrated waits from a replay."""

    def __init__(
        self,
        hall: HallState,
        learned: wait_learning.Known,
        replayed: Forecast,
        factors: Mapping[int, Calibration],
        able: frozenset[int],
    ) -> None:
        self.hall, self.learned, self.replayed, self.factors = hall, learned, replayed, factors
        self.able = able

    def outlook(self, services: list[int], announced_until: Mapping[int, datetime]) -> Outlook:
        open_counters = {s.counter_id for s in self.hall.open_shifts()}
        tickets, until = {}, {}
        for ticket in self.hall.waiting:
            can_be_called = (
                ticket.for_counter in open_counters
                if ticket.for_counter
                else ticket.service in self.able
            )
            expected = (
                self._expected(ticket.service, self.replayed.tickets[ticket.ticket])
                if can_be_called
                else None
            )
            if expected is None:
                continue
            tickets[ticket.ticket], until[ticket.ticket] = self._steady_wait(
                ticket.ticket, expected, announced_until
            )
        newcomers = {s: self._expected(s, self.replayed.newcomers[s]) for s in services}
        return Outlook(
            tickets,
            {service: expected for service, expected in newcomers.items() if expected},
            {service: self._minutes_until_served(service) for service in services},
            until,
        )

    def _expected(self, service: int, wait: Wait) -> Expected | None:
        if wait.p20 is None or wait.p50 is None or wait.p80 is None:
            return None
        p80 = wait.p80
        if p80 > 0:  # a wait of zero is certain, and no factor moves it
            p80 = self.factors.get(service, Calibration()).announced(p80)
        return Expected(
            min(wait.p20, p80), min(wait.p50, p80), p80, self.learned.times.thin(service)
        )

    def _steady_wait(
        self, ticket: int, expected: Expected, announced_until: Mapping[int, datetime]
    ) -> tuple[Expected, datetime]:
        """The wait to show to the ticket's holder, and the moment at which its P80 ends."""
        now = self.hall.now
        estimated_until, row = now + timedelta(minutes=expected.p80), self.hall.tickets[ticket]
        shown_until = announced_until.get(ticket)
        if shown_until is None and row.p80 is not None and not row.returned_at:
            shown_until = row.issued_at + timedelta(minutes=row.p80)
        until = (
            estimated_until
            if shown_until is None
            else latest_call_time(shown_until, estimated_until, now)
        )
        p80 = max((until - now) / MINUTE, 0.0)
        return Expected(min(expected.p20, p80), min(expected.p50, p80), p80, expected.thin), until

    def _minutes_until_served(self, service: int) -> float:
        """Minutes by which four of five newcomers have been served."""
        calls = self.replayed.calls[:, self.replayed.newcomer_column[service]]
        sample = self.learned.times.sample(service)
        # Each replay gets another service time, spread evenly over the sample.
        lasts = np.resize(np.random.default_rng(0).permutation(sample), len(calls))
        served_minutes = np.sort(calls + lasts)
        return float(served_minutes[int(np.ceil(0.8 * len(served_minutes))) - 1])


def _counter(hall: HallState, shift: Shift) -> Counter:
    """The counter with its service under way, planned breaks, and closing if before the others."""
    office, now = hall.office, hall.now
    client = hall.at_counter.get(shift.counter_id)
    hours = _counter_hours(office, shift.counter_id, now)
    gaps = [Interval(a.end, b.start) for a, b in pairwise(hours)]
    latest = max(
        (h[-1].end for s in hall.shifts if (h := _counter_hours(office, s.counter_id, now))),
        default=now,
    )
    closes = hours[-1].end if hours and now < hours[-1].end < latest else None
    return Counter(
        shift.counter_id,
        office.serves[shift.counter_id],
        clerk=shift.clerk_id,
        serving=client.service_id if client else None,
        busy_since=(client.serving_at or client.called_at) if client else None,
        opens_at=_back_at(shift, gaps, now),
        closes_at=closes,
        breaks=tuple(gap for gap in gaps if gap.start > now),
    )


def _counter_hours(office: OfficeSnapshot, counter: int, now: datetime) -> list[Interval[datetime]]:
    day = calendar.day_of(now, office.tz)
    planned = office.kept.get(("hours", counter, day))
    if planned is None:
        planned = [
            Interval(
                *(calendar.local_instant(day, minute, office.tz) for minute in (h.start, h.end))
            )
            for h in office.opening_hours.of_counter(counter, day)
        ]
        office.kept["hours", counter, day] = planned
    return planned


def _back_at(shift: Shift, gaps: list[Interval[datetime]], now: datetime) -> datetime | None:
    """When a paused counter goes on: as planned, else after the usual pause."""
    if shift.paused_at is None:
        return None
    planned = next((gap.end for gap in gaps if gap.contains(now)), None)
    return planned or max(shift.paused_at + USUAL_PAUSE, now + SHORTEST_PAUSE)


def _coming(
    office: OfficeSnapshot, now: datetime, able: frozenset[int], shows_up: float
) -> list[Coming]:
    """Booked clients who have not arrived, the nearest first."""
    rows = Booking.objects.filter(
        office=office.row,
        date=calendar.day_of(now, office.tz),
        state=BookingState.CONFIRMED,
        ends_at__gt=now,
        starts_at__lt=now + COMING_WITHIN,
        service__in=able,
    ).order_by("starts_at", "pk")
    windows = rows.values_list("service_id", "starts_at", "ends_at")[:MOST_COMING]
    return [
        Coming(BEYOND + n, service, Interval(start, end), shows_up)
        for n, (service, start, end) in enumerate(windows)
    ]


def _habits(hall: HallState, learned: wait_learning.Known, now: datetime) -> Habits:
    """Today's speed and people's habits. One SQL statement."""
    office = hall.office
    finished = Ticket.objects.filter(
        office=office.row,
        date=calendar.day_of(now, office.tz),
        state=TicketState.FINISHED,
        serving_at__isnull=False,
    ).values_list("service_id", "clerk_id", "serving_at", "ended_at")
    speed = DaySpeed()
    for service, clerk, start, end in finished:
        if start and end:
            service_finished = Finished(service, clerk, (end - start) / MINUTE, 0)
            speed = speed.after(learned.times.surprise(service_finished))
    under_way = [
        Finished(t.service_id, t.clerk_id, (now - t.serving_at) / MINUTE, 0)
        for t in hall.at_counter.values()
        if t.serving_at
    ]
    day, day_sd = speed.belief(learned.times, under_way)
    return Habits(day, day_sd, learned.offsets, gone_edges=learned.gone_edges, gone=learned.gone)
