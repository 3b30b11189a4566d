"""Addresses of calendar feeds."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse


def address_of(token: str) -> str:
    """The full URL of the feed; shown only once, as only a hash of the token is stored."""
    return f"{settings.BASE_URL}{reverse('feed', args=[token])}"
