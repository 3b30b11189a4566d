"""The load of an office's day: people waiting and to come against the counters' capacity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from prepazka.booking.models import Booking, BookingState
from prepazka.core import calendar, figures
from prepazka.reporting.live_hall import Hall

CHANGE_OF_PEOPLE = 0.5  # minutes from one client to the next


@dataclass(frozen=True)
class Window:
    """The number of bookings of a window that are still to come."""

    starts_at: datetime
    ends_at: datetime
    booked: int


@dataclass(frozen=True)
class Load:
    """The load of the rest of the day, in minutes and people."""

    booked_waiting: int
    walk_ins_waiting: int
    late_waiting: int
    to_come: list[Window]
    counters: int
    minutes_left: float
    mean: float
    capacity: int  # people the open counters can still serve before closing
    needed: float | None  # minutes to serve all who wait or are to come; None: no counter open
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
        """Whether all can be served before closing."""
        return self.capacity >= self.people


def day_load(hall: Hall) -> Load:
    """The load of the rest of today. One SQL statement."""
    booked = sum(w.booked is not None for w in hall.waiting)
    to_come = _to_come(hall)
    people = len(hall.waiting) + sum(window.booked for window in to_come)
    counters = len(hall.open_shifts())
    minutes_left, closes_at = _until_closing(hall)
    mean = _mean(hall)
    needed = people * mean / counters if counters else None
    return Load(
        booked_waiting=booked,
        walk_ins_waiting=len(hall.waiting) - booked,
        late_waiting=sum(w.late for w in hall.waiting),
        to_come=to_come,
        counters=counters,
        minutes_left=minutes_left,
        mean=mean,
        capacity=figures.remaining_capacity(minutes_left, counters, mean),
        needed=needed,
        finish_at=None if needed is None else _after_open_minutes(hall, needed),
        closes_at=closes_at,
    )


def _to_come(hall: Hall) -> list[Window]:
    rows = (
        Booking.objects.filter(
            office=hall.office.row,
            date=calendar.day_of(hall.now, hall.office.tz),
            state=BookingState.CONFIRMED,
            ends_at__gt=hall.now,
        )
        .values_list("starts_at", "ends_at")
        .annotate(booked=Count("pk"))
        .order_by("starts_at")
    )
    return [Window(start, end, booked) for start, end, booked in rows]


def _until_closing(hall: Hall) -> tuple[float, datetime | None]:
    """Open minutes left today without breaks, and when the office closes."""
    day, tz = calendar.day_of(hall.now, hall.office.tz), hall.office.tz
    minute = calendar.minute_of(hall.now, tz)
    hours = [
        opening for opening in hall.office.opening_hours.of_office(day) if opening.end > minute
    ]
    minutes_left = sum(opening.end - max(opening.start, minute) for opening in hours)
    return minutes_left, calendar.local_instant(day, hours[-1].end, tz) if hours else None


def _after_open_minutes(hall: Hall, needed: float) -> datetime:
    """The moment after so many open minutes; beyond closing every minute counts."""
    day, tz = calendar.day_of(hall.now, hall.office.tz), hall.office.tz
    minute = calendar.minute_of(hall.now, tz)
    hours = [
        opening for opening in hall.office.opening_hours.of_office(day) if opening.end > minute
    ]
    for opening in hours:
        start = max(opening.start, minute)
        if needed <= opening.end - start or opening is hours[-1]:
            began = max(hall.now, calendar.local_instant(day, start, tz))
            return began + timedelta(minutes=needed)
        needed -= opening.end - start
    return hall.now + timedelta(minutes=needed)


def _mean(hall: Hall) -> float:
    """Mean minutes per person: of waiting people's services, else of all that are offered."""
    services = [w.service for w in hall.waiting] or [s.pk for s in hall.office.offered_services()]
    means = [round(hall.times.mean(service), 1) for service in services]
    return (sum(means) / len(means) if means else 10.0) + CHANGE_OF_PEOPLE
