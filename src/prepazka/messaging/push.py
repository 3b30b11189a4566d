"""Composing of browser notices: a title, a sentence, and the page they open."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from prepazka.messaging.contexts import context_of_message
from prepazka.messaging.mail import SUBJECTS
from prepazka.messaging.message_types import Push
from prepazka.messaging.models import Message
from prepazka.offices.office_snapshot import snapshot_of

# Seconds after which a notice expires, so that a telephone switched on later shows no old one.
LASTS = {"turn_near": 600, "turn_called": 120}


def compose_push(message: Message, *, now: datetime) -> Push:
    """The notice as it would be sent now, in its recipient's language."""
    alert, office = message.alert, snapshot_of(message.office)
    assert alert is not None  # noqa: S101  # only tickets have browsers
    with translation.override(alert.language), timezone.override(office.tz):
        context = context_of_message(message, office, now=now)
        text = _("Number %(number)s will be called soon. Please be near.")
        if message.kind == "turn_called":
            text = _("Number %(number)s: please come to counter %(counter)s now.")
        content = {
            "title": _(SUBJECTS[message.kind]),
            "body": text % {name: context[name] for name in ("number", "counter")},
            "url": context["ticket_url"],
            "tag": alert.ticket.code,
            "language": alert.language,
        }
    return Push(**alert.push, content=content, lasts=LASTS[message.kind])
