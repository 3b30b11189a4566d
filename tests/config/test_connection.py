"""The connection to the database: how it is asked whether it lives, and how it reads instants."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection

from tests.edge.conftest import until

pytestmark = pytest.mark.django_db(transaction=True)


def end(backend: int) -> None:
    with psycopg.connect(**connection.get_connection_params() | {"context": None}) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [backend])


def test_a_living_connection_is_known_without_a_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    monkeypatch.setattr(psycopg.Connection, "wait", lambda *_: pytest.fail("it was asked"))
    assert connection.is_usable()


def test_a_connection_that_the_server_ended_is_not_usable() -> None:
    connection.ensure_connection()
    end(connection.connection.info.backend_pid)
    until("the end to arrive", lambda: not connection.is_usable(), within=5)
    connection.close()


def test_what_the_server_says_by_the_way_does_not_end_it() -> None:
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("LISTEN something")
    with psycopg.connect(**connection.get_connection_params() | {"context": None}) as other:
        other.execute("NOTIFY something")
    assert connection.is_usable()
    assert connection.is_usable()  # what came was read
    connection.close()


def test_instants_are_in_utc() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT '2026-10-25 02:30:00.25+02'::timestamptz, NULL::timestamptz")
        instant, nothing = cursor.fetchone()
    assert instant == datetime(2026, 10, 25, 0, 30, 0, 250_000, tzinfo=UTC)
    assert (instant.tzinfo, nothing) == (UTC, None)
