"""Private appointments of officials, which block their time for booking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext_noop

from prepazka.booking.absences import Affected, future_bookings
from prepazka.booking.booking_locks import lock_days
from prepazka.booking.models import Booking, Busy
from prepazka.core import calendar, events
from prepazka.core.interval import Interval
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.offices.models import Official
from prepazka.offices.office_snapshot import OfficeSnapshot

WEEK = timedelta(days=7)
FARTHEST = timedelta(days=400)
Times = list[Interval[datetime]]


class AppointmentTooFar(Refused):
    """A time of the appointment is over, or ends more than FARTHEST ahead; give other times."""

    message = gettext_noop("An appointment must end in the future, at most 400 days from now.")


@transaction.atomic
def add_appointment(
    *,
    office: OfficeSnapshot,
    official: Official,
    times: Times,
    title: str,
    now: datetime,
    actor: int,
    accept: bool = False,
) -> list[Booking]:
    """Block the times for booking; returns the bookings that lie in them.

    Several times belong to one repeating appointment. Existing bookings are kept if `accept` is
    set; otherwise Affected is raised. Raises AppointmentTooFar.
    """
    _must_be_near(times, now)
    affected = _bookings_affected(office, official, times, (), now, accept=accept)
    series = uuid4() if len(times) > 1 else None
    Busy.objects.bulk_create(
        Busy(
            office=office.row,
            official=official,
            starts_at=time.start,
            ends_at=time.end,
            title=title,
            series=series,
        )
        for time in times
    )
    _record_change(office, official, affected, now, actor)
    return affected


@transaction.atomic
def change_appointment(
    *,
    office: OfficeSnapshot,
    official: Official,
    appointment: int,
    time: Interval[datetime],
    title: str,
    now: datetime,
    actor: int,
    accept: bool = False,
) -> list[Booking]:
    """Change the time or title of one appointment; returns the bookings that lie in the new time.

    Of a repeating appointment only this occurrence changes. Raises Busy.DoesNotExist, Affected,
    AppointmentTooFar.
    """
    _must_be_near([time], now)
    existing = Busy.objects.get(pk=appointment, official=official, calendar=None)
    previous_time = Interval(existing.starts_at, existing.ends_at)
    affected = _bookings_affected(office, official, [time], [previous_time], now, accept=accept)
    # An update by key: somebody may have deleted the row meanwhile, and then nothing changes.
    Busy.objects.filter(pk=existing.pk).update(starts_at=time.start, ends_at=time.end, title=title)
    _record_change(office, official, affected, now, actor)
    return affected


@transaction.atomic
def remove_appointment(
    *,
    office: OfficeSnapshot,
    official: Official,
    appointment: int,
    now: datetime,
    actor: int,
    later_too: bool = False,
) -> None:
    """Delete an appointment, with `later_too` also its later weeks. Does nothing if it is gone."""
    own = Busy.objects.filter(official=official, calendar=None)
    existing = own.filter(pk=appointment).first()
    if existing is None:
        return
    if later_too and existing.series:
        own.filter(series=existing.series, starts_at__gte=existing.starts_at).delete()
    else:
        existing.delete()
    _record_change(office, official, [], now, actor)


def weekly_intervals(first_time: Interval[datetime], until: date, office: OfficeSnapshot) -> Times:
    """The same local time of every week up to and including a day, across clock changes."""
    start, end = (
        instant.astimezone(office.tz).replace(tzinfo=None)
        for instant in (first_time.start, first_time.end)
    )
    times = []
    while start.date() <= until:
        times.append(Interval(_instant(start, office), _instant(end, office)))
        start, end = start + WEEK, end + WEEK
    return times


def bookings_in_busy_time(busy: Iterable[Busy], bookings: Iterable[Booking]) -> set[Booking]:
    """The bookings of one official that overlap the official's busy time."""
    busy_times = list(busy)
    return {
        booking
        for booking in bookings
        if any(
            busy_time.starts_at < booking.ends_at and booking.starts_at < busy_time.ends_at
            for busy_time in busy_times
        )
    }


def busy_of(official: Official, during: Interval[datetime]) -> list[Busy]:
    """The official's busy time that overlaps the interval, ordered by time."""
    rows = Busy.objects.filter(
        office=official.office_id,
        official=official,
        starts_at__lt=during.end,
        ends_at__gt=during.start,
    )
    return list(rows.order_by("starts_at", "pk"))


def _bookings_affected(
    office: OfficeSnapshot,
    official: Official,
    times: Times,
    previous_times: Sequence[Interval[datetime]],
    now: datetime,
    *,
    accept: bool,
) -> list[Booking]:
    """The bookings in the new times that were not in the previous ones; locks their days.

    Raises Affected unless `accept` is set.
    """
    days = {day for time in times for day in _days_touched(time, office)}
    lock_days(office.office_id, days)
    booked = future_bookings(office, official, min(days), max(days), now)
    affected = [
        booking
        for booking in booked
        if _touched(booking, times)
        and not _touched(booking, previous_times)
        and booking.ends_at > now
    ]
    if affected and not accept:
        raise Affected(affected, times)
    return affected


def _touched(booking: Booking, times: Iterable[Interval[datetime]]) -> bool:
    return any(t.start < booking.ends_at and booking.starts_at < t.end for t in times)


def _days_touched(time: Interval[datetime], office: OfficeSnapshot) -> list[date]:
    first_day, last_day = (
        calendar.day_of(time.start, office.tz),
        calendar.day_of(time.end, office.tz),
    )
    return [first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1)]


def _must_be_near(times: Times, now: datetime) -> None:
    if any(time.end <= now or time.end > now + FARTHEST for time in times):
        raise AppointmentTooFar


def _instant(local: datetime, office: OfficeSnapshot) -> datetime:
    return calendar.local_instant(local.date(), local.hour * 60 + local.minute, office.tz)


def _record_change(
    office: OfficeSnapshot, official: Official, affected: list[Booking], now: datetime, actor: int
) -> None:
    record(
        events.DiaryChanged(
            office=office.office_id,
            at=now,
            actor=actor,
            official=official.pk,
            bookings=len(affected),
        )
    )
