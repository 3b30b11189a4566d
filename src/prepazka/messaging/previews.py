"""Previews of the messages that a change would send."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from prepazka.booking.models import Booking
from prepazka.journal.models import Event
from prepazka.messaging.channels import adapter_of
from prepazka.messaging.message_delivery import compose_messages, is_pointless
from prepazka.messaging.models import Message
from prepazka.offices.models import Office

BLANK = "_"


@dataclass(frozen=True)
class Preview:
    """One message as it would be sent; `parts` is the number of SMS parts, 0 for a mail."""

    to: str
    language: str
    subject: str
    text: str
    parts: int


class _RollBack(Exception):
    """Raised to roll the transaction back."""


def messages_caused(
    change: Callable[[], Any], *, office: Office, booking: UUID, now: datetime
) -> list[Preview]:
    """The messages that `change` of the booking would cause; nothing is changed or sent.

    The change is made in a transaction that is rolled back, so the texts are exact. Random values
    that would differ next time (a PIN, a short address) are left blank, and links are cut short,
    because they open the booking. `change` must use the same `now`. Raises what `change` raises.
    """
    booking_before = Booking.objects.only("pin", "short_code").get(pk=booking)
    previews: list[Preview] = []
    try:
        with transaction.atomic():
            change()
            rows = Event.objects.filter(office=office.pk, at=now, data__booking=str(booking))
            for event in rows.order_by("pk"):
                previews += [
                    _preview(message, booking_before, now)
                    for message in compose_messages(event=event.pk, now=now)
                    if not is_pointless(message, now)
                ]
            raise _RollBack
    except _RollBack:
        return previews


def _preview(message: Message, booking_before: Booking, now: datetime) -> Preview:
    person = message.booking
    if person and message.participant is None:
        if not booking_before.pin:
            person.pin = BLANK * len(person.pin)
        if not booking_before.short_code and person.short_code:
            person.short_code = BLANK * len(person.short_code)
    adapter = adapter_of(message)
    composed = adapter.compose(message, now=now)
    to, subject, text = adapter.shown(composed)
    part_count = adapter.monthly_limit.parts(composed) if adapter.monthly_limit else 0
    return Preview(to, message.to.language, subject, without_links(text), part_count)


def without_links(text: str) -> str:
    """The text with our URLs cut short after the host name."""
    return re.sub(rf"({re.escape(settings.BASE_URL)}/)\S+", r"\1…", text)
