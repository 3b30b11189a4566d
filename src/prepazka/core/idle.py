"""When a screen of the staff that nobody touches locks itself (docs/adr/0045)."""

from __future__ import annotations

from datetime import datetime, timedelta

USUAL_MIN, LEAST_MIN, MOST_MIN = 15, 2, 120  # minutes without a key or press
# Whoever serves a client works in another program meanwhile; that client is who sees the screen.
WITH_CLIENT = timedelta(hours=1)


def lock_after(minutes: int, *, with_client: bool) -> timedelta:
    """How long a screen stays open after the last press; longer while a client is at the counter."""
    usual = timedelta(minutes=minutes)
    return max(usual, WITH_CLIENT) if with_client else usual


def left(pressed_at: datetime, after: timedelta, now: datetime) -> timedelta:
    """How long until the screen locks; zero or less: it is time."""
    return pressed_at + after - now
