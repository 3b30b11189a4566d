"""The step that a member of staff must take before anything else is open to them."""

# ruff: noqa: S608  # made of constants

from __future__ import annotations

from enum import Enum, auto

from allauth.mfa.models import Authenticator
from django.db import connection

from prepazka.accounts.models import User
from prepazka.journal.statements import quoted

# Conditions on the account `u`, for the statements here and in `bearers`.
FACTOR_REQUIRED = (
    "EXISTS (SELECT 1 FROM offices_membership own JOIN offices_office office"
    " ON office.id = own.office_id"
    " WHERE own.user_id = u.id AND own.role = ANY (office.second_factor_roles))"
)
HAS_FACTOR = (
    "EXISTS (SELECT 1 FROM mfa_authenticator factor"
    f" WHERE factor.user_id = u.id AND factor.type <> {quoted(Authenticator.Type.RECOVERY_CODES)})"
)
MUST_HAVE_FACTOR = f"SELECT 1 FROM accounts_user u WHERE u.id = %s AND {FACTOR_REQUIRED}"
LACKS_FACTOR = f"{MUST_HAVE_FACTOR} AND NOT {HAS_FACTOR}"


class FirstStep(Enum):
    """A step that a person must take before anything else is open to the account."""

    OWN_PASSWORD = auto()  # choose their own; somebody else has set the present one
    TOKEN = auto()  # allow a program's key; only the key waits for it
    SECOND_FACTOR = auto()  # set one up; the role in one of the offices requires it


def first_step(user: User) -> FirstStep | None:
    """The step that the person must take first; None where there is none."""
    if user.must_change_password:
        return FirstStep.OWN_PASSWORD
    return FirstStep.SECOND_FACTOR if _is_found(LACKS_FACTOR, user.pk) else None


def factor_required(user: int) -> bool:
    """Whether a role of the person requires a second factor, whether they have one or not."""
    return _is_found(MUST_HAVE_FACTOR, user)


def _is_found(statement: str, user: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [user])
        return cursor.fetchone() is not None
