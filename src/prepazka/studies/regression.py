"""Quantile regression: linear with numpy alone, or boosted trees with scikit-learn."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Model(Protocol):
    """A fitted model of a quantile."""

    def predict(self, features: Floats) -> Floats:
        """The quantile for each row."""


class Linear:
    """Linear quantile regression on standardized columns, by majorize and minimize."""

    def __init__(self, features: Floats, target: Floats, quantile: float, rounds: int = 60) -> None:
        self.mean, self.sd = features.mean(axis=0), features.std(axis=0)
        self.sd[self.sd == 0] = 1
        x = self._columns(features)
        self.weights = np.linalg.lstsq(x, target, rcond=None)[0]
        ridge = 1e-6 * len(target) * np.eye(x.shape[1])
        for _ in range(rounds):
            # |r| is at most r²/(2|r₀|) + |r₀|/2, touching at the last r₀.
            pull = 1 / (1e-4 + np.abs(target - x @ self.weights))
            right_side = x.T @ (pull * target + 2 * quantile - 1)
            self.weights = np.linalg.solve(x.T @ (pull[:, None] * x) + ridge, right_side)

    def _columns(self, features: Floats) -> Floats:
        scaled = np.clip((features - self.mean) / self.sd, -6, 6)
        return np.column_stack([np.ones(len(features)), scaled])

    def predict(self, features: Floats) -> Floats:
        """The quantile for each row."""
        predicted: Floats = self._columns(features) @ self.weights
        return predicted


def boosted_model(features: Floats, target: Floats, quantile: float) -> Model:
    """Gradient boosting with the quantile loss; needs the extra `evaluation`."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415  # optional

    model: Model = HistGradientBoostingRegressor(
        loss="quantile",
        quantile=quantile,
        max_iter=200,
        learning_rate=0.06,
        max_leaf_nodes=31,
        min_samples_leaf=40,
        random_state=1,
    ).fit(features, target)
    return model


def can_boost() -> bool:
    """Whether scikit-learn is installed."""
    import importlib.util  # noqa: PLC0415  # asked once

    return importlib.util.find_spec("sklearn") is not None
