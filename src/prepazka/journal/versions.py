"""Versions of the program and of its database schema."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.db import ProgrammingError, connection
from django.db.migrations.loader import MigrationLoader
from psycopg import errors

APPLIED = "SELECT app, name FROM django_migrations"


@cache
def program_version() -> str:
    """The version of the installed package; empty if it is not installed."""
    try:
        return version("prepazka")
    except PackageNotFoundError:  # run from its source alone
        return ""


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations of this version of the program, by app and name."""
    return frozenset(MigrationLoader(None).disk_migrations or ())


def pending_migrations(cursor: Any = None) -> int:
    """The number of migrations that the database lacks; all if it has no tables yet."""
    if cursor is None:
        with connection.cursor() as new_cursor:
            return pending_migrations(new_cursor)
    try:
        cursor.execute(APPLIED)
        applied = set(cursor.fetchall())
    except (ProgrammingError, errors.UndefinedTable):
        applied = set()
    return len(known_migrations() - applied)
