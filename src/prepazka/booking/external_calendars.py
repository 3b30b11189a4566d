"""External calendars of officials: settings, the last good reading, and the busy time from it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_noop

from prepazka.booking.event_uids import own_events
from prepazka.booking.models import Busy, OutsideCalendar
from prepazka.core import calendar, events
from prepazka.core.external_times import (
    Doubt,
    Known,
    Reading,
    Taken,
    Times,
    doubts_from_json,
    doubts_to_json,
    events_from_json,
    events_to_json,
    merge_reading,
)
from prepazka.core.interval import Interval
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.offices.models import Official
from prepazka.offices.office_snapshot import OfficeSnapshot

AHEAD = timedelta(days=400)
MOST_CALENDARS = 5


# Failures of a calendar that was read only in part, the gravest first.
PARTIAL = ("transparent", "damaged", "vanished", "partly")


class Wishes(TypedDict):
    """Which events of a calendar block time, and its owner; fields of `OutsideCalendar`."""

    takes_unanswered: bool
    takes_tentative: bool
    takes_elsewhere: bool
    takes_all_day_by_others: bool
    owner_address: str


class TooManyCalendars(Refused):
    """The official has `most` external calendars; remove one before adding another."""

    message = gettext_noop("An official can have at most %(most)s external calendars.")


@transaction.atomic
def add_calendar(
    *,
    official: Official,
    kind: OutsideCalendar.Kind,
    url: str,
    now: datetime,
    actor: int,
    username: str = "",
    password: str = "",
) -> OutsideCalendar:
    """Add a calendar whose events block the official's time. Raises TooManyCalendars.

    A calendar with the same address is updated with the new user name and password.
    """
    # Two concurrent requests must not both pass the limit.
    Official.objects.select_for_update(no_key=True, of=("self",)).get(pk=official.pk)
    calendars = OutsideCalendar.objects.filter(official=official)
    # Locked, so that a reading that ends meanwhile is not overwritten.
    outside_calendar = (
        calendars.select_for_update(no_key=True, of=("self",)).filter(url=url).first()
    )
    if outside_calendar is None and calendars.count() >= MOST_CALENDARS:
        raise TooManyCalendars(most=MOST_CALENDARS)
    outside_calendar = outside_calendar or OutsideCalendar(
        office_id=official.office_id, official=official, url=url
    )
    outside_calendar.kind, outside_calendar.username, outside_calendar.password = (
        kind,
        username,
        encrypt_secret(password),
    )
    outside_calendar.etag = outside_calendar.failure = ""
    outside_calendar.save()
    _record_change(official.office_id, official.pk, now, actor)
    return outside_calendar


@transaction.atomic
def remove_calendar(*, outside_calendar: OutsideCalendar, now: datetime, actor: int) -> None:
    """Delete the calendar and the busy time from it. Does nothing if it is deleted."""
    deleted, _ = OutsideCalendar.objects.filter(pk=outside_calendar.pk).delete()
    if deleted:
        _record_change(outside_calendar.office_id, outside_calendar.official_id, now, actor)


@transaction.atomic
def change_settings(
    *, outside_calendar: OutsideCalendar, wishes: Wishes, now: datetime, actor: int
) -> None:
    """Set which events of the calendar block time; applies from the next reading on."""
    locked = _lock_calendar(outside_calendar.pk)
    if locked is None:
        return
    for name, value in wishes.items():
        setattr(locked, name, value)
    locked.save()
    _record_change(locked.office_id, locked.official_id, now, actor)


@transaction.atomic
def unblock_doubtful_event(
    *, outside_calendar: OutsideCalendar, mark: str, now: datetime, actor: int
) -> None:
    """Unblock the time of a doubtful event until it changes in the calendar.

    Does nothing if the doubt is gone.
    """
    locked = _lock_calendar(outside_calendar.pk)
    if locked:
        _store_state(locked, stored_events(locked).freeing(mark), now, actor)


@transaction.atomic
def unblock_vanished_events(
    *, outside_calendar: OutsideCalendar, now: datetime, actor: int
) -> None:
    """Unblock the time of events that disappeared from the calendar all at once."""
    locked = _lock_calendar(outside_calendar.pk)
    if locked:
        _store_state(locked, stored_events(locked).letting_go(), now, actor)


@transaction.atomic
def store_reading(
    *,
    calendar_id: int,
    reading: Reading | None,
    now: datetime,
    mark: str = "",
    transparent: bool = False,
) -> None:
    """Store a reading of a calendar; None as the reading means that nothing has changed.

    `mark` recognises the unchanged calendar next time. A `transparent` calendar blocks no time, as
    its server says. Does nothing if the calendar is deleted.
    """
    locked = _lock_calendar(calendar_id)
    if locked is None:
        return
    locked.etag = mark
    locked.refreshed_at = locked.tried_at = now
    if reading is not None:
        ours = own_events(reading.uids, locked.office_id)
        calendar_state = (
            Known()
            if transparent
            else merge_reading(_state_before(locked), reading.without(ours), now)
        )
        locked.failure = _partial_failure(calendar_state, reading, transparent=transparent)
        _store_state(locked, calendar_state, now, None)
        return
    if locked.failure not in PARTIAL:
        # An unchanged text keeps its partial failures.
        locked.failure = ""
    locked.save()


@transaction.atomic
def store_reading_failure(*, calendar_id: int, reason: str, now: datetime) -> None:
    """Store why a calendar could not be read; its busy time stays as it was."""
    locked = _lock_calendar(calendar_id)
    if locked:
        locked.tried_at, locked.failure = now, reason
        locked.save(update_fields=["tried_at", "failure"])


@dataclass(frozen=True)
class Shown:
    """What the official sees of a calendar and can decide about."""

    doubts: list[Doubt]
    missing: Times


def doubts_of_calendar(outside_calendar: OutsideCalendar) -> Shown:
    """The doubtful events, and the busy time of events that disappeared."""
    calendar_state = stored_events(outside_calendar)
    return Shown(calendar_state.open_doubts(), calendar_state.missing())


def stored_events(outside_calendar: OutsideCalendar) -> Known:
    """The stored events and doubts of the calendar."""
    return Known(
        events_from_json(outside_calendar.known_events), doubts_from_json(outside_calendar.doubts)
    )


def reading_window(office: OfficeSnapshot, now: datetime) -> Interval[datetime]:
    """The time in which events are read: 400 days from today's local midnight on."""
    start = calendar.local_instant(calendar.day_of(now, office.tz), 0, office.tz)
    return Interval(start, start + AHEAD)


def encrypt_secret(secret: str) -> str:
    """The secret encrypted with a key derived from the installation's secret key."""
    return _fernet().encrypt(secret.encode()).decode() if secret else ""


def decrypt_secret(secret: str) -> str:
    """The decrypted secret. Raises ValueError if it was encrypted with another secret key."""
    try:
        return _fernet().decrypt(secret.encode()).decode() if secret else ""
    except InvalidToken as error:
        raise ValueError("sealed by another secret") from error


def _state_before(outside_calendar: OutsideCalendar) -> Known:
    """The state from the last reading.

    Of a calendar that was last read by an earlier release only the busy time is known.
    """
    calendar_state = stored_events(outside_calendar)
    if calendar_state.events or calendar_state.doubts:
        return calendar_state
    rows = Busy.objects.filter(calendar=outside_calendar).order_by("starts_at")
    return Known(
        {
            f"before {start}": Taken([Interval(start, end)])
            for start, end in rows.values_list("starts_at", "ends_at")
        }
    )


def _partial_failure(calendar_state: Known, reading: Reading, *, transparent: bool) -> str:
    """A value of `PARTIAL`, or an empty string if the calendar was read whole."""
    if transparent:
        return "transparent"
    if reading.damaged:
        return "damaged"
    if calendar_state.missing():
        return "vanished"
    return "partly" if calendar_state.open_doubts() else ""


def _store_state(
    locked: OutsideCalendar, calendar_state: Known, now: datetime, actor: int | None
) -> None:
    """Store the calendar's state and replace the busy time from it."""
    locked.known_events = events_to_json(calendar_state.events)
    locked.doubts = doubts_to_json(calendar_state.doubts)
    if locked.failure in {"partly", "vanished"}:
        missing = calendar_state.missing()
        locked.failure = "vanished" if missing else "partly" if calendar_state.open_doubts() else ""
    locked.save()
    if _replace_busy_time(locked, set(calendar_state.busy()), now):
        _record_change(locked.office_id, locked.official_id, now, actor)


def _replace_busy_time(
    locked: OutsideCalendar, busy: set[Interval[datetime]], now: datetime
) -> bool:
    """Update the busy time of the calendar where it differs; returns whether it did."""
    rows = Busy.objects.filter(calendar=locked)
    stored = {Interval(row.starts_at, row.ends_at): row.pk for row in rows}
    removed = [pk for during, pk in stored.items() if during not in busy]
    added = busy - stored.keys()
    Busy.objects.filter(pk__in=removed).delete()
    Busy.objects.bulk_create(
        [
            Busy(
                office_id=locked.office_id,
                official_id=locked.official_id,
                calendar=locked,
                starts_at=span.start,
                ends_at=span.end,
            )
            for span in sorted(added)
        ],
        batch_size=1_000,
    )
    return bool(removed or added)


def _lock_calendar(calendar_id: int) -> OutsideCalendar | None:
    rows = OutsideCalendar.objects.select_for_update(no_key=True, of=("self",))
    return rows.filter(pk=calendar_id).first()


def _fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(f"outside calendar:{key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def _record_change(office: int, official: int, now: datetime, actor: int | None) -> None:
    record(events.DiaryChanged(office=office, at=now, actor=actor, official=official))
