"""Minutes of a meeting: drafted and edited together by officials, commented on, closed once.

Each use-case locks the meeting. An edit carries the version it started from; if two people changed
the same field, the second one sees the first one's text and decides, so nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_noop

from prepazka.core import events, minutes_text
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.meetings import meeting_permissions, signals, storage
from prepazka.meetings.models import Meeting, Minutes, MinutesComment, MinutesVersion, Participant
from prepazka.meetings.room import NothingSaid, NotInside, OnlyTheChair

STRETCH = timedelta(minutes=1)  # of one person's writing that is journalled once
LONGEST_COMMENT = 2000
# The worker prints within seconds and retries failures every minute.
PDF_LATE_AFTER = timedelta(minutes=2)
PDF_REPORTED_AFTER = timedelta(hours=1)  # to the head of the office


class MinutesNotUnderstood(Refused):
    """The content does not have the shape or the size of minutes; send the form's own fields."""

    message = gettext_noop("The minutes are too long, or were not sent by the form.")


class MinutesAreClosed(Refused):
    """The minutes are final; add a comment instead of a change."""

    message = gettext_noop("The minutes are closed and can no longer be changed.")


class MinutesNotBegun(Refused):
    """The meeting has no minutes yet, so there is nothing to close or to comment."""

    message = gettext_noop("Nobody has started the minutes yet.")


class MinutesChanged(Refused):
    """Another edit was saved since the minutes were read; read them and close them again."""

    message = gettext_noop(
        "Somebody has just changed the minutes. Please read them again before you close them."
    )


class MinutesLost(Refused):
    """The storage lacks the minutes' PDF; a job prints it again, so repeat later."""

    message = gettext_noop(
        "We are sorry, the office has lost the PDF of the minutes. It is being created "
        "again; please come back in two days."
    )


class MinutesNotPrinted(Refused):
    """The job has not printed the PDF of the closed minutes yet; repeat later."""

    message = gettext_noop(
        "The PDF of the minutes is not ready yet. Please come back in a few minutes; we "
        "will also send it by e-mail."
    )


class MinutesBlank(Refused):
    """No part of the minutes has text; write one before closing them."""

    message = gettext_noop("Enter a summary, a conclusion or a task before you close the minutes.")


@dataclass(frozen=True)
class Saved:
    """The minutes after saving, and the fields in which others' text replaced ours."""

    version: int
    content: minutes_text.Content
    conflicts: list[str]


@transaction.atomic
def begin_minutes(*, participant: UUID, now: datetime, actor: int | None = None) -> Minutes:
    """Create the draft with the people admitted and the subject, or return the existing one.

    Raises OnlyTheChair.
    """
    meeting, person = meeting_permissions.lock_meeting(participant)
    meeting_permissions.check_may_write_minutes(meeting, person)
    existing = Minutes.objects.filter(meeting=meeting).first()
    if existing:
        return existing
    content = {**minutes_text.EMPTY, "tasks": [], **_known_facts(meeting)}
    draft = Minutes.objects.create(office_id=meeting.office_id, meeting=meeting)
    _write_version(draft, content, person, now, actor)
    return draft


def _known_facts(meeting: Meeting) -> dict[str, str]:
    rows = meeting.participants.exclude(admitted_at=None).select_related("official")
    participants = sorted(
        rows.order_by("admitted_at", "pk"),
        key=lambda participant: not meeting_permissions.is_official(participant),
    )
    with translation.override("cs"):  # minutes are an official document, hence in Czech
        names = [meeting_permissions.name_of(participant) for participant in participants]
        subject = str(meeting.booking.service.name)
    return {"present": "\n".join(filter(None, names)), "subject": subject}


@transaction.atomic
def save_minutes(
    *, participant: UUID, base: int, content: Any, now: datetime, actor: int | None = None
) -> Saved:
    """Save an edit of version `base`, merged with what others have written since.

    Raises OnlyTheChair, MinutesNotBegun, MinutesAreClosed, MinutesNotUnderstood.
    """
    meeting, person = meeting_permissions.lock_meeting(participant)
    meeting_permissions.check_may_write_minutes(meeting, person)
    draft = _open_draft(meeting)
    own_content = _validated(content)
    base_version = draft.versions.filter(version=base).first()
    if base_version is None:
        raise MinutesNotUnderstood
    merged, conflicts = minutes_text.merge_changes(base_version.content, own_content, draft.content)
    if merged != draft.content:
        _write_version(draft, _validated(merged), person, now, actor)
    return Saved(draft.version, draft.content, conflicts)


@transaction.atomic
def comment_on_minutes(*, participant: UUID, link: int, text: str, now: datetime) -> MinutesComment:
    """Comment on the draft.

    Raises NotInside, NothingSaid, MinutesNotBegun, MinutesAreClosed.
    """
    meeting, person = meeting_permissions.lock_meeting(participant)
    meeting_permissions.check_link(meeting, person, link)
    if not meeting_permissions.sees_all_documents(meeting, person):
        raise NotInside
    draft = _open_draft(meeting)
    text = text.replace("\x00", "").strip()
    if not 0 < len(text) <= LONGEST_COMMENT:
        raise NothingSaid
    remark = MinutesComment.objects.create(
        office_id=meeting.office_id, minutes=draft, participant=person, text=text, at=now
    )
    record(events.MinutesCommented(**_event_fields(meeting, now, None), participant=str(person.pk)))
    signals.send_signal(meeting.pk, "minutes", {"version": draft.version})
    return remark


@transaction.atomic
def close_minutes(
    *, participant: UUID, version: int, now: datetime, actor: int | None = None
) -> Minutes:
    """Close the minutes at the version that the chair has seen.

    Closed minutes are returned as they are.
    Raises OnlyTheChair, MinutesNotBegun, MinutesChanged, MinutesBlank.
    """
    meeting, person = meeting_permissions.lock_meeting(participant)
    meeting_permissions.check_may_write_minutes(meeting, person)
    if person.role != Participant.Role.CHAIR:
        raise OnlyTheChair
    stored = Minutes.objects.filter(meeting=meeting).first()
    if stored is None:
        raise MinutesNotBegun
    if stored.closed_at:
        return stored
    if stored.version != version:
        raise MinutesChanged
    if minutes_text.is_blank(stored.content):
        raise MinutesBlank
    stored.closed_at, stored.closed_by = now, person
    stored.save(update_fields=["closed_at", "closed_by"])
    event_fields = _event_fields(meeting, now, actor)
    record(events.MinutesClosed(**event_fields, participant=str(person.pk), version=stored.version))
    signals.send_signal(meeting.pk, "minutes", {"version": stored.version})
    return stored


@transaction.atomic
def store_pdf(*, minutes: int, pdf: bytes, now: datetime) -> bool:
    """Store the PDF of closed minutes; its event sends it to everybody. False if it is stored."""
    stored = Minutes.objects.select_related("meeting").get(pk=minutes)
    Meeting.objects.select_for_update(no_key=True).get(pk=stored.meeting_id)
    stored.refresh_from_db()
    if stored.key or not stored.closed_at:
        return False
    stored.key = f"{storage.meeting_folder(stored.office_id, stored.meeting_id)}/{storage.MINUTES}"
    storage.put_file(stored.key, storage.FILE, pdf)
    stored.save(update_fields=["key"])
    event_fields = _event_fields(stored.meeting, now, None)
    record(events.MinutesReady(**event_fields, booking=str(stored.meeting.booking_id)))
    signals.send_signal(stored.meeting_id, "minutes", {"version": stored.version})
    return True


@transaction.atomic
def replace_lost_pdf(*, minutes: int, pdf: bytes) -> bool:
    """Store the PDF of closed minutes again after the storage lost it; sends no message.

    False if it is not missing any more, or the minutes are erased.
    """
    meeting = Meeting.objects.select_for_update(no_key=True).filter(minutes=minutes).first()
    lost = Minutes.objects.filter(pk=minutes, meeting=meeting).exclude(key="")
    row = lost.exclude(missing_since=None).first()
    if row is None:
        return False
    storage.put_file(row.key, storage.FILE, pdf)
    row.missing_since = None
    row.save(update_fields=["missing_since"])
    return True


def pdf_state(stored: Minutes | None, *, now: datetime) -> str:
    """The state of the PDF: "ready", "soon" or "late"; empty until the minutes are closed."""
    if stored is None or not stored.closed_at:
        return ""
    if stored.key:
        return "ready"
    return "late" if now - stored.closed_at >= PDF_LATE_AFTER else "soon"


def starts_without_pdf(office: int, *, now: datetime) -> list[datetime]:
    """The starts of meetings whose minutes were closed over an hour ago and have no PDF."""
    late = Minutes.objects.filter(office=office, key="", closed_at__lte=now - PDF_REPORTED_AFTER)
    return sorted(late.values_list("meeting__booking__starts_at", flat=True))


def _open_draft(meeting: Meeting) -> Minutes:
    stored = Minutes.objects.filter(meeting=meeting).first()
    if stored is None:
        raise MinutesNotBegun
    if stored.closed_at:
        raise MinutesAreClosed
    return stored


def _validated(content: Any) -> minutes_text.Content:
    try:
        return minutes_text.validate_content(content)
    except (ValueError, TypeError):
        raise MinutesNotUnderstood from None


def _write_version(
    draft: Minutes,
    content: minutes_text.Content,
    participant: Participant,
    now: datetime,
    actor: int | None,
) -> None:
    """Store the next version; journalled once per stretch of one person's writing."""
    previous = draft.versions.order_by("-version").first()
    draft.version, draft.content = draft.version + 1, content
    draft.save(update_fields=["version", "content"])
    MinutesVersion.objects.create(
        office_id=draft.office_id,
        minutes=draft,
        version=draft.version,
        content=content,
        participant=participant,
        at=now,
    )
    if previous is None or previous.participant_id != participant.pk or now - previous.at > STRETCH:
        event_fields = _event_fields(draft.meeting, now, actor)
        record(
            events.MinutesSaved(
                **event_fields, participant=str(participant.pk), version=draft.version
            )
        )
    signals.send_signal(draft.meeting_id, "minutes", {"version": draft.version})


def _event_fields(meeting: Meeting, now: datetime, actor: int | None) -> dict[str, Any]:
    return {"office": meeting.office_id, "meeting": str(meeting.pk), "at": now, "actor": actor}
