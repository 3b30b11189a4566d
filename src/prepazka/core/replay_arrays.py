"""The hall as numpy arrays for `core.replay`: tickets' keys as ranks, counters as rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from prepazka.core.discipline import Key, Policy, Waiting
from prepazka.core.hall_model import MINUTE, Coming, Counter, Floats, Habits, Times
from prepazka.core.key_phases import Line, line_of, lines_of, phases_of_ticket

Ints = npt.NDArray[np.int64]

NEVER = np.iinfo(np.int64).max // 2
ARRIVALS = 24  # arrival times that are tried for a booked client


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
    ticket_phases = phases_of_ticket(w, s.policy, present_from)
    since, keys = [s.minutes(p.since, 0) for p in ticket_phases], [p.key for p in ticket_phases]
    if present_from > s.now:
        return _Entry(column, line_of(w), tuple(since), (None, *keys))
    return _Entry(column, line_of(w), tuple(since[1:]), tuple(keys))


@dataclass(frozen=True, slots=True)
class _Moving:
    """A ticket whose place changes: its possible entries, and which one each replay uses."""

    ways: list[_Entry]
    chosen: Ints


Row = tuple[Line, bool | None]  # None: places that never change; else whether priority is by law


def _row(w: Waiting, entry: _Entry) -> Row | None:
    """The row of tickets that keep their order among each other; None for a ticket that moves.

    Walk-ins that reach the cap keep their order: they reach it in the order of their arrival.
    """
    if not entry.since:
        return entry.line, None
    capping = len(entry.since) == 1 and (w.booked is None or w.late) and w.parked_until is None
    return (entry.line, w.statutory) if capping else None


class Compiled:
    """Keys as ranks: tickets that keep their order in sorted rows, moving ones in their own."""

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
        for column, client in enumerate(coming, start=len(hall)):
            self.moving.append(
                _possible_arrivals(client, column, s, arrivals[:, column - len(hall)])
            )
        self.lines = [*(line for line, _ in standing), *(m.ways[0].line for m in self.moving)]
        self.standing = len(standing)
        self.capping = np.array([n for n, (_, by) in enumerate(standing) if by is not None], int)
        self._rank([sorted(row, key=lambda e: e.keys[0] or ()) for row in standing.values()])
        self._spread(s.replays)

    def _rank(self, rows: list[list[_Entry]]) -> None:
        """Fill `keys` and `tickets` of each row, ended by NEVER, and `capped` after the cap."""
        used = {k for row in rows for entry in row for k in entry.keys if k is not None}
        used.update(k for m in self.moving for entry in m.ways for k in entry.keys if k is not None)
        self.ranks = {key: rank for rank, key in enumerate(sorted(used))}
        longest = max((len(row) for row in rows), default=0) + 1
        shape = (len(self.lines), longest)
        self.keys, self.capped = np.full(shape, NEVER), np.full(shape, NEVER)
        self.caps_at, self.tickets = np.full(shape, np.inf), np.zeros(shape, np.int64)
        for n, row in enumerate(rows):
            length = len(row)
            self.keys[n, :length] = [self._rank_of(entry.keys[0]) for entry in row]
            self.capped[n, :length] = [self._rank_of(entry.keys[-1]) for entry in row]
            self.caps_at[n, :length] = [entry.since[0] if entry.since else np.inf for entry in row]
            self.tickets[n, :length] = [entry.ticket for entry in row]
        for n, m in enumerate(self.moving, start=self.standing):
            self.tickets[n, 0] = m.ways[0].ticket

    def _rank_of(self, key: Key | None) -> int:
        return NEVER if key is None else self.ranks[key]

    def _spread(self, replays: int) -> None:
        """Fill each moving ticket's ranks and the minutes at which they change, by replay."""
        longest = max((len(entry.since) for m in self.moving for entry in m.ways), default=1) or 1
        shape = (replays, len(self.moving))
        self.moving_keys = np.full((longest + 1, *shape), NEVER)
        self.moving_since = np.full((longest, *shape), np.inf)
        for n, m in enumerate(self.moving):
            ranks, since = [], []
            for entry in m.ways:
                lacking = longest - len(entry.since)
                ranks.append(
                    [*map(self._rank_of, entry.keys), *[self._rank_of(entry.keys[-1])] * lacking]
                )
                since.append([*entry.since, *[np.inf] * lacking])
            self.moving_keys[:, :, n] = np.array(ranks)[m.chosen].T
            self.moving_since[:, :, n] = np.array(since)[m.chosen].T


def _possible_arrivals(client: Coming, column: int, s: Setting, drawn: Floats) -> _Moving:
    """A booked client who has not arrived: arrivals from now on, and not coming at all."""
    start = s.minutes(client.booked.start, 0)
    sooner = s.habits.early / MINUTE
    offsets = np.sort(np.asarray(s.habits.offsets, float))
    offsets_ahead = offsets[start + offsets > 0]
    share = len(offsets_ahead) / len(offsets)
    # Bayes: the probability of coming, given that the client has not arrived so far.
    shows = (
        client.shows_up * share / (client.shows_up * share + 1 - client.shows_up) if share else 0.0
    )
    step = max(1, len(offsets_ahead) // ARRIVALS)
    moments = [start + max(float(x), -sooner) for x in offsets_ahead[::step]]
    ways = [_arrival(client, column, s, max(m, 0.01)) for m in moments]
    never = _Entry(column, (client.service, False), (), (None,))
    chosen = np.where(drawn < shows, drawn / max(shows, 1e-9) * len(ways), len(ways))
    return _Moving([*ways, never], chosen.astype(np.int64))


def _arrival(client: Coming, column: int, s: Setting, minute: float) -> _Entry:
    at = s.now + minute * MINUTE
    late = at >= client.booked.end
    return _entry(
        Waiting(client.ticket, client.service, at, client.booked, late=late), column, s, at
    )


class Counters:
    """The counters as arrays, sorted by who calls first: the one with the fewest skills."""

    def __init__(self, s: Setting, counters: Iterable[Counter], lines: Sequence[Line]) -> None:
        self.all = sorted(counters, key=lambda c: (len(c.serves), c.counter))
        able = [set(lines_of(c.serves, c.counter)) for c in self.all]
        self.bars = np.array([[0 if x in own else NEVER for x in lines] for own in able])
        self.bars = self.bars.reshape(len(self.all), len(lines))
        self.closes = np.array([s.minutes(c.closes_at, np.inf) for c in self.all])
        # One column more than the longest plan: infinity stands after the last break.
        columns = max((len(c.breaks) for c in self.all), default=0) + 1
        self.break_at = np.full((len(self.all), columns), np.inf)
        self.break_min = np.zeros((len(self.all), columns))
        for n, c in enumerate(self.all):
            for k, pause in enumerate(sorted(b for b in c.breaks if b.end > s.now)):
                self.break_at[n, k] = s.minutes(pause.start, 0)
                # A break that has begun lasts only its remaining minutes.
                self.break_min[n, k] = (pause.end - max(pause.start, s.now)) / MINUTE
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
        return remaining_minutes(sample, age, s.rng.random(s.replays)) * speed * self.day


def remaining_minutes(sample: Floats, age: Floats, drawn: Floats) -> Floats:
    """The remaining minutes of a service that has lasted `age`, at quantile `drawn`.

    Taken from the sorted sample's values above `age`; where fewer than five are, exponential with
    the mean excess of the top decile.
    """
    first_longer = np.searchsorted(sample, age, side="right")
    longer_count = len(sample) - first_longer
    at = np.minimum(first_longer + (drawn * longer_count).astype(np.int64), len(sample) - 1)
    top = sample[len(sample) * 9 // 10 :]
    tail = max(float(np.mean(top - top[0])), 0.5) * -np.log1p(-drawn)
    return np.where(longer_count >= 5, sample[at] - age, tail)  # noqa: PLR2004  # see the docstring
