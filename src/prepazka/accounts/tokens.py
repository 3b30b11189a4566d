"""The keys of programs that act for a member of staff."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from prepazka.accounts.models import ApiToken, User

PREFIX = "prepazka_"  # so that a key found in a wrong place is recognised
SEEN_EVERY = timedelta(minutes=1)


def make_token(*, user: User, name: str, now: datetime) -> str:
    """A new key; it is told once and cannot be read again."""
    token = PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(user=user, name=name, hash=_hash(token), created_at=now)
    return token


def revoke_tokens(*, user: User, name: str, now: datetime) -> int:
    """Let the keys of that name open nothing any more. Returns how many there were."""
    return ApiToken.objects.filter(user=user, name=name, revoked_at=None).update(revoked_at=now)


def user_of(token: str, *, now: datetime) -> int | None:
    """The id of the active user whose key this is, or None."""
    found = (
        ApiToken.objects.filter(hash=_hash(token), revoked_at=None, user__is_active=True)
        .values_list("pk", "user_id", "used_at")
        .first()
    )
    if found is None:
        return None
    pk, user, used_at = found
    if used_at is None or now - used_at >= SEEN_EVERY:
        ApiToken.objects.filter(pk=pk).update(used_at=now)
    return int(user)


def _hash(token: str) -> str:
    """The key is random and long, so a plain hash keeps it."""
    return hashlib.sha256(token.encode()).hexdigest()
