"""How a meeting ends outside its room, and what follows: missed, ended, booked once more."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from prepazka.booking.diaries import official_of
from prepazka.booking.locks import lock_booking
from prepazka.booking.models import Booking, Channel, State
from prepazka.booking.parts import end
from prepazka.booking.usecases import hold_term, request_confirmation, serve_remotely
from prepazka.core import events
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.meetings.models import Meeting, Participant
from prepazka.meetings.participants import invite, invite_colleague, invited_to, meeting_for
from prepazka.meetings.room import end_now
from prepazka.offices.directory import Directory
from prepazka.offices.models import Mode, Official

# Who comes later than this may still be met, but need not be waited for.
WAITED = timedelta(minutes=5)


class NotMissedYet(Refused):
    """Please wait until %(minutes)s minutes after the beginning."""


class SomebodyCame(Refused):
    """Somebody has come to this meeting. Let them in, or end it."""


class NotHeldRemotely(Refused):
    """This is no meeting by video or telephone that could still take place."""


@transaction.atomic
def miss_meeting(*, booking: UUID, now: datetime, actor: int | None = None) -> Booking:
    """Nobody came, or nobody took the call: the rest of the time is free, and a message says so.

    Repeated, it changes nothing. Raises NotHeldRemotely, NotMissedYet, SomebodyCame.
    """
    found = lock_booking(booking)
    if found.state == State.NO_SHOW:
        return found
    if found.mode == Mode.PERSON or found.companion_of_id:
        raise NotHeldRemotely
    if found.state == State.ARRIVED:
        raise SomebodyCame
    if found.state != State.CONFIRMED:
        raise NotHeldRemotely
    meeting = _meeting(found)
    if now < found.starts_at + timedelta(minutes=meeting.late_min if meeting else 0) + WAITED:
        raise NotMissedYet(minutes=int(WAITED.total_seconds() // 60))
    end(found, State.NO_SHOW, now)
    said = {"office": found.office_id, "booking": str(found.pk), "at": now, "actor": actor}
    record(events.BookingNoShow(**said))  # type: ignore[arg-type]
    record(events.MeetingMissed(meeting=str(meeting.pk) if meeting else "", **said))  # type: ignore[arg-type]
    if meeting:
        end_now(meeting, now, actor)
    return found


@transaction.atomic
def end_outside(*, booking: UUID, now: datetime, actor: int | None = None) -> Booking:
    """End the meeting or the call from the list: it has taken place. Raises NotHeldRemotely."""
    found = lock_booking(booking)
    if found.mode == Mode.PERSON or found.state not in {State.CONFIRMED, State.ARRIVED}:
        raise NotHeldRemotely
    if found.mode == Mode.VIDEO and found.state != State.ARRIVED:
        raise NotHeldRemotely
    meeting = _meeting(found)
    if meeting:
        end_now(meeting, now, actor)
    return serve_remotely(booking=booking, now=now, actor=actor)


@transaction.atomic
def book_follow_up(
    *,
    booking: UUID,
    starts_at: datetime,
    office: Directory,
    now: datetime,
    actor: int | None = None,
) -> Booking:
    """Another term for the same people and the same topic, in the same way; all are written to.

    Raises as hold_term, request_confirmation and invite_colleague; then nothing is booked.
    """
    found = Booking.objects.get(pk=booking)
    held = hold_term(
        office=office,
        service=office.services[found.service_id],
        starts_at=starts_at,
        now=now,
        persons=found.persons,
        channel=Channel.DESK,
        language=found.language,
        official=official_of(office, found),
        mode=found.mode,
        actor=actor,
    )
    made = request_confirmation(
        booking=held.pk,
        name=found.name,
        email=found.email,
        phone=found.phone,
        now=now,
        actor=actor,
    )
    if made.mode == Mode.VIDEO:
        meeting_for(made, now)
        for one in invited_to(found):
            _invite_again(made, one, now, actor)
    return made


def colleagues_of(booking: Booking) -> list[Official]:
    """The officials of other departments who were invited."""
    return [one.official for one in invited_to(booking) if one.official]


def _invite_again(made: Booking, one: Participant, now: datetime, actor: int | None) -> Participant:
    if one.official:
        return invite_colleague(booking=made.pk, official=one.official, now=now, actor=actor)
    return invite(
        booking=made.pk,
        email=one.email,
        name=one.name,
        language=one.language,
        now=now,
        actor=actor,
    )


def _meeting(booking: Booking) -> Meeting | None:
    return Meeting.objects.select_for_update(no_key=True).filter(booking=booking).first()
