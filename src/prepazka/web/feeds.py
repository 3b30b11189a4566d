"""The address of a feed, as a calendar program needs it."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse


def address_of(token: str) -> str:
    """The whole address; it is shown once, for only a hash of its secret is kept."""
    return f"{settings.BASE_URL}{reverse('feed', args=[token])}"
