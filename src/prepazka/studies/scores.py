"""Scores of forecasts: error, bias, coverage and pinball loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
NEAR_MIN = 10.0


@dataclass(frozen=True)
class Score:
    """The score of one predictor on a set of waits, in minutes."""

    name: str
    n: int
    mae: float
    median: float
    bias: float
    near: float  # share within ten minutes
    coverage: float  # of its P80
    pinball: float


def score_forecasts(
    name: str, waits: Sequence[float] | Floats, point: Floats, p80: Floats
) -> Score:
    """The score of forecasts `point` and `p80` against the real waits."""
    real = np.asarray(waits, float)
    error, shortfall = point - real, real - p80
    return Score(
        name,
        len(real),
        float(np.abs(error).mean()),
        float(np.median(np.abs(error))),
        float(error.mean()),
        float((np.abs(error) <= NEAR_MIN).mean()),
        float((shortfall <= 0).mean()),
        float(np.maximum(0.8 * shortfall, -0.2 * shortfall).mean()),
    )


def calibrated_p80(point: Floats, past: Floats, past_waits: Floats) -> Floats:
    """A formula's P80: its forecast plus what makes it hold on 80 % of the past."""
    return point + float(np.quantile(past_waits - past, 0.8))


def score_table(scores: Sequence[Score], *, in_seconds: bool = False) -> str:
    """The scores as a Markdown table."""
    unit = 60.0 if in_seconds else 1.0
    unit_name = "s" if in_seconds else "min"
    columns = f"predictor | n | MAE [{unit_name}] | median | bias | within 10 min | P80 holds"
    lines = [f"| {columns} | pinball 80 |", "|---|---|---|---|---|---|---|---|"]
    lines += [
        f"| {s.name} | {s.n:,} | {s.mae * unit:.2f} | {s.median * unit:.2f} |"
        f" {s.bias * unit:+.2f} | {s.near:.3f} | {s.coverage:.3f} | {s.pinball * unit:.2f} |"
        for s in scores
    ]
    return "\n".join(lines)
