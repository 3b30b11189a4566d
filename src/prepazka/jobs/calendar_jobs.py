"""Reading external calendars in the worker, so that no citizen waits for one."""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status

from prepazka.booking import external_calendars
from prepazka.booking.models import OutsideCalendar
from prepazka.gateways.calendars import Preferences, Read, Source, Unreadable, read_busy_time
from prepazka.journal.statements import quoted
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id

BRING_FORWARD = f"""
UPDATE procrastinate_jobs SET scheduled_at = NULL
WHERE queueing_lock = %s AND status = {quoted(Status.TODO.value)}
"""  # noqa: S608  # made of constants

log = logging.getLogger(__name__)

# A calendar that has failed for a day is read only once an hour.
PATIENCE = timedelta(days=1)
SELDOM = timedelta(hours=1)
SPREAD = 240  # seconds over which a round is read


def due_calendars(*, now: datetime) -> list[int]:
    """The calendars of active officials that should be read in this round."""
    rows = OutsideCalendar.objects.filter(official__retired=False).order_by("pk")
    rows = rows.only("failure", "refreshed_at", "tried_at")
    return [calendar_row.pk for calendar_row in rows if not _is_resting(calendar_row, now)]


def defer_due(*, now: datetime) -> None:
    """Queue the reading of the due calendars, spread over minutes to spare their servers."""
    for calendar in due_calendars(now=now):
        _defer(calendar, random.randrange(SPREAD))  # noqa: S311  # no secret


def read_soon(calendar: int) -> None:
    """Queue the reading of a calendar for now, when the caller's transaction commits."""
    transaction.on_commit(lambda: _defer(calendar, 0) or _bring_forward(calendar))


def _defer(calendar: int, seconds: int) -> bool:
    """Queue a reading; False where one waits already."""
    job = app.configure_task(
        "refresh_calendar",
        # At most two at once, so that hanging servers do not delay the mails.
        lock=f"calendars:{calendar % 2}",
        queueing_lock=_key(calendar),
        schedule_in={"seconds": seconds},
    )
    try:
        with transaction.atomic():  # a refused insert must not end the caller's transaction
            job.defer(calendar=calendar)
    except AlreadyEnqueued:
        return False
    return True


def _bring_forward(calendar: int) -> bool:
    """Start a reading that waits for its minute of the round now; False where none waits."""
    with connection.cursor() as cursor:
        cursor.execute(BRING_FORWARD, [_key(calendar)])
        return bool(cursor.rowcount)


def _key(calendar: int) -> str:
    return f"calendar:{calendar}"


def read_and_store(*, calendar: int, now: datetime) -> None:
    """Read one calendar; any failure is recorded with its time, and the last reading stays."""
    row = OutsideCalendar.objects.filter(pk=calendar).first()
    if row is None:
        return
    try:
        answer = _read(row, now)
        external_calendars.store_reading(
            calendar_id=calendar,
            reading=answer.reading,
            mark=answer.mark,
            transparent=answer.transparent,
            now=now,
        )
    except Unreadable as error:
        external_calendars.store_reading_failure(calendar_id=calendar, reason=error.reason, now=now)
    except OperationalError:
        raise  # our own database is away and cannot record a failure
    except Exception:
        log.exception("Outside calendar %s could not be read", calendar)
        external_calendars.store_reading_failure(calendar_id=calendar, reason="fault", now=now)


def _read(row: OutsideCalendar, now: datetime) -> Read:
    office = snapshot_by_id(row.office_id)
    try:
        password = external_calendars.decrypt_secret(row.password)
    except ValueError as error:
        raise Unreadable("sealed") from error
    source = Source(row.url, row.kind == OutsideCalendar.Kind.CALDAV, row.username, password)
    # Vanished events are judged again each time, even if the calendar has not changed.
    mark = "" if row.failure == "vanished" else row.etag
    return read_busy_time(
        source,
        mark=mark,
        window=external_calendars.reading_window(office, now),
        tz=office.tz,
        wishes=_wishes(row, office),
    )


def _wishes(row: OutsideCalendar, office: OfficeSnapshot) -> Preferences:
    """Which events count as busy, and the addresses under which the owner is invited."""
    official = office.officials.get(row.official_id)
    addresses = {row.owner_address, row.username, official.email if official else ""}
    return Preferences(
        unanswered=row.takes_unanswered,
        tentative=row.takes_tentative,
        elsewhere=row.takes_elsewhere,
        all_day_by_others=row.takes_all_day_by_others,
        addresses=frozenset(address.strip().lower() for address in addresses if "@" in address),
    )


def _is_resting(row: OutsideCalendar, now: datetime) -> bool:
    since = row.refreshed_at
    broken = row.failure and row.tried_at and since and now - since > PATIENCE
    return bool(broken and row.tried_at and now - row.tried_at < SELDOM)
