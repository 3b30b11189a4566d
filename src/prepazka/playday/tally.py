"""What the day has brought: visits, waits, refusals, and how it is told."""

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
        """The program said no, in its own words."""
        self.refusals[why] += 1

    def broken(self, what: str) -> None:
        """Something that must never happen."""
        self.faults[what] += 1

    def of(self, *, booked: bool) -> list[Visit]:
        """The visits of the booked, or of the others."""
        return [one for one in self.visits if one.booked is booked]


def p80(values: Sequence[float]) -> float:
    """The value that four of five do not exceed."""
    return sorted(values)[ceil(0.8 * len(values)) - 1] if values else 0.0


def waits(visits: Sequence[Visit]) -> list[float]:
    """Minutes of waiting of those who were called and came to the counter."""
    return [one.wait for one in visits if one.wait is not None and one.present]


def line(tally: Tally, shown: datetime, waiting: int) -> str:
    """The living summary."""
    told = [f"{shown:%H:%M}  waiting {waiting:>3}"]
    for name, booked in (("booked", True), ("walk-in", False)):
        visits = tally.of(booked=booked)
        served = sum(one.ended == "served" for one in visits)
        mean = fmean(waits(visits) or [0.0])
        told.append(f"{name}: served {served:>3}, mean wait {mean:4.1f} min")
    return "   ".join(told)


def table(tally: Tally) -> str:
    """The end of the day in numbers."""
    head = f"{'':<10}{'came':>6}{'called':>8}{'served':>8}{'absent':>8}{'gave up':>9}"
    rows = ["", f"{head}{'mean wait':>11}{'P80 wait':>10}"]
    for name, booked in (("booked", True), ("walk-in", False)):
        visits = tally.of(booked=booked)
        ends, found = Counter(one.ended for one in visits), waits(visits)
        rows.append(
            f"{name:<10}{len(visits):>6}{len(found):>8}{ends['served']:>8}{ends['absent']:>8}"
            f"{ends['gave up']:>9}{fmean(found or [0.0]):>7.1f} min{p80(found):>6.1f} min"
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
        said = [f"  {n:>5}  {what}" for what, n in counts.most_common()]
        rows += [f"{title}:", *(said or ["      none"])]
    return "\n".join(rows)
