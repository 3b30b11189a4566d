"""A hall as arrays of numpy: keys as ranks, counters as rows, a column of chance per replay."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from prepazka.core.discipline import Key, Policy, Waiting
from prepazka.core.hall import MINUTE, Coming, Counter, Floats, Habits, Times
from prepazka.core.lines import Line, line_of, lines_of, phases

Ints = npt.NDArray[np.int64]

NEVER = np.iinfo(np.int64).max // 2
ARRIVALS = 24  # different moments at which a booked client may come


@dataclass(frozen=True, slots=True)
class Setting:
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


def _entry(w: Waiting, column: int, s: Setting, present_from: datetime) -> _Entry:
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


class Compiled:
    """Keys as ranks: standing tickets in sorted lines, moving ones each in a line of its own."""

    def __init__(
        self, s: Setting, hall: Sequence[Waiting], coming: Sequence[Coming], arrivals: Floats
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


def _comes(one: Coming, column: int, s: Setting, drawn: Floats) -> _Moving:
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


def _arrival(one: Coming, column: int, s: Setting, minute: float) -> _Entry:
    at = s.now + minute * MINUTE
    late = at >= one.booked.end
    return _entry(Waiting(one.ticket, one.service, at, one.booked, late=late), column, s, at)


class Counters:
    """The counters as arrays; of those free at once the one with the fewest skills calls first."""

    def __init__(self, s: Setting, counters: Iterable[Counter], lines: Sequence[Line]) -> None:
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

    def _residual(self, s: Setting, c: Counter, speed: float) -> Floats:
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
