"""`prepazka evaluate waits FILE`: the accuracy of the wait estimate on a queue's log."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from prepazka.studies.forecasts import TicketForecast, forecast_tickets
from prepazka.studies.known import learn_from_days
from prepazka.studies.log import Log, LogError, read_calls, read_tickets, rows_of
from prepazka.studies.online import Calibrated
from prepazka.studies.queue_state_logs import States, read_states, score_fit
from prepazka.studies.regression import Linear
from prepazka.studies.scores import Score, calibrated_p80, score_forecasts, score_table

Floats = npt.NDArray[np.float64]
GAMMA = 0.005


def waits(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    try:
        header, rows = rows_of(Path(arguments.file))
        if {"office", "group", "q", "st", "W"} <= {*header}:
            return _states(read_states(rows), arguments)
        if {"vru_entry", "q_start", "ser_start"} <= {*header}:
            return _tickets(read_calls(rows), arguments)
        if {"ticket", "service", "arrived_at", "called_at"} <= {*header}:
            plan = rows_of(Path(arguments.counters))[1] if arguments.counters else ()
            return _tickets(read_tickets(rows, plan), arguments)
    except LogError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{arguments.file}: not a known queue log; see docs/evaluation.md", file=sys.stderr)
    return 1


def _states(s: States, arguments: argparse.Namespace) -> int:
    if len(s.dates) < 2:  # noqa: PLR2004  # one to learn from, one to judge
        print("The log must have at least two days.", file=sys.stderr)
        return 1
    judge_from = arguments.judge_from or s.dates[max(len(s.dates) * 3 // 4, 1)]
    train_to = arguments.train_to or max(d for d in s.dates if d < judge_from)
    judged = score_fit(s, train_to=train_to, judge_from=judge_from, linear=arguments.linear)
    print(f"{len(s.column['W']):,} states of {len(s.dates)} days, {s.skipped:,} rows skipped;")
    print(f"trained to {train_to}, judged from {judge_from}.\n")
    print(score_table(judged.scores))
    ratio = judged.scores[-1].mae / judged.scores[0].mae
    print(f"\n{judged.model}: {ratio:.3f} of the naive formula's MAE.")
    for name, share in judged.holding.items():
        print(f"Busy queues with P80 coverage .70 to .90, {name}: {share:.1%} of {judged.queues}.")
    _write_json(
        arguments, {"scores": [asdict(s) for s in judged.scores], "holding": judged.holding}
    )
    return 0


@dataclass(frozen=True)
class Split:
    """Indices of the days to learn from, to calibrate with, and to judge."""

    learn: range
    calibrate: range
    judge: range


def split_days(log: Log, train_to: str | None, judge_from: str | None) -> Split:
    """The split at three quarters of the days or at dates; the last learning days calibrate."""
    dates = [d.date for d in log.days]
    learning_days = len(dates) * 3 // 4
    if train_to:
        learning_days = sum(d <= train_to for d in dates)
    judged = sum(d < judge_from for d in dates) if judge_from else learning_days
    learned = min(learning_days, judged)
    calibrate = judged - learned or max(learned // 4, 1)
    return Split(range(learned), range(judged - calibrate, judged), range(judged, len(dates)))


def _tickets(log: Log, arguments: argparse.Namespace) -> int:
    days = split_days(log, arguments.train_to, arguments.judge_from)
    if not days.learn or not days.judge:
        print("The log must have days for training and days for evaluation.", file=sys.stderr)
        return 1
    # Days that calibrate must not be learned from.
    learned = learn_from_days(log, [n for n in days.learn if n not in days.calibrate])
    past = list(forecast_tickets(log, learned, days.calibrate, replays=arguments.replays))
    learned = learn_from_days(log, range(days.judge.start))
    judged = list(forecast_tickets(log, learned, days.judge, replays=arguments.replays))
    if not past or not judged:
        print("Nobody had to wait on the days of the log.", file=sys.stderr)
        return 1
    scores = score_tickets(past, judged, gamma=arguments.gamma or GAMMA)
    counted = sum(len(d.tickets) for d in log.days)
    print(f"{counted:,} tickets of {len(log.days)} days, {log.skipped:,} rows skipped; learned")
    print(
        f"from {len(days.learn)} days, {len(days.calibrate)} calibrate, {len(days.judge)} judged;"
    )
    print(f"waits of {np.mean([s.wait for s in judged]):.2f} min on average.\n")
    print(score_table(scores, in_seconds=log.in_seconds))
    naive, best = scores[0].mae, min(s.mae for s in scores)
    print(
        f"\nBest {best / naive:.3f}, replay {_mae(scores, 'replay') / naive:.3f} of the naive MAE."
    )
    further = _further_figures(past, judged, arguments.gamma or GAMMA)
    print("\n".join(f"{name}: {figure}" for name, figure in further.items()))
    _write_json(arguments, {"scores": [asdict(s) for s in scores], **further})
    return 0


def _mae(scores: Sequence[Score], name: str) -> float:
    return next(s.mae for s in scores if s.name == name)


def score_tickets(
    past: Sequence[TicketForecast], judged: Sequence[TicketForecast], *, gamma: float
) -> list[Score]:
    """The scores of all predictors; `past` calibrates them and trains the regressions."""
    wait, past_wait = _column(judged, "wait"), _column(past, "wait")
    scores = []
    for name in judged[0].point:
        p, before = (np.array([s.point[name] for s in of]) for of in (judged, past))
        scores.append(score_forecasts(name, wait, p, calibrated_p80(p, before, past_wait)))
    p50, p80 = _column(judged, "p50"), _column(judged, "p80")
    scores.append(score_forecasts("replay", wait, p50, p80))
    scores.append(
        score_forecasts("replay, recalibrated", wait, p50, _online(past, judged, p80, None, gamma))
    )
    for name, first_feature in (
        ("regression without the replay", 2),
        ("regression with the replay", 0),
    ):
        x, before = _features(judged, first_feature), _features(past, first_feature)
        target = np.log(past_wait + SHIFT)
        r50, r80 = (Linear(before, target, q) for q in (0.5, 0.8))
        half, upper = (np.maximum(np.exp(m.predict(x)) - SHIFT, 0) for m in (r50, r80))
        raw = np.maximum(np.exp(r80.predict(before)) - SHIFT, 0)
        online = _online(past, judged, upper, raw, gamma)
        scores.append(score_forecasts(name, wait, half, online))
    return scores


SHIFT = 0.25  # minutes added so that a wait of zero has a logarithm


def _column(ticket_forecasts: Sequence[TicketForecast], name: str) -> Floats:
    return np.array([getattr(s, name) for s in ticket_forecasts])


def _features(ticket_forecasts: Sequence[TicketForecast], first_feature: int) -> Floats:
    """Features of the regressions: logarithms of the forecasts by class, and the hour."""
    x = np.array([s.features[first_feature:] for s in ticket_forecasts])
    x[:, :-1] = np.log(x[:, :-1] + SHIFT)
    x[:, -1] = (x[:, -1] - 720) / 300
    priority = np.array([[float(s.first)] for s in ticket_forecasts])
    return np.hstack([x, x[:, -1:] ** 2, priority, priority * x[:, :2]])


def _online(
    past: Sequence[TicketForecast],
    judged: Sequence[TicketForecast],
    p80: Floats,
    before: Floats | None,
    gamma: float,
) -> Floats:
    raw = _column(past, "p80") if before is None else before
    start = Calibrated.started(
        ((s.queue, s.wait, float(r)) for s, r in zip(past, raw, strict=True)), gamma=gamma
    )
    return np.array(
        [
            start.announce(s.queue, float(raw), s.wait, (s.day, s.at), s.called)
            for s, raw in zip(judged, p80, strict=True)
        ]
    )


def _further_figures(
    past: Sequence[TicketForecast], judged: Sequence[TicketForecast], gamma: float
) -> dict[str, Any]:
    """Figures about the whole distribution and about priority tickets."""
    ranks = np.histogram([s.rank for s in judged], 10, (0, 1))[0] / len(judged)
    wait, p50 = _column(judged, "wait"), _column(judged, "p50")
    day, p80 = _column(judged, "day"), _column(judged, "p80")
    held = wait <= _online(past, judged, p80, None, gamma)
    figures: dict[str, Any] = {
        "deciles of the replay's ranks (.10 each is perfect)": [round(float(r), 3) for r in ranks],
        "lowest P80 coverage of a day, recalibrated": round(
            min(held[day == d].mean() for d in set(day)), 3
        ),
        "P20 to P80 holds": round(
            float(np.mean((wait >= _column(judged, "p20")) & (wait <= p80))), 3
        ),
    }
    is_priority = _column(judged, "first")
    if is_priority.any():
        figures["MAE of priority tickets, minutes"] = round(
            float(np.abs(wait - p50)[is_priority.astype(bool)].mean()), 3
        )
    return figures


def _write_json(arguments: argparse.Namespace, report: dict[str, Any]) -> None:
    if arguments.json:
        text = json.dumps(report, ensure_ascii=False, indent=1)
        Path(arguments.json).write_text(text + "\n", "utf-8")
