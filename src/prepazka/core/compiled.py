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
    """A ticket in its line: its keys in order, and from which minute each but the first holds."""

    ticket: int  # column
    line: Line
    since: tuple[float, ...]
    keys: tuple[Key | None, ...]


def _entry(w: Waiting, column: int, s: Setting, present_from: datetime) -> _Entry:
    """The entry of a ticket that is in the hall from `present_from` on."""
    found = phases(w, s.policy, present_from)
    since, keys = [s.minutes(p.since, 0) for p in found], [p.key for p in found]
    if present_from > s.now:
        return _Entry(column, line_of(w), tuple(since), (None, *keys))
    return _Entry(column, line_of(w), tuple(since[1:]), tuple(keys))


@dataclass(frozen=True, slots=True)
class _Moving:
    """A ticket that changes its place, with the ways its day may go and the one of each replay."""

    ways: list[_Entry]
    chosen: Ints


Row = tuple[Line, bool | None]  # None: places that stay; else whether they are by law


def _row(w: Waiting, entry: _Entry) -> Row | None:
    """The row of tickets that keep their order among each other; None for one that moves.

    Walk-ins that come to the cap do: they come to it in the order of their arrival.
    """
    if not entry.since:
        return entry.line, None
    capping = len(entry.since) == 1 and (w.booked is None or w.late) and w.parked_until is None
    return (entry.line, w.statutory) if capping else None


class Compiled:
    """Keys as ranks: standing tickets in sorted rows, moving ones each in a row of its own."""

    def __init__(
        self, s: Setting, hall: Sequence[Waiting], coming: Sequence[Coming], arrivals: Floats
    ) -> None:
        standing: dict[Row, list[_Entry]] = {}
        self.moving: list[_Moving] = []
        for column, w in enumerate(hall):
            entry = _entry(w, column, s, s.now)
            row = _row(w, entry)
            if row is None:
                self.moving.append(_Moving([entry], np.zeros(s.replays, np.int64)))
            elif entry.keys[0] is not None:
                standing.setdefault(row, []).append(entry)
        for column, one in enumerate(coming, start=len(hall)):
            self.moving.append(_comes(one, column, s, arrivals[:, column - len(hall)]))
        self.lines = [*(line for line, _ in standing), *(m.ways[0].line for m in self.moving)]
        self.standing = len(standing)
        self.capping = np.array([n for n, (_, by) in enumerate(standing) if by is not None], int)
        self._rank([sorted(row, key=lambda e: e.keys[0] or ()) for row in standing.values()])
        self._spread(s.replays)

    def _rank(self, rows: list[list[_Entry]]) -> None:
        """`keys` and `tickets` of each row in order, ended by NEVER; `capped` from `caps_at` on."""
        used = {k for row in rows for entry in row for k in entry.keys if k is not None}
        used.update(k for m in self.moving for way in m.ways for k in way.keys if k is not None)
        self.ranks = {key: rank for rank, key in enumerate(sorted(used))}
        longest = max((len(row) for row in rows), default=0) + 1
        shape = (len(self.lines), longest)
        self.keys, self.capped = np.full(shape, NEVER), np.full(shape, NEVER)
        self.caps_at, self.tickets = np.full(shape, np.inf), np.zeros(shape, np.int64)
        for n, row in enumerate(rows):
            many = len(row)
            self.keys[n, :many] = [self._rank_of(entry.keys[0]) for entry in row]
            self.capped[n, :many] = [self._rank_of(entry.keys[-1]) for entry in row]
            self.caps_at[n, :many] = [entry.since[0] if entry.since else np.inf for entry in row]
            self.tickets[n, :many] = [entry.ticket for entry in row]
        for n, m in enumerate(self.moving, start=self.standing):
            self.tickets[n, 0] = m.ways[0].ticket

    def _rank_of(self, key: Key | None) -> int:
        return NEVER if key is None else self.ranks[key]

    def _spread(self, replays: int) -> None:
        """For each replay and moving ticket its ranks and the minutes between them."""
        many = max((len(way.since) for m in self.moving for way in m.ways), default=1) or 1
        shape = (replays, len(self.moving))
        self.moving_keys = np.full((many + 1, *shape), NEVER)
        self.moving_since = np.full((many, *shape), np.inf)
        for n, m in enumerate(self.moving):
            ranks, since = [], []
            for way in m.ways:
                lacking = many - len(way.since)
                ranks.append(
                    [*map(self._rank_of, way.keys), *[self._rank_of(way.keys[-1])] * lacking]
                )
                since.append([*way.since, *[np.inf] * lacking])
            self.moving_keys[:, :, n] = np.array(ranks)[m.chosen].T
            self.moving_since[:, :, n] = np.array(since)[m.chosen].T


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
    never = _Entry(column, (one.service, False), (), (None,))
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
