"""Private appointments of an official: time that nobody may book from then on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from uuid import uuid4

from django.db import transaction

from prepazka.booking.absences import Affected, coming
from prepazka.booking.locks import lock_days
from prepazka.booking.models import Booking, Busy
from prepazka.core import calendar, events
from prepazka.core.interval import Interval
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.offices.directory import Directory
from prepazka.offices.models import Official

WEEK = timedelta(days=7)
FARTHEST = timedelta(days=400)
Times = list[Interval[datetime]]


class AppointmentTooFar(Refused):
    """An appointment may be at most 400 days ahead, and must not be over yet."""


@transaction.atomic
def add_appointment(
    *,
    office: Directory,
    official: Official,
    times: Times,
    title: str,
    now: datetime,
    actor: int,
    accept: bool = False,
) -> list[Booking]:
    """Keep the times free; several belong to one appointment that repeats.

    Bookings made before are kept and answered with, if that is accepted. Raises Affected,
    AppointmentTooFar.
    """
    _must_be_near(times, now)
    affected = _look(office, official, times, (), now, accept=accept)
    series = uuid4() if len(times) > 1 else None
    Busy.objects.bulk_create(
        Busy(
            office=office.office,
            official=official,
            starts_at=one.start,
            ends_at=one.end,
            title=title,
            series=series,
        )
        for one in times
    )
    _say(office, official, affected, now, actor)
    return affected


@transaction.atomic
def change_appointment(
    *,
    office: Directory,
    official: Official,
    appointment: int,
    time: Interval[datetime],
    title: str,
    now: datetime,
    actor: int,
    accept: bool = False,
) -> list[Booking]:
    """Give one appointment another time or title; of one that repeats, only this week's.

    Raises Busy.DoesNotExist, Affected, AppointmentTooFar.
    """
    _must_be_near([time], now)
    found = Busy.objects.get(pk=appointment, official=official, calendar=None)
    was = Interval(found.starts_at, found.ends_at)
    affected = _look(office, official, [time], [was], now, accept=accept)
    # Somebody else may have deleted it meanwhile; then nothing is there to be changed.
    Busy.objects.filter(pk=found.pk).update(starts_at=time.start, ends_at=time.end, title=title)
    _say(office, official, affected, now, actor)
    return affected


@transaction.atomic
def remove_appointment(
    *,
    office: Directory,
    official: Official,
    appointment: int,
    now: datetime,
    actor: int,
    later_too: bool = False,
) -> None:
    """Give the time back, on request with all later weeks. Repeated, it changes nothing."""
    own = Busy.objects.filter(official=official, calendar=None)
    found = own.filter(pk=appointment).first()
    if found is None:
        return
    if later_too and found.series:
        own.filter(series=found.series, starts_at__gte=found.starts_at).delete()
    else:
        found.delete()
    _say(office, official, [], now, actor)


def weekly(first: Interval[datetime], until: date, office: Directory) -> Times:
    """The same local time of every week up to a day, whatever the clocks do meanwhile."""
    start, end = (
        one.astimezone(office.tz).replace(tzinfo=None) for one in (first.start, first.end)
    )
    found = []
    while start.date() <= until:
        found.append(Interval(_instant(start, office), _instant(end, office)))
        start, end = start + WEEK, end + WEEK
    return found


def clashes(busy: Iterable[Busy], bookings: Iterable[Booking]) -> set[Booking]:
    """Those of one official's bookings that lie in their busy time."""
    known = list(busy)
    return {
        one
        for one in bookings
        if any(b.starts_at < one.ends_at and one.starts_at < b.ends_at for b in known)
    }


def busy_of(official: Official, during: Interval[datetime]) -> list[Busy]:
    """Busy time of the official that touches the interval, in the order of time."""
    rows = Busy.objects.filter(
        office=official.office_id,
        official=official,
        starts_at__lt=during.end,
        ends_at__gt=during.start,
    )
    return list(rows.order_by("starts_at", "pk"))


def _look(
    office: Directory,
    official: Official,
    times: Times,
    before: Sequence[Interval[datetime]],
    now: datetime,
    *,
    accept: bool,
) -> list[Booking]:
    """Who is booked in the new times and was not in the way `before`; their days are locked."""
    days = {day for one in times for day in _days(one, office)}
    lock_days(office.office.pk, days)
    booked = coming(office, official, min(days), max(days), now)
    affected = [
        one
        for one in booked
        if _touched(one, times) and not _touched(one, before) and one.ends_at > now
    ]
    if affected and not accept:
        raise Affected(affected, times)
    return affected


def _touched(booking: Booking, times: Iterable[Interval[datetime]]) -> bool:
    return any(t.start < booking.ends_at and booking.starts_at < t.end for t in times)


def _days(one: Interval[datetime], office: Directory) -> list[date]:
    first, last = calendar.day_of(one.start, office.tz), calendar.day_of(one.end, office.tz)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _must_be_near(times: Times, now: datetime) -> None:
    if any(one.end <= now or one.end > now + FARTHEST for one in times):
        raise AppointmentTooFar


def _instant(local: datetime, office: Directory) -> datetime:
    return calendar.local_instant(local.date(), local.hour * 60 + local.minute, office.tz)


def _say(
    office: Directory, official: Official, affected: list[Booking], now: datetime, actor: int
) -> None:
    record(
        events.DiaryChanged(
            office=office.office.pk,
            at=now,
            actor=actor,
            official=official.pk,
            bookings=len(affected),
        )
    )
