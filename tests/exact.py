"""Queues whose waits are known exactly, played by the simulator."""

from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt

import numpy as np

from prepazka.core.discipline import Policy
from prepazka.core.interval import Interval
from prepazka.core.replay import MINUTE, Counter
from prepazka.core.simulation import Visit, play

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Queue:
    """Poisson arrivals per minute by class (the first goes first), `servers`, mean and cv²."""

    rates: tuple[float, ...]
    servers: int
    means: tuple[float, ...]
    cv2: float = 1.0
    patience: float | None = None  # mean, exponential

    def waits(self, clients, seed):
        """Mean minutes waited by class (the walked away waited as long as they had patience)."""
        rng = np.random.default_rng(seed)
        visits = self.visits(clients, rng)
        counters = [Counter(n, frozenset({1})) for n in range(1, self.servers + 1)]
        done = play(visits, counters, policy=Policy(), absent_min=0.0)
        skip = clients // 20  # the hall starts empty
        waited = [[] for _ in self.rates]
        for call in done.calls:
            if call.visit.ticket > skip:
                was = min(call.waited, call.visit.patience)
                waited[len(self.rates) - 1 if call.visit.booked is None else 0].append(was)
        return [float(np.mean(w)) for w in waited], np.mean([c.gone for c in done.calls])

    def visits(self, clients, rng):
        total = sum(self.rates)
        at = np.cumsum(rng.exponential(1 / total, clients))
        kind = (rng.random(clients) >= self.rates[0] / total).astype(int)
        kind = kind if len(self.rates) > 1 else np.zeros(clients, int)
        lasts = self.lasts(clients, rng) * np.array(self.means)[kind]
        patience = np.full(clients, np.inf)
        if self.patience:
            patience = rng.exponential(self.patience, clients)
        first = len(self.rates) > 1
        return [
            Visit(
                n,
                1,
                (arrives := START + float(at[n - 1]) * MINUTE),
                float(lasts[n - 1]),
                Interval(arrives, arrives + MINUTE) if first and kind[n - 1] == 0 else None,
                patience=float(patience[n - 1]),
            )
            for n in range(1, clients + 1)
        ]

    def lasts(self, clients, rng):
        """Services of mean 1: constant, or gamma with the wanted cv²."""
        if self.cv2 == 0:
            return np.ones(clients)
        return rng.gamma(1 / self.cv2, self.cv2, clients)


def interval(values):
    """Mean and half-width of the 99 % t-interval."""
    half = 2.7564 * np.std(values, ddof=1) / sqrt(len(values))
    assert len(values) == 30, "the t-quantile is of 29 degrees of freedom"
    return float(np.mean(values)), float(half)
