"""Locking the screens of a session, which is one browser of one person."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef

from prepazka.accounts.models import StaffScreen

NOTED_EVERY = timedelta(seconds=10)  # presses within it are not written


def screen_of(*, session_key: str, user: int, now: datetime) -> StaffScreen:
    """The row of the session; a new one counts as pressed now, and deletes those of ended ones."""
    screen = StaffScreen.objects.filter(pk=session_key).first()
    if screen is not None and screen.user_id == user:
        return screen
    live = Session.objects.filter(pk=OuterRef("pk"))
    StaffScreen.objects.exclude(Exists(live)).delete()
    defaults = {"user_id": user, "pressed_at": now, "locked_at": None}
    if screen is not None:  # the key was given to another person
        return StaffScreen.objects.update_or_create(pk=session_key, defaults=defaults)[0]
    return StaffScreen.objects.get_or_create(pk=session_key, defaults=defaults)[0]


def note_press(screen: StaffScreen, *, now: datetime) -> None:
    """Record a key or press. A screen that was locked meanwhile stays locked."""
    if screen.pressed_at > now - NOTED_EVERY:
        return
    StaffScreen.objects.filter(pk=screen.pk, locked_at=None).update(pressed_at=now)
    screen.pressed_at = now


def lock_screens(session_key: str, *, now: datetime, pressed_at: datetime | None = None) -> bool:
    """Lock the screens. Returns whether this call did.

    With `pressed_at` only if nothing was pressed after it, for a lock after idle time.
    """
    open_screen = StaffScreen.objects.filter(pk=session_key, locked_at=None)
    if pressed_at is not None:
        open_screen = open_screen.filter(pressed_at__lte=pressed_at)
    return bool(open_screen.update(locked_at=now))


def unlock_screens(session_key: str, *, now: datetime) -> None:
    """Unlock the screens; counts as a press."""
    StaffScreen.objects.filter(pk=session_key).update(locked_at=None, pressed_at=now)
