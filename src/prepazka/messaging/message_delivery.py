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
    Booking,
    CallListEntry,
    Offer,
    WaitingListEntry,
)
from prepazka.core.error_texts import kind_and_place
from prepazka.journal.models import Event
from prepazka.meetings.models import Participant
from prepazka.meetings.participants import (
    NoMeeting,
    citizen_of,
    meeting_for,
)
from prepazka.messaging.channels import (
    adapter_of,
    channel_for,
    fits_limit,
    hour_is_full,
    lock_limit,
)
from prepazka.messaging.kind_parts import Kind
from prepazka.messaging.kinds import KINDS, RESTARTING, TO_PARTICIPANTS, TO_PERSON
from prepazka.messaging.message_types import HOUR_FULL, QUIET_HOURS, Gateways, Undeliverable
from prepazka.messaging.models import Message, MessageState, Person
from prepazka.messaging.receipts import put_on_call_list_of_operators
from prepazka.messaging.replies import wants_no_reminders
from prepazka.offices.models import Mode
from prepazka.queueing.models import TurnAlert
from prepazka.queueing.turn_alerts import erase_contact

log = logging.getLogger(__name__)
# Errors of messages as the desk reads them.
NO_GATEWAY = gettext_noop("the installation cannot send by this channel")
NO_LONGER_NEEDED = "no longer needed"
# Attempts, about two days of them, after which a message fails for good.
GIVES_UP = 600
# A message sent later than this after its event shortens the person's time to confirm.
LATE = timedelta(seconds=30)
SLOWEST_SERVER_S = 300
AFTER_FULL_HOUR = timedelta(minutes=10)
Reason = CallListEntry.Reason


@transaction.atomic
def compose_messages(*, event: int, now: datetime) -> list[Message]:
    """Create the messages that an event causes; returns those still to be delivered.

    Run again, it returns the existing ones.
    """
    happened = Event.objects.filter(pk=event).first()
    if happened is None or happened.kind not in {*TO_PERSON, *TO_PARTICIPANTS}:
        return []
    rows = _rows_of(happened.data)
    if rows[0] and rows[0].mode == Mode.VIDEO:
        with suppress(NoMeeting):  # the room must exist before messages link to it
            meeting_for(rows[0], now)
    messages = []
    if kind := TO_PERSON.get(happened.kind):
        messages.append(_message_to_person(happened, kind, *rows, now=now))
    if kind := TO_PARTICIPANTS.get(happened.kind):
        messages += _messages_to_participants(happened, kind, rows[0], now)
    return [message for message in messages if message and message.state == MessageState.QUEUED]


def _message_to_person(  # the rows that an event may name
    happened: Event,
    kind: Kind,
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
        if concerned and _needs_call(happened, concerned, kind):
            put_on_call_list(booking=concerned.pk, reason=Reason.NO_CONTACT, now=now)
        return None
    message, is_new = Message.objects.get_or_create(
        event=happened.pk,
        kind=kind.code,
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


def _needs_call(happened: Event, booking: Booking, kind: Kind) -> bool:
    """Whether an unreachable person must be told of the event by a call."""
    calls = CallListEntry.objects.filter(booking=booking).exclude(closed_at=None)
    if calls.filter(closed_at=happened.at).exclude(outcome=Outcome.WITHDRAWN).exists():
        return False  # agreed in a call, or three calls were unanswered
    return kind.needs_call(happened, booking)


def _messages_to_participants(
    happened: Event, kind: Kind, booking: Booking | None, now: datetime
) -> list[Message]:
    """Messages to the participant whom the event names, else to the recipients of the kind."""
    if booking is None:
        return []
    if named := happened.data.get("participant"):
        people = list(Participant.objects.filter(pk=named))
    else:
        people = kind.recipients(booking)
    defaults = {
        "office_id": booking.office_id,
        "booking": booking,
        "sequence": booking.sequence,
        "created_at": now,
    }
    return [
        Message.objects.get_or_create(
            event=happened.pk,
            kind=kind.code,
            participant=participant,
            defaults={**defaults, "channel": channel},
        )[0]
        for participant in people
        if (channel := channel_for(participant, booking.office))
        and _is_recipient(participant, happened)
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
        kind__in=RESTARTING,
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
    if adapter.rings and KINDS[message.kind].waits_for_day and quiet:
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
    if locked.kind in RESTARTING and locked.booking_id and not failure.permanent:
        # The person cannot confirm without the message, so the slot is held while we retry.
        restart_deadline_for_mail(booking=locked.booking_id, now=now)


def is_pointless(message: Message, now: datetime) -> bool:
    """Whether the message need not be sent any more."""
    kind, adapter = KINDS[message.kind], adapter_of(message)
    if not adapter.contact(message.to):
        return True
    booking = message.booking
    if kind.can_be_stopped and adapter.takes_stop and booking and wants_no_reminders(booking):
        return True
    return not kind.is_relevant(message, now)
