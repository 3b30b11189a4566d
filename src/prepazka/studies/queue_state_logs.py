"""Logs of queue states without tickets: waits are predicted from features of the states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from prepazka.studies.online import Calibrated
from prepazka.studies.regression import Linear, Model, boosted_model, can_boost
from prepazka.studies.scores import Score, calibrated_p80, score_forecasts

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NEEDED = ("t", "q", "st", "W")
EXTRA = ("czas", "les", "hol", "r30", "r60", "rday", "c")
GAMMA = 0.035  # docs/evaluation.md has the splits it was chosen on
BUSY = 100  # judged tickets of a busy queue
CAP = 3.0  # calls per minute; more comes from a restart of the numbering
CONFIGURED_MIN = 10.0


@dataclass(frozen=True)
class States:
    """The log's rows as columns, in order of time."""

    column: Mapping[str, Floats]
    queue: npt.NDArray[np.int64]
    names: list[str]
    dates: list[str]
    day: npt.NDArray[np.int64]
    skipped: int


@dataclass(frozen=True)
class Judged:
    """The scores of the days after the training."""

    scores: list[Score]
    queues: int
    holding: dict[str, float]  # share of busy queues whose P80 coverage is .70-.90
    model: str
    coverage_by_queue: dict[str, float]


def read_states(rows: Iterable[Mapping[str, str]]) -> States:
    """The states of the rows; rows with no number, nobody waiting, or a repeat are skipped."""
    keys, entries, skipped = set(), [], 0
    for row in rows:
        try:
            values = [float(row[k]) for k in NEEDED] + [float(row.get(k) or 0) for k in EXTRA]
        except (ValueError, KeyError, TypeError):
            skipped += 1
            continue
        name = f"{row['office']} | {row['group']}"
        key = (row["date"], values[0], name)
        fine = np.isfinite(values).all() and values[1] >= 1 and values[2] >= 1 and values[3] >= 0
        if key in keys or not fine:
            skipped += 1
            continue
        keys.add(key)
        entries.append((*key, values))
    entries.sort(key=lambda r: r[:3])
    table = np.array([r[3] for r in entries]).reshape(len(entries), len(NEEDED) + len(EXTRA))
    names, queue = np.unique([r[2] for r in entries], return_inverse=True)
    dates, day = np.unique([r[0] for r in entries], return_inverse=True)
    column = {k: table[:, n] for n, k in enumerate((*NEEDED, *EXTRA))}
    return States(column, queue, names.tolist(), dates.tolist(), day, skipped)


class Features:
    """Features of states, and of their queue on the days of training."""

    def __init__(self, s: States, train: Bools) -> None:
        c, self.states = s.column, s
        log_cost = np.log(np.maximum(c["W"], 0.5)) - np.log(c["q"])
        self.per_person = self._by_queue(log_cost, train)
        self.per_counter = self._by_queue(log_cost + np.log(c["st"]), train)
        self.usual = self._by_queue(c["W"], train)
        self.fall = self._by_queue(np.minimum(c["r60"], CAP), train)

    def _by_queue(self, values: Floats, train: Bools) -> Floats:
        """Each queue's mean by state, shrunk to the overall mean as if by 20 states."""
        queue, queue_count = self.states.queue[train], len(self.states.names)
        total = np.bincount(queue, values[train], queue_count) + 20 * values[train].mean()
        means: Floats = total / (np.bincount(queue, minlength=queue_count) + 20)
        return means[self.states.queue]

    @property
    def learned_queue(self) -> Floats:
        """People ahead × the queue's minutes per person."""
        return self.states.column["q"] * np.exp(self.per_person)

    def for_trees(self) -> Floats:
        """The features unscaled, for boosted trees."""
        c = self.states.column
        r30, r60, rday = (np.minimum(c[k], CAP) for k in ("r30", "r60", "rday"))
        shared = c["q"] * np.exp(self.per_counter) / c["st"]
        flow = c["q"] / np.maximum(r60, 0.02)
        plain = [c[k] for k in ("q", "st", "czas", "t", "les", "hol", "c")]
        derived = [r30, r60, rday, self.learned_queue, shared, self.usual, flow, self.per_person]
        return np.column_stack([*plain, *derived])

    def for_lines(self) -> Floats:
        """The features as logarithms, for linear regression, because a wait is a product."""
        c = self.states.column
        flow = c["q"] / np.maximum(np.minimum(c["r60"], CAP), 0.02)
        logs = [self.learned_queue, c["q"] * np.exp(self.per_counter) / c["st"], self.usual]
        logs += [c["q"], c["st"], c["les"], c["hol"], c["q"] * c["czas"] / c["st"], flow]
        hour = (c["t"] - 480) / 600
        has_les = (c["les"] > 0) * 1.0
        columns = [np.log1p(x) for x in logs]
        return np.column_stack([*columns, hour, hour**2, has_les, columns[4] * columns[0]])


def score_fit(s: States, *, train_to: str, judge_from: str, linear: bool = False) -> Judged:
    """The scores from `judge_from` on of a fit to `train_to`; the days between calibrate it.

    Without days between, the last quarter of the training days calibrates a first fit. The judged
    fit is trained on all earlier days.
    """
    date = np.array(s.dates)[s.day]
    before, judged = date < judge_from, date >= judge_from
    first_part = date <= train_to
    if not (before & ~first_part).any():
        days = sorted({*date[before].tolist()})
        first_part = date < days[-max(len(days) // 4, 1)]
    between = before & ~first_part
    fit = _fit_linear if linear or not can_boost() else _fit_boosted
    raw = fit(s, first_part, between, 0.8)
    past = zip(_names(s, between), s.column["W"][between], raw, strict=True)
    start = Calibrated.started(past, gamma=GAMMA)
    p50, p80 = fit(s, before, judged, 0.5), fit(s, before, judged, 0.8)
    online = _online(s, judged, p80, start)
    name = "boosting" if fit is _fit_boosted else "linear quantile regression"
    scores = [*_formulas(s, before, judged), score_forecasts(name, s.column["W"][judged], p50, p80)]
    scores.append(score_forecasts(f"{name}, recalibrated", s.column["W"][judged], p50, online))
    held = {key: _coverage(s, judged, p) for key, p in (("fitted", p80), ("recalibrated", online))}
    within = {k: float(np.mean([0.7 <= x <= 0.9 for x in v.values()])) for k, v in held.items()}  # noqa: PLR2004
    return Judged(scores, len(held["fitted"]), within, name, held["recalibrated"])


def _names(s: States, rows: Bools) -> list[str]:
    return [s.names[n] for n in s.queue[rows]]


Fit = Callable[[States, Bools, Bools, float], Floats]


def _fit_boosted(s: States, train: Bools, predicted_rows: Bools, quantile: float) -> Floats:
    x, y = Features(s, train).for_trees(), np.log1p(s.column["W"])
    return _minutes_of(boosted_model(x[train], y[train], quantile), x[predicted_rows])


def _fit_linear(s: States, train: Bools, predicted_rows: Bools, quantile: float) -> Floats:
    x, y = Features(s, train).for_lines(), np.log1p(s.column["W"])
    return _minutes_of(Linear(x[train], y[train], quantile), x[predicted_rows])


def _minutes_of(model: Model, features: Floats) -> Floats:
    minutes: Floats = np.maximum(np.expm1(model.predict(features)), 0.5)
    return minutes


def _online(s: States, judged: Bools, p80: Floats, start: Calibrated) -> Floats:
    rows = np.nonzero(judged)[0]
    minute, wait = s.column["t"], s.column["W"]
    announced = [
        start.announce(
            s.names[s.queue[i]],
            float(raw),
            float(wait[i]),
            (int(s.day[i]), float(minute[i])),
            float(minute[i] + wait[i]),
        )
        for i, raw in zip(rows, p80, strict=True)
    ]
    return np.array(announced)


def _coverage(s: States, judged: Bools, p80: Floats) -> dict[str, float]:
    """The P80 coverage of each busy queue."""
    queue, held = s.queue[judged], s.column["W"][judged] <= p80
    counts = np.bincount(queue, minlength=len(s.names))
    share = np.bincount(queue, held, len(s.names)) / np.maximum(counts, 1)
    return {s.names[n]: float(share[n]) for n in np.nonzero(counts >= BUSY)[0]}


def _formulas(s: States, before: Bools, judged: Bools) -> list[Score]:
    c, features = s.column, Features(s, before)
    predictions = {
        "naive: waiting × 10 min ÷ counters": c["q"] * CONFIGURED_MIN / c["st"],
        "Munich-like: (waiting + 1) × 10 min ÷ counters": (c["q"] + 1) * CONFIGURED_MIN / c["st"],
        "published minutes × waiting ÷ counters": c["q"] * c["czas"] / c["st"],
        "LES": c["les"],
        "HOL": c["hol"],
        "mean of the queue": features.usual,
        "learned throughput of the queue": features.learned_queue,
    }
    wait = c["W"]
    return [
        score_forecasts(
            name, wait[judged], p[judged], calibrated_p80(p[judged], p[before], wait[before])
        )
        for name, p in predictions.items()
    ]
