"""The wait estimate: the discipline played forward many times with learned service times.

All replays advance together, one call in each per step, as arrays of numpy. Whose turn it is
comes from `core.discipline` through `core.lines`: keys are compared here, never made.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from prepazka.core.compiled import NEVER, Compiled, Counters, Ints, Setting
from prepazka.core.discipline import Policy, Waiting
from prepazka.core.hall import Coming, Counter, Floats, Habits, Times

REPLAYS = 400
QUANTILES = (0.2, 0.5, 0.8, 0.9)


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
    habits: Habits | None = None,
    replays: int = REPLAYS,
    seed: int = 0,
) -> Forecast:
    """How long everybody in the hall, and a newcomer to each of `services`, will wait.

    A newcomer is played as a ticket that comes last and takes no time. The same arguments give
    the same answer.
    """
    last = max((w.ticket for w in hall), default=0)
    phantoms = [Waiting(last + n, s, now) for n, s in enumerate(services, start=1)]
    setting = Setting(policy, now, times, habits or Habits(), np.random.default_rng(seed), replays)
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
    return [
        Wait(*(v if v < np.inf else None for v in found)) for found in ordered[:, rows].tolist()
    ]


class _Replays:
    """All replays, side by side."""

    def __init__(
        self,
        s: Setting,
        hall: Sequence[Waiting],
        real: int,
        counters: Sequence[Counter],
        coming: Sequence[Coming],
    ) -> None:
        people = len(hall) + len(coming)
        self.rng, self.rows = s.rng, np.arange(s.replays)
        self.compiled = Compiled(s, hall, coming, s.rng.random((s.replays, len(coming))))
        self.counters = Counters(s, counters, self.compiled.lines)
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

    def _draw(self, s: Setting, services: list[int], hall: int, coming: Sequence[Coming]) -> Floats:
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
        if len(self.compiled.capping):
            self._cap(minute)
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
        keys = self.compiled.moving_keys[:, rows]
        now = keys[-1]
        for n in reversed(range(len(since))):
            now = np.where(at < since[n], keys[n], now)
        self.heads[rows, self.compiled.standing :] = now
        self.changes[rows] = np.where(since > at, since, np.inf).min(axis=(0, 2))

    def _cap(self, minute: Floats) -> None:
        """The head of each standing row gets the key of whoever has waited as long as the cap."""
        compiled, rows = self.compiled, self.compiled.capping
        place = self.at[:, rows]
        reached = minute[:, None] >= compiled.caps_at[rows, place]
        heads = np.where(reached, compiled.capped[rows, place], compiled.keys[rows, place])
        self.heads[:, rows] = heads

    def _call(
        self, calling: npt.NDArray[np.bool_], minute: Floats, line: Ints, counter: Ints
    ) -> Floats:
        """The first of each line is called; returns when the counter is free again."""
        rows, compiled = self.rows, self.compiled
        if not calling.all():
            rows, line = rows[calling], line[calling]
            counter, minute = counter[calling], minute[calling]
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
            alive = (self.compiled.moving_keys[-1, rows] < NEVER) & (
                self.counters.bars[counter, first:] == 0
            )
            later = np.where(alive & (since > minute[:, None]), since, np.inf)
            wake = np.minimum(wake, later.min(axis=(0, 2)))
        return wake
