"""The database's address means what it says, for Django and for the connection that listens."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from prepazka.config.env import env_database
from prepazka.config.settings import _database
from prepazka.edge import answers


def test_what_else_the_address_says_reaches_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "DATABASE_URL", "postgresql://town:x%20y@db.example:5433/town?sslmode=verify-full"
    )
    made: dict[str, Any] = _database(env_database("DATABASE_URL"))
    assert (made["HOST"], made["PASSWORD"]) == ("db.example", "x y")
    assert made["OPTIONS"]["sslmode"] == "verify-full"
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", made["OPTIONS"])
    assert conninfo_to_dict(answers.conninfo())["sslmode"] == "verify-full"
