"""Online calibration of forecasts by queue, each learned from only once the ticket is called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush

from prepazka.core.learned_durations import Calibration, split_conformal

ENOUGH = 100  # past tickets of a queue for a factor of its own


@dataclass
class Calibrated:
    """A calibration for each queue; a ticket's wait is learned only once it is called."""

    gamma: float
    begin: dict[str, Calibration] = field(default_factory=dict)
    usual: Calibration = field(default_factory=Calibration)
    outstanding: list[tuple[tuple[int, float], int, str, bool]] = field(default_factory=list)
    count: int = 0

    @classmethod
    def started(cls, past: Iterable[tuple[str, float, float]], *, gamma: float) -> Calibrated:
        """Calibrations fitted to past (queue, wait, raw P80)."""
        past_waits = list(past)
        usual = split_conformal(
            [w for _, w, _ in past_waits], [q for _, _, q in past_waits], gamma=gamma
        )
        by_queue: dict[str, list[tuple[float, float]]] = {}
        for queue, wait, raw in past_waits:
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
            _, _, queue_called, missed = heappop(self.outstanding)
            self.begin[queue_called] = self.begin[queue_called].after(missed=missed)
        now = self.begin.setdefault(queue, self.usual)
        announced = now.announced(raw)
        self.count += 1
        heappush(self.outstanding, ((at[0], called), self.count, queue, wait > announced))
        return announced
