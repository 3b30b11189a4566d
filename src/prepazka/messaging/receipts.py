"""Delivery receipts from gateways."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from prepazka.booking.call_entries import put_on_call_list
from prepazka.booking.models import CallListEntry
from prepazka.messaging.message_types import Receipt
from prepazka.messaging.models import Message, MessageState

UNDELIVERED = gettext_noop("the message did not reach the telephone")


@transaction.atomic
def note_receipt(receipt: Receipt, *, now: datetime) -> bool:
    """Store that a message was delivered or has failed; a repeated receipt changes nothing.

    Returns False for an unknown message: the transaction that sends it may not be committed yet.
    """
    message = (
        Message.objects.select_for_update(no_key=True)
        .filter(channel=Message.Channel.SMS, gateway_id__in=_id_variants(receipt.id))
        .last()
    )
    if message is None:
        return False
    if message.delivered_at:
        return True
    if receipt.delivered:
        message.delivered_at, message.state, message.error = now, MessageState.SENT, ""
        message.save(update_fields=["delivered_at", "state", "error"])
    elif message.state != MessageState.FAILED:
        message.state, message.error = MessageState.FAILED, UNDELIVERED
        message.save(update_fields=["state", "error"])
        put_on_call_list_of_operators(message, now=now)
    return True


def put_on_call_list_of_operators(message: Message, *, now: datetime) -> None:
    """Put the person of an undeliverable message on the call list."""
    if message.booking_id and not message.participant_id:
        put_on_call_list(
            booking=message.booking_id,
            reason=CallListEntry.Reason.UNDELIVERED,
            now=now,
            offer=message.offer_id,
        )


def _id_variants(gateway_id: str) -> set[str]:
    """The id in decimal and hexadecimal: some SMS centres accept in one and report in the other."""
    variants = {gateway_id}
    if gateway_id.isdigit() and len(gateway_id) <= 20:  # noqa: PLR2004  # 64 bits
        variants |= {
            f"{int(gateway_id):x}",
            f"{int(gateway_id):X}",
            f"{int(gateway_id):08x}",
            f"{int(gateway_id):08X}",
        }
    return variants - {"", "0"}
