"""Replaying a log ticket by ticket: each predictor's forecast from what was known at that time."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from prepazka.core.discipline import Waiting
from prepazka.core.hall_model import Coming, Counter, Habits
from prepazka.core.interval import Interval
from prepazka.core.learned_durations import (
    DaySpeed,
    Finished,
)
from prepazka.core.replay import replay_waits
from prepazka.studies.known import CONFIGURED_MIN, Known
from prepazka.studies.log import Log, Logged, LoggedDay

BASE = datetime(2026, 1, 5, tzinfo=UTC)
IDLE_OPEN_MIN = 15.0  # without a plan, a counter idle for longer is taken for closed
MUNICH_MIN = 10.0  # minutes per person configured in a city's formula
LONGEST_MIN = 480.0
HORIZON_MIN = 180.0  # booked clients who are due later do not delay people waiting now
MOMENT = 0.05  # minutes; a shorter wait counts as none


@dataclass(frozen=True, slots=True)
class TicketForecast:
    """A ticket's wait and the predictors' forecasts when it was issued, in minutes."""

    day: int
    at: float
    called: float
    queue: str
    first: bool
    wait: float
    point: dict[str, float]
    p20: float
    p50: float
    p80: float
    p90: float
    rank: float  # share of replays in which the wait was shorter
    features: tuple[float, ...]


@dataclass
class _Hall:
    """The state of the hall during a day's replay."""

    day: LoggedDay
    known: Known
    waiting: dict[int, Logged] = field(default_factory=dict)
    serving: dict[str, Logged] = field(default_factory=dict)  # by counter
    last_active: dict[str, float] = field(default_factory=dict)
    clerk: dict[str, str | None] = field(default_factory=dict)
    last_call: dict[str, float] = field(default_factory=dict)  # by counter
    last_wait: dict[str, float] = field(default_factory=dict)  # by service
    arrived_ids: set[int] = field(default_factory=set)
    speed: DaySpeed = field(default_factory=DaySpeed)

    def call(self, t: Logged) -> None:
        self.waiting.pop(t.ticket, None)
        if t.called is None:
            return
        if t.counter is not None:
            self.serving[t.counter] = t
            self.last_active[t.counter] = self.last_call[t.counter] = t.called
            self.clerk[t.counter] = t.clerk
        self.last_wait[t.service] = t.called - t.arrived

    def end(self, t: Logged, number: int) -> None:
        self.waiting.pop(t.ticket, None)
        if t.counter is None or t.ended is None or t.called is None:
            return
        if self.serving.get(t.counter) is t:
            del self.serving[t.counter]
        self.last_active[t.counter] = max(self.last_active.get(t.counter, 0), t.ended)
        code = self.known.codes
        service = Finished(
            code.get(f"s:{t.service}", 0), code.get(f"c:{t.clerk}", 0), t.ended - t.called, number
        )
        if not t.gone:
            self.speed = self.speed.after(self.known.times.surprise(service))

    def counters(self, now: float) -> list[Counter]:
        """The plan's counters; without a plan those at work, since people wait."""
        if self.day.plan:
            return [
                self._counter(p.counter, p.serves, p.clerk, p.opens, p.closes, p.breaks, now)
                for p in self.day.plan
            ]
        covered = frozenset[str]().union(*(self.skills(name) for name in self.serving))
        recent = (
            n for n, last_minute in self.last_active.items() if now - last_minute <= IDLE_OPEN_MIN
        )
        names = {*self.serving, *(n for n in recent if not self.skills(n) <= covered)}
        names = names or set(self.last_active)
        return [
            self._counter(name, self.skills(name), self.clerk.get(name), 0.0, None, (), now)
            for name in sorted(names)
        ]

    def skills(self, counter: str) -> frozenset[str]:
        return self.known.skills.get(counter, frozenset(self.known.mean))

    def _counter(
        self,
        name: str,
        serves: frozenset[str],
        clerk: str | None,
        opens: float,
        closes: float | None,
        breaks: tuple[tuple[float, float], ...],
        now: float,
    ) -> Counter:
        code, client = self.known.code, self.serving.get(name)
        breaks_ahead = [
            self._break_interval(name, a, b, now)
            for a, b in breaks
            if self._to_come(name, a, b, now)
        ]
        return Counter(
            code(f"n:{name}"),
            frozenset(code(f"s:{s}") for s in serves),
            code(f"c:{clerk}"),
            code(f"s:{client.service}") if client else None,
            instant_of_minute(client.called) if client and client.called is not None else None,
            instant_of_minute(opens),
            instant_of_minute(closes) if closes is not None else None,
            tuple(breaks_ahead),
        )

    def _to_come(self, name: str, start: float, end: float, now: float) -> bool:
        """Whether a break is not over, because nobody has been called since it was due."""
        client = self.serving.get(name)
        if client and client.called is not None:
            return client.called < start
        since = max(self.last_active.get(name, 0.0), start)
        return self.last_call.get(name, 0.0) < start and now < since + end - start

    def _break_interval(
        self, name: str, start: float, end: float, now: float
    ) -> Interval[datetime]:
        """The break as instants, from its real start if the clerk is away."""
        begun = start if name in self.serving else max(self.last_active.get(name, 0.0), start)
        return Interval(instant_of_minute(begun), instant_of_minute(begun + end - start))

    def coming(self, now: float) -> list[Coming]:
        """Booked clients of the day who have not arrived, including those who will not come."""
        booked = [(t.service, t.booked, t.ticket) for t in self.day.tickets if t.booked]
        booked += [(s, b, -n) for n, (s, b) in enumerate(self.day.no_shows, start=1)]
        code = self.known.code
        return [
            Coming(10_000_000 + n, code(f"s:{s}"), window_instants(b), self.known.shows_up)
            for n, (s, b, ticket) in enumerate(sorted(booked, key=lambda x: x[1]))
            if ticket not in self.arrived_ids and b[1] > now and b[0] < now + HORIZON_MIN
        ]


def instant_of_minute(minute: float) -> datetime:
    """A minute of the day as an instant of some day."""
    return BASE + timedelta(minutes=minute)


def window_instants(booked: tuple[float, float]) -> Interval[datetime]:
    """A window as instants."""
    return Interval(instant_of_minute(booked[0]), instant_of_minute(booked[1]))


def forecast_tickets(
    log: Log, learned: Known, days: Iterable[int], *, replays: int
) -> Iterator[TicketForecast]:
    """The forecasts for each walk-in of the days who had to wait, in order of arrival."""
    for number in days:
        yield from _of_day(log, learned, number, replays)


def _of_day(log: Log, learned: Known, number: int, replays: int) -> Iterator[TicketForecast]:
    hall = _Hall(log.days[number], learned)
    for at, kind, _, t in _events(log.days[number]):
        if kind == ENDS:
            hall.end(t, number)
        elif kind == CALLED:
            hall.call(t)
        elif t.ended is None or t.ended > at:
            hall.waiting[t.ticket] = t
            hall.arrived_ids.add(t.ticket)
            forecast = _forecast(log, hall, t, at, number, replays)
            if forecast:
                yield forecast
            if t.called is not None and t.called <= at:
                hall.call(t)


ENDS, CALLED, ARRIVES = range(3)


def _events(day: LoggedDay) -> list[tuple[float, int, int, Logged]]:
    """The day's events in order; at the same moment counters become free first."""
    day_events = [(t.arrived, ARRIVES, t.ticket, t) for t in day.tickets]
    day_events += [(t.called, CALLED, t.ticket, t) for t in day.tickets if t.called is not None]
    day_events += [(t.ended, ENDS, t.ticket, t) for t in day.tickets if t.ended is not None]
    return sorted(day_events, key=lambda event: event[:3])


def _forecast(
    log: Log, hall: _Hall, t: Logged, now: float, number: int, replays: int
) -> TicketForecast | None:
    """The forecasts for a walk-in; None where the ticket is not scored."""
    if (t.booked and not t.late) or t.called is None or t.called - t.arrived <= MOMENT:
        return None
    learned, counters = hall.known, hall.counters(now)
    code = learned.code(f"s:{t.service}")
    able = [
        c for c in counters if code in c.serves and (c.opens_at or BASE) <= instant_of_minute(now)
    ]
    waiting = [_waiting(w, learned) for w in hall.waiting.values()]
    habits = _habits_today(learned, hall, now)
    replayed = replay_waits(
        waiting,
        counters,
        learned.times,
        policy=log.policy,
        now=instant_of_minute(now),
        coming=hall.coming(now),
        habits=habits,
        replays=replays,
        seed=t.ticket,
    )
    calls = replayed.calls[:, replayed.column[t.ticket]]
    wait = t.called - t.arrived
    point = _formulas(hall, t, now, max(len(able), 1), counters)
    if np.isinf(np.median(calls)):
        # No counter that serves the ticket is known to be at work, so the replay has no answer.
        calls = point["QL"] * np.exp(np.linspace(-1, 1, replays))
    p20, p50, p80, p90 = np.quantile(np.minimum(calls, LONGEST_MIN), (0.2, 0.5, 0.8, 0.9)).tolist()
    features = (p50, p80, *(point[k] for k in ("naive", "workload", "LES", "HOL")), len(able), now)
    rank = float(np.mean(calls < wait)) + 0.5 * float(np.mean(calls == wait))
    queue = log.agenda.get(t.service, t.service) if not log.leaving_seen else "all"
    return TicketForecast(
        number, now, t.called, queue, t.first, wait, point, p20, p50, p80, p90, rank, features
    )


def _habits_today(learned: Known, hall: _Hall, now: float) -> Habits:
    code = learned.codes
    under_way = [
        Finished(code.get(f"s:{t.service}", 0), code.get(f"c:{t.clerk}", 0), now - t.called, 0)
        for t in hall.serving.values()
        if t.called is not None and not t.gone
    ]
    mean, sd = hall.speed.belief(learned.times, under_way)
    usual = learned.habits
    return Habits(
        mean,
        sd,
        usual.offsets,
        usual.early,
        usual.gone_edges,
        usual.gone,
        usual.absent_min,
        usual.leaving_seen,
    )


def _waiting(w: Logged, learned: Known) -> Waiting:
    return Waiting(
        w.ticket,
        learned.code(f"s:{w.service}"),
        instant_of_minute(w.arrived),
        window_instants(w.booked) if w.booked else None,
        late=w.late,
        statutory=w.first,
    )


def _formulas(
    hall: _Hall, t: Logged, now: float, able: int, counters: Sequence[Counter]
) -> dict[str, float]:
    """Forecasts of simple formulas; `naive` is people ahead × mean ÷ counters that serve you."""
    mean, others_waiting = hall.known.mean, [w for w in hall.waiting.values() if w is not t]
    same_service = [w for w in others_waiting if w.service == t.service]
    own_mean = mean.get(t.service, CONFIGURED_MIN)
    head = min((w.arrived for w in same_service), default=now)
    code = hall.known.code
    by_service = Tally(w.service for w in others_waiting)
    work = 0.0
    for service, count in by_service.items():
        able_counters = [c for c in counters if code(f"s:{service}") in c.serves]
        common_counters = [c for c in able_counters if code(f"s:{t.service}") in c.serves]
        if able_counters:
            work += (
                count
                * mean.get(service, CONFIGURED_MIN)
                * len(common_counters)
                / len(able_counters)
            )
    return {
        "naive": len(same_service) * own_mean / able,
        "QL": (len(same_service) + 1) * own_mean / able,
        "Munich-like": (len(others_waiting) + 1) * MUNICH_MIN / max(len(counters), 1),
        "workload": work / able,
        "LES": hall.last_wait.get(t.service, 0.0),
        "HOL": now - head,
    }
