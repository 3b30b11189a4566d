"""One-time passwords: given by an administrator or a command, good for one log-in within a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext_noop

from prepazka.accounts.models import User
from prepazka.core.refusal import Refused

LASTS = timedelta(days=1)


class OneTimePasswordOver(Refused):
    """The one-time password is used or expired; an administrator must issue another one."""

    message = gettext_noop(
        "This one-time password has already been used, or is more than a day old. Please "
        "ask your administrator for a new one."
    )


def set_one_time_password(user: User, password: str, *, now: datetime) -> None:
    """Set the password, to be used once within a day and then changed; the caller saves the user."""
    user.set_password(password)
    user.must_change_password = True
    user.one_time_until, user.one_time_used_at = now + LASTS, None


def mark_password_own(user: User) -> None:
    """Mark the password as the person's own; the caller saves the user."""
    user.must_change_password = False
    user.one_time_until = user.one_time_used_at = None


# Fields that `set_one_time_password` and `mark_password_own` change.
FIELDS = ("password", "must_change_password", "one_time_until", "one_time_used_at")


def is_one_time_password_over(user: User, *, now: datetime) -> bool:
    """Whether the password is a one-time one that is used up or too old."""
    late = user.one_time_until is not None and user.one_time_until <= now
    return user.must_change_password and (late or user.one_time_used_at is not None)


def use_up_password(user: int, *, now: datetime) -> bool:
    """Use up the one-time password; False where another log-in was first, or it is too late."""
    in_time = Q(one_time_until=None) | Q(one_time_until__gt=now)
    unused = User.objects.filter(in_time, pk=user, one_time_used_at=None)
    return bool(unused.update(one_time_used_at=now))
