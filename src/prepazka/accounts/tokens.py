"""API keys of programs that act for a member of staff."""

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
    """A new key; only its hash is stored, so it can be shown only now.

    With `waits` it opens nothing until `allow_token`.
    """
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(
        user=user,
        name=name,
        hash=hash_of_token(token),
        created_at=now,
        ends_at=now + min(lasts, LONGEST),
        waits=waits,
    )
    return token


def allow_token(*, user: int, token_id: int) -> bool:
    """Allow that key of the person to be used; False where it was not waiting for that."""
    waiting = ApiToken.objects.filter(user=user, pk=token_id, revoked_at=None, waits=True)
    return bool(waiting.update(waits=False))


def revoke_tokens(*, user: User, name: str, now: datetime) -> int:
    """Revoke the user's keys of that name. Returns how many there were."""
    return ApiToken.objects.filter(user=user, name=name, revoked_at=None).update(revoked_at=now)


def live_tokens(user: int, *, now: datetime) -> list[ApiToken]:
    """The person's keys that are neither revoked nor expired, the newest first."""
    unrevoked = ApiToken.objects.filter(user=user, revoked_at=None)
    live = unrevoked.exclude(ends_at__lte=now)
    return list(live.order_by("-created_at", "-pk"))


def end_tokens(*, user: int, token_id: int | None = None, now: datetime) -> int:
    """Revoke that key of the person, or without `token_id` all of them. Returns how many."""
    tokens = ApiToken.objects.filter(user=user, revoked_at=None)
    return (tokens if token_id is None else tokens.filter(pk=token_id)).update(revoked_at=now)


def note_token_use(key: int, used_at: datetime | None, *, now: datetime) -> None:
    """Record when the key was last used, to the minute."""
    if used_at is None or now - used_at >= SEEN_EVERY:
        ApiToken.objects.filter(pk=key).update(used_at=now)


def hash_of_token(token: str) -> str:
    """Hash by which the key is stored; unsalted, because the key is random and long."""
    return hashlib.sha256(token.encode()).hexdigest()
