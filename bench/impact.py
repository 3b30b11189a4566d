"""The impact of a week's absence, with a proposal for everybody who is booked in it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench import town
from bench.report import Report
from prepazka.booking.impact_preview import impact_of
from prepazka.booking.models import Booking, BookingState, Lane
from prepazka.offices.models import HoursException, Official
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id

MOST_MS = 500


def impact(report: Report) -> None:
    """Of an official with 200 people in the week, with nine colleagues booked by half."""
    now = datetime.now(UTC)
    where = town.officials("impact", officials=10, horizon_days=60)
    first = now.astimezone(town.ZONE).date() + timedelta(days=1)
    ill, *others = where.open_officials()
    _book(where, ill, now, day_from=1, a_day=32, days=7, most=200)
    for one in others:
        _book(where, one, now, day_from=1, a_day=16, days=21, most=10_000)
    absence = HoursException(
        office=where.office,
        official=ill,
        kind="closed",
        from_date=first,
        to_date=first + timedelta(days=6),
    )
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE booking_booking")
    runs, statements = [], 0
    for _ in range(7):
        where = snapshot_by_id(where.office.pk)
        with CaptureQueriesContext(connection) as seen:
            started = time.perf_counter()
            found = impact_of(office=where, exceptions=[absence], now=now)
            runs.append((time.perf_counter() - started) * 1000)
        statements = len(seen)
    cost = sorted(runs)[len(runs) // 2]
    stay = sum(row.decision == "reassign" for row in found.rows)
    slots = sum(len(row.slots) for row in found.rows)
    with connection.cursor() as cursor:
        started = time.perf_counter()
        cursor.execute(
            "SELECT * FROM booking_booking WHERE office_id = %s AND state = 'confirmed'",
            [where.office.pk],
        )
        cursor.fetchall()
        limit = (time.perf_counter() - started) * 1000
    report.add(
        "impact of a week's absence: 200 people, 9 colleagues, best fit and three slots each",
        f"{cost:.0f} ms with the database; {len(found.rows)} people: {stay} stay with a colleague,"
        f" {slots} slots for the rest; {statements} statements",
        f"reading the same bookings: {limit:.1f} ms",
        f"≤ {MOST_MS} ms",
        reached=cost <= MOST_MS and len(found.rows) == 200,  # as booked above
    )


def _book(
    where: OfficeSnapshot,
    official: Official,
    now: datetime,
    *,
    day_from: int,
    a_day: int,
    days: int,
    most: int,
) -> None:
    service = where.offered_services()[0]
    lane = Lane.objects.get(official=official)
    today = now.astimezone(town.ZONE).date()
    step = 32 // a_day
    rows = []
    for n in range(min(a_day * days, most)):
        day = today + timedelta(days=day_from + n // a_day)
        # Every second quarter of a colleague is taken.
        starts = town._at(day, 480 + 15 * (n % a_day) * step)  # noqa: SLF001  # of this bench
        rows.append(
            Booking(
                office=where.office,
                service=service,
                lane=lane,
                date=day,
                starts_at=starts,
                ends_at=starts + timedelta(minutes=15),
                state=BookingState.CONFIRMED,
                created_at=now,
                confirmed_at=now,
                pin="",
            )
        )
    Booking.objects.bulk_create(rows, batch_size=2_000)
