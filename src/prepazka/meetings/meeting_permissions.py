"""Permissions for the documents and minutes of a meeting."""

from __future__ import annotations

from uuid import UUID

from prepazka.booking.models import LIVE, BookingState
from prepazka.meetings.models import Meeting, MeetingState, Participant
from prepazka.meetings.room import (
    OFFICIALS,
    LinkRevoked,
    MeetingCancelled,
    MeetingOver,
    NotInside,
    OnlyTheChair,
    RemovedFromRoom,
)

Place = Participant.Place
Role = Participant.Role
# States of a booking whose visit took place or still may.
VISITS = {*LIVE, BookingState.NO_SHOW, BookingState.SERVED}


def lock_meeting(participant: UUID) -> tuple[Meeting, Participant]:
    """Lock the meeting until the commit; returns it and the participant. Raises NotInside."""
    meetings = Meeting.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "booking"
    )
    meeting = meetings.filter(participants=participant).first()
    if meeting is None:
        raise NotInside
    return meeting, Participant.objects.select_related("official").get(pk=participant)


def check_link(meeting: Meeting, participant: Participant, link: int) -> None:
    """Check that the link is valid. Raises LinkRevoked, RemovedFromRoom, MeetingCancelled."""
    if participant.revoked_at or participant.link != link or meeting.erased_at:
        raise LinkRevoked
    if participant.place == Place.REMOVED:
        raise RemovedFromRoom
    if meeting.booking.state not in VISITS:
        raise MeetingCancelled


def check_may_bring_documents(meeting: Meeting, participant: Participant, link: int) -> None:
    """Check that documents may be added or removed. Raises as must_hold, and MeetingOver."""
    check_link(meeting, participant, link)
    if meeting.state == MeetingState.ENDED:
        raise MeetingOver


def sees_all_documents(meeting: Meeting, participant: Participant) -> bool:
    """Whether the participant sees others' documents: once admitted, and the chair always."""
    if participant.role == Role.CHAIR:
        return True
    ended = meeting.state == MeetingState.ENDED
    return participant.admitted_at is not None if ended else participant.place == Place.INSIDE


def check_inside(meeting: Meeting, participant: Participant, seat: UUID) -> None:
    """Check that the participant is in the running meeting on this seat. Raises NotInside."""
    is_over = meeting.state == MeetingState.ENDED
    if (
        is_over
        or participant.revoked_at
        or participant.place != Place.INSIDE
        or participant.seat != seat
    ):
        raise NotInside


def check_may_write_minutes(meeting: Meeting, participant: Participant) -> None:
    """Check that the participant may write minutes, as officials may. Raises OnlyTheChair."""
    if (
        participant.role not in OFFICIALS
        or participant.revoked_at
        or not sees_all_documents(meeting, participant)
    ):
        raise OnlyTheChair


def is_official(participant: Participant) -> bool:
    """Whether the participant is the chair or a colleague."""
    return participant.role in OFFICIALS


def name_of(participant: Participant | None) -> str:
    """The participant's name as the others see it; empty for None."""
    if participant is None:
        return ""
    return participant.name or (str(participant.official.name) if participant.official else "")
