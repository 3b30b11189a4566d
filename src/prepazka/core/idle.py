"""When an idle screen of the staff locks itself (docs/adr/0045)."""

from __future__ import annotations

from datetime import datetime, timedelta

USUAL_MIN, LEAST_MIN, MOST_MIN = 15, 2, 120  # minutes without a key or press
# A clerk who serves a client often works in another program, so this screen is idle for longer.
WITH_CLIENT = timedelta(hours=1)


def lock_after(minutes: int, *, with_client: bool) -> timedelta:
    """How long a screen stays unlocked after the last press; longer while serving a client."""
    usual = timedelta(minutes=minutes)
    return max(usual, WITH_CLIENT) if with_client else usual


def time_until_lock(pressed_at: datetime, after: timedelta, now: datetime) -> timedelta:
    """The time until the screen locks; zero or negative when it is due."""
    return pressed_at + after - now
