"""Writing messages for events, and delivering each of them once."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils.translation import gettext_noop

from prepazka.booking.calls import Outcome, put_on_call_list
from prepazka.booking.models import OPEN, Booking, CallListEntry, Offer, State, WaitingListEntry
from prepazka.booking.usecases import wait_for_mail
from prepazka.core.faults import kind_and_place
from prepazka.journal.models import Event
from prepazka.meetings.models import Meeting, Participant
from prepazka.meetings.participants import (
    NoMeeting,
    citizen_of,
    everybody_of,
    invited_to,
    meeting_for,
)
from prepazka.meetings.room import absent
from prepazka.messaging.channels import (
    adapter_of,
    channel_for,
    fits_limit,
    hour_is_full,
    lock_limit,
)
from prepazka.messaging.contexts import OF_INCIDENTS, incident_of, is_in_hall
from prepazka.messaging.mail import MINUTES
from prepazka.messaging.models import Message, Person
from prepazka.messaging.port import HOUR_FULL, QUIET_HOURS, Gateways, Undeliverable
from prepazka.messaging.receipts import give_to_operators
from prepazka.messaging.replies import wants_no_reminders
from prepazka.offices.models import Mode
from prepazka.queueing.alerts import forget_contact
from prepazka.queueing.incidents import iso
from prepazka.queueing.models import IN_QUEUE, TurnAlert
from prepazka.queueing.models import State as TicketState

log = logging.getLogger(__name__)
# Which message an event of the journal causes.
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
# And which one to everybody else who was invited to the meeting.
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
# Changes by the office that do not say by whom. Offers care for whom they cannot reach themselves.
BY_OFFICE = {"BookingReassigned", "ListEnded"}
Reason = CallListEntry.Reason
# Those that ask for an answer to an offer.
ASKS = {"offer", "place"}
REMINDERS = {"reminder", "reminder_soon"}
# Those that ring no telephone in quiet hours.
WAITING_FOR_DAY = {*REMINDERS, "place", "dropped", "wait_ended"}
# Why a message was not sent, as the desk reads it.
NO_GATEWAY = gettext_noop("the installation cannot send by this channel")
NO_LONGER_NEEDED = "no longer needed"
# After so many tries, which take two days, nobody is helped by another one.
GIVES_UP = 600
# A message that waits longer than this has eaten into the person's time to click.
LATE = timedelta(seconds=30)
SLOWEST_SERVER_S = 300
AFTER_FULL_HOUR = timedelta(minutes=10)
# What is said of a turn is no news after this.
TURN_LASTS = timedelta(minutes=15)


@transaction.atomic
def compose(*, event: int, now: datetime) -> list[Message]:
    """Write the messages an event calls for; run again, it finds those it wrote.

    Returns the ones still to be delivered.
    """
    happened = Event.objects.filter(pk=event).first()
    if happened is None or happened.kind not in {*KINDS, *TO_INVITED}:
        return []
    about = _about(happened.data)
    if about[0] and about[0].mode == Mode.VIDEO:
        with suppress(NoMeeting):  # the room and its links are there before anybody is told
            meeting_for(about[0], now)
    found = [_to_person(happened, *about, now=now)] if happened.kind in KINDS else []
    found += _to_invited(happened, about[0], now)
    return [one for one in found if one and one.state == Message.State.QUEUED]


def _to_person(
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
    if person is None or not _is_for(booking, happened):
        return None
    if channel is None:
        concerned = booking or (entry and entry.booking)
        if concerned and _is_by_office(happened, concerned):
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


def _is_by_office(happened: Event, booking: Booking) -> bool:
    """Whether the office changed something that the person must learn from somebody."""
    calls = CallListEntry.objects.filter(booking=booking).exclude(closed_at=None)
    if calls.filter(closed_at=happened.at).exclude(outcome=Outcome.WITHDRAWN).exists():
        return False  # it was agreed in a call, or three calls were in vain
    if happened.kind == "BookingRestored":
        # Whoever has heard of no change need not hear that it was taken back.
        return calls.exclude(outcome=Outcome.WITHDRAWN).exists()
    if happened.kind == "BookingWarned":
        return not is_in_hall(booking)  # whose displays say so
    return happened.kind in BY_OFFICE or happened.data.get("by") == "office"


def _to_invited(happened: Event, booking: Booking | None, now: datetime) -> list[Message]:
    """To the one whom the event names, else to all who were invited to the booking's meeting."""
    if booking is None or happened.kind not in TO_INVITED:
        return []
    if named := happened.data.get("participant"):
        people = list(Participant.objects.filter(pk=named))
    elif happened.kind == "ColleagueFreed":
        people = list(Participant.objects.filter(meeting__booking=booking, role="chair"))
    elif happened.kind == "MinutesReady":
        people = everybody_of(booking)
    else:
        people = invited_to(booking)
    fresh = {"office_id": booking.office_id, "booking": booking, "sequence": booking.sequence}
    return [
        Message.objects.get_or_create(
            event=happened.pk,
            kind=TO_INVITED[happened.kind],
            participant=one,
            defaults={**fresh, "created_at": now, "channel": Message.Channel.EMAIL},
        )[0]
        for one in people
        if one.email and _is_for(one, happened)
    ]


def _is_for(who: Participant | Booking | None, happened: Event) -> bool:
    """Whether somebody learns it by a message; of another room, the page told those at it."""
    absent = happened.data.get("absent")
    if isinstance(who, Booking) and absent is not None:
        who = citizen_of(who)
    return absent is None or (who is not None and str(who.pk) in absent)


def _about(
    data: dict[str, Any],
) -> tuple[Booking | None, WaitingListEntry | None, Offer | None, TurnAlert | None]:
    """The rows that an event names; an offer leads to its booking or its entry."""
    alerts = TurnAlert.objects.select_related("office", "ticket")
    offer = Offer.objects.get(pk=data["offer"]) if data.get("offer") else None
    booking = data.get("booking") or (offer and offer.booking_id)
    entry = None if booking else data.get("entry") or (offer and offer.entry_id)
    return (
        Booking.objects.select_related("office").get(pk=booking) if booking else None,
        WaitingListEntry.objects.select_related("office").get(pk=entry) if entry else None,
        offer,
        alerts.get(pk=data["alert"]) if data.get("alert") else None,
    )


def _count_parts(message: Message, now: datetime) -> None:
    """Count the message into the month of its office; one beyond the limit is not sent."""
    adapter, office = adapter_of(message), message.office
    if adapter.monthly_limit is None:
        return
    lock_limit(office, message.channel)
    parts = adapter.monthly_limit.parts(adapter.compose(message, now=now))
    if fits_limit(office, parts, message.channel, now=now):
        message.parts = parts
    else:
        message.state, message.error = Message.State.FAILED, adapter.monthly_limit.exceeded
        give_to_operators(message, now=now)
    message.save(update_fields=["parts", "state", "error"])


def deliver(*, message: int, gateways: Gateways, now: datetime) -> None:
    """Send one message by the gateway of its channel, unless it was sent or has lost its sense.

    The row is locked while the mail leaves, so two workers cannot both send it. A worker that
    dies after the server took the mail, and before that is written down, sends it once more with
    the same Message-ID; no sender can tell this from a mail that was lost. Raises Undeliverable,
    after writing down the failure; any other fault of ours counts as a try as well, so that a
    message that can never be composed is given up at last.
    """
    try:
        _give_time_to_click(message, now)
        _deliver(message, gateways, now)
    except Undeliverable as failure:
        _note_failure(message, failure, now)
        raise
    except (OperationalError, InterfaceError):
        raise  # the database is away, or the message is locked
    except Exception as fault:
        noted = kind_and_place(fault)  # without its words, which may name people
        log.error("A message could not be composed: %s", noted)  # noqa: TRY400
        _note_failure(message, Undeliverable(noted, permanent=False), now)
        raise


@transaction.atomic
def _give_time_to_click(message: int, now: datetime) -> None:
    """Start the deadline anew before a late mail leaves.

    A transaction of its own, because it locks the day of the booking: while a slow mail server
    takes its time, others must be able to book.
    """
    late = Message.objects.filter(
        pk=message,
        kind="confirm",
        booking__isnull=False,
        state=Message.State.QUEUED,
        created_at__lt=now - LATE,
    )
    for booking in late.values_list("booking_id", flat=True):
        wait_for_mail(booking=booking, now=now)


@transaction.atomic
def _deliver(message: int, gateways: Gateways, now: datetime) -> None:
    with connection.cursor() as cursor:
        # A server that takes the mail slowly must not cost us the transaction that says so.
        cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{SLOWEST_SERVER_S}s'")
    found = (
        Message.objects.select_for_update(of=("self",), no_key=True)
        .select_related(
            *("booking", "entry", "offer", "alert__ticket", "office", "participant__meeting")
        )
        .filter(pk=message)
        .first()
    )
    if found is None or found.state != Message.State.QUEUED:
        return
    if is_pointless(found, now):
        found.state, found.error = Message.State.FAILED, NO_LONGER_NEEDED
        found.save(update_fields=["state", "error"])
        return
    _send(found, gateways, now)
    found.state, found.sent_at, found.attempts = Message.State.SENT, now, found.attempts + 1
    found.error = ""
    found.save(update_fields=["state", "sent_at", "attempts", "error", "gateway_id", "parts"])


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
    found = Message.objects.select_for_update(no_key=True).get(pk=message)
    found.attempts, found.error = found.attempts + 1, str(failure)[:200]
    if failure.permanent or found.attempts >= GIVES_UP:
        found.state = Message.State.FAILED
        give_to_operators(found, now=now)
    if found.alert and isinstance(failure, adapter_of(found).ends_contact):
        forget_contact(found.alert.ticket_id)
    found.save(update_fields=["attempts", "error", "state"])
    if found.kind == "confirm" and found.booking_id and not failure.permanent:
        # The person cannot click what we could not send: the term is kept while we try.
        wait_for_mail(booking=found.booking_id, now=now)


def is_pointless(message: Message, now: datetime) -> bool:  # noqa: C901, PLR0911, PLR0912  # one reason each
    """Whether events have overtaken the message."""
    if message.participant:
        return _is_pointless_to(message.participant, message, now)
    person, booking, offer = message.person, message.booking, message.offer
    if message.alert:
        return _is_past(message, message.alert, now)
    adapter = adapter_of(message)
    if not adapter.contact(person):
        return True
    if message.kind in ASKS:
        return offer is None or offer.state != Offer.State.OPEN or offer.expires_at <= now
    if message.kind in {"dropped", "wait_ended"}:
        return False
    if booking is None:
        return message.entry is None or message.entry.ended_at is not None
    if message.kind == "confirm":
        return booking.state != State.UNCONFIRMED
    if message.kind == "restored" and not _was_told(message):
        return True
    if message.kind in OF_INCIDENTS and _is_overtaken(message, booking, now):
        return True
    if message.kind == "room_changed":
        return _has_moved_on(citizen_of(booking), message, booking)
    if message.kind == "missed":
        return booking.state != State.NO_SHOW
    if message.kind in REMINDERS:
        stopped = adapter.takes_stop and wants_no_reminders(booking)
        if stopped or _is_of_time_before(message, booking):
            return True
    if message.kind == "reply_over":
        return booking.state in OPEN
    if message.kind in {"reply_which", "reminders_off"}:
        return False
    if message.kind in {"confirmed", "late", "pin_changed", *REMINDERS}:
        return booking.state != State.CONFIRMED or booking.ends_at <= now
    return booking.sequence != message.sequence


def _is_of_time_before(message: Message, booking: Booking) -> bool:
    """Whether the reminder fell due before the booking was moved; the new time has its own."""
    due = Event.objects.filter(pk=message.event).values_list("at", flat=True).first()
    return due is not None and booking.moved_at is not None and due <= booking.moved_at


def _is_overtaken(message: Message, booking: Booking, now: datetime) -> bool:
    """Whether the person neither waits nor is to come, or the incident has gone as it came."""
    incident = incident_of(message)
    warned = incident.ended_at is None and incident.warned.filter(booking=booking).exists()
    if warned != (message.kind != "incident_over"):
        return True
    if message.kind != "incident":
        event = Event.objects.get(pk=message.event)
        before = Message.objects.filter(
            booking=booking, kind="incident", state=Message.State.SENT, pk__lt=message.pk
        )
        if message.kind == "incident_moved":
            if event.data["expected"] != iso(incident.expected_at):
                return True  # a later change has a message of its own
            before = before.filter(sent_at__lte=event.at)  # one sent since has said the new time
        if not before.exists():
            return True
    comes = booking.state == State.CONFIRMED and booking.ends_at > now
    return not comes and not is_in_hall(booking)


def _is_past(message: Message, alert: TurnAlert, now: datetime) -> bool:
    """Whether the turn has moved on, or its holder no longer wants to know."""
    state, near = alert.ticket.state, message.kind == "turn_near"
    since = alert.near_at if near else alert.ticket.called_at
    there = adapter_of(message).contact(alert)
    still = state in IN_QUEUE if near else state == TicketState.CALLED
    return not there or not still or since is None or now - since > TURN_LASTS


def _is_pointless_to(  # noqa: PLR0911  # one reason each
    who: Participant, message: Message, now: datetime
) -> bool:
    """The same for somebody who was invited to a meeting."""
    booking = message.booking
    if message.kind == MINUTES:
        return not who.email or who.revoked_at is not None
    if not who.email or booking is None:
        return True
    if message.kind == "meeting_room":
        return _has_moved_on(who, message, booking)
    if booking.ends_at <= now:
        return True
    if message.kind == "uninvited":
        return who.revoked_at is None
    if who.revoked_at:
        return True
    if message.kind == "meeting_reminder" and _is_of_time_before(message, booking):
        return True
    if message.kind in {"invited", "meeting_reminder", "meeting_late", "meeting_colleague"}:
        return booking.mode != Mode.VIDEO or booking.state not in {*OPEN, State.ARRIVED}
    return booking.sequence != message.sequence


def _has_moved_on(who: Participant | None, message: Message, booking: Booking) -> bool:
    """Whether the meeting is over or in yet another room, or the person has come meanwhile."""
    event = Event.objects.filter(pk=message.event).first()
    held = Meeting.objects.filter(booking=booking).exclude(state=Meeting.State.ENDED).first()
    if who is None or held is None or booking.mode != Mode.VIDEO:
        return True
    if booking.state not in {*OPEN, State.ARRIVED}:
        return True
    moved = event is not None and event.data["provider"] != held.provider
    return moved or not absent(held).filter(pk=who.pk).exists()


def _was_told(message: Message) -> bool:
    """Whether the change that is now undone has ever left; messages leave in their order."""
    before = Message.objects.filter(
        booking=message.booking_id, state=Message.State.SENT, pk__lt=message.pk
    )
    last = before.order_by("pk").last()
    return last is not None and last.kind in {"offer", "reassigned", "cancelled"}
