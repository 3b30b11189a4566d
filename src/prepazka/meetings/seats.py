"""Seats: short-lived credentials of one browser tab of a participant."""

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
# Long enough for a meeting; afterwards the relay's password is useless to others.
RELAY_LASTS = timedelta(hours=4)


@dataclass(frozen=True)
class Seat:
    """A participant's tab in a meeting, with the number of the link it was opened by."""

    participant: UUID
    meeting: UUID
    seat: UUID
    link: int


def sign_seat(seat: Seat) -> str:
    """A signed credential for the seat, valid for ten minutes."""
    ids = seat.participant.bytes + seat.meeting.bytes + seat.seat.bytes
    name = base64.urlsafe_b64encode(ids).decode()
    return signing.TimestampSigner(salt=SALT, sep=".").sign(f"{name}.{seat.link}")


def read_seat(credential: str) -> Seat | None:
    """The seat of the credential; None if it is invalid or expired."""
    try:
        unsigned = signing.TimestampSigner(salt=SALT, sep=".").unsign(credential, max_age=LASTS)
        name, _, link = unsigned.partition(".")
        ids = base64.urlsafe_b64decode(name)
        participant, meeting, seat = (UUID(bytes=ids[at : at + 16]) for at in (0, 16, 32))
        return Seat(participant, meeting, seat, int(link))
    except (signing.BadSignature, ValueError, TypeError, binascii.Error):
        return None


def ice_servers(participant: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """The STUN and TURN servers for WebRTC, with a relay password valid for four hours.

    coturn checks the password with `use-auth-secret`. To be given to admitted participants only.
    """
    servers: list[dict[str, Any]] = []
    if settings.STUN_URLS:
        servers.append({"urls": settings.STUN_URLS})
    if settings.TURN_URLS and settings.TURN_SECRET:
        name = f"{int((now + RELAY_LASTS).timestamp())}:{participant.hex}"
        digest = hmac.new(settings.TURN_SECRET.encode(), name.encode(), hashlib.sha1).digest()
        password = base64.b64encode(digest).decode()
        servers.append({"urls": settings.TURN_URLS, "username": name, "credential": password})
    return servers
