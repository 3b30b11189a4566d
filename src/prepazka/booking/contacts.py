"""Contacts: normalised, and recognised again by a keyed hash after they have been erased."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings


def normalise_email(address: str) -> str:
    """The address as limits compare it: lower case, no `+tag`, no dots in a Gmail name."""
    local, _, domain = address.strip().lower().rpartition("@")
    local = local.split("+", 1)[0]
    if domain in {"gmail.com", "googlemail.com"}:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def contact_hash(contact: str) -> str:
    """A keyed hash (HMAC-SHA-256, hex) of a normalised contact."""
    key = f"contact:{settings.SECRET_KEY}".encode()
    return hmac.new(key, contact.encode(), hashlib.sha256).hexdigest()
