"""The health address, which answers within two seconds even if the database or the pool hangs.

It runs outside Django's threads, which a frozen database may block, over a connection of its own.
Concurrent requests share one check, whose result is cached for a second.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection

from prepazka.edge.hot_routes import conninfo
from prepazka.offices import clock
from prepazka.reporting.health import Health, health_answer, health_of_database

log = logging.getLogger(__name__)

PATH = "/api/v1/health"
WITHIN = 1.6  # seconds after which an unfinished check reports the database as away
KEPT = 1.0
HEADERS = [
    (b"content-type", b"application/json"),
    (b"access-control-allow-origin", b"*"),
    (b"cache-control", b"no-store"),
]
# Timeouts at all levels, so that no thread hangs on a server that vanished.
OPTIONS: dict[str, Any] = {
    "connect_timeout": 2,
    "options": "-c statement_timeout=1500 -c lock_timeout=1000",
    "tcp_user_timeout": 2000,
    "keepalives_idle": 2,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}


def read_health() -> Health | None:
    """The health read from the database; None where it cannot be read."""
    try:
        with (
            psycopg.connect(conninfo(), autocommit=True, **OPTIONS) as own,
            own.cursor() as cursor,
        ):
            return health_of_database(cursor, now=clock.now())
    except psycopg.Error as error:
        log.warning("Health could not ask the database: %s", error)
        return None
    except Exception:
        log.exception("Health could not be found out")
        return None
    finally:
        connection.close()  # a demo reads its clock over Django's connection


class HealthFace:
    """Answers the health address."""

    def __init__(self, look: Callable[[], Health | None] = read_health) -> None:
        self._look = look
        self._running: asyncio.Future[Health | None] | None = None
        self._kept: tuple[float, Health | None] = (float("-inf"), None)

    async def __call__(self) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """The status, headers and body of the response."""
        status, content = health_answer(await self._health())
        return status, HEADERS, json.dumps(content, ensure_ascii=False).encode()

    async def _health(self) -> Health | None:
        at, cached = self._kept
        if time.monotonic() - at < KEPT:
            return cached
        if self._running is None or self._running.done():
            self._running = self._start()
        # A check that takes longer goes on, and the next request waits for the same one.
        finished, _ = await asyncio.wait({self._running}, timeout=WITHIN)
        if not finished:
            return None
        self._kept = (time.monotonic(), self._running.result())
        return self._kept[1]

    def _start(self) -> asyncio.Future[Health | None]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Health | None] = loop.create_future()

        def run() -> None:
            health_now = self._look()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_set_result, future, health_now)

        # A daemon thread, so that a hanging check does not keep the process from ending.
        threading.Thread(target=run, name="health", daemon=True).start()
        return future


def _set_result(future: asyncio.Future[Any], health_now: Health | None) -> None:
    if not future.done():
        future.set_result(health_now)
