"""What the gateways say became of the messages."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from prepazka.booking.calls import put_on_call_list
from prepazka.booking.models import CallListEntry
from prepazka.messaging.models import Message
from prepazka.messaging.port import Receipt

UNDELIVERED = gettext_noop("the message did not reach the telephone")


@transaction.atomic
def note_receipt(receipt: Receipt, *, now: datetime) -> bool:
    """Write down that a message arrived, or that it never will; repeated, it changes nothing.

    Returns False for a message that is not known (yet): its sending may not be written down.
    """
    found = (
        Message.objects.select_for_update(no_key=True)
        .filter(channel=Message.Channel.SMS, gateway_id__in=_names(receipt.id))
        .last()
    )
    if found is None:
        return False
    if found.delivered_at:
        return True
    if receipt.delivered:
        found.delivered_at, found.state, found.error = now, Message.State.SENT, ""
        found.save(update_fields=["delivered_at", "state", "error"])
    elif found.state != Message.State.FAILED:
        found.state, found.error = Message.State.FAILED, UNDELIVERED
        found.save(update_fields=["state", "error"])
        give_to_operators(found, now=now)
    return True


def give_to_operators(message: Message, *, now: datetime) -> None:
    """Let somebody telephone the person whom the message will never reach."""
    if message.booking_id and not message.participant_id:
        put_on_call_list(
            booking=message.booking_id,
            reason=CallListEntry.Reason.UNDELIVERED,
            now=now,
            offer=message.offer_id,
        )


def _names(said: str) -> set[str]:
    """The id as it may have been written: message centres answer in hex and report in decimal."""
    found = {said}
    if said.isdigit() and len(said) <= 20:  # noqa: PLR2004  # 64 bits
        found |= {f"{int(said):x}", f"{int(said):X}", f"{int(said):08x}", f"{int(said):08X}"}
    return found - {"", "0"}
