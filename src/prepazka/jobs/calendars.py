"""The worker's look into the calendars kept elsewhere; no citizen ever waits for one."""

from __future__ import annotations

import contextlib
import random
from datetime import datetime, timedelta

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from prepazka.booking import outside
from prepazka.booking.models import OutsideCalendar
from prepazka.gateways.calendars import Source, Unreadable, read
from prepazka.offices.directory import directory_by_id

# One that has failed for a day is asked once an hour only.
PATIENCE = timedelta(days=1)
SELDOM = timedelta(hours=1)
SPREAD = 240  # seconds over which a round is read


def due(*, now: datetime) -> list[int]:
    """The calendars of officials in office that should be read in this round."""
    rows = OutsideCalendar.objects.filter(official__retired=False).order_by("pk")
    return [one.pk for one in rows if not _rests(one, now)]


def defer_due(*, now: datetime) -> None:
    """Have the calendars read, spread over the minutes so that no server is stormed."""
    for calendar in due(now=now):
        _defer(calendar, random.randrange(SPREAD))  # noqa: S311  # no secret


def read_soon(calendar: int) -> None:
    """Have a calendar read at once, when the caller's transaction commits."""
    transaction.on_commit(lambda: _defer(calendar, 0))


def _defer(calendar: int, seconds: int) -> None:
    job = app.configure_task(
        "refresh_calendar",
        # Two at once at most: servers that hang must not keep the mails waiting.
        lock=f"calendars:{calendar % 2}",
        queueing_lock=f"calendar:{calendar}",
        schedule_in={"seconds": seconds},
    )
    with contextlib.suppress(AlreadyEnqueued):
        job.defer(calendar=calendar)


def refresh(*, calendar: int, now: datetime) -> None:
    """Read one calendar; a failure is noted, and what was known stays."""
    found = OutsideCalendar.objects.filter(pk=calendar).first()
    if found is None:
        return
    office = directory_by_id(found.office_id)
    try:
        source = Source(
            found.url,
            found.kind == OutsideCalendar.Kind.CALDAV,
            found.username,
            outside.opened(found.password),
        )
        known = read(
            source, mark=_mark(found, now), window=outside.window_of(office, now), tz=office.tz
        )
    except Unreadable as error:
        outside.note_failure(which=calendar, reason=error.reason, now=now)
    except ValueError:
        outside.note_failure(which=calendar, reason="sealed", now=now)
    else:
        outside.note_read(
            which=calendar, busy=known.busy, mark=known.mark, skipped=known.skipped, now=now
        )


def _mark(found: OutsideCalendar, now: datetime) -> str:
    """The mark of what we have; none on a new day, for the window has moved on."""
    same_day = found.refreshed_at and found.refreshed_at.date() == now.date()
    return found.etag if same_day else ""


def _rests(found: OutsideCalendar, now: datetime) -> bool:
    since = found.refreshed_at
    broken = found.failure and found.tried_at and since and now - since > PATIENCE
    return bool(broken and found.tried_at and now - found.tried_at < SELDOM)
