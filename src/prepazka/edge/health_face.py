"""The health address, answered within two seconds whatever happens to the database or the pool.

It stands outside Django's threads, which a frozen database may hold, and asks over a connection
of its own. One look is shared by all who ask meanwhile, and its answer is kept for a second.
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

from prepazka.edge.answers import conninfo
from prepazka.offices import clock
from prepazka.reporting.health import Health, answer, health

log = logging.getLogger(__name__)

PATH = "/api/v1/health"
WITHIN = 1.6  # seconds until a look that has not ended says that the database is away
KEPT = 1.0
HEADERS = [
    (b"content-type", b"application/json"),
    (b"access-control-allow-origin", b"*"),
    (b"cache-control", b"no-store"),
]
# A server that is gone without a word is noticed, so that no thread hangs for hours.
OPTIONS: dict[str, Any] = {
    "connect_timeout": 2,
    "options": "-c statement_timeout=1500 -c lock_timeout=1000",
    "tcp_user_timeout": 2000,
    "keepalives_idle": 2,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}


def look() -> Health | None:
    """What the database says of the installation; None where it cannot be asked."""
    try:
        with (
            psycopg.connect(conninfo(), autocommit=True, **OPTIONS) as own,
            own.cursor() as cursor,
        ):
            return health(cursor, now=clock.now())
    except psycopg.Error as error:
        log.warning("Health could not ask the database: %s", error)
        return None
    except Exception:
        log.exception("Health could not be found out")
        return None
    finally:
        connection.close()  # a demo's clock is read over it


class HealthFace:
    """Answers the health address."""

    def __init__(self, look: Callable[[], Health | None] = look) -> None:
        self._look = look
        self._running: asyncio.Future[Health | None] | None = None
        self._kept: tuple[float, Health | None] = (float("-inf"), None)

    async def __call__(self) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Status, headers and body."""
        status, said = answer(await self._found())
        return status, HEADERS, json.dumps(said, ensure_ascii=False).encode()

    async def _found(self) -> Health | None:
        at, kept = self._kept
        if time.monotonic() - at < KEPT:
            return kept
        if self._running is None or self._running.done():
            self._running = self._start()
        # The look goes on where it takes longer; whoever asks next waits for the same one.
        done, _ = await asyncio.wait({self._running}, timeout=WITHIN)
        if not done:
            return None
        self._kept = (time.monotonic(), self._running.result())
        return self._kept[1]

    def _start(self) -> asyncio.Future[Health | None]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Health | None] = loop.create_future()

        def run() -> None:
            found = self._look()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_give, future, found)

        # Not of a pool: one that hangs must not keep the process from ending.
        threading.Thread(target=run, name="health", daemon=True).start()
        return future


def _give(future: asyncio.Future[Any], found: Health | None) -> None:
    if not future.done():
        future.set_result(found)
