"""The hub: one LISTEN connection per process, and everybody in it who waits for news."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import types
from collections import defaultdict
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Any

import psycopg

from prepazka.edge.database_watch import watch
from prepazka.journal.record import CHANNEL

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Sending = Generator[Any, Any, None]

log = logging.getLogger(__name__)

HEARTBEAT = 10.0  # seconds; a screen calls its data old after fifteen
# Seconds in which further news wait for each other: in a rush of calls, what is done for screens
# must not slow the calls themselves. News after a pause go out at once.
GATHER = 0.05
RETRY = 1.0  # seconds between attempts to reach the database again
ALIVE = b"event: alive\ndata: []\n\n"


class Line:
    """One open stream, written to at once while the hub goes through all of them.

    Waking a task for each would cost more than the writing (docs/adr/0030). Only where the server
    does not take the message, as its reader is slow, a task waits; of what is missed meanwhile
    nothing is kept but the topics.
    """

    __slots__ = ("_missed", "_send", "_waits")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waits: asyncio.Task[None] | None = None
        self._missed: set[str] | None = None

    @property
    def keeps_up(self) -> bool:
        """Whether all that it was told has been taken."""
        return self._waits is None

    def tell(self, event: Message, topics: list[str] | None = None) -> None:
        """Send the event; a slow reader is told of the topics later, and without them not at all."""
        if self._waits:
            if topics is not None:
                self._missed = (self._missed or set()).union(topics)
            return
        sending = self._send(event).__await__()
        try:
            waits_for = next(sending)
        except StopIteration:
            return  # taken, as nearly always
        except Exception as error:  # noqa: BLE001  # the others must hear, whatever a server raises
            log.debug("a stream that is closing: %s", error)
            return
        self._waits = asyncio.create_task(self._catch_up(sending, waits_for))

    async def _catch_up(self, sending: Sending, waits_for: object) -> None:
        try:
            await _rest(sending, waits_for)
            while self._missed is not None:
                event, self._missed = body(changed(self._missed)), None
                await self._send(event)
        except Exception as error:  # noqa: BLE001  # as above
            log.debug("a stream that is closing: %s", error)
        finally:
            self._waits = None

    def forget(self) -> None:
        """Its reader is gone."""
        if self._waits:
            self._waits.cancel()


@types.coroutine
def _rest(sending: Sending, waits_for: object) -> Sending:
    """Await the rest of what has begun and waits for this."""
    while True:
        yield waits_for
        try:
            waits_for = next(sending)
        except StopIteration:
            return


def body(message: bytes, *, more: bool = True) -> Message:
    """A part of an answer, as ASGI wants it."""
    return {"type": "http.response.body", "body": message, "more_body": more}


def changed(topics: Iterable[str]) -> bytes:
    """The message that these topics have news; none are named where it is not known which."""
    return b"event: changed\ndata: " + json.dumps(sorted(topics)).encode() + b"\n\n"


class Hub:
    """Wakes the streams of an office, and marks its snapshots as old, when the journal grows."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.on_change: list[Callable[[int | None, list[str]], None]] = []
        self._lines: dict[int, set[Line]] = {}  # by office
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to listen; needs a running loop."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._beat())]

    async def stop(self) -> None:
        """End listening and let every stream go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for lines in self._lines.values():
            for line in lines:
                line.tell(body(b"", more=False))

    def join(self, office: int, send: Send) -> Line:
        """A stream of the office begins."""
        line = Line(send)
        self._lines.setdefault(office, set()).add(line)
        return line

    def part(self, office: int, line: Line) -> None:
        """A stream is gone."""
        line.forget()
        lines = self._lines[office]
        lines.discard(line)
        if not lines:
            del self._lines[office]

    def publish(self, office: int, message: bytes, topics: list[str] | None = None) -> None:
        """Tell every stream of the office."""
        event = body(message)
        for line in tuple(self._lines.get(office, ())):
            line.tell(event, topics)

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
        watch.add(connection)
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
        message = changed(topics)
        for known in list(self._lines) if office is None else [office]:
            self.publish(known, message, topics)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            for office in tuple(self._lines):
                self.publish(office, ALIVE)
