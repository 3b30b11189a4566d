"""Who is in the room: enter, admit, put back, mute, remove, leave, end; chat and hands.

Each use-case locks the meeting (entering and ending also the day of the booking, before it),
looks, decides, writes, records, and wakes the room.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, QuerySet
from django.db.models.functions import Now

from prepazka.booking.locks import lock_booking
from prepazka.booking.models import LIVE, Booking
from prepazka.booking.models import State as BookingState
from prepazka.core import calendar, events
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.meetings import signals
from prepazka.meetings.models import Meeting, Participant, Said
from prepazka.offices.directory import directory
from prepazka.offices.models import Office

MOST = 6  # people inside; a mesh of more is too much for a telephone
OPENS = timedelta(minutes=15)  # before the term, for whoever waits in the lobby
LONGEST_LINE = 2000
OFFICIALS = (Participant.Role.CHAIR, Participant.Role.COLLEAGUE)
Place = Participant.Place


class MeetingOver(Refused):
    """The meeting has ended."""


class MeetingCancelled(Refused):
    """The meeting will not take place; the booking was cancelled or moved."""


class LinkRevoked(Refused):
    """This link is no longer valid. Please ask the office for a new one."""


class RemovedFromRoom(Refused):
    """The official has ended your part in this meeting."""


class TooEarly(Refused):
    """You can join %(minutes)s minutes before the appointment."""


class OtherDay(Refused):
    """The meeting was planned for another day, which is over."""


class SeatTaken(Refused):
    """You are in this meeting already, in another window or on another device."""


class RoomFull(Refused):
    """The room is full; at most %(most)s people can see each other."""


class OnlyTheChair(Refused):
    """Only the official who leads the meeting can do this."""


class NotInside(Refused):
    """You are not in the room."""


class NothingSaid(Refused):
    """The message is empty or too long."""


@dataclass(frozen=True)
class Entered:
    """Where somebody is now, and after which signal they have to listen."""

    participant: Participant
    after: int


@transaction.atomic
def enter(
    *,
    participant: UUID,
    link: int,
    now: datetime,
    seat: UUID | None = None,
    take: bool = False,
    actor: int | None = None,
) -> Entered:
    """Take a seat: officials inside, others in the lobby, whoever was inside inside again.

    `seat` is the one that the same tab had; another living seat is replaced only with `take`.
    Raises Participant.DoesNotExist and the refusals above.
    """
    meeting, who, booking = _locked(participant)
    _may_enter(meeting, who, booking, link, now)
    if who.seat and who.seat != seat and not take and _alive(who):
        raise SeatTaken
    first = who.place == Place.AWAY
    who.place = _place(meeting, who)
    who.seat = uuid4()
    who.left_at, who.came_at = None, who.came_at or now
    if who.place == Place.INSIDE:
        who.admitted_at = who.admitted_at or now
    who.save(update_fields=["place", "seat", "left_at", "came_at", "admitted_at"])
    Participant.objects.filter(pk=who.pk).update(seen_at=Now())
    said = _said(meeting, now, actor)
    if first:
        record(events.MeetingJoined(**said, participant=str(who.pk)))
    if who.role == Participant.Role.CHAIR:
        _start(meeting, now, said)
    elif who.role not in OFFICIALS and booking.state == BookingState.CONFIRMED:
        booking.state, booking.arrived_at = BookingState.ARRIVED, now
        booking.save(update_fields=["state", "arrived_at"])
        record(events.BookingArrived(office=meeting.office_id, booking=str(booking.pk), at=now))
    kind = "admitted" if who.place == Place.INSIDE else "state"
    return Entered(who, signals.tell(meeting.pk, kind, {"participant": str(who.pk)}))


@transaction.atomic
def admit(*, chair: UUID, participant: UUID, now: datetime, actor: int | None = None) -> None:
    """Let somebody from the lobby in. Raises OnlyTheChair, NotInside, RoomFull."""
    meeting, who = _by_chair(chair, participant)
    if who.place == Place.INSIDE:
        return
    if who.place != Place.LOBBY:
        raise NotInside
    if _inside(meeting).count() >= MOST:
        raise RoomFull(most=MOST)
    who.place, who.admitted_at = Place.INSIDE, now
    who.save(update_fields=["place", "admitted_at"])
    record(events.MeetingAdmitted(**_said(meeting, now, actor), participant=str(who.pk)))
    signals.tell(meeting.pk, "admitted", {"participant": str(who.pk)})


@transaction.atomic
def put_back(*, chair: UUID, participant: UUID, now: datetime, actor: int | None = None) -> None:
    """Ask somebody to wait outside for a while. Raises OnlyTheChair, NotInside."""
    _send_out(chair, participant, Place.LOBBY, events.MeetingPutBack, now, actor)


@transaction.atomic
def remove(*, chair: UUID, participant: UUID, now: datetime, actor: int | None = None) -> None:
    """End somebody's part in the meeting; their link opens nothing any more. Raises as put_back."""
    _send_out(chair, participant, Place.REMOVED, events.MeetingRemoved, now, actor)


@transaction.atomic
def mute(*, chair: UUID, participant: UUID, now: datetime, actor: int | None = None) -> None:
    """Ask somebody's browser to be silent; they may speak again. Raises OnlyTheChair, NotInside."""
    meeting, who = _by_chair(chair, participant)
    if who.place != Place.INSIDE:
        raise NotInside
    record(events.MeetingMuted(**_said(meeting, now, actor), participant=str(who.pk)))
    signals.tell(meeting.pk, "mute", receiver=who.seat)


@transaction.atomic
def leave(*, participant: UUID, seat: UUID, now: datetime, actor: int | None = None) -> None:
    """Go away of one's own will; the way back leads through the lobby. Raises NotInside."""
    meeting, who = _own(participant, seat)
    who.place, who.left_at, who.hand_at = Place.AWAY, now, None
    who.save(update_fields=["place", "left_at", "hand_at"])
    record(events.MeetingLeft(**_said(meeting, now, actor), participant=str(who.pk)))
    signals.tell(meeting.pk, "state")


@transaction.atomic
def end_meeting(*, chair: UUID, now: datetime, actor: int | None = None) -> None:
    """End the meeting for everybody; the visit has been served. Raises OnlyTheChair, MeetingOver."""
    meeting, who, booking = _locked(chair)
    _must_chair(meeting, who)
    if booking.state == BookingState.ARRIVED:
        booking.state, booking.served_at = BookingState.SERVED, now
        booking.save(update_fields=["state", "served_at"])
        record(events.BookingServed(office=meeting.office_id, booking=str(booking.pk), at=now))
    end_now(meeting, now, actor)


def end_now(meeting: Meeting, now: datetime, actor: int | None = None) -> None:
    """Let the meeting be over; the caller has locked it. Repeated, it changes nothing."""
    if meeting.state == Meeting.State.ENDED:
        return
    meeting.state, meeting.ended_at = Meeting.State.ENDED, now
    meeting.save(update_fields=["state", "ended_at"])
    meeting.participants.update(hand_at=None)
    record(events.MeetingEnded(**_said(meeting, now, actor)))
    signals.tell(meeting.pk, "state")


@transaction.atomic
def say(*, participant: UUID, seat: UUID, text: str, now: datetime) -> Said:
    """A line of the chat, for those who are inside. Raises NotInside, NothingSaid."""
    meeting, who = _own(participant, seat, Place.INSIDE)
    text = text.replace("\x00", "").strip()
    if not 0 < len(text) <= LONGEST_LINE:
        raise NothingSaid
    line = Said.objects.create(
        office_id=meeting.office_id, meeting=meeting, participant=who, text=text, at=now
    )
    body = {"id": line.pk, "participant": str(who.pk), "text": text, "at": now.isoformat()}
    signals.tell(meeting.pk, "said", body)
    return line


@transaction.atomic
def raise_hand(*, participant: UUID, seat: UUID, up: bool, now: datetime) -> None:
    """Show or withdraw a wish to speak. Raises NotInside."""
    meeting, who = _own(participant, seat, Place.INSIDE)
    who.hand_at = (who.hand_at or now) if up else None
    who.save(update_fields=["hand_at"])
    signals.tell(meeting.pk, "state")


def _locked(participant: UUID) -> tuple[Meeting, Participant, Booking]:
    """The booking's day, then the meeting; then the participant as it is."""
    found = Participant.objects.select_related("meeting").get(pk=participant)
    booking = lock_booking(found.meeting.booking_id)
    meeting = Meeting.objects.select_for_update(no_key=True).get(pk=found.meeting_id)
    return meeting, Participant.objects.get(pk=participant), booking


def _lock(participant: UUID) -> tuple[Meeting, Participant]:
    """The meeting of the participant, without its booking."""
    held = Meeting.objects.select_for_update(no_key=True, of=("self",))
    meeting = held.filter(participants=participant).first()
    if meeting is None:
        raise NotInside
    return meeting, Participant.objects.get(pk=participant)


def _own(participant: UUID, seat: UUID, *places: str) -> tuple[Meeting, Participant]:
    meeting, who = _lock(participant)
    allowed = places or (Place.INSIDE, Place.LOBBY)
    over = meeting.state == Meeting.State.ENDED
    if over or who.seat != seat or who.revoked_at or who.place not in allowed:
        raise NotInside
    return meeting, who


def _must_chair(meeting: Meeting, who: Participant) -> None:
    if meeting.state == Meeting.State.ENDED:
        raise MeetingOver
    if who.role != Participant.Role.CHAIR or who.revoked_at or who.place != Place.INSIDE:
        raise OnlyTheChair


def _by_chair(chair: UUID, participant: UUID) -> tuple[Meeting, Participant]:
    meeting, leads = _lock(chair)
    _must_chair(meeting, leads)
    who = meeting.participants.filter(pk=participant).exclude(pk=chair).first()
    if who is None:
        raise NotInside
    return meeting, who


def _send_out(
    chair: UUID,
    participant: UUID,
    place: str,
    event: type[events.MeetingPutBack | events.MeetingRemoved],
    now: datetime,
    actor: int | None,
) -> None:
    meeting, who = _by_chair(chair, participant)
    if who.place not in {Place.INSIDE, Place.LOBBY}:
        raise NotInside
    who.place, who.hand_at = place, None
    who.save(update_fields=["place", "hand_at"])
    record(event(**_said(meeting, now, actor), participant=str(who.pk)))
    signals.tell(meeting.pk, "state")


def _may_enter(
    meeting: Meeting, who: Participant, booking: Booking, link: int, now: datetime
) -> None:
    if who.revoked_at or who.link != link:
        raise LinkRevoked
    if who.place == Place.REMOVED:
        raise RemovedFromRoom
    if meeting.state == Meeting.State.ENDED:
        raise MeetingOver
    if booking.state not in LIVE and booking.state != BookingState.NO_SHOW:
        raise MeetingCancelled
    today = calendar.day_of(now, directory(Office.objects.get(pk=meeting.office_id)).tz)
    if today > booking.date and meeting.state == Meeting.State.PLANNED:
        raise OtherDay
    if who.role not in OFFICIALS and now < booking.starts_at - OPENS:
        raise TooEarly(minutes=int(OPENS.total_seconds() // 60))


def _place(meeting: Meeting, who: Participant) -> str:
    wanted = who.role in OFFICIALS or who.place == Place.INSIDE
    room = _inside(meeting).exclude(pk=who.pk).count() < MOST
    if who.role == Participant.Role.CHAIR or (wanted and room):
        return Place.INSIDE
    return Place.LOBBY


def _start(meeting: Meeting, now: datetime, said: dict[str, Any]) -> None:
    if meeting.state == Meeting.State.PLANNED:
        meeting.state, meeting.started_at = Meeting.State.RUNNING, now
        meeting.save(update_fields=["state", "started_at"])
        record(events.MeetingStarted(**said))


def _present() -> ExpressionWrapper[Any]:
    ago = timedelta(seconds=signals.PRESENT)
    return ExpressionWrapper(Now() - ago, output_field=DateTimeField())


def _alive(who: Participant) -> bool:
    found = Participant.objects.filter(pk=who.pk, place__in=(Place.LOBBY, Place.INSIDE))
    return found.filter(seen_at__gt=_present()).exists()


def absent(meeting: Meeting) -> QuerySet[Participant]:
    """Those who may come, except the chair, and have no living page of the meeting now."""
    here = Participant.objects.filter(
        meeting=meeting, place__in=(Place.LOBBY, Place.INSIDE), seen_at__gt=_present()
    )
    may = meeting.participants.filter(revoked_at=None).exclude(role=Participant.Role.CHAIR)
    return may.exclude(place=Place.REMOVED).exclude(pk__in=here)


def _inside(meeting: Meeting) -> QuerySet[Participant]:
    """Who is inside and has not lost the connection."""
    return meeting.participants.filter(place=Place.INSIDE, seen_at__gt=_present())


def _said(meeting: Meeting, now: datetime, actor: int | None) -> dict[str, Any]:
    return {"office": meeting.office_id, "meeting": str(meeting.pk), "at": now, "actor": actor}
