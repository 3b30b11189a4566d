"""Simulation of an office's day with the real discipline, client by client.

`simulate_day` is a deterministic event loop: arrivals and service times are given. `core.demand` draws such
days for a plan of an office.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush

from prepazka.core.discipline import Policy, Waiting
from prepazka.core.hall_model import ABSENT_MIN, MINUTE, Counter
from prepazka.core.interval import Interval
from prepazka.core.key_phases import Line, Lines, lines_of


@dataclass(frozen=True, slots=True)
class Visit:
    """A client of the day: arrival, minutes of service, and the longest wait."""

    ticket: int
    service: int
    arrives_at: datetime
    minutes: float  # of service by an average clerk on this day
    booked: Interval[datetime] | None = None
    late: bool = False
    statutory: bool = False
    patience: float = float("inf")  # minutes after which they have left when called


@dataclass(frozen=True, slots=True)
class Call:
    """The call of a visit; `gone`: the client had left."""

    visit: Visit
    called_at: datetime
    ended_at: datetime
    counter: int
    gone: bool

    @property
    def waited(self) -> float:
        """Minutes waited from the arrival, or from the window's start where that is later."""
        visit = self.visit
        since = visit.arrives_at
        if visit.booked is not None and not visit.late:
            since = max(since, visit.booked.start)
        return max((self.called_at - since) / MINUTE, 0.0)


@dataclass(frozen=True, slots=True)
class Played:
    """A simulated day; `unserved` were still waiting when the last counter had closed."""

    calls: list[Call]
    unserved: list[Visit]


FOREVER = 1e6  # minutes
CHANGE = -1  # in place of a counter: a ticket's key changes by itself


class _Day:
    def __init__(
        self,
        visits: Sequence[Visit],
        counters: Iterable[Counter],
        policy: Policy,
        speed: Mapping[int, float],
        absent_min: float,
    ) -> None:
        self.visits, self.speed, self.absent_min = visits, speed, absent_min
        self.counters = {c.counter: c for c in counters}
        self.lines = Lines(policy)
        self.own = {n: lines_of(c.serves, n) for n, c in self.counters.items()}
        self.breaks = {n: sorted(c.breaks) for n, c in self.counters.items()}
        self.rested = dict.fromkeys(self.counters, 0)
        self.by_line: dict[Line, list[int]] = {}
        for n, own in self.own.items():
            for line in own:
                self.by_line.setdefault(line, []).append(n)
        self.by_ticket: dict[int, Visit] = {}
        self.idle: dict[int, datetime] = {}
        self.busy: dict[int, datetime] = {}
        self.calls: list[Call] = []
        self.events: list[tuple[datetime, int]] = []  # at which a counter looks, or CHANGE

    def run(self) -> Played:
        if not self.visits:
            return Played([], [])
        for n, counter in self.counters.items():
            heappush(self.events, (counter.opens_at or self.visits[0].arrives_at, n))
            for break_time in counter.breaks:
                heappush(self.events, (break_time.start, n))
        for visit in self.visits:
            self.until(visit.arrives_at)
            self.arrives(visit)
        self.until(None)
        return Played(self.calls, list(self.by_ticket.values()))

    def until(self, at: datetime | None) -> None:
        """Process the events before the moment; with None, all of them."""
        events = self.events
        while events and (at is None or events[0][0] < at):
            now, n = heappop(events)
            if n == CHANGE:
                self.offer(list(self.idle), now)
            else:
                self.looks(n, now)

    def arrives(self, v: Visit) -> None:
        at = v.arrives_at
        self.by_ticket[v.ticket] = v
        self.lines.add(
            Waiting(v.ticket, v.service, at, v.booked, late=v.late, statutory=v.statutory), at
        )
        if v.booked is not None and v.booked.start > at:
            heappush(self.events, (v.booked.start, CHANGE))
        if self.idle:
            able = self.by_line.get((v.service, False), ())
            self.offer([n for n in able if n in self.idle], at)

    def offer(self, idle: list[int], at: datetime) -> None:
        """Let idle counters call: the one with the fewest skills first, then the longest idle."""
        if len(idle) > 1:
            idle.sort(key=lambda n: (len(self.own[n]), self.idle[n], n))
        for n in idle:
            self.looks(n, at)

    def looks(self, n: int, at: datetime) -> None:
        """Let a free counter take its break, close, call somebody, or stay idle."""
        counter = self.counters[n]
        if n in self.busy and self.busy[n] > at:
            return  # its break should begin, but somebody sits there
        if counter.closes_at is not None and counter.closes_at <= at:
            self.idle.pop(n, None)
            return
        breaks_taken = self.rested[n]
        if breaks_taken < len(self.breaks[n]) and self.breaks[n][breaks_taken].start <= at:
            break_time = self.breaks[n][breaks_taken]
            self.rested[n] = breaks_taken + 1
            self.stays(n, at + (break_time.end - break_time.start))
            return
        w = self.lines.take(self.own[n], at)
        if w is None:
            self.idle.setdefault(n, at)
            return
        self.calls_in(n, self.by_ticket.pop(w.ticket), at)

    def stays(self, n: int, until: datetime) -> None:
        self.idle.pop(n, None)
        self.busy[n] = until
        heappush(self.events, (until, n))

    def calls_in(self, n: int, visit: Visit, at: datetime) -> None:
        gone = visit.patience < FOREVER and (at - visit.arrives_at) > visit.patience * MINUTE
        minutes = self.absent_min if gone else visit.minutes * self.speed.get(n, 1.0)
        call = Call(visit, at, at + minutes * MINUTE, n, gone)
        self.calls.append(call)
        self.stays(n, call.ended_at)


def simulate_day(
    visits: Sequence[Visit],
    counters: Iterable[Counter],
    *,
    policy: Policy,
    speed: Mapping[int, float] | None = None,
    absent_min: float = ABSENT_MIN,
) -> Played:
    """The simulated day; `visits` are in order of arrival, `speed` by counter.

    A break begins when the client of its start has left, and is not cut short. Of several idle
    counters the one with the fewest skills calls first, then the one idle longest.
    """
    return _Day(visits, counters, policy, speed or {}, absent_min).run()
