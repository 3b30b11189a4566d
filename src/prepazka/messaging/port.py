"""What a message is when it leaves, and how its delivery may fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from prepazka.core.faults import without_contacts

# Why a message waits through no fault of ours; health leaves these alone.
ADDRESS_REFUSED = "the address was refused"
QUIET_HOURS = "quiet hours"
HOUR_FULL = "as many short messages as may leave in an hour have left"


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content: bytes
    media_type: str
    content_id: str = ""  # a picture within the HTML, which names it as `cid:…`


@dataclass(frozen=True)
class Mail:
    """A mail ready to be sent; `message_id` stays the same however often it is tried."""

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
    """A short message ready to be sent; `idempotency_key` stays the same however often it is tried."""

    e164: str
    text: str
    idempotency_key: str
    allow_unicode: bool = False
    sender: str = ""


@dataclass(frozen=True)
class Push:
    """A notice ready for a browser; encrypted for it, it is thrown away after `lasts` seconds."""

    endpoint: str
    p256dh: str
    auth: str
    content: dict[str, str]
    lasts: int


@dataclass(frozen=True)
class Sent:
    """What the gateway calls the message, and how many parts it charges."""

    id: str
    parts: int


@dataclass(frozen=True)
class Receipt:
    """What became of a message, in the gateway's last word about it."""

    id: str
    delivered: bool
    why: str = ""


@dataclass(frozen=True)
class Incoming:
    """A short message that somebody sent us; `id` is the gateway's, if it has one."""

    number: str
    text: str
    id: str = ""


class Undeliverable(Exception):  # reads as what it says
    """The message could not be handed over; a permanent failure will not change by waiting.

    What a server answered may hold the contact, which goes neither into a row nor into a log.
    """

    is_fault = False  # of ours: the log needs no traceback

    def __init__(self, why: str, *, permanent: bool, not_before: datetime | None = None) -> None:
        super().__init__(without_contacts(why))
        self.permanent = permanent
        self.not_before = not_before


class PushGone(Undeliverable):
    """The browser no longer wants any notices from us."""

    def __init__(self) -> None:
        super().__init__("the browser takes no more notices", permanent=True)


# By the channel's name: takes what the channel composes, raises Undeliverable. What the gateway
# calls the message is Sent; one that has no names for messages answers None.
Gateways = Mapping[str, Callable[[Any], Sent | None]]
