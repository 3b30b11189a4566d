"""Locks of booking; each is taken before anything is read and held until the transaction ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db import connection

from prepazka.booking import sql
from prepazka.booking.models import Booking, OfficeDay
from prepazka.journal.rows import select_one
from prepazka.journal.statements import lock_name


def lock_days(office: int, days: Iterable[date]) -> None:
    """Lock days of an office, in the order of their dates, which prevents deadlocks."""
    dates = sorted(set(days))
    if _lock_rows(office, dates) < len(dates):
        OfficeDay.objects.bulk_create(
            [OfficeDay(office_id=office, date=day) for day in dates], ignore_conflicts=True
        )
        _lock_rows(office, dates)


def _lock_rows(office: int, days: list[date]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK_DAYS, [office, days])
        return len(cursor.fetchall())


def lock_booking(booking: UUID, *other_days: date) -> Booking:
    """Lock the day of a booking (and other days of its office); returns the booking, read then.

    The booking may move to another day before the lock is there; then the lock is taken again.
    Raises Booking.DoesNotExist.
    """
    while True:
        day = _lock_day_of(booking, other_days)
        locked = select_one(Booking, "FROM booking_booking WHERE id = %s", [booking])
        if locked is None:
            raise Booking.DoesNotExist
        if locked.date == day:
            return locked


def _lock_day_of(booking: UUID, other_days: tuple[date, ...]) -> date | None:
    """Lock the days and return the booking's day; None if there is no booking.

    The day's row exists since the hold.
    """
    if other_days:
        row = Booking.objects.filter(pk=booking).values_list("office_id", "date").first()
        if row:
            lock_days(row[0], (row[1], *other_days))
        return row and row[1]
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK_DAY_OF_BOOKING, [booking])
        locked_row = cursor.fetchone()
    return locked_row[0] if locked_row else None


def lock_contact(contact_hash: str) -> None:
    """Lock a contact, so that its limit of bookings holds across days.

    It is the last lock taken, by transactions that hold a single day, so it cannot deadlock.
    """
    lock_name(contact_hash)


def lock_list(agenda: int) -> None:
    """Lock the agenda's waiting list; taken before the lock of any day."""
    lock_name(f"list:{agenda}")
