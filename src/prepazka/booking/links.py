"""Signed links in messages: each says one booking and one purpose, and nothing else opens it."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Literal
from uuid import UUID

from django.core import signing

Purpose = Literal["hold", "confirm", "personal", "list", "place", "offer"]
# Easy to copy from a small screen: no letters that look like digits. 32 of them, 60 bits in twelve.
SHORT = "abcdefghijkmnpqrstuvwxyz23456789"
SHORT_LENGTH = 12


def sign(booking: UUID, purpose: Purpose) -> str:
    """A token of about 66 characters, safe in an address."""
    name = base64.urlsafe_b64encode(booking.bytes).decode().rstrip("=")
    return signing.Signer(salt=f"booking:{purpose}", sep=".").sign(name)


def read(token: str, purpose: Purpose) -> UUID | None:
    """The booking the token was signed for, or None if it was changed or is for another use."""
    try:
        name = signing.Signer(salt=f"booking:{purpose}", sep=".").unsign(token)
        return UUID(bytes=base64.urlsafe_b64decode(name + "=="))
    except (signing.BadSignature, ValueError, binascii.Error):
        return None


def short_code() -> str:
    """A part of an address that nobody guesses, short enough for an SMS."""
    return "".join(secrets.choice(SHORT) for _ in range(SHORT_LENGTH))
