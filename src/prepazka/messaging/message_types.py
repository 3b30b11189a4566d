"""Types shared with gateways: composed messages, receipts, incoming messages, failures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop

from prepazka.core.error_texts import without_contacts

# Reasons of waiting that are no fault of ours; health checks ignore them.
ADDRESS_REFUSED = gettext_noop("the address was refused")
QUIET_HOURS = "quiet hours"
HOUR_FULL = "as many short messages as may leave in an hour have left"


@dataclass(frozen=True)
class Attachment:
    """A file attached to a mail."""

    name: str
    content: bytes
    media_type: str
    content_id: str = ""  # a picture within the HTML, which names it as `cid:…`


@dataclass(frozen=True)
class Mail:
    """A mail ready to be sent; `message_id` is the same for every attempt."""

    to: str
    sender: str
    subject: str
    text: str
    html: str
    message_id: str
    reply_to: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Sms:
    """A short message ready to be sent; `idempotency_key` is the same for every attempt."""

    e164: str
    text: str
    idempotency_key: str
    allow_unicode: bool = False
    sender: str = ""


@dataclass(frozen=True)
class Push:
    """A notice ready to be encrypted for a browser; it expires after `lasts` seconds."""

    endpoint: str
    p256dh: str
    auth: str
    content: dict[str, str]
    lasts: int


@dataclass(frozen=True)
class Sent:
    """The gateway's id of a message, and the number of charged parts."""

    id: str
    parts: int


@dataclass(frozen=True)
class Receipt:
    """The gateway's final report on a message."""

    id: str
    delivered: bool
    why: str = ""


@dataclass(frozen=True)
class Incoming:
    """A short message that we received; `id` is the gateway's, if it has one."""

    number: str
    text: str
    id: str = ""


class Undeliverable(Exception):  # reads as what it says
    """The message could not be sent; a `permanent` failure will not change by waiting.

    Contacts are removed from the message, as a server's answer may contain them and it goes to rows
    and logs.
    """

    is_fault = False  # an expected failure: the log needs no traceback

    def __init__(self, why: str, *, permanent: bool, not_before: datetime | None = None) -> None:
        super().__init__(without_contacts(why))
        self.permanent = permanent
        self.not_before = not_before


class PushGone(Undeliverable):
    """The browser has unsubscribed from our notices."""

    def __init__(self) -> None:
        super().__init__("the browser takes no more notices", permanent=True)


# Gateways by the channel's name. Each takes what the channel composes and returns Sent, or None if
# it has no ids for messages. Raises Undeliverable.
Gateways = Mapping[str, Callable[[Any], Sent | None]]
