"""Parts of hand-written SQL that contexts share: literals of states, and locks of a name."""

from __future__ import annotations

import re

from django.db import connection

LOCK_NAME = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_LITERAL = re.compile(r"[a-z][a-z0-9_]*")


def quoted(*values: str) -> str:
    """The values of an enum as SQL literals separated by commas, for statements made at import.

    Literals let the planner use partial indexes, which parameters do not. Raises ValueError for
    anything but lower-case words.
    """
    texts = [str(value) for value in values]
    if not texts or not all(_LITERAL.fullmatch(text) for text in texts):
        raise ValueError(f"{texts} are not values of an enum.")
    return ", ".join(f"'{text}'" for text in texts)


def lock_name(name: str) -> None:
    """Lock a name until the transaction ends; others who lock the same name wait."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_NAME, [name])
