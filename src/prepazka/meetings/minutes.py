"""Minutes: begun with what is known, written by officials at once, remarked on, closed once.

Each use-case locks the meeting. What somebody writes carries the version it began from; where two
wrote the same field, the second is shown the first one's text and decides, and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import translation

from prepazka.core import events, minutes
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.meetings import access, signals, storage
from prepazka.meetings.models import Meeting, Minutes, MinutesComment, MinutesVersion, Participant
from prepazka.meetings.room import NothingSaid, NotInside, OnlyTheChair

STRETCH = timedelta(minutes=1)  # of one person's writing that the journal need not repeat
LONGEST_COMMENT = 2000
# The worker prints within seconds, and tries again each minute what failed.
PDF_LATE_AFTER = timedelta(minutes=2)
PDF_REPORTED_AFTER = timedelta(hours=1)  # to the head of the office


class MinutesNotUnderstood(Refused):
    """The minutes are too long, or not as the form makes them."""


class MinutesAreClosed(Refused):
    """The minutes are closed and do not change any more."""


class MinutesNotBegun(Refused):
    """Nobody has begun the minutes yet."""


class MinutesChanged(Refused):
    """Somebody has just changed the minutes. Please read them once more and close them again."""


class MinutesLost(Refused):
    """The PDF of the minutes was lost at the office, we are sorry. It is made anew; please come back in two days."""


class MinutesNotPrinted(Refused):
    """The PDF of the minutes is not made yet. Please come back in a few minutes; it also goes by e-mail."""


class MinutesBlank(Refused):
    """Write at least the course, a conclusion or a task before you close the minutes."""


@dataclass(frozen=True)
class Saved:
    """The minutes as they are now, and the fields in which others' text stands instead of ours."""

    version: int
    content: minutes.Content
    conflicts: list[str]


@transaction.atomic
def begin(*, participant: UUID, now: datetime, actor: int | None = None) -> Minutes:
    """Begin the draft with who was admitted and what the visit is about; once. Raises OnlyTheChair."""
    meeting, who = access.lock(participant)
    access.must_write(meeting, who)
    found = Minutes.objects.filter(meeting=meeting).first()
    if found:
        return found
    content = {**minutes.EMPTY, "tasks": [], **_known(meeting)}
    made = Minutes.objects.create(office_id=meeting.office_id, meeting=meeting)
    _write(made, content, who, now, actor)
    return made


def _known(meeting: Meeting) -> dict[str, str]:
    rows = meeting.participants.exclude(admitted_at=None).select_related("official")
    came = sorted(rows.order_by("admitted_at", "pk"), key=lambda one: not access.is_official(one))
    with translation.override("cs"):  # minutes are a document of the office
        names = [access.name_of(one) for one in came]
        subject = str(meeting.booking.service.name)
    return {"present": "\n".join(filter(None, names)), "subject": subject}


@transaction.atomic
def save(
    *, participant: UUID, base: int, content: Any, now: datetime, actor: int | None = None
) -> Saved:
    """Save a draft that began from version `base`, beside what others wrote since.

    Raises OnlyTheChair, MinutesNotBegun, MinutesAreClosed, MinutesNotUnderstood.
    """
    meeting, who = access.lock(participant)
    access.must_write(meeting, who)
    held = _open(meeting)
    mine = _understood(content)
    was = held.versions.filter(version=base).first()
    if was is None:
        raise MinutesNotUnderstood
    merged, conflicts = minutes.merge(was.content, mine, held.content)
    if merged != held.content:
        _write(held, _understood(merged), who, now, actor)
    return Saved(held.version, held.content, conflicts)


@transaction.atomic
def comment(*, participant: UUID, link: int, text: str, now: datetime) -> MinutesComment:
    """Remark on the draft. Raises NotInside, NothingSaid, MinutesNotBegun, MinutesAreClosed."""
    meeting, who = access.lock(participant)
    access.must_hold(meeting, who, link)
    if not access.sees_all(meeting, who):
        raise NotInside
    held = _open(meeting)
    text = text.replace("\x00", "").strip()
    if not 0 < len(text) <= LONGEST_COMMENT:
        raise NothingSaid
    made = MinutesComment.objects.create(
        office_id=meeting.office_id, minutes=held, participant=who, text=text, at=now
    )
    record(events.MinutesCommented(**_said(meeting, now, None), participant=str(who.pk)))
    signals.tell(meeting.pk, "minutes", {"version": held.version})
    return made


@transaction.atomic
def close(*, participant: UUID, version: int, now: datetime, actor: int | None = None) -> Minutes:
    """Close the minutes as the chair sees them; closing again answers the same.

    Raises OnlyTheChair, MinutesNotBegun, MinutesChanged, MinutesBlank.
    """
    meeting, who = access.lock(participant)
    access.must_write(meeting, who)
    if who.role != Participant.Role.CHAIR:
        raise OnlyTheChair
    held = Minutes.objects.filter(meeting=meeting).first()
    if held is None:
        raise MinutesNotBegun
    if held.closed_at:
        return held
    if held.version != version:
        raise MinutesChanged
    if minutes.is_blank(held.content):
        raise MinutesBlank
    held.closed_at, held.closed_by = now, who
    held.save(update_fields=["closed_at", "closed_by"])
    said = _said(meeting, now, actor)
    record(events.MinutesClosed(**said, participant=str(who.pk), version=held.version))
    signals.tell(meeting.pk, "minutes", {"version": held.version})
    return held


@transaction.atomic
def put_pdf(*, minutes: int, pdf: bytes, now: datetime) -> bool:
    """Keep the PDF of closed minutes, once; a message to everybody follows."""
    found = Minutes.objects.select_related("meeting").get(pk=minutes)
    Meeting.objects.select_for_update(no_key=True).get(pk=found.meeting_id)
    found.refresh_from_db()
    if found.key or not found.closed_at:
        return False
    found.key = f"{storage.folder(found.office_id, found.meeting_id)}/{storage.MINUTES}"
    storage.put(found.key, storage.FILE, pdf)
    found.save(update_fields=["key"])
    said = _said(found.meeting, now, None)
    record(events.MinutesReady(**said, booking=str(found.meeting.booking_id)))
    signals.tell(found.meeting_id, "minutes", {"version": found.version})
    return True


@transaction.atomic
def replace_lost_pdf(*, minutes: int, pdf: bytes) -> bool:
    """Keep the PDF of closed minutes in place of one that the storage lost; nobody is written to.

    False if it is not lost any more, or the minutes are erased.
    """
    meeting = Meeting.objects.select_for_update(no_key=True).filter(minutes=minutes).first()
    lost = Minutes.objects.filter(pk=minutes, meeting=meeting).exclude(key="")
    row = lost.exclude(missing_since=None).first()
    if row is None:
        return False
    storage.put(row.key, storage.FILE, pdf)
    row.missing_since = None
    row.save(update_fields=["missing_since"])
    return True


def pdf_state(held: Minutes | None, *, now: datetime) -> str:
    """Of closed minutes "ready", "soon" or "late"; empty while they are open or not begun."""
    if held is None or not held.closed_at:
        return ""
    if held.key:
        return "ready"
    return "late" if now - held.closed_at >= PDF_LATE_AFTER else "soon"


def unprinted(office: int, *, now: datetime) -> list[datetime]:
    """The beginnings of the meetings whose closed minutes lack their PDF for an hour or longer."""
    late = Minutes.objects.filter(office=office, key="", closed_at__lte=now - PDF_REPORTED_AFTER)
    return sorted(late.values_list("meeting__booking__starts_at", flat=True))


def _open(meeting: Meeting) -> Minutes:
    held = Minutes.objects.filter(meeting=meeting).first()
    if held is None:
        raise MinutesNotBegun
    if held.closed_at:
        raise MinutesAreClosed
    return held


def _understood(content: Any) -> minutes.Content:
    try:
        return minutes.understood(content)
    except (ValueError, TypeError):
        raise MinutesNotUnderstood from None


def _write(
    held: Minutes, content: minutes.Content, who: Participant, now: datetime, actor: int | None
) -> None:
    """The next version; the journal hears of it once in a stretch of one person's writing."""
    last = held.versions.order_by("-version").first()
    held.version, held.content = held.version + 1, content
    held.save(update_fields=["version", "content"])
    MinutesVersion.objects.create(
        office_id=held.office_id,
        minutes=held,
        version=held.version,
        content=content,
        participant=who,
        at=now,
    )
    if last is None or last.participant_id != who.pk or now - last.at > STRETCH:
        said = _said(held.meeting, now, actor)
        record(events.MinutesSaved(**said, participant=str(who.pk), version=held.version))
    signals.tell(held.meeting_id, "minutes", {"version": held.version})


def _said(meeting: Meeting, now: datetime, actor: int | None) -> dict[str, Any]:
    return {"office": meeting.office_id, "meeting": str(meeting.pk), "at": now, "actor": actor}
