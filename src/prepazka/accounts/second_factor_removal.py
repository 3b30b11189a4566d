"""Removing the second factor of an account, and the notice to its person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from allauth.mfa.models import Authenticator

from prepazka.accounts.models import User


def users_with_second_factor(users: Iterable[int]) -> set[int]:
    """The ids of those users who log in with a second factor."""
    codes = Authenticator.Type.RECOVERY_CODES
    rows = Authenticator.objects.filter(user__in=users).exclude(type=codes)
    return set(rows.values_list("user_id", flat=True))


def remove_second_factor(user: User) -> bool:
    """Delete the TOTP secret and the recovery codes. Returns whether there were any."""
    deleted, _ = Authenticator.objects.filter(user=user).delete()
    return bool(deleted)


def note_second_factor_reset(user: User, *, by: int | None, now: datetime) -> None:
    """Note for the person that their second factor was reset, until they acknowledge it."""
    user.second_factor_reset_at, user.second_factor_reset_by_id = now, by
    user.save(update_fields=["second_factor_reset_at", "second_factor_reset_by"])


def acknowledge_second_factor_reset(*, user: int) -> None:
    """Note that the person has read of the reset. May be repeated."""
    User.objects.filter(pk=user).update(second_factor_reset_at=None, second_factor_reset_by=None)
