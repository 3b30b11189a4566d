"""Calendars kept elsewhere: what is known of them, kept until they are read well again."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction

from prepazka.booking.models import Busy, OutsideCalendar
from prepazka.core import calendar, events
from prepazka.core.interval import Interval
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.offices.directory import Directory
from prepazka.offices.models import Official

AHEAD = timedelta(days=400)
MOST_CALENDARS = 5


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
    found = known.filter(url=url).first()
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
def note_read(
    *,
    which: int,
    busy: Iterable[Interval[datetime]] | None,
    mark: str,
    skipped: int,
    now: datetime,
) -> None:
    """Take over what was read, in one step; None: it is as it was. A deleted calendar is left."""
    found = _locked(which)
    if found is None:
        return
    if busy is not None and _replace(found, set(busy), now):
        _say(found.office_id, found.official_id, now, None)
    found.etag = mark[: OutsideCalendar._meta.get_field("etag").max_length]
    found.refreshed_at = found.tried_at = now
    if busy is not None:
        found.failure = "partly" if skipped else ""
    elif found.failure != "partly":
        found.failure = ""
    found.save()


@transaction.atomic
def note_failure(*, which: int, reason: str, now: datetime) -> None:
    """Remember why it could not be read; the time that it took so far stays taken."""
    found = _locked(which)
    if found:
        found.tried_at, found.failure = now, reason
        found.save(update_fields=["tried_at", "failure"])


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


def _fernet() -> Fernet:
    key = hashlib.sha256(f"outside calendar:{settings.SECRET_KEY}".encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def _say(office: int, official: int, now: datetime, actor: int | None) -> None:
    record(events.DiaryChanged(office=office, at=now, actor=actor, official=official))
