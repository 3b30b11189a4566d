"""Rules of the waiting list: the order of offers, how long each is held, and when people drop out.

People get offers in the order in which they joined. Whoever answers keeps their place; whoever does
not goes behind the others, and off the list after three unanswered offers in a row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

MOST_UNANSWERED = 3
# The least time to answer an offer, quiet hours not counted; with less, no offer is made.
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
    """Slots that suit a person: first to last day (included), weekdays (0 is Monday), hours."""

    first: date
    last: date
    weekdays: frozenset[int]
    from_min: int  # local minutes after midnight
    to_min: int
    before: datetime | None = None  # the slot must end before the booking that the person has
    not_at: frozenset[datetime] = frozenset()  # offered to the person already

    def suits(
        self, *, day: date, start_min: int, end_min: int, starts_at: datetime, ends_at: datetime
    ) -> bool:
        """Whether the whole slot lies within the wish."""
        return (
            self.first <= day <= self.last
            and day.weekday() in self.weekdays
            and self.from_min <= start_min
            and end_min <= self.to_min
            and (self.before is None or ends_at <= self.before)
            and starts_at not in self.not_at
        )


def in_order_of_offers(entries: Iterable[Q]) -> list[Q]:
    """The entries in the order of offers."""
    return sorted(entries, key=lambda entry: (entry.queued_at, entry.created_at))


def offer_deadline(
    *,
    now: datetime,
    quiet_until: datetime | None,
    starts_at: datetime,
    lead: timedelta,
    lasts: timedelta,
) -> datetime | None:
    """Until when an offer made now is held; None if there is too little time to answer.

    The time to answer counts from the end of quiet hours. A slot is never held beyond the last
    moment at which it can be booked.
    """
    awake = max(now, quiet_until or now)
    until = min(awake + lasts, starts_at - lead)
    return until if until - awake >= min(LEAST_TO_ANSWER, lasts) else None


def is_dropped(unanswered: int) -> bool:
    """Whether so many unanswered offers in a row end the waiting."""
    return unanswered >= MOST_UNANSWERED
