"""Queues whose waits are known exactly, played by the simulator."""

import gc
from dataclasses import dataclass
from datetime import UTC, datetime
from math import sqrt

import numpy as np

from prepazka.core.discipline import Policy
from prepazka.core.hall_model import MINUTE, Counter
from prepazka.core.interval import Interval
from prepazka.core.simulation import Visit, simulate_day

START = datetime(2026, 1, 1, tzinfo=UTC)
REPLICATIONS = 30
T_995 = 2.7564  # Student's t of 29 degrees of freedom


@dataclass(frozen=True)
class Queue:
    """Poisson arrivals by class (the first goes first), servers, means and cv² of services."""

    rates: tuple[float, ...]
    servers: int
    means: tuple[float, ...]
    cv2: float = 1.0
    patience: float | None = None  # mean, exponential

    def waits(self, clients, seed):
        """Minutes waited by class; who walked away waited as long as they had patience."""
        visits = self.visits(clients, np.random.default_rng(seed))
        counters = [Counter(n, frozenset({1})) for n in range(1, self.servers + 1)]
        done = simulate_day(visits, counters, policy=Policy(), absent_min=0.0)
        assert len(done.calls) == clients
        waited = [[] for _ in self.rates]
        for call in done.calls:
            if call.visit.ticket > clients // 20:  # the hall starts empty
                was = min(call.waited, call.visit.patience)
                waited[0 if call.visit.booked or len(self.rates) == 1 else 1].append(was)
        return [np.array(w) for w in waited], float(np.mean([c.gone for c in done.calls]))

    def visits(self, clients, rng):
        """Arrivals in order; the first class is booked for the very minute it comes."""
        total = sum(self.rates)
        at = np.cumsum(rng.exponential(1 / total, clients))
        first = rng.random(clients) < self.rates[0] / total
        if len(self.rates) == 1:
            first[:] = False
        lasts = self.lasts(clients, rng) * np.where(first, self.means[0], self.means[-1])
        patience = np.full(clients, np.inf)
        if self.patience:
            patience = rng.exponential(self.patience, clients)
        return [
            Visit(
                n,
                1,
                (arrives := START + float(at[n - 1]) * MINUTE),
                float(lasts[n - 1]),
                Interval(arrives, arrives + MINUTE) if first[n - 1] else None,
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
    """Mean and half-width of the 99 % t-interval over the replications."""
    assert len(values) == REPLICATIONS
    return float(np.mean(values)), T_995 * float(np.std(values, ddof=1)) / sqrt(len(values))


def replicated(queue, clients, figure):
    """The figure of the waits in each of thirty replications."""
    gc.disable()  # nothing here refers to itself, and looking for it takes an eighth of the time
    try:
        return [figure(*queue.waits(clients, seed)) for seed in range(1, REPLICATIONS + 1)]
    finally:
        gc.enable()
