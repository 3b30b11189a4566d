"""The document page shown to all, and who turns the pages. Signalled, not journalled."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from prepazka.core.refusal import Refused
from prepazka.meetings import meeting_permissions, signals
from prepazka.meetings.models import Document, DocumentState, Meeting, Participant
from prepazka.meetings.room import NotInside, OnlyTheChair


class NotLeading(Refused):
    """Another participant presents the document; take the lead before turning pages."""

    message = gettext_noop("Somebody else is turning the pages now.")


class NotToShow(Refused):
    """The document is not ready, or has no such page; choose another one."""

    message = gettext_noop("This document has no pages to show.")


def may_turn_pages(meeting: Meeting, participant: Participant) -> bool:
    """Whether the participant may turn pages: the appointed leader, and the chair always."""
    return participant.role == Participant.Role.CHAIR or meeting.leader_id == participant.pk


@transaction.atomic
def show_page(*, participant: UUID, seat: UUID, document: UUID | None, page: int = 1) -> None:
    """Show a page to all, with None no document. Raises NotInside, NotLeading, NotToShow."""
    meeting, person = meeting_permissions.lock_meeting(participant)
    meeting_permissions.check_inside(meeting, person, seat)
    if not may_turn_pages(meeting, person):
        raise NotLeading
    ready = meeting.documents.filter(state=DocumentState.READY)
    shown_document = ready.filter(pk=document).first() if document else None
    if document and (shown_document is None or not 1 <= page <= shown_document.pages):
        raise NotToShow
    store_shown_page(meeting, shown_document, page)


@transaction.atomic
def give_lead(*, participant: UUID, seat: UUID, to: UUID) -> None:
    """Let `to` turn the pages; the chair's own id takes it back. Raises OnlyTheChair, NotInside."""
    meeting, person = meeting_permissions.lock_meeting(participant)
    meeting_permissions.check_inside(meeting, person, seat)
    if person.role != Participant.Role.CHAIR:
        raise OnlyTheChair
    new_leader = meeting.participants.filter(pk=to, place=Participant.Place.INSIDE).first()
    if new_leader is None:
        raise NotInside
    meeting.leader = None if new_leader.pk == person.pk else new_leader
    meeting.save(update_fields=["leader"])
    _signal_page(meeting)


def store_shown_page(meeting: Meeting, document: Document | None, page: int) -> None:
    """Store the page shown to all and signal it; the caller has locked the meeting."""
    meeting.shown, meeting.shown_page = document, page
    meeting.save(update_fields=["shown", "shown_page"])
    _signal_page(meeting)


def shown_state(meeting: Meeting) -> dict[str, str | int | None]:
    """The shown document, page and leader as sent to browsers."""
    document, leader = meeting.shown_id, meeting.leader_id
    return {
        "document": str(document) if document else None,
        "page": meeting.shown_page,
        "leader": str(leader) if leader else None,
    }


def _signal_page(meeting: Meeting) -> None:
    signals.send_signal(meeting.pk, "page", shown_state(meeting))
