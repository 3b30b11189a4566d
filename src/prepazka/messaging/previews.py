"""What the clients would be sent by a change that is not made yet."""

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
from prepazka.messaging.models import Message
from prepazka.messaging.usecases import compose, is_pointless
from prepazka.offices.models import Office

BLANK = "_"


@dataclass(frozen=True)
class Preview:
    """One message as it would leave; `parts` is how many short messages it takes, 0 of a mail."""

    to: str
    language: str
    subject: str
    text: str
    parts: int


class _NotMade(Exception):
    """The way out of the transaction."""


def messages_caused(
    change: Callable[[], Any], *, office: Office, booking: UUID, now: datetime
) -> list[Preview]:
    """The messages that `change` of the booking would cause; nothing is changed or sent.

    The change is made for real in a transaction that is rolled back, so that the words are those
    that will leave. What would be drawn by lot when it is made again (a PIN, a short address) is
    left blank, and the client's own links are cut short, for they open the booking. `change` must
    be given the same `now`. Raises what `change` raises.
    """
    was = Booking.objects.only("pin", "short_code").get(pk=booking)
    previews: list[Preview] = []
    try:
        with transaction.atomic():
            change()
            rows = Event.objects.filter(office=office.pk, at=now, data__booking=str(booking))
            for event in rows.order_by("pk"):
                previews += [
                    _preview(message, was, now)
                    for message in compose(event=event.pk, now=now)
                    if not is_pointless(message, now)
                ]
            raise _NotMade
    except _NotMade:
        return previews


def _preview(message: Message, was: Booking, now: datetime) -> Preview:
    person = message.booking
    if person and message.participant is None:
        if not was.pin:
            person.pin = BLANK * len(person.pin)
        if not was.short_code and person.short_code:
            person.short_code = BLANK * len(person.short_code)
    adapter = adapter_of(message)
    composed = adapter.compose(message, now=now)
    to, subject, text = adapter.shown(composed)
    parts = adapter.monthly_limit.parts(composed) if adapter.monthly_limit else 0
    return Preview(to, message.to.language, subject, without_links(text), parts)


def without_links(text: str) -> str:
    """The text with our addresses cut short behind the name of the host."""
    return re.sub(rf"({re.escape(settings.BASE_URL)}/)\S+", r"\1…", text)
