"""The load of an office's day: who waits, who is still to come, and what the counters can bear."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from prepazka.booking.models import Booking
from prepazka.booking.models import State as BookingState
from prepazka.core import calendar, figures
from prepazka.reporting.hall import Hall

CHANGE_OF_PEOPLE = 0.5  # minutes from one client to the next


@dataclass(frozen=True)
class Window:
    """Bookings that are still to come, by the start of their window."""

    starts_at: datetime
    ends_at: datetime
    booked: int


@dataclass(frozen=True)
class Load:
    """What the rest of the day holds; minutes and people."""

    booked_waiting: int
    walk_ins_waiting: int
    late_waiting: int
    to_come: list[Window]
    counters: int
    minutes_left: float
    mean: float
    capacity: int  # people the open counters can still serve before closing
    needed: float | None  # minutes to serve all who wait and are to come; None: no counter open
    finish_at: datetime | None
    closes_at: datetime | None

    @property
    def booked_to_come(self) -> int:
        """How many booked clients have not arrived yet."""
        return sum(window.booked for window in self.to_come)

    @property
    def people(self) -> int:
        """Everybody still to be served."""
        return self.booked_waiting + self.walk_ins_waiting + self.booked_to_come

    @property
    def free(self) -> int:
        """How many more walk-ins fit in before closing."""
        return max(0, self.capacity - self.people)

    @property
    def fits(self) -> bool:
        """Whether all of them are served before closing."""
        return self.capacity >= self.people


def day_load(seen: Hall) -> Load:
    """The load of today as seen from this moment; one more SQL statement than the hall."""
    booked = sum(w.booked is not None for w in seen.waiting)
    to_come = _to_come(seen)
    people = len(seen.waiting) + sum(window.booked for window in to_come)
    counters = len(seen.open_shifts())
    left, closes_at = _until_closing(seen)
    mean = _mean(seen)
    needed = people * mean / counters if counters else None
    return Load(
        booked_waiting=booked,
        walk_ins_waiting=len(seen.waiting) - booked,
        late_waiting=sum(w.late for w in seen.waiting),
        to_come=to_come,
        counters=counters,
        minutes_left=left,
        mean=mean,
        capacity=figures.remaining_capacity(left, counters, mean),
        needed=needed,
        finish_at=None if needed is None else _after_open_minutes(seen, needed),
        closes_at=closes_at,
    )


def _to_come(seen: Hall) -> list[Window]:
    rows = (
        Booking.objects.filter(
            office=seen.office.office,
            date=calendar.day_of(seen.now, seen.office.tz),
            state=BookingState.CONFIRMED,
            ends_at__gt=seen.now,
        )
        .values_list("starts_at", "ends_at")
        .annotate(booked=Count("pk"))
        .order_by("starts_at")
    )
    return [Window(start, end, booked) for start, end, booked in rows]


def _until_closing(seen: Hall) -> tuple[float, datetime | None]:
    """Open minutes left today without the breaks, and when the last of them ends."""
    day, tz = calendar.day_of(seen.now, seen.office.tz), seen.office.tz
    minute = calendar.minute_of(seen.now, tz)
    hours = [one for one in seen.office.office_hours(day) if one.end > minute]
    left = sum(one.end - max(one.start, minute) for one in hours)
    return left, calendar.local_instant(day, hours[-1].end, tz) if hours else None


def _after_open_minutes(seen: Hall, needed: float) -> datetime:
    """The moment after so many open minutes; beyond closing the clerks just stay on."""
    day, tz = calendar.day_of(seen.now, seen.office.tz), seen.office.tz
    minute = calendar.minute_of(seen.now, tz)
    hours = [one for one in seen.office.office_hours(day) if one.end > minute]
    for one in hours:
        start = max(one.start, minute)
        if needed <= one.end - start or one is hours[-1]:
            began = max(seen.now, calendar.local_instant(day, start, tz))
            return began + timedelta(minutes=needed)
        needed -= one.end - start
    return seen.now + timedelta(minutes=needed)


def _mean(seen: Hall) -> float:
    """Mean minutes per person: of those who wait, else of what the office offers."""
    services = [w.service for w in seen.waiting] or [s.pk for s in seen.office.offered_services()]
    means = [round(seen.times.mean(service), 1) for service in services]
    return (sum(means) / len(means) if means else 10.0) + CHANGE_OF_PEOPLE
