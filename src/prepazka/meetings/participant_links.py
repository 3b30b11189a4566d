"""Signed links of participants, with a number that each new link increases."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from django.core import signing

SALT = "meeting:participant"


def sign_token(participant: UUID, link: int) -> str:
    """A URL-safe token of about 70 characters."""
    name = base64.urlsafe_b64encode(participant.bytes).decode().rstrip("=")
    return signing.Signer(salt=SALT, sep=".").sign(f"{name}.{link}")


def participant_of_link(token: str) -> tuple[UUID, int] | None:
    """The participant and the number of the link; None if the token is invalid.

    The caller compares the number with `Participant.link` and checks `revoked_at`.
    """
    try:
        name, _, link = signing.Signer(salt=SALT, sep=".").unsign(token).partition(".")
        return UUID(bytes=base64.urlsafe_b64decode(name + "==")), int(link)
    except (signing.BadSignature, ValueError, binascii.Error):
        return None
