"""Inputs of the estimate and the simulator: counters, expected clients, people's habits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt

from prepazka.core.interval import Interval

Floats = npt.NDArray[np.float64]

MINUTE = timedelta(minutes=1)
ABSENT_MIN = 0.7  # minutes that a counter loses by calling somebody who has left
USUAL_OFFSETS = (-22.0, -17.5, -15.0, -13.0, -11.2, -9.7, -8.3, -7.0, -5.7, -4.3, -2.8, -1.0, 1.0, 3.5, 8.0)  # fmt: skip


class Times(Protocol):
    """Learned service times."""

    def sample(self, service: int) -> Floats:
        """Equally likely minutes of the service by an average clerk on an average day, sorted."""

    def factor(self, clerk: int | None) -> float:
        """The factor of the clerk's service times to those of the average clerk."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter that is or will be open, and the service under way there."""

    counter: int
    serves: frozenset[int]
    clerk: int | None = None
    serving: int | None = None  # the service under way
    busy_since: datetime | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None  # calls nobody from then on
    breaks: tuple[Interval[datetime], ...] = ()  # each starts when the client of its start leaves


@dataclass(frozen=True, slots=True)
class Coming:
    """A booked client who has not arrived yet; `ticket` differs from those in the hall."""

    ticket: int
    service: int
    booked: Interval[datetime]
    shows_up: float = 0.88


@dataclass(frozen=True, slots=True)
class Habits:
    """Today's speed, and how people arrive and leave."""

    day: float = 0.0  # log of today's factor on service times
    day_sd: float = 0.1
    offsets: Sequence[float] = USUAL_OFFSETS  # minutes from the window's start to the arrival
    early: timedelta = timedelta(minutes=30)  # the earliest check-in before the window
    # P(gone when called | waited between the edges); the last is for the longest waits.
    gone_edges: Sequence[float] = ()
    gone: Sequence[float] = (0.0,)
    absent_min: float = ABSENT_MIN
    leaving_seen: bool = False  # True: people who leave are taken out of the hall at once
