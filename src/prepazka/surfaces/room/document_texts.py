"""Texts and template context of documents and minutes in the meeting room."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from prepazka.core.file_rules import MEGABYTE
from prepazka.core.refusal import Refused
from prepazka.meetings import contents, documents, meeting_permissions, minutes
from prepazka.meetings.models import (
    Document,
    DocumentState,
    MeetingState,
    Minutes,
    Participant,
)

ACCEPTED = ",".join([*contents.BY_SUFFIX, ".jpeg"])


def of_page(participant: Participant, link: int, *, now: datetime) -> dict[str, Any]:
    """Template context of papers, for the room's page and the page after the meeting."""
    meeting = participant.meeting
    try:
        meeting_permissions.must_hold(meeting, participant, link)
    except Refused:
        return {"papers": [], "holds": False}
    largest = documents.limits_of(participant.office).largest
    record = Minutes.objects.filter(meeting=meeting).first()
    ended = meeting.state == MeetingState.ENDED
    writes = meeting_permissions.is_official(participant) and meeting_permissions.sees_all(
        meeting, participant
    )
    return {
        "holds": True,
        "papers": [shown(document, participant) for document in documents.seen_by(participant)],
        "accepted": ACCEPTED,
        "largest": largest // MEGABYTE,
        "closed": bool(record and record.closed_at),
        "printed": bool(record and record.key),
        "pdf_late": minutes.pdf_state(record, now=now) == "late",
        "minutes_after": ended
        and (record is not None or writes)
        and meeting_permissions.sees_all(meeting, participant),
        "papers_settings": {
            "me": str(participant.pk),
            "chair": participant.role == Participant.Role.CHAIR,
            "largest": largest,
        },
        "papers_words": of_script(),
    }


def shown(document: Document, participant: Participant) -> dict[str, Any]:
    """A document's fields for the participant."""
    mine = document.participant_id == participant.pk
    over = participant.meeting.state == MeetingState.ENDED
    return {
        "id": str(document.pk),
        "name": document.name,
        "kind": document.kind,
        "size": size_of(document.size),
        "pages": document.pages,
        "state": "lost" if document.missing_since else document.state,
        "said": said(document),
        "by": "" if mine else meeting_permissions.name_of(document.participant),
        "mine": mine,
        "removable": not over and (mine or participant.role == Participant.Role.CHAIR),
    }


def size_of(size: int) -> str:
    """The size in kB or MB as text."""
    if size >= MEGABYTE:
        return f"{size / MEGABYTE:.1f}\u00a0MB".replace(".", ",")
    return f"{max(1, round(size / 1024))}\u00a0kB"


def said(document: Document) -> str:
    """The document's state as a sentence; empty if it is ready."""
    if document.missing_since:
        return _(
            "This file was lost at the office, we are sorry. If you have it, please give it to the office again."
        )
    if document.state == DocumentState.CHECKING:
        return _("We are checking the file; the others do not see it yet.")
    if document.state == DocumentState.READY:
        return ""
    return {
        "infected": _("The antivirus found something harmful in the file. It was not kept."),
        "embedded": _(
            "The file contains an object of another program. Please save it without it, best as PDF."
        ),
        "outside": _(
            "The file would load something from elsewhere when opened. Please save it as PDF."
        ),
        "macros": _("The file contains macros. Please save it without them, best as PDF."),
        "bomb": _("The file would unpack to an excessive size. It was not kept."),
        "encrypted": _("The file is locked by a password. Please save it without one."),
        "too_many_pages": _("The file has too many pages. Please divide it."),
        "too_slow": _("The pages could not be drawn in time. Please save the file more simply."),
    }.get(document.refusal, _("The file is damaged or is something other than its beginning says."))


def pdf_late() -> str:
    """The sentence shown while the PDF of the minutes could not be made yet."""
    return _(
        "We have not managed to make the PDF yet, we are sorry. We try again each minute; once it is made, it will be here and we send it to everybody who has an e-mail address. Nothing that was written is lost: you can read it here meanwhile. If you need it today, please call the office."
    )


def of_script() -> dict[str, str]:
    """Texts of the papers' scripts by key."""
    return {
        "none": _("No documents yet."),
        "show": _("Show to all"),
        "look": _("Look at it"),
        "download": _("Download"),
        "remove": _("Remove"),
        "sure_remove": _("Remove {name} for good?"),
        "too_large": _("The file is too large; the largest that we accept is {most} MB."),
        "sending": _("Sending: {done} %"),
        "sent": _("{name} was sent and is being checked."),
        "again": _("Something went wrong. Please try it once more."),
        "page": _("{name}, page {page} of {pages}"),
        "page_short": _("{page} / {pages}"),
        "own": _("You are looking on your own."),
        "lead_me": _("You turn the pages for everybody."),
        "lead_other": _("{name} turns the pages."),
        "lead_chair": _("The official turns the pages."),
        "points": _("{name} is pointing"),
        "no_words": _("There is no text on this page, or it is only a picture."),
        "from": _("from {name}"),
        "stopped": _("The document is not shown any more."),
        "saved": _("Saved"),
        "saving": _("Saving…"),
        "unsaved": _("Not saved yet; we keep trying."),
        "conflict": _("{name} wrote here meanwhile:"),
        "keep": _("Keep my text"),
        "take": _("Take theirs"),
        "what": _("Task"),
        "who": _("Who"),
        "until": _("Until"),
        "task_remove": _("Remove the task"),
        "sure_close": _(
            "Close the minutes? Nobody can change them any more, and everybody gets them by e-mail."
        ),
        "not_begun": _("The official has not begun the minutes yet."),
        "closed": _("The minutes are closed."),
        "pdf_soon": _(
            "The PDF is being made; it will be here in a moment and goes by e-mail to everybody who has an address."
        ),
        "pdf_late": pdf_late(),
        "begun": _("The minutes have been begun."),
        "changed": _("The minutes have changed."),
        "remark": _("Remark on the minutes, {name}: {text}"),
        "blank": _("Nothing written yet."),
        "present": _("Present"),
        "subject": _("Subject"),
        "course": _("Course of the meeting"),
        "conclusions": _("Conclusions"),
        "tasks": _("Tasks"),
    }
