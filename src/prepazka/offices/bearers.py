"""The person whose API key a program sends, and their role in an office."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from prepazka.accounts import tokens
from prepazka.offices.office_snapshot import OfficeSnapshot, cached_snapshot, snapshot_by_id
from prepazka.offices.required_steps import FACTOR_REQUIRED, HAS_FACTOR, FirstStep

BEARER = f"""
SELECT t.id, t.used_at, u.id, o.id, o.version, m.role, u.must_change_password,
  {FACTOR_REQUIRED} AND NOT {HAS_FACTOR}, t.waits
FROM accounts_apitoken t
JOIN accounts_user u ON u.id = t.user_id AND u.is_active
LEFT JOIN offices_office o ON o.slug = %s
LEFT JOIN offices_membership m ON m.office_id = o.id AND m.user_id = u.id
WHERE t.hash = %s AND t.revoked_at IS NULL AND (t.ends_at IS NULL OR t.ends_at > %s)
"""  # noqa: S608  # made of constants


@dataclass(frozen=True)
class Bearer:
    """The person of an API key; `office` is None if there is none, `role` if it is not theirs."""

    user: int
    office: OfficeSnapshot | None
    role: str | None
    first_step: FirstStep | None  # until it is done, the key opens nothing


def by_token(token: str, *, slug: str, now: datetime) -> Bearer | None:
    """The active user of the key, and their role in that office; one SQL statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            BEARER,
            [slug, tokens.hash_of_token(token), now],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    key, used_at, user, office, version, role, must_change, lacks_factor, waits = row
    first_step = (
        FirstStep.OWN_PASSWORD
        if must_change
        else FirstStep.SECOND_FACTOR
        if lacks_factor
        else FirstStep.TOKEN
        if waits
        else None
    )
    tokens.note_token_use(key, used_at, now=now)
    snapshot = office and (cached_snapshot(office, version) or snapshot_by_id(office))
    return Bearer(int(user), snapshot or None, role, first_step)
