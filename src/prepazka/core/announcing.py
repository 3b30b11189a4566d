"""How an estimate of the wait is announced: rounded, as a span, and raised only when it matters."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor

RAISED_BY, RAISED_SHARE = 5.0, 0.2  # a shown wait is raised only when it grew by more
SOON, LONG = 10, 30  # minutes up to which a wait is rounded to 2 and to 5 minutes; beyond, to 10
FEW_AHEAD, NEAR = 1, 10.0  # people and minutes: the turn is near
NOTHING = 0.5  # minutes; a shorter wait is announced as none


@dataclass(frozen=True, slots=True)
class Expected:
    """Quantiles of the minutes until the call: one in five waits less than p20."""

    p20: float
    p50: float
    p80: float
    thin: bool = False  # made of configured means, because too few services have been seen

    @property
    def span(self) -> tuple[int, int]:
        """The least and the most minutes to announce; (0, 0) is no wait."""
        high = announced_minutes(self.p80)
        return min(_rounded_down(self.p20), high), high


def announced_minutes(minutes: float) -> int:
    """The minutes rounded up to 2, 5 or 10, so that the announcement holds at least as often."""
    if minutes < NOTHING:
        return 0
    step = _step(minutes)
    return ceil(minutes / step) * step


def _rounded_down(minutes: float) -> int:
    step = _step(minutes)
    return floor(minutes / step) * step


def _step(minutes: float) -> int:
    return 2 if minutes <= SOON else 5 if minutes <= LONG else 10


def latest_call_time(announced_at: datetime, estimated_at: datetime, now: datetime) -> datetime:
    """The moment to show as the latest one by which a ticket is called.

    An earlier estimate replaces the announced one at once, a later one only when the wait grew by
    more than RAISED_BY minutes and RAISED_SHARE; until then the announced one counts down.
    """
    minutes_left = max((announced_at - now) / timedelta(minutes=1), 0.0)
    minutes_later = (estimated_at - announced_at) / timedelta(minutes=1)
    return (
        announced_at
        if 0 < minutes_later <= max(RAISED_BY, RAISED_SHARE * minutes_left)
        else estimated_at
    )


def is_turn_near(ahead: int | None, expected: Expected | None) -> bool:
    """Whether to ask the holder to come: at most one person ahead, or P20 of ten minutes or less.

    Without `ahead` only the minutes count. False while no counter is open for the ticket.
    """
    if expected is None:
        return False
    return expected.p20 <= NEAR or (ahead is not None and ahead <= FEW_AHEAD)
