"""The health address answers within two seconds, whatever the database and the threads do."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from typing import Any

import pytest

from prepazka.edge import health_route
from prepazka.edge.health_route import HealthFace
from tests import loops

pytestmark = pytest.mark.django_db


def ask(face: HealthFace, times: int = 1) -> list[tuple[int, dict[str, Any]]]:
    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(face() for _ in range(times)))

    return [(status, json.loads(body)) for status, _, body in loops.run(all_at_once())]


@pytest.mark.django_db(transaction=True)
def test_over_a_connection_of_its_own() -> None:
    ((status, answer),) = ask(HealthFace())
    assert (status, answer["database"], answer["worker"]) == (503, True, False)
    assert answer["pending_migrations"] == 0


def test_a_server_that_takes_connections_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a stopped (SIGSTOP) server does: the system takes the connection, nobody reads from it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(health_route, "conninfo", lambda: f"host=127.0.0.1 port={port}")
        began = time.monotonic()
        ((status, answer),) = ask(HealthFace())
        assert time.monotonic() - began < 2
    assert (status, answer["database"], answer["worker"]) == (503, False, None)


def test_who_ask_at_once_share_one_look_and_a_hanging_look_gets_no_second() -> None:
    hangs, looks = threading.Event(), []

    def look() -> None:
        looks.append(1)
        hangs.wait(30)

    face = HealthFace(look)

    async def twice() -> list[int]:
        first = await asyncio.gather(*(face() for _ in range(50)))
        second = await face()
        hangs.set()
        return [status for status, _, _ in (*first, second)]

    began = time.monotonic()
    assert loops.run(twice()) == [503] * 51
    assert len(looks) == 1
    assert time.monotonic() - began < 4


def test_an_answer_is_kept_for_a_second() -> None:
    looks = []
    face = HealthFace(lambda: looks.append(1))

    async def thrice() -> None:
        for _ in range(3):
            await face()

    loops.run(thrice())
    assert len(looks) == 1
