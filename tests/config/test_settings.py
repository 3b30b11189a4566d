"""The database's address means what it says, for Django and for the connection that listens."""

from __future__ import annotations

import os
import subprocess
import sys
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


@pytest.mark.parametrize(("proxies", "warnings"), [("0", 1), ("1", 0)])
def test_https_without_a_proxy_is_said_at_the_start(proxies: str, warnings: int) -> None:
    more = {"PREPAZKA_URL": "https://urad.example", "PREPAZKA_TRUSTED_PROXIES": proxies}
    started = subprocess.run(
        [sys.executable, "-c", "import prepazka.config.settings"],
        env=os.environ | more | {"DATABASE_URL": "postgresql:///none", "PREPAZKA_DEMO": "0"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert started.stderr.count("Set it to the number of your proxies") == warnings
