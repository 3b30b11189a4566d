"""The wait estimate: the discipline simulated many times with learned service times.

All replays advance together as numpy arrays, one call in each per step. The keys that decide whose
turn it is come from `core.discipline` through `core.key_phases`; here they are only compared.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from prepazka.core.discipline import Policy, Waiting
from prepazka.core.hall_model import Coming, Counter, Floats, Habits, Times
from prepazka.core.replay_arrays import NEVER, Compiled, Counters, Ints, Setting

REPLAYS = 400
QUANTILES = (0.2, 0.5, 0.8, 0.9)


@dataclass(frozen=True, slots=True)
class Wait:
    """Quantiles of the minutes until the call; None: at that quantile not today."""

    p20: float | None
    p50: float | None
    p80: float | None
    p90: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The estimated waits; `calls` has a row per replay, in minutes from now, inf = never."""

    tickets: Mapping[int, Wait]
    newcomers: Mapping[int, Wait]  # by service, for a walk-in who takes a ticket now
    calls: Floats = field(repr=False)
    column: Mapping[int, int] = field(repr=False)  # of a ticket in `calls`
    newcomer_column: Mapping[int, int] = field(repr=False)


def replay_waits(
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
    """The waits of everybody in the hall and of a newcomer to each of `services`.

    A newcomer is simulated as a ticket that comes last and takes no time. The same arguments give
    the same forecast.
    """
    last_ticket = max((w.ticket for w in hall), default=0)
    phantoms = [Waiting(last_ticket + n, s, now) for n, s in enumerate(services, start=1)]
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
        Wait(*(v if v < np.inf else None for v in quantile_row))
        for quantile_row in ordered[:, rows].tolist()
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
        # At the first step the keys of moving tickets are looked up anew.
        self.changes = np.full(s.replays, -np.inf if self.compiled.moving else np.inf)

    def _draw(self, s: Setting, services: list[int], hall: int, coming: Sequence[Coming]) -> Floats:
        """Minutes of each service by an average clerk; a newcomer takes none."""
        minutes = np.zeros((s.replays, hall + len(coming)))
        service_of_column = dict(enumerate(services)) | {
            hall + n: c.service for n, c in enumerate(coming)
        }
        for service in sorted(set(service_of_column.values())):
            columns = [n for n, kind in service_of_column.items() if kind == service]
            sample = s.times.sample(service)
            drawn = s.rng.random((s.replays, len(columns)), np.float32) * len(sample)
            # A float32 just below 1 may round up to the length.
            minutes[:, columns] = sample[np.minimum(drawn.astype(np.int32), len(sample) - 1)]
        return minutes

    def play(self) -> Floats:
        """Minutes until each ticket of the hall is called, a row per replay."""
        hall = int(self.measured.sum())
        if not self.counters.all or not self.compiled.lines:
            return self.calls[:, :hall]
        while self._step():
            pass
        return self.calls[:, :hall]

    def _step(self) -> bool:
        """Advance each replay by one step of its first free counter: a call, a break, or a wait."""
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
        next_break = self.taken_breaks[rows, counter]
        stopped = (minute >= counters.closes[counter]) | (minute == np.inf)
        resting = (minute >= counters.break_at[counter, next_break]) & ~stopped
        calling = (keys[rows, line] < NEVER) & ~resting & ~stopped
        free_at = self._call(calling, minute, line, counter)
        if not calling.all():
            idle = ~calling
            free_at[idle] = self._wake(idle, minute, counter)
            free_at[stopped] = np.inf
            free_at[resting] = (minute + counters.break_min[counter, next_break])[resting]
            self.taken_breaks[rows[resting], counter[resting]] += 1
        counters.free_at[rows, counter] = free_at
        finished = self.pending == 0
        if finished.any():
            counters.free_at[finished] = np.inf
        return True

    def _move(self, minute: Floats) -> None:
        """Update the keys of moving tickets in the replays where one changes by the minute."""
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
        """Update the heads of rows whose first ticket has waited as long as the cap."""
        compiled, rows = self.compiled, self.compiled.capping
        position = self.at[:, rows]
        reached = minute[:, None] >= compiled.caps_at[rows, position]
        heads = np.where(reached, compiled.capped[rows, position], compiled.keys[rows, position])
        self.heads[:, rows] = heads

    def _call(
        self, calling: npt.NDArray[np.bool_], minute: Floats, line: Ints, counter: Ints
    ) -> Floats:
        """Call the first ticket of each line; returns when each counter is free again."""
        rows, compiled = self.rows, self.compiled
        if not calling.all():
            rows, line = rows[calling], line[calling]
            counter, minute = counter[calling], minute[calling]
        position = self.at[rows, line]
        ticket = compiled.tickets[line, position]
        self.calls[rows, ticket] = minute
        self.pending[rows] -= self.measured[ticket]
        position += 1
        self.at[rows, line] = position
        self.heads[rows, line] = compiled.keys[
            line, np.minimum(position, compiled.keys.shape[1] - 1)
        ]
        if compiled.moving:
            is_moving = line >= compiled.standing
            compiled.moving_keys[:, rows[is_moving], line[is_moving] - compiled.standing] = NEVER
        lasts = self.minutes[rows, ticket]
        lasts = lasts * (self.counters.speed[counter] * self.counters.day[rows])
        if self.gone.any():
            gone = self.gone[np.digitize(minute + self.waited[ticket], self.gone_edges)]
            absent = self.rng.random(len(rows)) * self.stayed[ticket] > 1 - gone
            lasts = np.where(absent & (lasts > 0), self.absent_min, lasts)
        free_at = np.full(len(self.rows), np.inf)
        free_at[rows] = minute + lasts
        return free_at

    def _wake(self, idle: npt.NDArray[np.bool_], minute: Floats, counter: Ints) -> Floats:
        """When an idle counter looks again: a ticket it may call changes, or its break begins."""
        rows = np.nonzero(idle)[0]
        counter, minute = counter[rows], minute[rows]
        wake = self.counters.break_at[counter, self.taken_breaks[rows, counter]]
        if self.compiled.moving:
            first_moving = self.compiled.standing
            since = self.compiled.moving_since[:, rows]
            alive = (self.compiled.moving_keys[-1, rows] < NEVER) & (
                self.counters.bars[counter, first_moving:] == 0
            )
            later = np.where(alive & (since > minute[:, None]), since, np.inf)
            wake = np.minimum(wake, later.min(axis=(0, 2)))
        return wake
