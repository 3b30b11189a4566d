"""Calibrating a stream of forecasts as it comes true, by queue, with the delay of life."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush

from prepazka.core.learning import Calibration, split_conformal

ENOUGH = 100  # past tickets of a queue for a factor of its own


@dataclass
class Calibrated:
    """One calibration for each queue; what a ticket waited is learned only once it is called."""

    gamma: float
    begin: dict[str, Calibration] = field(default_factory=dict)
    usual: Calibration = field(default_factory=Calibration)
    outstanding: list[tuple[tuple[int, float], int, str, bool]] = field(default_factory=list)
    count: int = 0

    @classmethod
    def started(cls, past: Iterable[tuple[str, float, float]], *, gamma: float) -> Calibrated:
        """Begin from (queue, wait, raw P80) of the past."""
        seen = list(past)
        usual = split_conformal([w for _, w, _ in seen], [q for _, _, q in seen], gamma=gamma)
        by_queue: dict[str, list[tuple[float, float]]] = {}
        for queue, wait, raw in seen:
            by_queue.setdefault(queue, []).append((wait, raw))
        begin = {}
        for queue, pairs in by_queue.items():
            own = split_conformal([w for w, _ in pairs], [q for _, q in pairs], gamma=gamma)
            share = len(pairs) / (len(pairs) + ENOUGH)
            theta = share * own.theta + (1 - share) * usual.theta
            begin[queue] = replace(usual, theta=theta)
        return cls(gamma, begin, usual)

    def announce(
        self, queue: str, raw: float, wait: float, at: tuple[int, float], called: float
    ) -> float:
        """The calibrated P80 of a ticket taken `at` (day, minute) and called later that day."""
        while self.outstanding and self.outstanding[0][0] <= at:
            _, _, other, missed = heappop(self.outstanding)
            self.begin[other] = self.begin[other].after(missed=missed)
        now = self.begin.setdefault(queue, self.usual)
        said = now.announced(raw)
        self.count += 1
        heappush(self.outstanding, ((at[0], called), self.count, queue, wait > said))
        return said
