"""The locks of the queue; each is taken before anything is read."""

from __future__ import annotations

from datetime import date

from django.db import connection, models

from prepazka.queueing import sql
from prepazka.queueing.models import OFFLINE_FROM, NumberLease, NumberSeries, Queue


def lock_queue(office: int) -> None:
    """Lock the office's queue, so that calls and changes of order happen one after another."""
    if not _locked(office):
        Queue.objects.bulk_create([Queue(office_id=office)], ignore_conflicts=True)
        _locked(office)


def _locked(office: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK_QUEUE, [office])
        return cursor.fetchone() is not None


def next_number(office: int, day: date, letter: str) -> int:
    """Take the next number of the letter's series; its row stays locked until the commit.

    So numbers have no gaps: a transaction that rolls back gives its number back.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.NEXT_NUMBER, [office, day, letter])
        number = int(cursor.fetchone()[0])
    return number if number < OFFLINE_FROM else _past_leases(office, day, letter, number)


def lock_number_series(office: int, day: date, letter: str) -> NumberSeries:
    """The series, locked to the commit."""
    key = {"office_id": office, "date": day, "letter": letter}
    NumberSeries.objects.bulk_create([NumberSeries(**key)], ignore_conflicts=True)
    return NumberSeries.objects.select_for_update(no_key=True).get(**key)


def _past_leases(office: int, day: date, letter: str, number: int) -> int:
    """The number, or the first after all blocks of kiosks if it lies in one of them."""
    leases = NumberLease.objects.filter(office=office, date=day, letter=letter)
    if not leases.filter(first__lte=number, last__gte=number).exists():
        return number
    free = int(leases.aggregate(models.Max("last"))["last__max"]) + 1
    NumberSeries.objects.filter(office=office, date=day, letter=letter).update(last=free)
    return free
