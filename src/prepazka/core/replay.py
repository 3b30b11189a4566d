"""The wait estimate: the discipline played forward many times with learned service times.

All replays advance together, one call in each per step, as arrays of numpy. Whose turn it is
comes from `core.discipline` through `core.lines`: keys are compared here, never made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt

from prepazka.core.discipline import Key, Policy, Waiting
from prepazka.core.interval import Interval
from prepazka.core.lines import Line, key_at, line_of, lines_of, phases

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

REPLAYS = 400
NEVER = np.iinfo(np.int64).max // 2
ABSENT_MIN = 0.7  # what it costs a counter to call somebody who has gone
ARRIVALS = 24  # different moments at which a booked client may come
QUANTILES = (0.2, 0.5, 0.8, 0.9)
USUAL_OFFSETS = (-22.0, -17.5, -15.0, -13.0, -11.2, -9.7, -8.3, -7.0, -5.7, -4.3, -2.8, -1.0, 1.0, 3.5, 8.0)  # fmt: skip
MINUTE = timedelta(minutes=1)


class Times(Protocol):
    """Learned service times."""

    def sample(self, service: int) -> Floats:
        """Equally likely minutes of the service by an average clerk on an average day, sorted."""

    def factor(self, clerk: int | None) -> float:
        """By how much the clerk's services last longer than the average clerk's."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter that is open or will be; what it is doing now."""

    counter: int
    serves: frozenset[int]
    clerk: int | None = None
    serving: int | None = None  # the service under way
    busy_since: datetime | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None  # calls nobody from then on
    breaks: tuple[Interval[datetime], ...] = ()  # each starts when the client of its start leaves


@dataclass(frozen=True, slots=True)
class Coming:
    """A booked client who has not arrived yet; `ticket` differs from those in the hall."""

    ticket: int
    service: int
    booked: Interval[datetime]
    shows_up: float = 0.88


@dataclass(frozen=True, slots=True)
class Habits:
    """How today goes, and what people do."""

    day: float = 0.0  # log of today's factor on service times
    day_sd: float = 0.1
    offsets: Sequence[float] = USUAL_OFFSETS  # minutes from the window's start to the arrival
    early: timedelta = timedelta(minutes=30)  # nobody is let in sooner
    # P(gone when called | waited between the edges); the last is for the longest waits.
    gone_edges: Sequence[float] = ()
    gone: Sequence[float] = (0.0,)
    absent_min: float = ABSENT_MIN
    leaving_seen: bool = False  # who has left is no longer in the hall, so who waits has stayed


@dataclass(frozen=True, slots=True)
class Wait:
    """Minutes until the call, by how sure one wants to be; None = perhaps not today."""

    p20: float | None
    p50: float | None
    p80: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the replays say; `calls` has a row per replay, in minutes from now, inf = never."""

    tickets: Mapping[int, Wait]
    newcomers: Mapping[int, Wait]  # by service, for a walk-in who takes a ticket now
    calls: Floats = field(repr=False)
    column: Mapping[int, int] = field(repr=False)  # of a ticket in `calls`
    newcomer_column: Mapping[int, int] = field(repr=False)


def replay(
    hall: Sequence[Waiting],
    counters: Iterable[Counter],
    times: Times,
    *,
    policy: Policy,
    now: datetime,
    services: Sequence[int] = (),
    coming: Sequence[Coming] = (),
    habits: Habits = Habits(),  # noqa: B008  # frozen
    replays: int = REPLAYS,
    seed: int = 0,
) -> Forecast:
    """How long everybody in the hall, and a newcomer to each of `services`, will wait.

    A newcomer is played as a ticket that comes last and takes no time. The same arguments give
    the same answer.
    """
    last = max((w.ticket for w in hall), default=0)
    phantoms = [Waiting(last + n, s, now) for n, s in enumerate(services, start=1)]
    setting = _Setting(policy, now, times, habits, np.random.default_rng(seed), replays)
    calls = _Replays(setting, [*hall, *phantoms], len(hall), tuple(counters), coming).play()
    column = {w.ticket: n for n, w in enumerate(hall)}
    newcomer = {s: n for n, s in enumerate(services, start=len(hall))}
    waits = _waits(calls)
    return Forecast(
        {ticket: waits[n] for ticket, n in column.items()},
        {service: waits[n] for service, n in newcomer.items()},
        calls,
        column,
        newcomer,
    )


def _waits(calls: Floats) -> list[Wait]:
    """Order statistics of each column, so that an `inf` never mixes with a number."""
    ordered = np.sort(np.ascontiguousarray(calls.T), axis=1)
    rows = [max(int(np.ceil(p * len(calls))) - 1, 0) for p in QUANTILES]
    return [Wait(*(v if v < np.inf else None for v in found)) for found in ordered[:, rows].tolist()]


@dataclass(frozen=True, slots=True)
class _Setting:
    policy: Policy
    now: datetime
    times: Times
    habits: Habits
    rng: np.random.Generator
    replays: int

    def minutes(self, at: datetime | None, otherwise: float) -> float:
        return otherwise if at is None else (at - self.now) / MINUTE


@dataclass(frozen=True, slots=True)
class _Entry:
    """A ticket that will change its place: its keys, and from which minute each holds."""

    ticket: int  # column
    line: Line
    since: tuple[float, float]
    keys: tuple[Key | None, Key | None, Key | None]


def _entry(w: Waiting, column: int, s: _Setting, present_from: datetime) -> _Entry:
    """The entry of a ticket that is in the hall from `present_from` on."""
    found = phases(w, s.policy, present_from)
    if present_from > s.now:
        keys = [None, *(p.key for p in found)]
        since = [s.minutes(p.since, 0) for p in found]
    else:
        keys = [p.key for p in found]
        since = [s.minutes(p.since, 0) for p in found[1:]]
    while len(since) < 2:  # noqa: PLR2004  # three phases at most: absent or parked, early, due
        since.append(np.inf)
        keys.append(keys[-1])
    return _Entry(column, line_of(w), (since[0], since[1]), (keys[0], keys[1], keys[2]))


@dataclass(frozen=True, slots=True)
class _Moving:
    """A ticket that changes its place, with the ways its day may go and the one of each replay."""

    ways: list[_Entry]
    chosen: Ints


class _Compiled:
    """Keys as ranks: standing tickets in sorted lines, moving ones each in a line of its own."""

    def __init__(
        self, s: _Setting, hall: Sequence[Waiting], coming: Sequence[Coming], arrivals: Floats
    ) -> None:
        standing: dict[Line, list[tuple[Key, int]]] = {}
        self.moving: list[_Moving] = []
        for column, w in enumerate(hall):
            entry = _entry(w, column, s, s.now)
            if entry.since[0] < np.inf:
                self.moving.append(_Moving([entry], np.zeros(s.replays, np.int64)))
            elif entry.keys[0] is not None:
                standing.setdefault(entry.line, []).append((entry.keys[0], column))
        for column, one in enumerate(coming, start=len(hall)):
            self.moving.append(_comes(one, column, s, arrivals[:, column - len(hall)]))
        self.lines = [*standing, *(m.ways[0].line for m in self.moving)]
        self.standing = len(standing)
        self._rank([sorted(line) for line in standing.values()])
        self._spread(s.replays)

    def _rank(self, lines: list[list[tuple[Key, int]]]) -> None:
        """`keys` and `tickets` of each line in order, ended by NEVER."""
        used = {key for line in lines for key, _ in line}
        used.update(k for m in self.moving for way in m.ways for k in way.keys if k is not None)
        self.ranks = {key: rank for rank, key in enumerate(sorted(used))}
        longest = max((len(line) for line in lines), default=0) + 1
        self.keys = np.full((len(self.lines), longest), NEVER)
        self.tickets = np.zeros((len(self.lines), longest), np.int64)
        for n, line in enumerate(lines):
            self.keys[n, : len(line)] = [self.ranks[key] for key, _ in line]
            self.tickets[n, : len(line)] = [column for _, column in line]
        for n, m in enumerate(self.moving, start=self.standing):
            self.tickets[n, 0] = m.ways[0].ticket

    def _spread(self, replays: int) -> None:
        """For each replay and moving ticket its three ranks and the two minutes between them."""
        shape = (replays, len(self.moving))
        self.moving_keys = np.full((3, *shape), NEVER)
        self.moving_since = np.full((2, *shape), np.inf)
        for n, m in enumerate(self.moving):
            ranks = [[NEVER if k is None else self.ranks[k] for k in way.keys] for way in m.ways]
            self.moving_keys[:, :, n] = np.array(ranks)[m.chosen].T
            self.moving_since[:, :, n] = np.array([way.since for way in m.ways])[m.chosen].T


def _comes(one: Coming, column: int, s: _Setting, drawn: Floats) -> _Moving:
    """A booked client's arrival; who has not come so far comes later, or not at all."""
    start = s.minutes(one.booked.start, 0)
    sooner = s.habits.early / MINUTE
    offsets = np.sort(np.asarray(s.habits.offsets, float))
    left = offsets[start + offsets > 0]
    share = len(left) / len(offsets)
    # Bayes: not being here yet is what no-shows and latecomers have in common.
    shows = one.shows_up * share / (one.shows_up * share + 1 - one.shows_up) if share else 0.0
    moments = [start + max(float(x), -sooner) for x in left][:: max(1, len(left) // ARRIVALS)]
    ways = [_arrival(one, column, s, max(m, 0.01)) for m in moments]
    never = _Entry(column, (one.service, False), (np.inf, np.inf), (None, None, None))
    chosen = np.where(drawn < shows, drawn / max(shows, 1e-9) * len(ways), len(ways))
    return _Moving([*ways, never], chosen.astype(np.int64))


def _arrival(one: Coming, column: int, s: _Setting, minute: float) -> _Entry:
    at = s.now + minute * MINUTE
    late = at >= one.booked.end
    return _entry(Waiting(one.ticket, one.service, at, one.booked, late=late), column, s, at)


class _Counters:
    """The counters as arrays; of those free at once the one with the fewest skills calls first."""

    def __init__(self, s: _Setting, counters: Iterable[Counter], lines: Sequence[Line]) -> None:
        self.all = sorted(counters, key=lambda c: (len(c.serves), c.counter))
        able = [set(lines_of(c.serves, c.counter)) for c in self.all]
        self.bars = np.array([[0 if x in own else NEVER for x in lines] for own in able])
        self.bars = self.bars.reshape(len(self.all), len(lines))
        self.closes = np.array([s.minutes(c.closes_at, np.inf) for c in self.all])
        # One column more than the longest plan: after the last break there is none.
        many = max((len(c.breaks) for c in self.all), default=0) + 1
        self.break_at = np.full((len(self.all), many), np.inf)
        self.break_min = np.zeros((len(self.all), many))
        for n, c in enumerate(self.all):
            for k, one in enumerate(sorted(b for b in c.breaks if b.end > s.now)):
                self.break_at[n, k] = s.minutes(one.start, 0)
                # What is left of a break that has begun.
                self.break_min[n, k] = (one.end - max(one.start, s.now)) / MINUTE
        self.speed = np.array([s.times.factor(c.clerk) for c in self.all])
        self.day = np.exp(s.habits.day + s.habits.day_sd * s.rng.standard_normal(s.replays))
        self.free_at = np.empty((s.replays, len(self.all)))
        for n, c in enumerate(self.all):
            opens = max(s.minutes(c.opens_at, 0.0), 0.0)
            self.free_at[:, n] = np.maximum(self._residual(s, c, self.speed[n]), opens)

    def _residual(self, s: _Setting, c: Counter, speed: float) -> Floats:
        """How much longer the service under way lasts, given how long it has lasted."""
        if c.busy_since is None:
            return np.zeros(s.replays)
        age = max(-s.minutes(c.busy_since, 0), 0.0) / (speed * self.day)
        kinds = sorted(c.serves) if c.serving is None else [c.serving]
        if not kinds:
            return np.zeros(s.replays)
        sample = np.sort(np.concatenate([s.times.sample(kind) for kind in kinds]))
        return longer(sample, age, s.rng.random(s.replays)) * speed * self.day


def longer(sample: Floats, age: Floats, drawn: Floats) -> Floats:
    """Minutes beyond `age` of a value of the sorted sample that exceeds it, at quantile `drawn`.

    With fewer than five such values: exponential, with the mean excess of the top decile.
    """
    first = np.searchsorted(sample, age, side="right")
    left = len(sample) - first
    at = np.minimum(first + (drawn * left).astype(np.int64), len(sample) - 1)
    top = sample[len(sample) * 9 // 10 :]
    tail = max(float(np.mean(top - top[0])), 0.5) * -np.log1p(-drawn)
    return np.where(left >= 5, sample[at] - age, tail)  # noqa: PLR2004  # see the docstring


class _Replays:
    """All replays, side by side."""

    def __init__(
        self,
        s: _Setting,
        hall: Sequence[Waiting],
        real: int,
        counters: Sequence[Counter],
        coming: Sequence[Coming],
    ) -> None:
        people = len(hall) + len(coming)
        self.rng, self.rows = s.rng, np.arange(s.replays)
        self.compiled = _Compiled(s, hall, coming, s.rng.random((s.replays, len(coming))))
        self.counters = _Counters(s, counters, self.compiled.lines)
        self.measured = np.arange(people) < len(hall)
        self.pending = np.full(s.replays, len(hall))
        self.calls = np.full((s.replays, people), np.inf)
        self.minutes = self._draw(s, [*(w.service for w in hall[:real])], len(hall), coming)
        self.waited = np.zeros(people)
        self.waited[:real] = [-s.minutes(w.arrived_at, 0) for w in hall[:real]]
        self.gone_edges = np.asarray(s.habits.gone_edges, float)
        self.gone, self.absent_min = np.asarray(s.habits.gone, float), s.habits.absent_min
        self.stayed = np.ones(people)
        if s.habits.leaving_seen:
            self.stayed = 1 - self.gone[np.digitize(self.waited, self.gone_edges)]
        self.at = np.zeros((s.replays, len(self.compiled.lines)), np.int64)
        self.heads = np.tile(self.compiled.keys[:, 0], (s.replays, 1))
        self.taken_breaks = np.zeros(self.counters.free_at.shape, np.int64)
        # The first minutes find every place as it is then.
        self.changes = np.full(s.replays, -np.inf if self.compiled.moving else np.inf)

    def _draw(
        self, s: _Setting, services: list[int], hall: int, coming: Sequence[Coming]
    ) -> Floats:
        """Minutes of each service by an average clerk; a newcomer takes none."""
        found = np.zeros((s.replays, hall + len(coming)))
        wanted = dict(enumerate(services)) | {hall + n: c.service for n, c in enumerate(coming)}
        for service in sorted(set(wanted.values())):
            columns = [n for n, kind in wanted.items() if kind == service]
            sample = s.times.sample(service)
            drawn = s.rng.random((s.replays, len(columns)), np.float32) * len(sample)
            # A float32 just below 1 may round up to the length.
            found[:, columns] = sample[np.minimum(drawn.astype(np.int32), len(sample) - 1)]
        return found

    def play(self) -> Floats:
        """Minutes until each ticket of the hall is called, a row per replay."""
        hall = int(self.measured.sum())
        if not self.counters.all or not self.compiled.lines:
            return self.calls[:, :hall]
        while self._step():
            pass
        return self.calls[:, :hall]

    def _step(self) -> bool:
        """In each replay the counter that is free first calls, rests, or waits for a change."""
        counters, rows = self.counters, self.rows
        counter = counters.free_at.argmin(axis=1)
        minute = counters.free_at[rows, counter]
        if minute.min() == np.inf:
            return False
        self._move(minute)
        keys = np.maximum(self.heads, counters.bars[counter])
        line = keys.argmin(axis=1)
        rest = self.taken_breaks[rows, counter]
        stopped = (minute >= counters.closes[counter]) | (minute == np.inf)
        resting = (minute >= counters.break_at[counter, rest]) & ~stopped
        calling = (keys[rows, line] < NEVER) & ~resting & ~stopped
        then = self._call(calling, minute, line, counter)
        if not calling.all():
            idle = ~calling
            then[idle] = self._wake(idle, minute, counter)
            then[stopped] = np.inf
            then[resting] = (minute + counters.break_min[counter, rest])[resting]
            self.taken_breaks[rows[resting], counter[resting]] += 1
        counters.free_at[rows, counter] = then
        done = self.pending == 0
        if done.any():
            counters.free_at[done] = np.inf
        return True

    def _move(self, minute: Floats) -> None:
        """Moving tickets get the key that holds at the minute, in replays where one changes."""
        rows = np.nonzero((minute >= self.changes) & (minute < np.inf))[0]
        if not len(rows):
            return
        at, since = minute[rows, None], self.compiled.moving_since[:, rows]
        before, between, after = self.compiled.moving_keys[:, rows]
        now = np.where(at < since[0], before, np.where(at < since[1], between, after))
        self.heads[rows, self.compiled.standing :] = now
        self.changes[rows] = np.where(since > at, since, np.inf).min(axis=(0, 2))

    def _call(
        self, calling: npt.NDArray[np.bool_], minute: Floats, line: Ints, counter: Ints
    ) -> Floats:
        """The first of each line is called; returns when the counter is free again."""
        rows, compiled = self.rows, self.compiled
        if not calling.all():
            rows, line, counter, minute = (x[calling] for x in (rows, line, counter, minute))
        place = self.at[rows, line]
        ticket = compiled.tickets[line, place]
        self.calls[rows, ticket] = minute
        self.pending[rows] -= self.measured[ticket]
        place += 1
        self.at[rows, line] = place
        self.heads[rows, line] = compiled.keys[line, np.minimum(place, compiled.keys.shape[1] - 1)]
        if compiled.moving:
            left = line >= compiled.standing
            compiled.moving_keys[:, rows[left], line[left] - compiled.standing] = NEVER
        lasts = self.minutes[rows, ticket]
        lasts = lasts * (self.counters.speed[counter] * self.counters.day[rows])
        if self.gone.any():
            gone = self.gone[np.digitize(minute + self.waited[ticket], self.gone_edges)]
            absent = self.rng.random(len(rows)) * self.stayed[ticket] > 1 - gone
            lasts = np.where(absent & (lasts > 0), self.absent_min, lasts)
        then = np.full(len(self.rows), np.inf)
        then[rows] = minute + lasts
        return then

    def _wake(self, idle: npt.NDArray[np.bool_], minute: Floats, counter: Ints) -> Floats:
        """When an idle counter looks again: a ticket it may call changes, or its break begins."""
        rows = np.nonzero(idle)[0]
        counter, minute = counter[rows], minute[rows]
        wake = self.counters.break_at[counter, self.taken_breaks[rows, counter]]
        if self.compiled.moving:
            first = self.compiled.standing
            since = self.compiled.moving_since[:, rows]
            alive = (self.compiled.moving_keys[2, rows] < NEVER) & (
                self.counters.bars[counter, first:] == 0
            )
            later = np.where(alive & (since > minute[:, None]), since, np.inf)
            wake = np.minimum(wake, later.min(axis=(0, 2)))
        return wake
