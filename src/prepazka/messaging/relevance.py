"""Whether a message is still worth sending: one function for each reason.

Each takes the message and the time, and is named in the registration of the kinds it applies to.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from prepazka.booking.models import OPEN, Booking, BookingState, OfferState
from prepazka.journal.models import Event
from prepazka.meetings.models import Meeting, MeetingState, Participant
from prepazka.meetings.participants import citizen_of
from prepazka.meetings.room import absent_participants
from prepazka.messaging.contexts import incident_of, is_in_hall
from prepazka.messaging.models import Message, MessageState
from prepazka.offices.models import Mode
from prepazka.queueing.incidents import iso_or_blank
from prepazka.queueing.models import IN_QUEUE, TicketState

# Messages about a turn are not sent after this time.
TURN_LASTS = timedelta(minutes=15)
MEETING_STATES = {*OPEN, BookingState.ARRIVED}
# Kinds that tell of a change which BookingRestored undoes.
TELL_OF_CHANGE = {"offer", "reassigned", "cancelled"}


def always(_message: Message, _now: datetime) -> bool:
    """True, for a message that stays true whatever happens later."""
    return True


def is_unchanged(message: Message, _now: datetime) -> bool:
    """Whether the booking has not changed since; a later change has its own message."""
    booking = message.booking
    return booking is not None and booking.sequence == message.sequence


def is_unconfirmed(message: Message, _now: datetime) -> bool:
    """Whether the booking still waits to be confirmed."""
    return message.booking is not None and message.booking.state == BookingState.UNCONFIRMED


def is_expected(message: Message, now: datetime) -> bool:
    """Whether the person is still expected and the booked time has not passed."""
    booking = message.booking
    return booking is not None and booking.state == BookingState.CONFIRMED and booking.ends_at > now


def is_over(message: Message, _now: datetime) -> bool:
    """Whether the booking is still closed."""
    return message.booking is not None and message.booking.state not in OPEN


def is_missed(message: Message, _now: datetime) -> bool:
    """Whether the booking still counts as missed."""
    return message.booking is not None and message.booking.state == BookingState.NO_SHOW


def is_offer_open(message: Message, now: datetime) -> bool:
    """Whether the offer can still be accepted."""
    offer = message.offer
    return offer is not None and offer.state == OfferState.OPEN and offer.expires_at > now


def is_entry_open(message: Message, _now: datetime) -> bool:
    """Whether the entry is still on the waiting list."""
    return message.entry is not None and message.entry.ended_at is None


def is_reminder_due(message: Message, now: datetime) -> bool:
    """Whether the booking has not moved since the reminder was due, and the person is expected."""
    return is_expected(message, now) and not _is_for_previous_time(message)


def is_informed_of_change(message: Message, now: datetime) -> bool:
    """Whether the last message sent before was about the change that is now undone."""
    earlier = Message.objects.filter(
        booking=message.booking_id, state=MessageState.SENT, pk__lt=message.pk
    )
    last_message = earlier.order_by("pk").last()
    informed = last_message is not None and last_message.kind in TELL_OF_CHANGE
    return informed and is_unchanged(message, now)


def is_incident_open(message: Message, now: datetime) -> bool:
    """Whether the incident goes on and concerns the person, who does not know of it yet."""
    return _is_warned(message) and _concerns_person(message, now)


def is_incident_moved(message: Message, now: datetime) -> bool:
    """Whether the expected end is as in the event, and the person was told of another one."""
    if message.booking is None or not _is_warned(message):
        return False
    incident, event = incident_of(message), Event.objects.get(pk=message.event)
    if event.data["expected"] != iso_or_blank(incident.expected_at):
        return False  # a later change has its own message
    # Messages sent after the event had the new time.
    was_told = _sent_warnings(message).filter(sent_at__lte=event.at).exists()
    return was_told and _concerns_person(message, now)


def is_incident_over(message: Message, now: datetime) -> bool:
    """Whether the incident is over, and the person was told of it."""
    if message.booking is None or _is_warned(message):
        return False
    return _sent_warnings(message).exists() and _concerns_person(message, now)


def is_turn_near(message: Message, now: datetime) -> bool:
    """Whether the ticket still waits, and its turn came near a short time ago."""
    alert = message.alert
    if alert is None or alert.near_at is None or alert.ticket.state not in IN_QUEUE:
        return False
    return now - alert.near_at <= TURN_LASTS


def is_turn_called(message: Message, now: datetime) -> bool:
    """Whether the ticket is still called, since a short time ago."""
    alert = message.alert
    if alert is None or alert.ticket.called_at is None:
        return False
    return alert.ticket.state == TicketState.CALLED and now - alert.ticket.called_at <= TURN_LASTS


def is_room_unseen(message: Message, _now: datetime) -> bool:
    """Whether the meeting goes on in the room of the event without the recipient."""
    booking = message.booking
    if booking is None:
        return False
    participant = message.participant or citizen_of(booking)
    event = Event.objects.filter(pk=message.event).first()
    meeting = Meeting.objects.filter(booking=booking).exclude(state=MeetingState.ENDED).first()
    if participant is None or meeting is None or not _is_video_meeting(booking):
        return False
    if event is not None and event.data["provider"] != meeting.provider:
        return False  # a later change has its own message
    return absent_participants(meeting).filter(pk=participant.pk).exists()


def is_invited(message: Message, _now: datetime) -> bool:
    """Whether the participant is still invited."""
    return message.participant is not None and message.participant.revoked_at is None


def is_uninvited(message: Message, now: datetime) -> bool:
    """Whether the invitation is still withdrawn, and the meeting has not passed."""
    participant = _participant_before_end(message, now)
    return participant is not None and participant.revoked_at is not None


def is_meeting_unchanged(message: Message, now: datetime) -> bool:
    """Whether the participant is invited to a meeting ahead that has not changed since."""
    return _is_invited_ahead(message, now) and is_unchanged(message, now)


def is_meeting_ahead(message: Message, now: datetime) -> bool:
    """Whether the participant is invited to a video meeting that has not passed."""
    booking = message.booking
    return _is_invited_ahead(message, now) and booking is not None and _is_video_meeting(booking)


def is_meeting_reminder_due(message: Message, now: datetime) -> bool:
    """As `is_meeting_ahead`, unless the meeting has moved since the reminder was due."""
    return is_meeting_ahead(message, now) and not _is_for_previous_time(message)


def _participant_before_end(message: Message, now: datetime) -> Participant | None:
    ends_at = message.booking.ends_at if message.booking else None
    return message.participant if ends_at and ends_at > now else None


def _is_invited_ahead(message: Message, now: datetime) -> bool:
    participant = _participant_before_end(message, now)
    return participant is not None and participant.revoked_at is None


def _is_video_meeting(booking: Booking) -> bool:
    return booking.mode == Mode.VIDEO and booking.state in MEETING_STATES


def _is_for_previous_time(message: Message) -> bool:
    """Whether the reminder was due before the booking moved; the new time has its own reminder."""
    due = Event.objects.filter(pk=message.event).values_list("at", flat=True).first()
    moved_at = message.booking.moved_at if message.booking else None
    return due is not None and moved_at is not None and due <= moved_at


def _is_warned(message: Message) -> bool:
    """Whether the incident goes on and the booking is among those it concerns."""
    incident = incident_of(message)
    return (
        incident.ended_at is None and incident.notices.filter(booking=message.booking_id).exists()
    )


def _sent_warnings(message: Message) -> QuerySet[Message]:
    return Message.objects.filter(
        booking=message.booking_id, kind="incident", state=MessageState.SENT, pk__lt=message.pk
    )


def _concerns_person(message: Message, now: datetime) -> bool:
    """Whether the person is expected or waits in the hall, and the booking has not changed."""
    booking = message.booking
    if booking is None or not is_unchanged(message, now):
        return False
    return is_expected(message, now) or is_in_hall(booking)
