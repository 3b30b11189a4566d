"""Use-cases of the room: enter, admit, put back, mute, remove, leave, end, chat, raise a hand.

Each locks the meeting (entering and ending lock the booking's day before it), checks, writes,
records the event, and notifies the room.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from prepazka.booking.booking_locks import lock_booking
from prepazka.booking.models import LIVE, Booking, BookingState
from prepazka.core import calendar, events
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.meetings import signals
from prepazka.meetings.models import ChatMessage, Meeting, MeetingState, Participant
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import snapshot_of

MOST = 6  # people inside; a telephone cannot handle a larger mesh of connections
OPENS = timedelta(minutes=15)  # before the booked time, when the lobby opens
LONGEST_LINE = 2000
OFFICIALS = (Participant.Role.CHAIR, Participant.Role.COLLEAGUE)
Place = Participant.Place


class MeetingOver(Refused):
    """The meeting was ended; nobody can enter it or act in it."""

    message = gettext_noop("The meeting has ended.")


class MeetingCancelled(Refused):
    """The booking was cancelled, displaced or moved; follow the booking's page instead."""

    message = gettext_noop("The meeting will not take place; the booking was cancelled or moved.")


class LinkRevoked(Refused):
    """The link is of an earlier generation; the person needs a new one from the office."""

    message = gettext_noop("This link is no longer valid. Please ask the office for a new one.")


class RemovedFromRoom(Refused):
    """The chair removed the participant, who cannot come back by this link."""

    message = gettext_noop("The official has removed you from this meeting.")


class TooEarly(Refused):
    """The room opens `minutes` before the appointment; repeat then."""

    message = gettext_noop("You can join %(minutes)s minutes before the appointment.")


class OtherDay(Refused):
    """The day of the meeting has passed and nobody held it; book again."""

    message = gettext_noop("The meeting was planned for a day that has passed.")


class SeatTaken(Refused):
    """The participant is connected elsewhere; repeat with `take` to take over that seat."""

    message = gettext_noop(
        "You are already in this meeting, in another window or on another device."
    )


class RoomFull(Refused):
    """`most` people are in the room; somebody must leave before another is let in."""

    message = gettext_noop("The room is full; at most %(most)s people can see each other.")


class OnlyTheChair(Refused):
    """The participant does not lead the meeting, and the step is the chair's alone."""

    message = gettext_noop("Only the official who leads the meeting can do this.")


class NotInside(Refused):
    """The participant is not in the room on this seat, or the target is not; enter first."""

    message = gettext_noop("You are not in the room.")


class NothingSaid(Refused):
    """The text is empty or longer than allowed; shorten it."""

    message = gettext_noop("The message is empty or too long.")


@dataclass(frozen=True)
class Entered:
    """The participant after entering, and the number of the last signal before."""

    participant: Participant
    after: int


@transaction.atomic
def enter_room(
    *,
    participant: UUID,
    link: int,
    now: datetime,
    seat: UUID | None = None,
    take: bool = False,
    actor: int | None = None,
) -> Entered:
    """Enter: officials and people who were inside go inside, others to the lobby.

    `seat` is the one that the same tab had. Another connected tab is replaced only with `take`.
    Raises Participant.DoesNotExist and the refusals above.
    """
    meeting, person, booking = _lock_booking_and_meeting(participant)
    _must_be_allowed_in(meeting, person, booking, link, now)
    if person.seat and person.seat != seat and not take and _is_connected(person):
        raise SeatTaken
    is_arriving = person.place == Place.AWAY
    person.place = _place_for(meeting, person)
    person.seat = uuid4()
    person.left_at, person.came_at = None, person.came_at or now
    if person.place == Place.INSIDE:
        person.admitted_at = person.admitted_at or now
    person.save(update_fields=["place", "seat", "left_at", "came_at", "admitted_at"])
    Participant.objects.filter(pk=person.pk).update(seen_at=Now())
    event_fields = _event_fields(meeting, now, actor)
    if is_arriving:
        record(events.MeetingJoined(**event_fields, participant=str(person.pk)))
    if person.role == Participant.Role.CHAIR:
        _start_meeting(meeting, now, event_fields)
    elif person.role not in OFFICIALS and booking.state == BookingState.CONFIRMED:
        booking.state, booking.arrived_at = BookingState.ARRIVED, now
        booking.save(update_fields=["state", "arrived_at"])
        record(events.BookingArrived(office=meeting.office_id, booking=str(booking.pk), at=now))
    kind = "admitted" if person.place == Place.INSIDE else "state"
    return Entered(person, signals.send_signal(meeting.pk, kind, {"participant": str(person.pk)}))


@transaction.atomic
def admit_participant(
    *, chair: UUID, participant: UUID, now: datetime, actor: int | None = None
) -> None:
    """Let a participant in from the lobby. Raises OnlyTheChair, NotInside, RoomFull."""
    meeting, person = _lock_by_chair(chair, participant)
    if person.place == Place.INSIDE:
        return
    if person.place != Place.LOBBY:
        raise NotInside
    if _people_inside(meeting).count() >= MOST:
        raise RoomFull(most=MOST)
    person.place, person.admitted_at = Place.INSIDE, now
    person.save(update_fields=["place", "admitted_at"])
    record(events.MeetingAdmitted(**_event_fields(meeting, now, actor), participant=str(person.pk)))
    signals.send_signal(meeting.pk, "admitted", {"participant": str(person.pk)})


@transaction.atomic
def return_to_lobby(
    *, chair: UUID, participant: UUID, now: datetime, actor: int | None = None
) -> None:
    """Send a participant back to the lobby. Raises OnlyTheChair, NotInside."""
    _send_out(chair, participant, Place.LOBBY, events.MeetingPutBack, now, actor)


@transaction.atomic
def remove_participant(
    *, chair: UUID, participant: UUID, now: datetime, actor: int | None = None
) -> None:
    """Remove a participant; the link becomes invalid. Raises OnlyTheChair, NotInside."""
    _send_out(chair, participant, Place.REMOVED, events.MeetingRemoved, now, actor)


@transaction.atomic
def mute_participant(
    *, chair: UUID, participant: UUID, now: datetime, actor: int | None = None
) -> None:
    """Mute a participant's microphone, who can unmute it. Raises OnlyTheChair, NotInside."""
    meeting, person = _lock_by_chair(chair, participant)
    if person.place != Place.INSIDE:
        raise NotInside
    record(events.MeetingMuted(**_event_fields(meeting, now, actor), participant=str(person.pk)))
    signals.send_signal(meeting.pk, "mute", receiver=person.seat)


@transaction.atomic
def leave_room(*, participant: UUID, seat: UUID, now: datetime, actor: int | None = None) -> None:
    """Leave the room; to return, a citizen or guest goes through the lobby. Raises NotInside."""
    meeting, person = _lock_with_seat(participant, seat)
    person.place, person.left_at, person.hand_at = Place.AWAY, now, None
    person.save(update_fields=["place", "left_at", "hand_at"])
    record(events.MeetingLeft(**_event_fields(meeting, now, actor), participant=str(person.pk)))
    signals.send_signal(meeting.pk, "state")


@transaction.atomic
def end_meeting(*, chair: UUID, now: datetime, actor: int | None = None) -> None:
    """End the meeting for everybody and mark its booking as served.

    Raises OnlyTheChair, MeetingOver.
    """
    meeting, person, booking = _lock_booking_and_meeting(chair)
    _must_be_chair(meeting, person)
    if booking.state == BookingState.ARRIVED:
        booking.state, booking.served_at = BookingState.SERVED, now
        booking.save(update_fields=["state", "served_at"])
        record(events.BookingServed(office=meeting.office_id, booking=str(booking.pk), at=now))
    end_locked_meeting(meeting, now, actor)


def end_locked_meeting(meeting: Meeting, now: datetime, actor: int | None = None) -> None:
    """End the meeting, which the caller has locked. Does nothing if it has ended."""
    if meeting.state == MeetingState.ENDED:
        return
    meeting.state, meeting.ended_at = MeetingState.ENDED, now
    meeting.save(update_fields=["state", "ended_at"])
    meeting.participants.update(hand_at=None)
    record(events.MeetingEnded(**_event_fields(meeting, now, actor)))
    signals.send_signal(meeting.pk, "state")


@transaction.atomic
def post_chat_message(*, participant: UUID, seat: UUID, text: str, now: datetime) -> ChatMessage:
    """Post a line to the chat. Raises NotInside, NothingSaid."""
    meeting, person = _lock_with_seat(participant, seat, Place.INSIDE)
    text = text.replace("\x00", "").strip()
    if not 0 < len(text) <= LONGEST_LINE:
        raise NothingSaid
    line = ChatMessage.objects.create(
        office_id=meeting.office_id, meeting=meeting, participant=person, text=text, at=now
    )
    body = {"id": line.pk, "participant": str(person.pk), "text": text, "at": now.isoformat()}
    signals.send_signal(meeting.pk, "said", body)
    return line


@transaction.atomic
def raise_hand(*, participant: UUID, seat: UUID, up: bool, now: datetime) -> None:
    """Raise or lower a hand. Raises NotInside."""
    meeting, person = _lock_with_seat(participant, seat, Place.INSIDE)
    person.hand_at = (person.hand_at or now) if up else None
    person.save(update_fields=["hand_at"])
    signals.send_signal(meeting.pk, "state")


def _lock_booking_and_meeting(participant: UUID) -> tuple[Meeting, Participant, Booking]:
    """Lock the booking's day, then the meeting; returns meeting, participant and booking."""
    person = Participant.objects.select_related("meeting").get(pk=participant)
    booking = lock_booking(person.meeting.booking_id)
    meeting = Meeting.objects.select_for_update(no_key=True).get(pk=person.meeting_id)
    return meeting, Participant.objects.get(pk=participant), booking


def _lock_meeting(participant: UUID) -> tuple[Meeting, Participant]:
    """Lock the participant's meeting; returns meeting and participant. Raises NotInside."""
    meetings = Meeting.objects.select_for_update(no_key=True, of=("self",))
    meeting = meetings.filter(participants=participant).first()
    if meeting is None:
        raise NotInside
    return meeting, Participant.objects.get(pk=participant)


def _lock_with_seat(participant: UUID, seat: UUID, *places: str) -> tuple[Meeting, Participant]:
    meeting, person = _lock_meeting(participant)
    allowed = places or (Place.INSIDE, Place.LOBBY)
    is_over = meeting.state == MeetingState.ENDED
    if is_over or person.seat != seat or person.revoked_at or person.place not in allowed:
        raise NotInside
    return meeting, person


def _must_be_chair(meeting: Meeting, participant: Participant) -> None:
    if meeting.state == MeetingState.ENDED:
        raise MeetingOver
    if (
        participant.role != Participant.Role.CHAIR
        or participant.revoked_at
        or participant.place != Place.INSIDE
    ):
        raise OnlyTheChair


def _lock_by_chair(chair: UUID, participant: UUID) -> tuple[Meeting, Participant]:
    meeting, leader = _lock_meeting(chair)
    _must_be_chair(meeting, leader)
    person = meeting.participants.filter(pk=participant).exclude(pk=chair).first()
    if person is None:
        raise NotInside
    return meeting, person


def _send_out(
    chair: UUID,
    participant: UUID,
    new_place: str,
    event: type[events.MeetingPutBack | events.MeetingRemoved],
    now: datetime,
    actor: int | None,
) -> None:
    meeting, person = _lock_by_chair(chair, participant)
    if person.place not in {Place.INSIDE, Place.LOBBY}:
        raise NotInside
    person.place, person.hand_at = new_place, None
    person.save(update_fields=["place", "hand_at"])
    record(event(**_event_fields(meeting, now, actor), participant=str(person.pk)))
    signals.send_signal(meeting.pk, "state")


def _must_be_allowed_in(
    meeting: Meeting, participant: Participant, booking: Booking, link: int, now: datetime
) -> None:
    if participant.revoked_at or participant.link != link:
        raise LinkRevoked
    if participant.place == Place.REMOVED:
        raise RemovedFromRoom
    if meeting.state == MeetingState.ENDED:
        raise MeetingOver
    if booking.state not in LIVE and booking.state != BookingState.NO_SHOW:
        raise MeetingCancelled
    today = calendar.day_of(now, snapshot_of(Office.objects.get(pk=meeting.office_id)).tz)
    if today > booking.date and meeting.state == MeetingState.PLANNED:
        raise OtherDay
    if participant.role not in OFFICIALS and now < booking.starts_at - OPENS:
        raise TooEarly(minutes=int(OPENS.total_seconds() // 60))


def _place_for(meeting: Meeting, participant: Participant) -> str:
    may_be_inside = participant.role in OFFICIALS or participant.place == Place.INSIDE
    has_room = _people_inside(meeting).exclude(pk=participant.pk).count() < MOST
    if participant.role == Participant.Role.CHAIR or (may_be_inside and has_room):
        return Place.INSIDE
    return Place.LOBBY


def _start_meeting(meeting: Meeting, now: datetime, event_fields: dict[str, Any]) -> None:
    if meeting.state == MeetingState.PLANNED:
        meeting.state, meeting.started_at = MeetingState.RUNNING, now
        meeting.save(update_fields=["state", "started_at"])
        record(events.MeetingStarted(**event_fields))


def _present_since() -> ExpressionWrapper[Any]:
    ago = timedelta(seconds=signals.PRESENT)
    return ExpressionWrapper(Now() - ago, output_field=DateTimeField())


def _is_connected(participant: Participant) -> bool:
    present = Participant.objects.filter(pk=participant.pk, place__in=(Place.LOBBY, Place.INSIDE))
    return present.filter(seen_at__gt=_present_since()).exists()


def absent_participants(meeting: Meeting) -> QuerySet[Participant]:
    """Invited participants, except the chair, who are not connected now."""
    connected = Participant.objects.filter(
        meeting=meeting, place__in=(Place.LOBBY, Place.INSIDE), seen_at__gt=_present_since()
    )
    invited = meeting.participants.filter(revoked_at=None).exclude(role=Participant.Role.CHAIR)
    return invited.exclude(place=Place.REMOVED).exclude(pk__in=connected)


def _people_inside(meeting: Meeting) -> QuerySet[Participant]:
    """Participants who are inside and connected."""
    return meeting.participants.filter(place=Place.INSIDE, seen_at__gt=_present_since())


def _event_fields(meeting: Meeting, now: datetime, actor: int | None) -> dict[str, Any]:
    return {"office": meeting.office_id, "meeting": str(meeting.pk), "at": now, "actor": actor}
