"""Calendars kept elsewhere: what is known of them, kept until they are read well again."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction

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
    merged,
)
from prepazka.core.interval import Interval
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.offices.directory import Directory
from prepazka.offices.models import Official

AHEAD = timedelta(days=400)
MOST_CALENDARS = 5


# The calendar was read, and yet something of it should be known; in the order of weight.
PARTIAL = ("transparent", "damaged", "vanished", "partly")


class Wishes(TypedDict):
    """What of a calendar takes time, and whose it is; fields of `OutsideCalendar`."""

    takes_unanswered: bool
    takes_tentative: bool
    takes_elsewhere: bool
    takes_all_day_by_others: bool
    owner_address: str


class TooManyCalendars(Refused):
    """An official can have at most %(most)s outside calendars here."""


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
    """Let the events of a calendar take the official's time. Raises TooManyCalendars.

    The same address again answers with the calendar that is known, with the new password.
    """
    # Two requests at once must not both find room.
    Official.objects.select_for_update(no_key=True, of=("self",)).get(pk=official.pk)
    known = OutsideCalendar.objects.filter(official=official)
    # Locked: a reading that ends meanwhile must not be overwritten.
    found = known.select_for_update(no_key=True, of=("self",)).filter(url=url).first()
    if found is None and known.count() >= MOST_CALENDARS:
        raise TooManyCalendars(most=MOST_CALENDARS)
    found = found or OutsideCalendar(office_id=official.office_id, official=official, url=url)
    found.kind, found.username, found.password = kind, username, sealed(password)
    found.etag = found.failure = ""
    found.save()
    _say(official.office_id, official.pk, now, actor)
    return found


@transaction.atomic
def remove_calendar(*, which: OutsideCalendar, now: datetime, actor: int) -> None:
    """Forget the calendar, and with it all the time that it took. Repeated, it changes nothing."""
    deleted, _ = OutsideCalendar.objects.filter(pk=which.pk).delete()
    if deleted:
        _say(which.office_id, which.official_id, now, actor)


@transaction.atomic
def change_settings(*, which: OutsideCalendar, wishes: Wishes, now: datetime, actor: int) -> None:
    """Say what of the calendar takes time; it counts from the next reading on, which is whole."""
    found = _locked(which.pk)
    if found is None:
        return
    for name, value in wishes.items():
        setattr(found, name, value)
    found.save()
    _say(found.office_id, found.official_id, now, actor)


@transaction.atomic
def free_doubt(*, which: OutsideCalendar, mark: str, now: datetime, actor: int) -> None:
    """Give back the time of something that was not understood, until it changes in the calendar.

    A doubt that is gone meanwhile changes nothing.
    """
    found = _locked(which.pk)
    if found:
        _keep(found, known_of(found).freeing(mark), now, actor)


@transaction.atomic
def free_missing(*, which: OutsideCalendar, now: datetime, actor: int) -> None:
    """Give back at once the time of events that vanished all together."""
    found = _locked(which.pk)
    if found:
        _keep(found, known_of(found).letting_go(), now, actor)


@transaction.atomic
def note_read(
    *,
    which: int,
    reading: Reading | None,
    now: datetime,
    mark: str = "",
    transparent: bool = False,
) -> None:
    """Take over what was read, in one step; None: it is as it was. A deleted calendar is left.

    A `transparent` one takes no time at all by the word of its server.
    """
    found = _locked(which)
    if found is None:
        return
    found.etag = mark
    found.refreshed_at = found.tried_at = now
    if reading is not None:
        ours = own_events(reading.uids, found.office_id)
        known = Known() if transparent else merged(_before(found), reading.without(ours), now)
        found.failure = _trouble(known, reading, transparent=transparent)
        _keep(found, known, now, None)
        return
    if found.failure not in PARTIAL:
        # The text is as it was; what was wrong with it is so too.
        found.failure = ""
    found.save()


@transaction.atomic
def note_failure(*, which: int, reason: str, now: datetime) -> None:
    """Remember why it could not be read; the time that it took so far stays taken."""
    found = _locked(which)
    if found:
        found.tried_at, found.failure = now, reason
        found.save(update_fields=["tried_at", "failure"])


@dataclass(frozen=True)
class Shown:
    """What a person should know of a calendar and can decide about."""

    doubts: list[Doubt]
    missing: Times


def shown_of(which: OutsideCalendar) -> Shown:
    """What was not understood, and what vanished and is kept."""
    known = known_of(which)
    return Shown(known.open_doubts(), known.missing())


def known_of(which: OutsideCalendar) -> Known:
    """What is known of the calendar's events."""
    return Known(events_from_json(which.known_events), doubts_from_json(which.doubts))


def window_of(office: Directory, now: datetime) -> Interval[datetime]:
    """The time of which we want to know: from today's midnight on."""
    start = calendar.local_instant(calendar.day_of(now, office.tz), 0, office.tz)
    return Interval(start, start + AHEAD)


def sealed(secret: str) -> str:
    """The secret, readable only with the installation's own one."""
    return _fernet().encrypt(secret.encode()).decode() if secret else ""


def opened(secret: str) -> str:
    """What was sealed. Raises ValueError when the installation's secret is another one now."""
    try:
        return _fernet().decrypt(secret.encode()).decode() if secret else ""
    except InvalidToken as error:
        raise ValueError("sealed by another secret") from error


def _before(found: OutsideCalendar) -> Known:
    """What was known; of a calendar that an earlier release has read, the plain times."""
    known = known_of(found)
    if known.events or known.doubts:
        return known
    rows = Busy.objects.filter(calendar=found).order_by("starts_at")
    return Known(
        {
            f"before {start}": Taken([Interval(start, end)])
            for start, end in rows.values_list("starts_at", "ends_at")
        }
    )


def _trouble(known: Known, reading: Reading, *, transparent: bool) -> str:
    """A word of `PARTIAL`, or none."""
    if transparent:
        return "transparent"
    if reading.damaged:
        return "damaged"
    if known.missing():
        return "vanished"
    return "partly" if known.open_doubts() else ""


def _keep(found: OutsideCalendar, known: Known, now: datetime, actor: int | None) -> None:
    """Write what is known, and the time that it takes."""
    found.known_events = events_to_json(known.events)
    found.doubts = doubts_to_json(known.doubts)
    if found.failure in {"partly", "vanished"}:
        gone = known.missing()
        found.failure = "vanished" if gone else "partly" if known.open_doubts() else ""
    found.save()
    if _replace(found, set(known.busy()), now):
        _say(found.office_id, found.official_id, now, actor)


def _replace(found: OutsideCalendar, busy: set[Interval[datetime]], now: datetime) -> bool:
    """Write only what differs, for most refreshes change nothing; and say whether it did."""
    rows = Busy.objects.filter(calendar=found)
    known = {Interval(one.starts_at, one.ends_at): one.pk for one in rows}
    gone = [pk for during, pk in known.items() if during not in busy]
    new = busy - known.keys()
    Busy.objects.filter(pk__in=gone).delete()
    Busy.objects.bulk_create(
        [
            Busy(
                office_id=found.office_id,
                official_id=found.official_id,
                calendar=found,
                starts_at=one.start,
                ends_at=one.end,
            )
            for one in sorted(new)
        ],
        batch_size=1_000,
    )
    return bool(gone or new)


def _locked(which: int) -> OutsideCalendar | None:
    rows = OutsideCalendar.objects.select_for_update(no_key=True, of=("self",))
    return rows.filter(pk=which).first()


def _fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(f"outside calendar:{key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def _say(office: int, official: int, now: datetime, actor: int | None) -> None:
    record(events.DiaryChanged(office=office, at=now, actor=actor, official=official))
