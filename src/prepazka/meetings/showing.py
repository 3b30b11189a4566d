"""Which page all see, and who turns it. Only a signal tells of it; the journal need not know."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from prepazka.core.refusal import Refused
from prepazka.meetings import access, signals
from prepazka.meetings.models import Document, Meeting, Participant
from prepazka.meetings.room import NotInside, OnlyTheChair


class NotLeading(Refused):
    """Somebody else turns the pages now."""


class NotToShow(Refused):
    """This document has no pages to show."""


def leads(meeting: Meeting, who: Participant) -> bool:
    """Who was given the lead, and the chair always."""
    return who.role == Participant.Role.CHAIR or meeting.leader_id == who.pk


@transaction.atomic
def show(*, participant: UUID, seat: UUID, document: UUID | None, page: int = 1) -> None:
    """Let all see this page, or no document. Raises NotInside, NotLeading, NotToShow."""
    meeting, who = access.lock(participant)
    access.must_be_inside(meeting, who, seat)
    if not leads(meeting, who):
        raise NotLeading
    ready = meeting.documents.filter(state=Document.State.READY)
    found = ready.filter(pk=document).first() if document else None
    if document and (found is None or not 1 <= page <= found.pages):
        raise NotToShow
    put(meeting, found, page)


@transaction.atomic
def give_lead(*, participant: UUID, seat: UUID, to: UUID) -> None:
    """The chair lets somebody turn the pages, or takes it back. Raises OnlyTheChair, NotInside."""
    meeting, who = access.lock(participant)
    access.must_be_inside(meeting, who, seat)
    if who.role != Participant.Role.CHAIR:
        raise OnlyTheChair
    whom = meeting.participants.filter(pk=to, place=Participant.Place.INSIDE).first()
    if whom is None:
        raise NotInside
    meeting.leader = None if whom.pk == who.pk else whom
    meeting.save(update_fields=["leader"])
    _tell(meeting)


def put(meeting: Meeting, document: Document | None, page: int) -> None:
    """Write which page all see; the caller holds the meeting."""
    meeting.shown, meeting.shown_page = document, page
    meeting.save(update_fields=["shown", "shown_page"])
    _tell(meeting)


def seen(meeting: Meeting) -> dict[str, str | int | None]:
    """What all see, as browsers are told."""
    document, leader = meeting.shown_id, meeting.leader_id
    return {
        "document": str(document) if document else None,
        "page": meeting.shown_page,
        "leader": str(leader) if leader else None,
    }


def _tell(meeting: Meeting) -> None:
    signals.tell(meeting.pk, "page", seen(meeting))
