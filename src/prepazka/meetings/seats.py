"""The seat: one browser tab of a participant, and the short-lived credential that speaks for it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing

SALT = "meeting:seat"
LASTS = timedelta(minutes=10)
# A relay is opened for one meeting, and what was left of an evening is of no use to others.
RELAY_LASTS = timedelta(hours=4)


@dataclass(frozen=True)
class Seat:
    """Who sits where: bound to the person, the meeting, the tab and the number of the link."""

    participant: UUID
    meeting: UUID
    seat: UUID
    link: int


def sign(seat: Seat) -> str:
    """A credential that is good for ten minutes."""
    ids = seat.participant.bytes + seat.meeting.bytes + seat.seat.bytes
    name = base64.urlsafe_b64encode(ids).decode()
    return signing.TimestampSigner(salt=SALT, sep=".").sign(f"{name}.{seat.link}")


def read(credential: str) -> Seat | None:
    """Whom the credential speaks for, or None if it was changed or is too old."""
    try:
        said = signing.TimestampSigner(salt=SALT, sep=".").unsign(credential, max_age=LASTS)
        name, _, link = said.partition(".")
        ids = base64.urlsafe_b64decode(name)
        participant, meeting, seat = (UUID(bytes=ids[at : at + 16]) for at in (0, 16, 32))
        return Seat(participant, meeting, seat, int(link))
    except (signing.BadSignature, ValueError, TypeError, binascii.Error):
        return None


def ice_servers(participant: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """How browsers find each other; a relay's password is made for one person and some hours.

    It is what coturn checks with `use-auth-secret`. Only for whoever was admitted.
    """
    servers: list[dict[str, Any]] = []
    if settings.STUN_URLS:
        servers.append({"urls": settings.STUN_URLS})
    if settings.TURN_URLS and settings.TURN_SECRET:
        name = f"{int((now + RELAY_LASTS).timestamp())}:{participant.hex}"
        made = hmac.new(settings.TURN_SECRET.encode(), name.encode(), hashlib.sha1).digest()
        password = base64.b64encode(made).decode()
        servers.append({"urls": settings.TURN_URLS, "username": name, "credential": password})
    return servers
