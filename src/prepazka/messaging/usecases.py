"""Writing messages for events, and delivering each of them once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction

from prepazka.booking.models import Booking, State
from prepazka.booking.usecases import wait_for_mail
from prepazka.journal.models import Event
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.models import Message
from prepazka.messaging.port import Send, Undeliverable

# Which message an event of the journal causes.
KINDS = {
    "ConfirmationRequested": "confirm",
    "BookingConfirmed": "confirmed",
    "BookingMoved": "moved",
    "BookingCancelled": "cancelled",
    "ReminderDue": "reminder",
}
# A mail that waits longer than this has eaten into the person's time to click.
LATE = timedelta(seconds=30)
SLOWEST_SERVER_S = 300


@transaction.atomic
def compose(*, event: int, now: datetime) -> list[Message]:
    """Write the messages an event calls for; run again, it finds those it wrote.

    Returns the ones still to be delivered.
    """
    happened = Event.objects.filter(pk=event).first()
    if happened is None or happened.kind not in KINDS:
        return []
    booking = Booking.objects.get(pk=happened.data["booking"])
    if not booking.email:
        return []  # told at the desk or by telephone; erased meanwhile
    message, _ = Message.objects.get_or_create(
        event=event,
        kind=KINDS[happened.kind],
        defaults={
            "office_id": booking.office_id, "booking": booking, "sequence": booking.sequence,
            "created_at": now,
        },
    )
    return [message] if message.state == Message.State.QUEUED else []


def deliver(*, message: int, send: Send, now: datetime) -> None:
    """Send one message, unless it was sent or has lost its sense meanwhile.

    The row is locked while the mail leaves, so two workers cannot both send it. A worker that
    dies after the server took the mail, and before that is written down, sends it once more with
    the same Message-ID; no sender can tell this from a mail that was lost. Raises Undeliverable,
    after writing down the failure.
    """
    try:
        _give_time_to_click(message, now)
        _deliver(message, send, now)
    except Undeliverable as failure:
        _note_failure(message, failure, now)
        raise


@transaction.atomic
def _give_time_to_click(message: int, now: datetime) -> None:
    """Start the deadline anew before a late mail leaves.

    A transaction of its own, because it locks the day of the booking: while a slow mail server
    takes its time, others must be able to book.
    """
    late = Message.objects.filter(
        pk=message, kind="confirm", state=Message.State.QUEUED, created_at__lt=now - LATE
    )
    for booking in late.values_list("booking_id", flat=True):
        wait_for_mail(booking=booking, now=now)


@transaction.atomic
def _deliver(message: int, send: Send, now: datetime) -> None:
    with connection.cursor() as cursor:
        # A server that takes the mail slowly must not cost us the transaction that says so.
        cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{SLOWEST_SERVER_S}s'")
    found = (
        Message.objects.select_for_update(of=("self",), no_key=True)
        .select_related("booking__service", "office").filter(pk=message).first()
    )
    if found is None or found.state != Message.State.QUEUED:
        return
    if is_pointless(found, now):
        found.state, found.error = Message.State.FAILED, "no longer needed"
        found.save(update_fields=["state", "error"])
        return
    send(compose_mail(found, now=now))
    found.state, found.sent_at, found.attempts = Message.State.SENT, now, found.attempts + 1
    found.error = ""
    found.save(update_fields=["state", "sent_at", "attempts", "error"])


@transaction.atomic
def _note_failure(message: int, failure: Undeliverable, now: datetime) -> None:
    found = Message.objects.select_for_update(no_key=True).get(pk=message)
    found.attempts, found.error = found.attempts + 1, str(failure)[:200]
    if failure.permanent:
        found.state = Message.State.FAILED
    found.save(update_fields=["attempts", "error", "state"])
    if found.kind == "confirm" and not failure.permanent:
        # The person cannot click what we could not send: the term is kept while we try.
        wait_for_mail(booking=found.booking_id, now=now)


def is_pointless(message: Message, now: datetime) -> bool:
    """Whether events have overtaken the message."""
    booking = message.booking
    if not booking.email:
        return True
    if message.kind == "confirm":
        return booking.state != State.UNCONFIRMED
    if message.kind in {"confirmed", "reminder"}:
        return booking.state != State.CONFIRMED or booking.ends_at <= now
    return booking.sequence != message.sequence
