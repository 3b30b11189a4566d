"""`prepazka migrate` beside programs that use the tables."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection

from prepazka.config import serve
from prepazka.config.command_errors import CommandFailed

pytestmark = pytest.mark.django_db(transaction=True)
CHANGE = "ALTER TABLE offices_office ALTER COLUMN slug DROP DEFAULT"  # it has none


@pytest.fixture(autouse=True)
def tries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was called, where each call of `migrate` changes a table."""
    calls: list[str] = []

    def call(name: str, **_: Any) -> None:
        calls.append(name)
        if name == "migrate":
            with connection.cursor() as cursor:
                cursor.execute(CHANGE)

    monkeypatch.setattr(serve, "call_command", call)
    monkeypatch.setattr(serve, "TABLE_WITHIN", 0.2)
    monkeypatch.setattr(serve, "AGAIN_AFTER", 0.1)
    monkeypatch.setattr(serve, "ATTEMPTS", 3)
    return calls


@contextmanager
def table_in_use() -> Iterator[psycopg.Connection[Any]]:
    """Somebody who has read the table and has not ended the transaction."""
    with psycopg.connect(**connection.get_connection_params() | {"context": None}) as other:
        other.execute("SELECT count(*) FROM offices_office")
        yield other


def test_a_table_in_use_is_tried_again(tries: list[str]) -> None:
    with table_in_use() as other:
        free = threading.Timer(0.25, other.rollback)
        free.start()
        serve.prepare_database()
        free.join()
    assert tries.count("migrate") in {2, 3}
    assert tries[-1] == "createcachetable"


def test_a_table_that_stays_in_use_is_said(tries: list[str]) -> None:
    with table_in_use(), pytest.raises(CommandFailed, match="try again at a quieter time"):
        serve.prepare_database()
    assert tries == ["migrate"] * 3


def test_the_connection_has_its_usual_limits_afterwards() -> None:
    serve.prepare_database()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("4s",)
