"""Which version of the program and of its tables this is."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.db import ProgrammingError, connection
from django.db.migrations.loader import MigrationLoader
from psycopg import errors


@cache
def program_version() -> str:
    """The version of the installed package."""
    try:
        return version("prepazka")
    except PackageNotFoundError:  # run from its source alone
        return ""


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations that this version of the program wants, by app and name."""
    return frozenset(MigrationLoader(None).disk_migrations or ())


def pending_migrations(cursor: Any = None) -> int:
    """How many migrations the database lacks; all of them where it has no tables yet."""
    if cursor is None:
        with connection.cursor() as own:
            return pending_migrations(own)
    try:
        cursor.execute("SELECT app, name FROM django_migrations")
        applied = set(cursor.fetchall())
    except (ProgrammingError, errors.UndefinedTable):
        applied = set()
    return len(known_migrations() - applied)
