"""The template context of a message, by its subject and its kind."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prepazka.messaging.contexts import (
    context_of,
    context_of_alert,
    context_of_entry,
    context_of_offer,
    context_of_participant,
)
from prepazka.messaging.kinds import KINDS
from prepazka.messaging.models import Message
from prepazka.offices.office_snapshot import OfficeSnapshot


def context_of_message(
    message: Message, office: OfficeSnapshot, *, now: datetime
) -> dict[str, Any]:
    """The template context of a message."""
    context = _context_of_subject(message, office, now=now)
    return {**context, **KINDS[message.kind].context(message, context, office)}


def _context_of_subject(
    message: Message, office: OfficeSnapshot, *, now: datetime
) -> dict[str, Any]:
    if message.participant and message.booking:
        return context_of_participant(message.participant, message.booking, office)
    if message.booking:
        context = context_of(message.booking, office, now=now)
    elif message.entry:
        context = context_of_entry(message.entry, office)
    else:
        assert message.alert is not None  # noqa: S101  # message_to_somebody
        context = context_of_alert(message.alert, office)
    if message.offer:
        context |= context_of_offer(message.offer, office)
    return context
