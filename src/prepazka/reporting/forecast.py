"""What the wait estimate says of a hall: one replay for everybody who looks within some seconds.

The replay is seeded by the state it starts from and begins on a grid of five seconds, so that two
processes that see the same hall say the same.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from prepazka.booking.models import Booking
from prepazka.booking.models import State as BookingState
from prepazka.core import calendar
from prepazka.core.announcing import Expected, steady
from prepazka.core.hall import Coming, Counter, Habits
from prepazka.core.interval import Interval
from prepazka.core.learning import Calibration, DaySpeed, Finished
from prepazka.core.replay import Forecast, Wait, replay
from prepazka.offices.directory import Directory
from prepazka.queueing import learning
from prepazka.queueing.models import Shift, State, Ticket
from prepazka.queueing.turns import policy_of

if TYPE_CHECKING:
    from prepazka.reporting.hall import Hall

GRID = timedelta(seconds=5)
REPLAYS = 300
MINUTE = timedelta(minutes=1)
# After a change the hall is replayed anew, but within a process neither sooner than after so many
# seconds, nor for more than this share of its time.
PAUSE, SHARE = 0.5, 0.1
COMING_WITHIN, MOST_COMING = timedelta(hours=3), 80
BEYOND = 1 << 40  # numbers for booked clients who have no ticket yet
USUAL_PAUSE, SHORTEST_PAUSE = timedelta(minutes=15), timedelta(minutes=5)


@dataclass(frozen=True)
class Outlook:
    """What may be announced; without an entry where no counter is open for it."""

    tickets: Mapping[int, Expected] = field(default_factory=dict)
    newcomers: Mapping[int, Expected] = field(default_factory=dict)  # by service
    # Minutes until four of five would be served who took a ticket now; inf: not today.
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


def outlook(seen: Hall) -> Outlook:
    """The outlook of the hall, made at most once for a state and five seconds.

    Four SQL statements when it is made anew, and none otherwise.
    """
    pk, shifts, moment = seen.office.office.pk, _of_shifts(seen), _on_grid(seen.now)
    state = _digest(seen, shifts)
    if known := _still_good(_kept.get(pk), state, shifts, moment):
        return known.outlook
    with _making:
        before = _kept.get(pk)
        if known := _still_good(before, state, shifts, moment):
            return known.outlook
        began = time.monotonic()
        made = _make(seen, state, moment, before.outlook.by if before else {})
        ended = time.monotonic()
        _kept[pk] = _Kept(made, state, shifts, moment, ended, ended - began)
        return made


def forget() -> None:
    """Let the next look replay its hall anew."""
    _kept.clear()


def _still_good(
    kept: _Kept | None, state: bytes, shifts: tuple[Any, ...], moment: datetime
) -> _Kept | None:
    if kept is None or kept.shifts != shifts:
        return None
    if kept.state == state and kept.moment == moment:
        return kept
    young = time.monotonic() - kept.made_at < max(PAUSE, kept.cost / SHARE if SHARE else 0)
    return kept if young and abs(moment - kept.moment) <= MINUTE else None


def _on_grid(now: datetime) -> datetime:
    """The next point of the grid: whoever has come already came before a newcomer then."""
    return now + timedelta(seconds=-now.timestamp() % GRID.total_seconds())


def _of_shifts(seen: Hall) -> tuple[Any, ...]:
    open_ones = tuple((s.counter_id, s.clerk_id, s.paused_at) for s in seen.shifts)
    return (seen.office.office.version, *open_ones)


def _digest(seen: Hall, shifts: tuple[Any, ...]) -> bytes:
    """The state as a number that is the same in every process."""
    people = sorted(
        (t.pk, t.service_id, t.state, t.counter_id, t.for_counter_id, t.called_at, t.serving_at,
         t.parked_until, t.returned_at, t.statutory)
        for t in seen.tickets.values()
    )  # fmt: skip
    return blake2b(repr((shifts, people)).encode(), digest_size=8).digest()


def _make(seen: Hall, state: bytes, moment: datetime, before: Mapping[int, datetime]) -> Outlook:
    office = seen.office
    able = frozenset[int]().union(*(office.serves[s.counter_id] for s in seen.open_shifts()))
    able -= office.stopped.keys()
    services = [s.pk for s in office.offered_services() if s.pk in able]
    if not able:
        return Outlook()
    known = learning.known(office)
    found = replay(
        seen.waiting,
        [_counter(seen, shift) for shift in seen.shifts],
        known.times,
        policy=policy_of(office),
        now=moment,
        services=services,
        coming=_coming(office, moment, able, known.shows_up),
        habits=_habits(seen, known, moment),
        replays=REPLAYS,
        seed=int.from_bytes(blake2b(state + str(moment).encode(), digest_size=8).digest()),
    )
    return _Announced(seen, known, found, learning.factors(office), able).outlook(services, before)


class _Announced:
    """Calibrated percentiles out of a replay."""

    def __init__(
        self,
        seen: Hall,
        known: learning.Known,
        found: Forecast,
        factors: Mapping[int, Calibration],
        able: frozenset[int],
    ) -> None:
        self.seen, self.known, self.found, self.factors = seen, known, found, factors
        self.able = able

    def outlook(self, services: list[int], before: Mapping[int, datetime]) -> Outlook:
        open_ones = {s.counter_id for s in self.seen.open_shifts()}
        tickets, by = {}, {}
        for one in self.seen.waiting:
            here = one.for_counter in open_ones if one.for_counter else one.service in self.able
            said = self._expected(one.service, self.found.tickets[one.ticket]) if here else None
            if said is None:
                continue
            tickets[one.ticket], by[one.ticket] = self._steadied(one.ticket, said, before)
        newcomers = {s: self._expected(s, self.found.newcomers[s]) for s in services}
        return Outlook(
            tickets,
            {service: said for service, said in newcomers.items() if said},
            {service: self._served(service) for service in services},
            by,
        )

    def _expected(self, service: int, wait: Wait) -> Expected | None:
        if wait.p20 is None or wait.p50 is None or wait.p80 is None:
            return None
        p80 = wait.p80
        if p80 > 0:  # a factor cannot move nought, and nobody before you is certain
            p80 = self.factors.get(service, Calibration()).announced(p80)
        return Expected(min(wait.p20, p80), min(wait.p50, p80), p80, self.known.times.thin(service))

    def _steadied(
        self, ticket: int, said: Expected, before: Mapping[int, datetime]
    ) -> tuple[Expected, datetime]:
        """The P80 that goes on being shown to the holder of the ticket."""
        now = self.seen.now
        fresh, row = now + timedelta(minutes=said.p80), self.seen.tickets[ticket]
        shown = before.get(ticket)
        if shown is None and row.p80 is not None and not row.returned_at:
            shown = row.issued_at + timedelta(minutes=row.p80)
        until = fresh if shown is None else steady(shown, fresh, now)
        p80 = max((until - now) / MINUTE, 0.0)
        return Expected(min(said.p20, p80), min(said.p50, p80), p80, said.thin), until

    def _served(self, service: int) -> float:
        """Minutes by which four of five newcomers have been served."""
        calls = self.found.calls[:, self.found.newcomer_column[service]]
        sample = self.known.times.sample(service)
        # Every replay with another service time, spread evenly over the sample.
        lasts = np.resize(np.random.default_rng(0).permutation(sample), len(calls))
        done = np.sort(calls + lasts)
        return float(done[int(np.ceil(0.8 * len(done))) - 1])


def _counter(seen: Hall, shift: Shift) -> Counter:
    """The counter with what it is doing, its planned breaks, and its end if it comes early."""
    office, now = seen.office, seen.now
    client = seen.at_counter.get(shift.counter_id)
    hours = _counter_hours(office, shift.counter_id, now)
    gaps = [Interval(a.end, b.start) for a, b in pairwise(hours)]
    latest = max(
        (h[-1].end for s in seen.shifts if (h := _counter_hours(office, s.counter_id, now))),
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


def _counter_hours(office: Directory, counter: int, now: datetime) -> list[Interval[datetime]]:
    day = calendar.day_of(now, office.tz)
    planned = office.kept.get(("hours", counter, day))
    if planned is None:
        planned = [
            Interval(
                *(calendar.local_instant(day, minute, office.tz) for minute in (h.start, h.end))
            )
            for h in office.counter_hours(office.counters[counter], day)
        ]
        office.kept["hours", counter, day] = planned
    return planned


def _back_at(shift: Shift, gaps: list[Interval[datetime]], now: datetime) -> datetime | None:
    """When a counter that has a break goes on: as planned, else after what is usual."""
    if shift.paused_at is None:
        return None
    planned = next((gap.end for gap in gaps if gap.contains(now)), None)
    return planned or max(shift.paused_at + USUAL_PAUSE, now + SHORTEST_PAUSE)


def _coming(
    office: Directory, now: datetime, able: frozenset[int], shows_up: float
) -> list[Coming]:
    """Booked clients who have not come yet, the nearest first."""
    rows = Booking.objects.filter(
        office=office.office,
        date=calendar.day_of(now, office.tz),
        state=BookingState.CONFIRMED,
        ends_at__gt=now,
        starts_at__lt=now + COMING_WITHIN,
        service__in=able,
    ).order_by("starts_at", "pk")
    found = rows.values_list("service_id", "starts_at", "ends_at")[:MOST_COMING]
    return [
        Coming(BEYOND + n, service, Interval(start, end), shows_up)
        for n, (service, start, end) in enumerate(found)
    ]


def _habits(seen: Hall, known: learning.Known, now: datetime) -> Habits:
    """Today's speed, and how people behave."""
    office = seen.office
    done = Ticket.objects.filter(
        office=office.office,
        date=calendar.day_of(now, office.tz),
        state=State.FINISHED,
        serving_at__isnull=False,
    ).values_list("service_id", "clerk_id", "serving_at", "ended_at")
    speed = DaySpeed()
    for service, clerk, start, end in done:
        if start and end:
            one = Finished(service, clerk, (end - start) / MINUTE, 0)
            speed = speed.after(known.times.surprise(one))
    under_way = [
        Finished(t.service_id, t.clerk_id, (now - t.serving_at) / MINUTE, 0)
        for t in seen.at_counter.values()
        if t.serving_at
    ]
    day, day_sd = speed.belief(known.times, under_way)
    return Habits(day, day_sd, known.offsets, gone_edges=known.gone_edges, gone=known.gone)
