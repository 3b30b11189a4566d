"""The waiting list's rules, which every office states to its people: whose turn it is, how long.

People are asked in the order in which they joined. Whoever answers, keeps their place; whoever lets
an offer pass goes behind the others, and after three in a row off the list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

MOST_UNANSWERED = 3
# Nobody is asked who would have less than this to answer, with the quiet hours left out.
LEAST_TO_ANSWER = timedelta(minutes=15)


class Queued(Protocol):
    """Somebody on the list."""

    @property
    def queued_at(self) -> datetime: ...
    @property
    def created_at(self) -> datetime: ...


Q = TypeVar("Q", bound=Queued)


@dataclass(frozen=True, slots=True)
class Wish:
    """Which terms suit: days from–to with the last one included, weekdays (0 is Monday), hours."""

    first: date
    last: date
    weekdays: frozenset[int]
    from_min: int  # local minutes after midnight
    to_min: int
    before: datetime | None = None  # over before the term that the person has
    not_at: frozenset[datetime] = frozenset()  # offered to the person already

    def suits(
        self, *, day: date, start_min: int, end_min: int, starts_at: datetime, ends_at: datetime
    ) -> bool:
        """Whether the whole term lies within the wish."""
        return (
            self.first <= day <= self.last
            and day.weekday() in self.weekdays
            and self.from_min <= start_min
            and end_min <= self.to_min
            and (self.before is None or ends_at <= self.before)
            and starts_at not in self.not_at
        )


def in_order(entries: Iterable[Q]) -> list[Q]:
    """Whose turn it is, first to last."""
    return sorted(entries, key=lambda one: (one.queued_at, one.created_at))


def keep_until(
    *,
    now: datetime,
    quiet_until: datetime | None,
    starts_at: datetime,
    lead: timedelta,
    lasts: timedelta,
) -> datetime | None:
    """Until when an offer made now waits for its answer; None if there would be no time for it.

    In quiet hours people sleep: the time to answer counts from their end. The term is never kept
    longer than till the last moment at which it could be booked.
    """
    awake = max(now, quiet_until or now)
    until = min(awake + lasts, starts_at - lead)
    return until if until - awake >= min(LEAST_TO_ANSWER, lasts) else None


def is_dropped(unanswered: int) -> bool:
    """Whether so many offers passed in silence, one after another, end the waiting."""
    return unanswered >= MOST_UNANSWERED
