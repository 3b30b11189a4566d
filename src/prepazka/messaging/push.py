"""Composing of browser notices: a title, a sentence, and the page they open."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from prepazka.messaging.kinds import kind_of_texts
from prepazka.messaging.message_context import context_of_message
from prepazka.messaging.message_types import Push
from prepazka.messaging.models import Message
from prepazka.offices.office_snapshot import snapshot_of


def compose_push(message: Message, *, now: datetime) -> Push:
    """The notice as it would be sent now, in its recipient's language."""
    alert, office = message.alert, snapshot_of(message.office)
    assert alert is not None  # noqa: S101  # only tickets have browsers
    kind = kind_of_texts(message)
    if kind.push is None or kind.mail is None:
        raise LookupError(f"there is no browser notice of the kind {kind.code}")
    with translation.override(alert.language), timezone.override(office.tz):
        context = context_of_message(message, office, now=now)
        content = {
            "title": _(kind.mail.subject),
            "body": _(kind.push.body) % {name: context[name] for name in ("number", "counter")},
            "url": context["ticket_url"],
            "tag": alert.ticket.code,
            "language": alert.language,
        }
    return Push(**alert.push, content=content, lasts=kind.push.lasts_s)
