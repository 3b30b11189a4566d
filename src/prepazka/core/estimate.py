"""A first estimate of waiting times: the discipline played forward with mean durations.

Deterministic and uncalibrated; bookings whose clients have not arrived are not foreseen.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush

from prepazka.core.discipline import Policy, Waiting, may_be_called, turn

SHORTEST, LONGEST = 0.3, 180.0  # minutes; anything outside is a wrong press or a forgotten one
SHRINK = 20  # the configured mean weighs as much as this many observations


@dataclass(frozen=True, slots=True)
class CounterNow:
    """A counter as it stands: what it serves, and for how many minutes it has been busy."""

    counter: int
    serves: frozenset[int]
    busy_for: float | None = None  # None = idle
    open: bool = True
    serving: int | None = None  # the service of the citizen who sits there, where it is known


@dataclass(frozen=True, slots=True)
class Estimate:
    """Minutes until the call; None where no open counter may call the ticket."""

    waits: Mapping[int, float | None]  # by ticket
    newcomers: Mapping[int, float | None]  # by service, for a walk-in who takes a ticket now

    def newcomer(self, service: int) -> float | None:
        """Minutes until somebody who takes a ticket for the service now is called."""
        return self.newcomers.get(service)


class Means(Mapping[int, float]):
    """Mean minutes per service: what was configured, drawn towards what was observed."""

    def __init__(
        self, configured: Mapping[int, float], observed: Iterable[tuple[int, float]] = ()
    ) -> None:
        self._sums = {service: (mean * SHRINK, SHRINK) for service, mean in configured.items()}
        for service, minutes in observed:
            self.observe(service, minutes)

    def observe(self, service: int, minutes: float) -> None:
        """Learn from one service; what is absurd or of an unknown service is ignored."""
        if service in self._sums and SHORTEST <= minutes <= LONGEST:
            total, count = self._sums[service]
            self._sums[service] = (total + minutes, count + 1)

    def __getitem__(self, service: int) -> float:
        total, count = self._sums[service]
        return total / count

    def __iter__(self) -> Iterator[int]:
        return iter(self._sums)

    def __len__(self) -> int:
        return len(self._sums)


def estimate(
    waiting: Iterable[Waiting],
    counters: Sequence[CounterNow],
    mean_minutes: Mapping[int, float],
    *,
    policy: Policy,
    now: datetime,
    services: Iterable[int] = (),
) -> Estimate:
    """How long each ticket, and a newcomer to each of `services`, will wait from `now`.

    Newcomers are played as tickets that come last and take no time, all in one run.
    """
    hall = list(waiting)
    last = max((w.ticket for w in hall), default=0)
    phantoms = {last + n: service for n, service in enumerate(services, start=1)}
    hall += [Waiting(ticket, service, now) for ticket, service in phantoms.items()]
    called = _play(hall, counters, mean_minutes, frozenset(phantoms), policy, now)
    return Estimate(
        {w.ticket: called.get(w.ticket) for w in hall if w.ticket not in phantoms},
        {service: called.get(ticket) for ticket, service in phantoms.items()},
    )


def _play(
    hall: list[Waiting],
    counters: Sequence[CounterNow],
    means: Mapping[int, float],
    timeless: frozenset[int],
    policy: Policy,
    now: datetime,
) -> dict[int, float]:
    """Minutes from `now` at which each ticket is called."""
    called: dict[int, float] = {}
    # Of counters free at once the one with the fewest skills calls first.
    free_at = [
        (_residual(c, means), len(c.serves), c.counter, c.serves) for c in counters if c.open
    ]
    heapify(free_at)
    line = _Line(hall, policy, now)
    while free_at and line.hall:
        minute, skills, counter, serves = heappop(free_at)
        chosen = line.take(serves, counter, minute)
        if chosen is not None:
            called[chosen.ticket] = minute
            minute += 0.0 if chosen.ticket in timeless else means[chosen.service]
            heappush(free_at, (minute, skills, counter, serves))
        elif (later := line.next_change(minute)) is not None:
            heappush(free_at, (later, skills, counter, serves))
    return called


def _residual(counter: CounterNow, means: Mapping[int, float]) -> float:
    """Minutes until the counter is free; an overdue service goes on for a quarter of its mean."""
    if counter.busy_for is None:
        return 0.0
    kinds = counter.serves if counter.serving is None else [counter.serving]
    known = [means[kind] for kind in kinds if kind in means] or [0.0]
    mean = sum(known) / len(known)
    return max(mean - counter.busy_for, mean / 4)


class _Line:
    """The waiting tickets, sorted anew only when a place changes by itself as time passes."""

    def __init__(self, hall: list[Waiting], policy: Policy, now: datetime) -> None:
        self.policy, self.now = policy, now
        moments = {w.parked_until for w in hall if w.parked_until}
        moments |= {w.booked.start for w in hall if w.booked}
        changes = {(at - now) / timedelta(minutes=1) for at in moments if at > now}
        self.changes = sorted(changes, reverse=True)
        self.hall = hall
        self._sort(now)

    def _sort(self, at: datetime) -> None:
        self.hall = sorted(self.hall, key=lambda w: turn(w, self.policy, at).key)

    def _moment(self, minute: float) -> datetime:
        return self.now + timedelta(minutes=minute)

    def next_change(self, minute: float) -> float | None:
        """The next minute at which somebody's place changes; None when all is settled."""
        return next((change for change in reversed(self.changes) if change > minute), None)

    def take(self, serves: frozenset[int], counter: int, minute: float) -> Waiting | None:
        """Whom the counter calls at the minute, out of the line."""
        at = self._moment(minute)
        if self.changes and self.changes[-1] <= minute:
            while self.changes and self.changes[-1] <= minute:
                self.changes.pop()
            self._sort(at)
        for index, w in enumerate(self.hall):
            if may_be_called(w, serves=serves, counter=counter, policy=self.policy, now=at):
                return self.hall.pop(index)
        return None
