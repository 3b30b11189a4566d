"""Messages for events: composing them and delivering each once."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.translation import gettext_noop

from prepazka.booking.booking_lifecycle import restart_deadline_for_mail
from prepazka.booking.call_entries import Outcome, put_on_call_list
from prepazka.booking.models import (
    OPEN,
    Booking,
    BookingState,
    CallListEntry,
    Offer,
    OfferState,
    WaitingListEntry,
)
from prepazka.core.error_texts import kind_and_place
from prepazka.journal.models import Event
from prepazka.meetings.models import Meeting, MeetingState, Participant
from prepazka.meetings.participants import (
    NoMeeting,
    all_participants,
    citizen_of,
    invited_participants,
    meeting_for,
)
from prepazka.meetings.room import absent_participants
from prepazka.messaging.channels import (
    adapter_of,
    channel_for,
    fits_limit,
    hour_is_full,
    lock_limit,
)
from prepazka.messaging.contexts import OF_INCIDENTS, incident_of, is_in_hall
from prepazka.messaging.mail import MINUTES
from prepazka.messaging.message_types import HOUR_FULL, QUIET_HOURS, Gateways, Undeliverable
from prepazka.messaging.models import Message, MessageState, Person
from prepazka.messaging.receipts import put_on_call_list_of_operators
from prepazka.messaging.replies import wants_no_reminders
from prepazka.offices.models import Mode
from prepazka.queueing.incidents import iso_or_blank
from prepazka.queueing.models import IN_QUEUE, TicketState, TurnAlert
from prepazka.queueing.turn_alerts import erase_contact

log = logging.getLogger(__name__)
# The kind of message to the person by the kind of event.
KINDS = {
    "ConfirmationRequested": "confirm",
    "BookingConfirmed": "confirmed",
    "BookingMoved": "moved",
    "BookingCancelled": "cancelled",
    "ReminderDue": "reminder",
    "SoonReminderDue": "reminder_soon",
    "WhenAsked": "when",
    "ReplyNotUnderstood": "reply_help",
    "ReplyAmbiguous": "reply_which",
    "ReplyTooLate": "reply_over",
    "RemindersStopped": "reminders_off",
    "ListJoined": "on_list",
    "PlaceOffered": "place",
    "ListDropped": "dropped",
    "ListEnded": "wait_ended",
    "OfferMade": "offer",
    "OfferAccepted": "moved",
    "BookingReassigned": "reassigned",
    "PinChanged": "pin_changed",
    "BookingRestored": "restored",
    "BookingWarned": "incident",
    "WarningChanged": "incident_moved",
    "WarningLifted": "incident_over",
    "TurnNear": "turn_near",
    "TurnCalled": "turn_called",
    "BookingModeChanged": "mode_changed",
    "MeetingLate": "late",
    "MeetingMissed": "missed",
    "MeetingProviderChanged": "room_changed",
}
# The kind of message to other participants of the meeting by the kind of event.
TO_INVITED = {
    "ParticipantInvited": "invited",
    "ParticipantRevoked": "uninvited",
    "BookingMoved": "meeting_moved",
    "OfferAccepted": "meeting_moved",
    "BookingReassigned": "meeting_moved",
    "BookingRestored": "meeting_moved",
    "BookingCancelled": "meeting_cancelled",
    "BookingDisplaced": "meeting_cancelled",
    "BookingModeChanged": "meeting_mode",
    "ReminderDue": "meeting_reminder",
    "SoonReminderDue": "meeting_reminder",
    "MeetingLate": "meeting_late",
    "MeetingProviderChanged": "meeting_room",
    "ColleagueFreed": "meeting_colleague",
    "MinutesReady": MINUTES,
}
# Events of changes that only the office makes. Offers put unreachable people on the call list.
BY_OFFICE = {"BookingReassigned", "ListEnded"}
Reason = CallListEntry.Reason
# Kinds that ask for an answer to an offer.
ASKS = {"offer", "place"}
REMINDERS = {"reminder", "reminder_soon"}
# Kinds that are not sent in quiet hours by a channel that rings.
WAITING_FOR_DAY = {*REMINDERS, "place", "dropped", "wait_ended"}
# Errors of messages as the desk reads them.
NO_GATEWAY = gettext_noop("the installation cannot send by this channel")
NO_LONGER_NEEDED = "no longer needed"
# Attempts, about two days of them, after which a message fails for good.
GIVES_UP = 600
# A message sent later than this after its event shortens the person's time to confirm.
LATE = timedelta(seconds=30)
SLOWEST_SERVER_S = 300
AFTER_FULL_HOUR = timedelta(minutes=10)
# Messages about a turn are not sent after this time.
TURN_LASTS = timedelta(minutes=15)


@transaction.atomic
def compose_messages(*, event: int, now: datetime) -> list[Message]:
    """Create the messages that an event causes; returns those still to be delivered.

    Run again, it returns the existing ones.
    """
    happened = Event.objects.filter(pk=event).first()
    if happened is None or happened.kind not in {*KINDS, *TO_INVITED}:
        return []
    rows = _rows_of(happened.data)
    if rows[0] and rows[0].mode == Mode.VIDEO:
        with suppress(NoMeeting):  # the room must exist before messages link to it
            meeting_for(rows[0], now)
    messages = [_message_to_person(happened, *rows, now=now)] if happened.kind in KINDS else []
    messages += _messages_to_participants(happened, rows[0], now)
    return [message for message in messages if message and message.state == MessageState.QUEUED]


def _message_to_person(
    happened: Event,
    booking: Booking | None,
    entry: WaitingListEntry | None,
    offer: Offer | None,
    alert: TurnAlert | None,
    *,
    now: datetime,
) -> Message | None:
    person: Person | None = booking or entry or alert
    channel = channel_for(person, person.office) if person else None
    if person is None or not _is_recipient(booking, happened):
        return None
    if channel is None:
        concerned = booking or (entry and entry.booking)
        if concerned and _needs_call(happened, concerned):
            put_on_call_list(booking=concerned.pk, reason=Reason.NO_CONTACT, now=now)
        return None
    message, is_new = Message.objects.get_or_create(
        event=happened.pk,
        kind=KINDS[happened.kind],
        participant=None,
        defaults={
            "office_id": person.office_id,
            "booking": booking,
            "entry": entry,
            "offer": offer,
            "alert": alert,
            "sequence": booking.sequence if booking else 0,
            "created_at": now,
            "channel": channel,
        },
    )
    if is_new:
        _count_parts(message, now)
    return message


def _needs_call(happened: Event, booking: Booking) -> bool:
    """Whether the office made a change of which an unreachable person must be told by a call."""
    calls = CallListEntry.objects.filter(booking=booking).exclude(closed_at=None)
    if calls.filter(closed_at=happened.at).exclude(outcome=Outcome.WITHDRAWN).exists():
        return False  # agreed in a call, or three calls were unanswered
    if happened.kind == "BookingRestored":
        # People who were not informed of the change need not learn of its undoing.
        return calls.exclude(outcome=Outcome.WITHDRAWN).exists()
    if happened.kind == "BookingWarned":
        return not is_in_hall(booking)  # where displays show it
    return happened.kind in BY_OFFICE or happened.data.get("by") == "office"


def _messages_to_participants(
    happened: Event, booking: Booking | None, now: datetime
) -> list[Message]:
    """Messages to the participant whom the event names, else to all invited to the meeting."""
    if booking is None or happened.kind not in TO_INVITED:
        return []
    if named := happened.data.get("participant"):
        people = list(Participant.objects.filter(pk=named))
    elif happened.kind == "ColleagueFreed":
        people = list(Participant.objects.filter(meeting__booking=booking, role="chair"))
    elif happened.kind == "MinutesReady":
        people = all_participants(booking)
    else:
        people = invited_participants(booking)
    defaults = {"office_id": booking.office_id, "booking": booking, "sequence": booking.sequence}
    return [
        Message.objects.get_or_create(
            event=happened.pk,
            kind=TO_INVITED[happened.kind],
            participant=participant,
            defaults={**defaults, "created_at": now, "channel": Message.Channel.EMAIL},
        )[0]
        for participant in people
        if participant.email and _is_recipient(participant, happened)
    ]


def _is_recipient(recipient: Participant | Booking | None, happened: Event) -> bool:
    """Whether the recipient gets a message; if the event lists `absent` people, only they do."""
    absent = happened.data.get("absent")
    if isinstance(recipient, Booking) and absent is not None:
        recipient = citizen_of(recipient)
    return absent is None or (recipient is not None and str(recipient.pk) in absent)


def _rows_of(
    payload: dict[str, Any],
) -> tuple[Booking | None, WaitingListEntry | None, Offer | None, TurnAlert | None]:
    """The booking, entry, offer and alert of an event; an offer leads to its booking or entry."""
    alerts = TurnAlert.objects.select_related("office", "ticket")
    offer = Offer.objects.get(pk=payload["offer"]) if payload.get("offer") else None
    booking = payload.get("booking") or (offer and offer.booking_id)
    entry = None if booking else payload.get("entry") or (offer and offer.entry_id)
    return (
        Booking.objects.select_related("office").get(pk=booking) if booking else None,
        WaitingListEntry.objects.select_related("office").get(pk=entry) if entry else None,
        offer,
        alerts.get(pk=payload["alert"]) if payload.get("alert") else None,
    )


def _count_parts(message: Message, now: datetime) -> None:
    """Store the message's number of parts, or let it fail if the monthly limit is reached."""
    adapter, office = adapter_of(message), message.office
    if adapter.monthly_limit is None:
        return
    lock_limit(office, message.channel)
    part_count = adapter.monthly_limit.parts(adapter.compose(message, now=now))
    if fits_limit(office, part_count, message.channel, now=now):
        message.parts = part_count
    else:
        message.state, message.error = MessageState.FAILED, adapter.monthly_limit.exceeded
        put_on_call_list_of_operators(message, now=now)
    message.save(update_fields=["parts", "state", "error"])


def deliver_message(*, message: int, gateways: Gateways, now: datetime) -> None:
    """Send one message by its channel's gateway, unless it was sent or has become pointless.

    The row is locked while the message is sent, so two workers cannot both send it. If a worker
    dies after the server took a mail and before the commit, the mail is sent again with the same
    Message-ID. Raises Undeliverable after storing the failure. Any other error counts as an attempt
    too, so that a message that cannot be composed fails in the end.
    """
    try:
        _restart_deadline_if_late(message, now)
        _deliver(message, gateways, now)
    except Undeliverable as failure:
        _note_failure(message, failure, now)
        raise
    except (OperationalError, InterfaceError):
        raise  # the database is unreachable, or the message is locked
    except Exception as fault:
        noted = kind_and_place(fault)  # without the error's text, which may contain personal data
        log.error("A message could not be composed: %s", noted)  # noqa: TRY400
        _note_failure(message, Undeliverable(noted, permanent=False), now)
        raise


@transaction.atomic
def _restart_deadline_if_late(message: int, now: datetime) -> None:
    """Restart the confirmation deadline before a late message is sent.

    It is a transaction of its own, because it locks the booking's day, which must not stay locked
    while a slow mail server answers.
    """
    late = Message.objects.filter(
        pk=message,
        kind="confirm",
        booking__isnull=False,
        state=MessageState.QUEUED,
        created_at__lt=now - LATE,
    )
    for booking in late.values_list("booking_id", flat=True):
        restart_deadline_for_mail(booking=booking, now=now)


@transaction.atomic
def _deliver(message: int, gateways: Gateways, now: datetime) -> None:
    with connection.cursor() as cursor:
        # A slow mail server must not make PostgreSQL end the transaction that records the sending.
        cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{SLOWEST_SERVER_S}s'")
    locked = (
        Message.objects.select_for_update(of=("self",), no_key=True)
        .select_related(
            *("booking", "entry", "offer", "alert__ticket", "office", "participant__meeting")
        )
        .filter(pk=message)
        .first()
    )
    if locked is None or locked.state != MessageState.QUEUED:
        return
    if is_pointless(locked, now):
        locked.state, locked.error = MessageState.FAILED, NO_LONGER_NEEDED
        locked.save(update_fields=["state", "error"])
        return
    _send(locked, gateways, now)
    locked.state, locked.sent_at, locked.attempts = MessageState.SENT, now, locked.attempts + 1
    locked.error = ""
    locked.save(update_fields=["state", "sent_at", "attempts", "error", "gateway_id", "parts"])


def _send(message: Message, gateways: Gateways, now: datetime) -> None:
    adapter, office = adapter_of(message), message.office
    quiet = office.message_rules.quiet_until(now, ZoneInfo(office.timezone))
    if adapter.rings and message.kind in WAITING_FOR_DAY and quiet:
        raise Undeliverable(QUIET_HOURS, permanent=False, not_before=quiet)
    if not adapter.address(adapter.contact(message.to)):
        raise Undeliverable(adapter.no_address, permanent=True)
    gateway = gateways.get(message.channel)
    if gateway is None:
        raise Undeliverable(NO_GATEWAY, permanent=True)
    if hour_is_full(office, message.channel, now=now):
        raise Undeliverable(HOUR_FULL, permanent=False, not_before=now + AFTER_FULL_HOUR)
    sent = gateway(adapter.compose(message, now=now))
    if sent:
        message.gateway_id, message.parts = sent.id[:80], sent.parts


@transaction.atomic
def _note_failure(message: int, failure: Undeliverable, now: datetime) -> None:
    locked = Message.objects.select_for_update(no_key=True).get(pk=message)
    locked.attempts, locked.error = locked.attempts + 1, str(failure)[:200]
    if failure.permanent or locked.attempts >= GIVES_UP:
        locked.state = MessageState.FAILED
        put_on_call_list_of_operators(locked, now=now)
    if locked.alert and isinstance(failure, adapter_of(locked).ends_contact):
        erase_contact(locked.alert.ticket_id)
    locked.save(update_fields=["attempts", "error", "state"])
    if locked.kind == "confirm" and locked.booking_id and not failure.permanent:
        # The person cannot confirm without the message, so the slot is held while we retry.
        restart_deadline_for_mail(booking=locked.booking_id, now=now)


def is_pointless(message: Message, now: datetime) -> bool:  # noqa: C901, PLR0911, PLR0912  # one reason each
    """Whether the message need not be sent any more."""
    if message.participant:
        return _is_pointless_for_participant(message.participant, message, now)
    person, booking, offer = message.person, message.booking, message.offer
    if message.alert:
        return _turn_has_passed(message, message.alert, now)
    adapter = adapter_of(message)
    if not adapter.contact(person):
        return True
    if message.kind in ASKS:
        return offer is None or offer.state != OfferState.OPEN or offer.expires_at <= now
    if message.kind in {"dropped", "wait_ended"}:
        return False
    if booking is None:
        return message.entry is None or message.entry.ended_at is not None
    if message.kind == "confirm":
        return booking.state != BookingState.UNCONFIRMED
    if message.kind == "restored" and not _was_informed(message):
        return True
    if message.kind in OF_INCIDENTS and _is_incident_outdated(message, booking, now):
        return True
    if message.kind == "room_changed":
        return _is_room_change_outdated(citizen_of(booking), message, booking)
    if message.kind == "missed":
        return booking.state != BookingState.NO_SHOW
    if message.kind in REMINDERS:
        stopped = adapter.takes_stop and wants_no_reminders(booking)
        if stopped or _is_for_previous_time(message, booking):
            return True
    if message.kind == "reply_over":
        return booking.state in OPEN
    if message.kind in {"reply_which", "reminders_off"}:
        return False
    if message.kind in {"confirmed", "late", "pin_changed", *REMINDERS}:
        return booking.state != BookingState.CONFIRMED or booking.ends_at <= now
    return booking.sequence != message.sequence


def _is_for_previous_time(message: Message, booking: Booking) -> bool:
    """Whether the reminder was due before the booking moved; the new time has its own reminder."""
    due = Event.objects.filter(pk=message.event).values_list("at", flat=True).first()
    return due is not None and booking.moved_at is not None and due <= booking.moved_at


def _is_incident_outdated(message: Message, booking: Booking, now: datetime) -> bool:
    """Whether a message about an incident is out of date, or the person is no longer expected."""
    incident = incident_of(message)
    warned = incident.ended_at is None and incident.notices.filter(booking=booking).exists()
    if warned != (message.kind != "incident_over"):
        return True
    if message.kind != "incident":
        event = Event.objects.get(pk=message.event)
        earlier = Message.objects.filter(
            booking=booking, kind="incident", state=MessageState.SENT, pk__lt=message.pk
        )
        if message.kind == "incident_moved":
            if event.data["expected"] != iso_or_blank(incident.expected_at):
                return True  # a later change has its own message
            earlier = earlier.filter(sent_at__lte=event.at)  # later ones had the new time
        if not earlier.exists():
            return True
    comes = booking.state == BookingState.CONFIRMED and booking.ends_at > now
    return not comes and not is_in_hall(booking)


def _turn_has_passed(message: Message, alert: TurnAlert, now: datetime) -> bool:
    """Whether the turn has passed, or the holder no longer wants messages."""
    state, near = alert.ticket.state, message.kind == "turn_near"
    since = alert.near_at if near else alert.ticket.called_at
    contact = adapter_of(message).contact(alert)
    is_current = state in IN_QUEUE if near else state == TicketState.CALLED
    return not contact or not is_current or since is None or now - since > TURN_LASTS


def _is_pointless_for_participant(  # noqa: PLR0911  # one reason each
    participant: Participant, message: Message, now: datetime
) -> bool:
    """Whether a message to a participant need not be sent any more."""
    booking = message.booking
    if message.kind == MINUTES:
        return not participant.email or participant.revoked_at is not None
    if not participant.email or booking is None:
        return True
    if message.kind == "meeting_room":
        return _is_room_change_outdated(participant, message, booking)
    if booking.ends_at <= now:
        return True
    if message.kind == "uninvited":
        return participant.revoked_at is None
    if participant.revoked_at:
        return True
    if message.kind == "meeting_reminder" and _is_for_previous_time(message, booking):
        return True
    if message.kind in {"invited", "meeting_reminder", "meeting_late", "meeting_colleague"}:
        return booking.mode != Mode.VIDEO or booking.state not in {*OPEN, BookingState.ARRIVED}
    return booking.sequence != message.sequence


def _is_room_change_outdated(
    participant: Participant | None, message: Message, booking: Booking
) -> bool:
    """Whether the meeting is over or in another room since, or the participant is connected."""
    event = Event.objects.filter(pk=message.event).first()
    meeting = Meeting.objects.filter(booking=booking).exclude(state=MeetingState.ENDED).first()
    if participant is None or meeting is None or booking.mode != Mode.VIDEO:
        return True
    if booking.state not in {*OPEN, BookingState.ARRIVED}:
        return True
    moved = event is not None and event.data["provider"] != meeting.provider
    return moved or not absent_participants(meeting).filter(pk=participant.pk).exists()


def _was_informed(message: Message) -> bool:
    """Whether the last message sent before was about the change that is now undone."""
    earlier = Message.objects.filter(
        booking=message.booking_id, state=MessageState.SENT, pk__lt=message.pk
    )
    last_message = earlier.order_by("pk").last()
    return last_message is not None and last_message.kind in {"offer", "reassigned", "cancelled"}
