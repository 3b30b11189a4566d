"""The database's address means what it says, for Django and for the connection that listens."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from prepazka.config.env import env_database
from prepazka.config.settings import _database
from prepazka.edge import hot_routes


def test_what_else_the_address_says_reaches_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "DATABASE_URL", "postgresql://town:x%20y@db.example:5433/town?sslmode=verify-full"
    )
    made: dict[str, Any] = _database(env_database("DATABASE_URL"))
    assert (made["HOST"], made["PASSWORD"]) == ("db.example", "x y")
    assert made["OPTIONS"]["sslmode"] == "verify-full"
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", made["OPTIONS"])
    assert conninfo_to_dict(hot_routes.conninfo())["sslmode"] == "verify-full"


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


@pytest.mark.parametrize(
    ("url", "below"),
    [
        ("https://objednavky.urad.example", True),
        ("https://urad.example", False),  # other services of the town may still speak plain http
        ("http://objednavky.urad.example", False),
    ],
)
def test_https_holds_below_a_name_of_the_office_itself(url: str, *, below: bool) -> None:
    assert setting("SECURE_HSTS_INCLUDE_SUBDOMAINS", PREPAZKA_URL=url) == str(below)


def test_lines_of_the_log_say_their_moment_with_its_offset() -> None:
    script = (
        "import logging.config, os, time; os.environ['TZ'] = 'Etc/GMT-5'; time.tzset();"
        "from prepazka.config import settings; logging.config.dictConfig(settings.LOGGING);"
        "logging.getLogger('x').warning('y')"
    )
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0500 WARNING x: y\n", started(script).stderr
    )


def test_passwords_are_hashed_slowly_with_a_long_salt() -> None:
    script = (
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'prepazka.config.settings';"
        "from django.contrib.auth.hashers import make_password; print(make_password('x'))"
    )
    algorithm, rounds, salt, _ = started(script).stdout.split("$")
    assert algorithm == "pbkdf2_sha256"
    assert int(rounds) >= 600_000
    assert len(salt) >= 20


def setting(name: str, **environment: str) -> str:
    """What a process with this environment prints of a setting."""
    script = f"from prepazka.config import settings; print(settings.{name})"
    return started(script, **environment).stdout.strip()


def started(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The process that has run the script on its own settings."""
    return subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ
        | {"DATABASE_URL": "postgresql:///none", "PREPAZKA_DEMO": "0", **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
