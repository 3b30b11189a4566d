"""Who may see and change the papers of a meeting: its documents and its minutes."""

from __future__ import annotations

from uuid import UUID

from prepazka.booking.models import LIVE
from prepazka.booking.models import State as BookingState
from prepazka.meetings.models import Meeting, Participant
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
# After these the visit took place, or still may.
VISITS = {*LIVE, BookingState.NO_SHOW, BookingState.SERVED}


def lock(participant: UUID) -> tuple[Meeting, Participant]:
    """The meeting, held until the commit, and the participant as it is. Raises NotInside."""
    held = Meeting.objects.select_for_update(no_key=True, of=("self",)).select_related("booking")
    meeting = held.filter(participants=participant).first()
    if meeting is None:
        raise NotInside
    return meeting, Participant.objects.select_related("official").get(pk=participant)


def must_hold(meeting: Meeting, who: Participant, link: int) -> None:
    """Raises LinkRevoked, RemovedFromRoom, MeetingCancelled."""
    if who.revoked_at or who.link != link or meeting.erased_at:
        raise LinkRevoked
    if who.place == Place.REMOVED:
        raise RemovedFromRoom
    if meeting.booking.state not in VISITS:
        raise MeetingCancelled


def must_bring(meeting: Meeting, who: Participant, link: int) -> None:
    """Whether somebody may add or take away papers. Raises as must_hold, and MeetingOver."""
    must_hold(meeting, who, link)
    if meeting.state == Meeting.State.ENDED:
        raise MeetingOver


def sees_all(meeting: Meeting, who: Participant) -> bool:
    """Whether somebody sees what others brought: once admitted, and the official always."""
    if who.role == Role.CHAIR:
        return True
    ended = meeting.state == Meeting.State.ENDED
    return who.admitted_at is not None if ended else who.place == Place.INSIDE


def must_be_inside(meeting: Meeting, who: Participant, seat: UUID) -> None:
    """Raises NotInside."""
    over = meeting.state == Meeting.State.ENDED
    if over or who.revoked_at or who.place != Place.INSIDE or who.seat != seat:
        raise NotInside


def must_write(meeting: Meeting, who: Participant) -> None:
    """Only officials of the meeting write its minutes, also after its end. Raises OnlyTheChair."""
    if who.role not in OFFICIALS or who.revoked_at or not sees_all(meeting, who):
        raise OnlyTheChair


def is_official(who: Participant) -> bool:
    """The chair and colleagues."""
    return who.role in OFFICIALS


def name_of(who: Participant | None) -> str:
    """The participant's name, as the others see it."""
    if who is None:
        return ""
    return who.name or (str(who.official.name) if who.official else "")
