"""Changes of one official's hours from the screens: absences, extra openings, and their impact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from prepazka.booking import colleague_claims
from prepazka.booking.booking_locks import lock_days
from prepazka.booking.diaries import lanes_of
from prepazka.booking.models import EXPIRING, OPEN, RETURNING, Booking, BookingState
from prepazka.core import calendar, events
from prepazka.core.interval import Interval, subtract
from prepazka.journal.record import record
from prepazka.offices import office_snapshot
from prepazka.offices.models import HoursException, Office, Official
from prepazka.offices.office_snapshot import OfficeSnapshot

COMING = (BookingState.HELD, *OPEN)
FARTHEST = timedelta(days=366)


class Affected(Exception):
    """Bookings lie in the hours that would be lost; nothing was changed.

    `bookings` are the people concerned, `lost` the spans of time.
    """

    def __init__(self, bookings: list[Booking], lost: Iterable[Interval[datetime]]) -> None:
        super().__init__(f"{len(bookings)} bookings")
        self.bookings, self.lost = bookings, list(lost)


@transaction.atomic
def add_exception(
    *,
    office: OfficeSnapshot,
    official: Official,
    days: calendar.DayException,
    reason: str,
    now: datetime,
    actor: int,
    accept: bool = False,
) -> list[Booking]:
    """Add an absence (`closed`) or extra hours of one official; returns bookings that do not fit.

    Such bookings are kept if `accept` is set; otherwise Affected is raised. The official no longer
    takes part in colleagues' meetings at that time.
    """

    def change() -> None:
        HoursException.objects.create(
            office=office.row,
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
    office: OfficeSnapshot,
    official: Official,
    exception: int,
    now: datetime,
    actor: int,
    accept: bool = False,
) -> list[Booking]:
    """Remove an absence or extra hours; returns the bookings that no longer fit.

    Does nothing if it was removed before. Raises Affected.
    """
    existing = HoursException.objects.filter(pk=exception, official=official).first()
    if existing is None:
        return []

    def change() -> None:
        HoursException.objects.filter(pk=exception, official=official).delete()

    return change_hours(
        office, official, (existing.from_date, existing.to_date), change, now, actor, accept
    )


def bookings_outside_hours(
    office: OfficeSnapshot, official: Official, bookings: Iterable[Booking]
) -> list[Booking]:
    """The official's bookings that lie outside their hours."""
    return [booking for booking in bookings if not _fits(office, official, booking)]


def future_bookings(
    office: OfficeSnapshot, official: Official, first_day: date, last_day: date, now: datetime
) -> list[Booking]:
    """The official's future bookings from `first_day` to `last_day` inclusive, ordered by time."""
    rows = Booking.objects.filter(
        office=office.row,
        lane=lanes_of(office)[official.pk],
        date__range=(first_day, last_day),
        state__in=COMING,
        ends_at__gt=now,
    ).exclude(RETURNING | Q(state__in=EXPIRING) & Q(expires_at__lte=now))
    return list(rows.order_by("starts_at"))


def change_hours(
    office: OfficeSnapshot,
    official: Official,
    span: tuple[date, date | None],
    change: Callable[[], None],
    now: datetime,
    actor: int,
    accept: bool,  # noqa: FBT001  # passed on
) -> list[Booking]:
    """Apply `change` to the official's hours under a lock; returns the bookings that do not fit.

    `span` are the first and last day of the change; None means without an end. Raises Affected
    unless `accept` is set.
    """
    row = Office.objects.select_for_update(no_key=True).get(pk=office.office_id)
    first_day, last_day = _bookable_days(span, calendar.day_of(now, office.tz))
    # Nobody can book or move a booking on these days while we check which ones still fit.
    lock_days(
        row.pk, (first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1))
    )
    bookings = future_bookings(office, official, first_day, last_day, now)
    snapshot_before = office_snapshot.read_snapshot(row)
    already_unfit = {
        booking.pk for booking in bookings_outside_hours(snapshot_before, official, bookings)
    }
    change()
    Office.objects.filter(pk=row.pk).update(version=F("version") + 1)
    row.refresh_from_db()
    # Read from the database: a snapshot cached by version would survive a rollback of this change.
    snapshot_after = office_snapshot.read_snapshot(row)
    affected = [
        booking
        for booking in bookings_outside_hours(snapshot_after, official, bookings)
        if booking.pk not in already_unfit
    ]
    if affected and not accept:
        raise Affected(
            affected,
            _lost_time(
                snapshot_before, snapshot_after, official, {booking.date for booking in affected}
            ),
        )
    colleague_claims.release_companions(
        [booking for booking in affected if booking.companion_of_id], now=now, actor=actor
    )
    still_booked = [booking for booking in affected if booking.companion_of_id is None]
    record(
        events.DiaryChanged(
            office=row.pk, at=now, actor=actor, official=official.pk, bookings=len(still_booked)
        )
    )
    return still_booked


def _lost_time(
    before: OfficeSnapshot, after: OfficeSnapshot, official: Official, days: set[date]
) -> list[Interval[datetime]]:
    """The spans of these days in which the official no longer works after the change."""
    lost_spans = []
    for day in sorted(days):
        lost_minutes = subtract(
            before.opening_hours.of_diary(official.pk, day),
            after.opening_hours.of_diary(official.pk, day),
        )
        lost_spans += [
            calendar.instants_of_minutes(minutes, day, before.tz) for minutes in lost_minutes
        ]
    return [span for span in lost_spans if span]


def _bookable_days(span: tuple[date, date | None], today: date) -> tuple[date, date]:
    """The first and last day of the change on which anything can be booked."""
    first_day = max(span[0], today)
    last_day = min(span[1] or today + FARTHEST, today + FARTHEST)
    return first_day, max(first_day, last_day)


def _fits(office: OfficeSnapshot, official: Official, booking: Booking) -> bool:
    booked_time = Interval(booking.starts_at, booking.ends_at)
    service = office.services[booking.service_id]
    hours = (
        # A companion at a colleague's meeting only has to be at work; the service does not matter.
        office.opening_hours.of_diary(official.pk, booking.date)
        if booking.companion_of_id
        else office.opening_hours.of_official(official.pk, service.pk, booking.date, booking.mode)
    )
    return any(
        opening.contains(booked_time)
        for minutes in hours
        if (opening := calendar.instants_of_minutes(minutes, booking.date, office.tz))
    )
