"""Signed links in messages; each is valid for one booking and one purpose."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Literal
from uuid import UUID

from django.core import signing

Purpose = Literal["hold", "confirm", "personal", "list", "place", "offer"]
# Without letters that look like digits, as people copy the code from a small screen. 32 characters,
# so twelve of them have 60 bits.
SHORT = "abcdefghijkmnpqrstuvwxyz23456789"
SHORT_LENGTH = 12


def sign_token(booking: UUID, purpose: Purpose) -> str:
    """A URL-safe token of about 66 characters for the booking and the purpose."""
    name = base64.urlsafe_b64encode(booking.bytes).decode().rstrip("=")
    return signing.Signer(salt=f"booking:{purpose}", sep=".").sign(name)


def booking_of_token(token: str, purpose: Purpose) -> UUID | None:
    """The booking of the token; None if the token is invalid or has another purpose."""
    try:
        name = signing.Signer(salt=f"booking:{purpose}", sep=".").unsign(token)
        return UUID(bytes=base64.urlsafe_b64decode(name + "=="))
    except (signing.BadSignature, ValueError, binascii.Error):
        return None


def random_short_code() -> str:
    """A random code for an address in an SMS, twelve characters with 60 bits."""
    return "".join(secrets.choice(SHORT) for _ in range(SHORT_LENGTH))
