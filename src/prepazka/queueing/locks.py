"""The locks of the queue; each is taken before the look."""

from __future__ import annotations

from datetime import date

from django.db import connection

from prepazka.queueing.models import Queue


def lock_queue(office: int) -> None:
    """Lock whose turn it is: calls and changes of turn in an office happen one after another."""
    if not _locked(office):
        Queue.objects.bulk_create([Queue(office_id=office)], ignore_conflicts=True)
        _locked(office)


def _locked(office: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM queueing_queue WHERE office_id = %s FOR NO KEY UPDATE", [office]
        )
        return cursor.fetchone() is not None


def next_number(office: int, day: date, letter: str) -> int:
    """Take the next number of the letter's series; its row stays locked until the commit.

    So numbers have no gaps: a transaction that rolls back gives its number back.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO queueing_numberseries (office_id, date, letter, last)"
            " VALUES (%s, %s, %s, 1)"
            " ON CONFLICT (office_id, date, letter)"
            " DO UPDATE SET last = queueing_numberseries.last + 1 RETURNING last",
            [office, day, letter],
        )
        return int(cursor.fetchone()[0])
