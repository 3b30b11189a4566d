"""Changes of one official's hours from the screens: absences, extra openings, and their impact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from prepazka.booking import companions
from prepazka.booking.diaries import lanes_of
from prepazka.booking.locks import lock_days
from prepazka.booking.models import EXPIRING, OPEN, RETURNING, Booking, State
from prepazka.core import calendar, events
from prepazka.core.interval import Interval, subtract
from prepazka.journal.record import record
from prepazka.offices import directory
from prepazka.offices.directory import Directory
from prepazka.offices.models import HoursException, Office, Official

COMING = (State.HELD, *OPEN)
FARTHEST = timedelta(days=366)


class Affected(Exception):
    """People have booked time that would be taken back, which is `lost`; nothing was changed."""

    def __init__(self, bookings: list[Booking], lost: Iterable[Interval[datetime]]) -> None:
        super().__init__(f"{len(bookings)} bookings")
        self.bookings, self.lost = bookings, list(lost)


@transaction.atomic
def add_exception(
    *,
    office: Directory,
    official: Official,
    days: calendar.DayException,
    reason: str,
    now: datetime,
    actor: int,
    accept: bool = False,
) -> list[Booking]:
    """Mark an absence (`closed`) or open extra hours of one official.

    Bookings that no longer fit are kept and answered with, if that is accepted; from the meetings
    of others the official is free then. Raises Affected.
    """

    def change() -> None:
        HoursException.objects.create(
            office=office.office,
            official=official,
            reason={"cs": reason} if reason else {},
            **asdict(days),
        )

    return change_hours(
        office, official, (days.from_date, days.to_date), change, now, actor, accept
    )


@transaction.atomic
def remove_exception(
    *,
    office: Directory,
    official: Official,
    exception: int,
    now: datetime,
    actor: int,
    accept: bool = False,
) -> list[Booking]:
    """Take an absence or extra hours back. Repeated, it changes nothing. Raises Affected."""
    found = HoursException.objects.filter(pk=exception, official=official).first()
    if found is None:
        return []

    def change() -> None:
        HoursException.objects.filter(pk=exception, official=official).delete()

    return change_hours(
        office, official, (found.from_date, found.to_date), change, now, actor, accept
    )


def unfit(office: Directory, official: Official, bookings: Iterable[Booking]) -> list[Booking]:
    """Those of the official's bookings that lie outside their hours."""
    return [one for one in bookings if not _fits(office, official, one)]


def coming(
    office: Directory, official: Official, first: date, last: date, now: datetime
) -> list[Booking]:
    """The official's bookings to come on these days, in the order of time."""
    rows = Booking.objects.filter(
        office=office.office,
        lane=lanes_of(office)[official.pk],
        date__range=(first, last),
        state__in=COMING,
        ends_at__gt=now,
    ).exclude(RETURNING | Q(state__in=EXPIRING) & Q(expires_at__lte=now))
    return list(rows.order_by("starts_at"))


def change_hours(
    office: Directory,
    official: Official,
    span: tuple[date, date | None],
    change: Callable[[], None],
    now: datetime,
    actor: int,
    accept: bool,  # noqa: FBT001  # passed on
) -> list[Booking]:
    """Change hours within the days, under their locks, and look who no longer fits. Raises Affected."""
    row = Office.objects.select_for_update(no_key=True).get(pk=office.office.pk)
    first, last = _ahead(span, calendar.day_of(now, office.tz))
    # No booking is made or moved on these days while we look which ones still fit.
    lock_days(row.pk, (first + timedelta(days=n) for n in range((last - first).days + 1)))
    before = coming(office, official, first, last, now)
    old = directory.read(row)
    was = {one.pk for one in unfit(old, official, before)}
    change()
    Office.objects.filter(pk=row.pk).update(version=F("version") + 1)
    row.refresh_from_db()
    # Read afresh: a snapshot kept by version would survive a refusal that rolls this back.
    new = directory.read(row)
    affected = [one for one in unfit(new, official, before) if one.pk not in was]
    if affected and not accept:
        raise Affected(affected, _lost(old, new, official, {one.date for one in affected}))
    companions.lose([one for one in affected if one.companion_of_id], now=now, actor=actor)
    kept = [one for one in affected if one.companion_of_id is None]
    record(
        events.DiaryChanged(
            office=row.pk, at=now, actor=actor, official=official.pk, bookings=len(kept)
        )
    )
    return kept


def _lost(
    old: Directory, new: Directory, official: Official, days: set[date]
) -> list[Interval[datetime]]:
    """The time of these days in which the official would no longer take people."""
    found = []
    for day in sorted(days):
        gone = subtract(old.diary_hours(official, day), new.diary_hours(official, day))
        found += [calendar.instants(one, day, old.tz) for one in gone]
    return [one for one in found if one]


def _ahead(span: tuple[date, date | None], today: date) -> tuple[date, date]:
    """The days of the change on which anything can be booked."""
    first = max(span[0], today)
    last = min(span[1] or today + FARTHEST, today + FARTHEST)
    return first, max(first, last)


def _fits(office: Directory, official: Official, booking: Booking) -> bool:
    wanted = Interval(booking.starts_at, booking.ends_at)
    service = office.services[booking.service_id]
    hours = (
        # Who comes to a colleague's meeting needs no topic, only to be at work.
        office.diary_hours(official, booking.date)
        if booking.companion_of_id
        else office.official_hours(official, service, booking.date, booking.mode)
    )
    return any(
        one.contains(wanted)
        for minutes in hours
        if (one := calendar.instants(minutes, booking.date, office.tz))
    )
