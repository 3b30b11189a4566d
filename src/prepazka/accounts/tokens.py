"""The keys of programs that act for a member of staff."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from prepazka.accounts.models import ApiToken, User

PREFIX = "prepazka_"  # so that a key found in a wrong place is recognised
LONGEST = timedelta(days=365)
SEEN_EVERY = timedelta(minutes=1)


def make_token(
    *, user: User, name: str, now: datetime, lasts: timedelta = LONGEST, waits: bool = False
) -> str:
    """A new key, shown once and not to be read again.

    With `waits` it opens nothing until `allow_token`.
    """
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(
        user=user,
        name=name,
        hash=hash_of(token),
        created_at=now,
        ends_at=now + min(lasts, LONGEST),
        waits=waits,
    )
    return token


def allow_token(*, user: int, which: int) -> bool:
    """Let that key of the person open what it may; False where it did not wait."""
    waiting = ApiToken.objects.filter(user=user, pk=which, revoked_at=None, waits=True)
    return bool(waiting.update(waits=False))


def revoke_tokens(*, user: User, name: str, now: datetime) -> int:
    """Let the keys of that name open nothing any more. Returns how many there were."""
    return ApiToken.objects.filter(user=user, name=name, revoked_at=None).update(revoked_at=now)


def live_tokens(user: int, *, now: datetime) -> list[ApiToken]:
    """The person's keys that neither were ended nor have ended by themselves, the newest first."""
    live = ApiToken.objects.filter(user=user, revoked_at=None)
    own = live.exclude(ends_at__lte=now)
    return list(own.order_by("-created_at", "-pk"))


def end_tokens(*, user: int, which: int | None = None, now: datetime) -> int:
    """Let that key of the person open nothing any more, or all of them. Returns how many."""
    live = ApiToken.objects.filter(user=user, revoked_at=None)
    return (live if which is None else live.filter(pk=which)).update(revoked_at=now)


def note_use(key: int, used_at: datetime | None, *, now: datetime) -> None:
    """Keep when the key was last used, to the minute."""
    if used_at is None or now - used_at >= SEEN_EVERY:
        ApiToken.objects.filter(pk=key).update(used_at=now)


def hash_of(token: str) -> str:
    """The key is random and long, so a plain hash keeps it."""
    return hashlib.sha256(token.encode()).hexdigest()
