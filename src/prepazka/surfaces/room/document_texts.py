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
        meeting_permissions.check_link(meeting, participant, link)
    except Refused:
        return {"papers": [], "holds": False}
    largest = documents.limits_of(participant.office).largest
    record = Minutes.objects.filter(meeting=meeting).first()
    ended = meeting.state == MeetingState.ENDED
    writes = meeting_permissions.is_official(
        participant
    ) and meeting_permissions.sees_all_documents(meeting, participant)
    return {
        "holds": True,
        "papers": [
            document_fields(document, participant)
            for document in documents.documents_seen_by(participant)
        ],
        "accepted": ACCEPTED,
        "largest": largest // MEGABYTE,
        "closed": bool(record and record.closed_at),
        "printed": bool(record and record.key),
        "pdf_late": minutes.pdf_state(record, now=now) == "late",
        "minutes_after": ended
        and (record is not None or writes)
        and meeting_permissions.sees_all_documents(meeting, participant),
        "papers_settings": {
            "me": str(participant.pk),
            "chair": participant.role == Participant.Role.CHAIR,
            "largest": largest,
        },
        "papers_words": of_script(),
    }


def document_fields(document: Document, participant: Participant) -> dict[str, Any]:
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
        "said": document_state_in_words(document),
        "by": "" if mine else meeting_permissions.name_of(document.participant),
        "mine": mine,
        "removable": not over and (mine or participant.role == Participant.Role.CHAIR),
    }


def size_of(size: int) -> str:
    """The size in kB or MB as text."""
    if size >= MEGABYTE:
        return f"{size / MEGABYTE:.1f}\u00a0MB".replace(".", ",")
    return f"{max(1, round(size / 1024))}\u00a0kB"


def document_state_in_words(document: Document) -> str:
    """The document's state as a sentence; empty if it is ready."""
    if document.missing_since:
        return _(
            "We are sorry, the office has lost this file. If you have it, please give it "
            "to the office again."
        )
    if document.state == DocumentState.CHECKING:
        return _("We are checking the file; the others do not see it yet.")
    if document.state == DocumentState.READY:
        return ""
    return {
        "infected": _("The antivirus check found something harmful in the file. It was not kept."),
        "embedded": _(
            "The file contains an object from another program. Please save it without it, "
            "ideally as PDF."
        ),
        "outside": _(
            "The file would load something from another place when opened. Please save it as PDF."
        ),
        "macros": _("The file contains macros. Please save it without them, ideally as PDF."),
        "bomb": _("The file is too large when unpacked. It was not kept."),
        "encrypted": _("The file is protected by a password. Please save it without one."),
        "too_many_pages": _("The file has too many pages. Please split it."),
        "too_slow": _(
            "The pages took too long to display. Please save a simpler version of the file."
        ),
    }.get(document.refusal, _("The file is damaged or is not the type it claims to be."))


def pdf_late() -> str:
    """The sentence shown while the PDF of the minutes could not be made yet."""
    return _(
        "We are sorry, we have not been able to create the PDF yet. We try again every "
        "minute; once it is ready, it will be here and we will send it to everybody with "
        "an e-mail address. Nothing that was written is lost: you can read it here in the "
        "meantime. If you need it today, please call the office."
    )


def of_script() -> dict[str, str]:
    """Texts of the papers' scripts by key."""
    return {
        "none": _("No documents yet."),
        "show": _("Show to everyone"),
        "look": _("Look at it"),
        "download": _("Download"),
        "remove": _("Remove"),
        "sure_remove": _("Remove {name} for good?"),
        "too_large": _("The file is too large. It must be {most} MB or smaller."),
        "sending": _("Sending: {done} %"),
        "sent": _("{name} has been sent and is being checked."),
        "again": _("Something went wrong. Please try again."),
        "page": _("{name}, page {page} of {pages}"),
        "page_short": _("{page} / {pages}"),
        "own": _("You are browsing on your own."),
        "lead_me": _("You are turning the pages for everyone."),
        "lead_other": _("{name} is turning the pages."),
        "lead_chair": _("The official is turning the pages."),
        "points": _("{name} is pointing"),
        "no_words": _("There is no text on this page, or it is only a picture."),
        "from": _("from {name}"),
        "stopped": _("The document is no longer shown."),
        "saved": _("Saved"),
        "saving": _("Saving…"),
        "unsaved": _("Not saved yet; we keep trying."),
        "conflict": _("{name} has since written here:"),
        "keep": _("Keep my text"),
        "take": _("Take theirs"),
        "what": _("Task"),
        "who": _("Who"),
        "until": _("Until"),
        "task_remove": _("Remove the task"),
        "sure_close": _(
            "Close the minutes? After that nobody can change them, and everybody gets "
            "them by e-mail."
        ),
        "not_begun": _("The official has not started the minutes yet."),
        "closed": _("The minutes are closed."),
        "pdf_soon": _(
            "The PDF is being created; it will be here in a moment and will be sent to "
            "everybody with an e-mail address."
        ),
        "pdf_late": pdf_late(),
        "begun": _("The minutes have been started."),
        "changed": _("The minutes have changed."),
        "remark": _("Comment on the minutes, {name}: {text}"),
        "blank": _("Nothing written yet."),
        "present": _("Present"),
        "subject": _("Subject"),
        "course": _("Summary of the meeting"),
        "conclusions": _("Conclusions"),
        "tasks": _("Tasks"),
    }
