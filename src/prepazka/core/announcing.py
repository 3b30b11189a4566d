"""How an estimate is said: a percentile rounded up, a span of minutes, and no needless alarms."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor

RAISED_BY, RAISED_SHARE = 5.0, 0.2  # a shown wait is raised only when it grew by more
SOON, LONG = 10, 30  # minutes; beyond them a step of two minutes, then of five, is too exact
FEW_AHEAD, NEAR = 1, 10.0  # people and minutes: the turn is near
NOTHING = 0.5  # less than half a minute is no wait


@dataclass(frozen=True, slots=True)
class Expected:
    """Minutes until the call: one in five waits less than p20, four in five less than p80."""

    p20: float
    p50: float
    p80: float
    thin: bool = False  # made of what was configured, for too little has been seen

    @property
    def span(self) -> tuple[int, int]:
        """The minutes as they are said; (0, 0) is no wait at all."""
        high = within(self.p80)
        return min(_down(self.p20), high), high


def within(minutes: float) -> int:
    """Rounded up, so that what is said holds at least as often: to 2, 5 or 10 minutes."""
    if minutes < NOTHING:
        return 0
    step = _step(minutes)
    return ceil(minutes / step) * step


def _down(minutes: float) -> int:
    step = _step(minutes)
    return floor(minutes / step) * step


def _step(minutes: float) -> int:
    return 2 if minutes <= SOON else 5 if minutes <= LONG else 10


def steady(before: datetime, fresh: datetime, now: datetime) -> datetime:
    """The moment by which a ticket is called, as it goes on being shown.

    A sooner one is told at once, a later one only when the wait grew by much; until then the one
    said before counts down.
    """
    left = max((before - now) / timedelta(minutes=1), 0.0)
    more = (fresh - before) / timedelta(minutes=1)
    return before if 0 < more <= max(RAISED_BY, RAISED_SHARE * left) else fresh


def is_near(ahead: int | None, expected: Expected | None) -> bool:
    """Whether to tell a holder to come: one person ahead at most, or perhaps called in ten minutes.

    Without `ahead` only the minutes count. Perhaps means that one in five would be. Nobody is told while no counter is open for them.
    """
    if expected is None:
        return False
    return expected.p20 <= NEAR or (ahead is not None and ahead <= FEW_AHEAD)
