"""The hub: one LISTEN connection per process, and everybody in it who waits for news."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import defaultdict
from collections.abc import Callable

import psycopg

from prepazka.journal.record import CHANNEL

log = logging.getLogger(__name__)

HEARTBEAT = 10.0  # seconds; a screen calls its data old after fifteen
# Seconds in which further news wait for each other: in a rush of calls, what is done for screens
# must not slow the calls themselves. News after a pause go out at once.
GATHER = 0.05
RETRY = 1.0  # seconds between attempts to reach the database again


class Hub:
    """Wakes the streams of an office, and marks its snapshots as old, when the journal grows."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.on_change: list[Callable[[int | None, list[str]], None]] = []
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to listen; needs a running loop."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._beat())]

    async def stop(self) -> None:
        """End listening and let every stream go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for future in self._waiting.values():
            if not future.done():
                future.cancel()

    def news(self, office: int) -> asyncio.Future[bytes]:
        """The next thing to send to the streams of the office; shared by all of them."""
        future = self._waiting.get(office)
        if future is None or future.done():
            future = asyncio.get_running_loop().create_future()
            self._waiting[office] = future
        return future

    def publish(self, office: int, message: bytes) -> None:
        """Give the message to every stream that waits for this office."""
        future = self._waiting.pop(office, None)
        if future and not future.done():
            future.set_result(message)

    async def _listen(self) -> None:
        while True:
            # The last two: a notice on our channel that is not ours must not end the listening.
            with contextlib.suppress(psycopg.Error, OSError, ValueError, LookupError):
                await self._listen_once()
            # Whatever was missed meanwhile is unknown, so everybody reads everything again.
            self._changed(None, [])
            await asyncio.sleep(RETRY)

    async def _listen_once(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self.conninfo, autocommit=True, connect_timeout=5
        )
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            self._changed(None, [])
            while True:
                # Notices of one burst become one message per office.
                burst: dict[int, set[str]] = defaultdict(set)
                async for notice in connection.notifies(timeout=HEARTBEAT, stop_after=1):
                    said = json.loads(notice.payload)
                    burst[said["office"]].update(said["topics"])
                async for notice in connection.notifies(timeout=0):
                    said = json.loads(notice.payload)
                    burst[said["office"]].update(said["topics"])
                if not burst:
                    await connection.execute("SELECT 1")  # notices a connection that died silently
                for office, topics in burst.items():
                    self._changed(office, sorted(topics))
                if burst:
                    await asyncio.sleep(GATHER)

    def _changed(self, office: int | None, topics: list[str]) -> None:
        for tell in self.on_change:
            tell(office, topics)
        message = b"event: changed\ndata: " + json.dumps(topics).encode() + b"\n\n"
        for known in list(self._waiting) if office is None else [office]:
            self.publish(known, message)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            for office in list(self._waiting):
                self.publish(office, b"event: alive\ndata: []\n\n")
