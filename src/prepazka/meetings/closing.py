"""Endings of a meeting outside its room: missed, ended from the list, followed by another."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from prepazka.booking.booking_lifecycle import hold_slot, mark_served_remotely, request_confirmation
from prepazka.booking.booking_locks import lock_booking
from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking, BookingState, Channel
from prepazka.booking.transitions import end_booking
from prepazka.core import events
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.meetings.models import Meeting, Participant
from prepazka.meetings.participants import (
    invite_colleague,
    invite_guest,
    invited_participants,
    meeting_for,
)
from prepazka.meetings.room import end_locked_meeting
from prepazka.offices.models import Mode, Official
from prepazka.offices.office_snapshot import OfficeSnapshot

# How long the official must wait before a meeting can be marked as missed.
WAITED = timedelta(minutes=5)


class NotMissedYet(Refused):
    """Less than `minutes` have passed since the start or the announced delay; repeat later."""

    message = gettext_noop("Please wait until %(minutes)s minutes after the start.")


class SomebodyCame(Refused):
    """Somebody is in the room or the waiting room, so the meeting cannot be marked as missed."""

    message = gettext_noop("Somebody has come to this meeting. Let them in, or end it.")


class NotHeldRemotely(Refused):
    """The booking is in person, a companion's, or over; it is no open meeting or call."""

    message = gettext_noop("This is not a video or phone meeting that can still take place.")


@transaction.atomic
def miss_meeting(*, booking: UUID, now: datetime, actor: int | None = None) -> Booking:
    """Mark a meeting or call as a no-show and end it; the person gets a message.

    Does nothing if it is marked. Raises NotHeldRemotely, NotMissedYet, SomebodyCame.
    """
    locked = lock_booking(booking)
    if locked.state == BookingState.NO_SHOW:
        return locked
    if locked.mode == Mode.PERSON or locked.companion_of_id:
        raise NotHeldRemotely
    if locked.state == BookingState.ARRIVED:
        raise SomebodyCame
    if locked.state != BookingState.CONFIRMED:
        raise NotHeldRemotely
    meeting = _lock_meeting(locked)
    if now < locked.starts_at + timedelta(minutes=meeting.late_min if meeting else 0) + WAITED:
        raise NotMissedYet(minutes=int(WAITED.total_seconds() // 60))
    end_booking(locked, BookingState.NO_SHOW, now)
    event_fields = {
        "office": locked.office_id,
        "booking": str(locked.pk),
        "at": now,
        "actor": actor,
    }
    record(events.BookingNoShow(**event_fields))  # type: ignore[arg-type]
    meeting_id = str(meeting.pk) if meeting else ""
    record(events.MeetingMissed(meeting=meeting_id, **event_fields))  # type: ignore[arg-type]
    if meeting:
        end_locked_meeting(meeting, now, actor)
    return locked


@transaction.atomic
def end_held_elsewhere(*, booking: UUID, now: datetime, actor: int | None = None) -> Booking:
    """End a meeting or call that has taken place, from the list. Raises NotHeldRemotely."""
    locked = lock_booking(booking)
    if locked.mode == Mode.PERSON or locked.state not in {
        BookingState.CONFIRMED,
        BookingState.ARRIVED,
    }:
        raise NotHeldRemotely
    if locked.mode == Mode.VIDEO and locked.state != BookingState.ARRIVED:
        raise NotHeldRemotely
    meeting = _lock_meeting(locked)
    if meeting:
        end_locked_meeting(meeting, now, actor)
    return mark_served_remotely(booking=booking, now=now, actor=actor)


@transaction.atomic
def book_follow_up(
    *,
    booking: UUID,
    starts_at: datetime,
    office: OfficeSnapshot,
    now: datetime,
    actor: int | None = None,
) -> Booking:
    """Book another slot for the same people, service and mode; everybody gets a message.

    Raises as hold_slot, request_confirmation and invite_colleague; then nothing is booked.
    """
    previous = Booking.objects.get(pk=booking)
    held = hold_slot(
        office=office,
        service=office.services[previous.service_id],
        starts_at=starts_at,
        now=now,
        persons=previous.persons,
        channel=Channel.DESK,
        language=previous.language,
        official=official_of(office, previous),
        mode=previous.mode,
        actor=actor,
    )
    follow_up = request_confirmation(
        booking=held.pk,
        contact=previous.contact,
        now=now,
        actor=actor,
    )
    if follow_up.mode == Mode.VIDEO:
        meeting_for(follow_up, now)
        for invited in invited_participants(previous):
            _invite_again(follow_up, invited, now, actor)
    return follow_up


def colleagues_of(booking: Booking) -> list[Official]:
    """The invited officials of other departments."""
    return [
        participant.official
        for participant in invited_participants(booking)
        if participant.official
    ]


def _invite_again(
    follow_up: Booking, invited: Participant, now: datetime, actor: int | None
) -> Participant:
    if invited.official:
        return invite_colleague(
            booking=follow_up.pk, official=invited.official, now=now, actor=actor
        )
    return invite_guest(
        booking=follow_up.pk,
        email=invited.email,
        name=invited.name,
        language=invited.language,
        now=now,
        actor=actor,
    )


def _lock_meeting(booking: Booking) -> Meeting | None:
    return Meeting.objects.select_for_update(no_key=True).filter(booking=booking).first()
