"""The counts of a simulated day: visits, waits, refusals, faults, and their tables."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from statistics import fmean


@dataclass
class Visit:
    """One person with a ticket."""

    label: str
    issued_at: datetime
    since: datetime  # the wait counts from here: the arrival, or the booked time if that is later
    booked: bool
    present: bool = True
    called_at: datetime | None = None
    ended: str = ""  # served, absent, gave up

    @property
    def wait(self) -> float | None:
        """Minutes of waiting until the first call."""
        if self.called_at is None:
            return None
        return max(0.0, (self.called_at - self.since) / timedelta(minutes=1))


@dataclass
class Tally:
    """All counts of a run."""

    requests: int = 0
    lost: int = 0  # connections
    booked: int = 0
    never_came: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    visits: list[Visit] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def refused(self, why: str) -> None:
        """Count a refusal by its words."""
        self.refusals[why] += 1

    def broken(self, fault: str) -> None:
        """Count a fault, which must never happen."""
        self.faults[fault] += 1

    def of(self, *, booked: bool) -> list[Visit]:
        """The visits of booked clients, or of walk-ins."""
        return [visit for visit in self.visits if visit.booked is booked]


def p80(values: Sequence[float]) -> float:
    """The value that four of five do not exceed."""
    return sorted(values)[ceil(0.8 * len(values)) - 1] if values else 0.0


def waiting_minutes(visits: Sequence[Visit]) -> list[float]:
    """Minutes of waiting of those who were called and came to the counter."""
    return [visit.wait for visit in visits if visit.wait is not None and visit.present]


def summary_line(tally: Tally, shown_at: datetime, waiting: int) -> str:
    """One line of the live summary."""
    columns = [f"{shown_at:%H:%M}  waiting {waiting:>3}"]
    for name, booked in (("booked", True), ("walk-in", False)):
        visits = tally.of(booked=booked)
        served = sum(visit.ended == "served" for visit in visits)
        mean = fmean(waiting_minutes(visits) or [0.0])
        columns.append(f"{name}: served {served:>3}, mean wait {mean:4.1f} min")
    return "   ".join(columns)


def count_table(tally: Tally) -> str:
    """The table of the day's counts."""
    head = f"{'':<10}{'came':>6}{'called':>8}{'served':>8}{'absent':>8}{'gave up':>9}"
    rows = ["", f"{head}{'mean wait':>11}{'P80 wait':>10}"]
    for name, booked in (("booked", True), ("walk-in", False)):
        visits = tally.of(booked=booked)
        ends, waited = Counter(visit.ended for visit in visits), waiting_minutes(visits)
        rows.append(
            f"{name:<10}{len(visits):>6}{len(waited):>8}{ends['served']:>8}{ends['absent']:>8}"
            f"{ends['gave up']:>9}{fmean(waited or [0.0]):>7.1f} min{p80(waited):>6.1f} min"
        )
    seconds = max(0.1, time.monotonic() - tally.began)
    rows += [
        "A booked client's wait counts from the arrival, or from the booked time if that is later.",
        "Whoever came after the booked time waits with the walk-ins and is counted there.",
        f"Booked {tally.booked}, of whom {tally.never_came} never came.",
        f"{tally.requests} requests in {seconds:.0f} s, {tally.requests / seconds:.1f} a second.",
        f"Connections lost: {tally.lost}.",
    ]
    for title, counts in (
        ("Steps of the clerks", tally.steps),
        ("Refusals", tally.refusals),
        ("FAULTS", tally.faults),
    ):
        lines = [f"  {n:>5}  {name}" for name, n in counts.most_common()]
        rows += [f"{title}:", *(lines or ["      none"])]
    return "\n".join(rows)
