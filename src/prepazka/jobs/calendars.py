"""The worker's look into the calendars kept elsewhere; no citizen ever waits for one."""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from prepazka.booking import outside
from prepazka.booking.models import OutsideCalendar
from prepazka.gateways.calendars import Preferences, Read, Source, Unreadable, read
from prepazka.offices.directory import Directory, directory_by_id

log = logging.getLogger(__name__)

# One that has failed for a day is asked once an hour only.
PATIENCE = timedelta(days=1)
SELDOM = timedelta(hours=1)
SPREAD = 240  # seconds over which a round is read


def due(*, now: datetime) -> list[int]:
    """The calendars of officials in office that should be read in this round."""
    rows = OutsideCalendar.objects.filter(official__retired=False).order_by("pk")
    rows = rows.only("failure", "refreshed_at", "tried_at")
    return [one.pk for one in rows if not _rests(one, now)]


def defer_due(*, now: datetime) -> None:
    """Have the calendars read, spread over the minutes so that no server is stormed."""
    for calendar in due(now=now):
        _defer(calendar, random.randrange(SPREAD))  # noqa: S311  # no secret


def read_soon(calendar: int) -> None:
    """Have a calendar read at once, when the caller's transaction commits."""
    transaction.on_commit(lambda: _defer(calendar, 0) or _bring_forward(calendar))


def _defer(calendar: int, seconds: int) -> bool:
    """Put a reading into the queue; False where one waits there already."""
    job = app.configure_task(
        "refresh_calendar",
        # Two at once at most: servers that hang must not keep the mails waiting.
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
    """Let a reading that waits for its minute of the round begin now; False where none waits."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = NULL"
            " WHERE queueing_lock = %s AND status = 'todo'",
            [_key(calendar)],
        )
        return bool(cursor.rowcount)


def _key(calendar: int) -> str:
    return f"calendar:{calendar}"


def refresh(*, calendar: int, now: datetime) -> None:
    """Read one calendar; a failure of any kind is noted with its time, and what was known stays."""
    row = OutsideCalendar.objects.filter(pk=calendar).first()
    if row is None:
        return
    try:
        answer = _read(row, now)
        outside.note_read(
            calendar_id=calendar,
            reading=answer.reading,
            mark=answer.mark,
            transparent=answer.transparent,
            now=now,
        )
    except Unreadable as error:
        outside.note_failure(calendar_id=calendar, reason=error.reason, now=now)
    except OperationalError:
        raise  # of our own database, which cannot note anything now
    except Exception:
        log.exception("Outside calendar %s could not be read", calendar)
        outside.note_failure(calendar_id=calendar, reason="fault", now=now)


def _read(row: OutsideCalendar, now: datetime) -> Read:
    office = directory_by_id(row.office_id)
    try:
        password = outside.opened(row.password)
    except ValueError as error:
        raise Unreadable("sealed") from error
    source = Source(row.url, row.kind == OutsideCalendar.Kind.CALDAV, row.username, password)
    # Events that vanished are judged anew each time, also where the text is as it was.
    mark = "" if row.failure == "vanished" else row.etag
    return read(
        source,
        mark=mark,
        window=outside.window_of(office, now),
        tz=office.tz,
        wishes=_wishes(row, office),
    )


def _wishes(row: OutsideCalendar, office: Directory) -> Preferences:
    """What of the calendar takes time, and the addresses under which its owner is invited."""
    official = office.officials.get(row.official_id)
    addresses = {row.owner_address, row.username, official.email if official else ""}
    return Preferences(
        unanswered=row.takes_unanswered,
        tentative=row.takes_tentative,
        elsewhere=row.takes_elsewhere,
        all_day_by_others=row.takes_all_day_by_others,
        addresses=frozenset(one.strip().lower() for one in addresses if "@" in one),
    )


def _rests(row: OutsideCalendar, now: datetime) -> bool:
    since = row.refreshed_at
    broken = row.failure and row.tried_at and since and now - since > PATIENCE
    return bool(broken and row.tried_at and now - row.tried_at < SELDOM)
