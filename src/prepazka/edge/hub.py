"""The hub: one LISTEN connection per process, and the open streams that it notifies."""

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

HEARTBEAT = 10.0  # seconds; a screen shows its data as old after fifteen
# Seconds for which further news are gathered, so that in a rush of calls the work for screens does
# not slow the calls. News after a pause are sent at once.
GATHER = 0.05
RETRY = 1.0  # seconds between attempts to reach the database again
ALIVE = b"event: alive\ndata: []\n\n"


class Line:
    """One open stream, to which the hub writes directly.

    Waking a task for each stream would cost more than the writing (docs/adr/0030). Only where the
    server does not take the message, because its reader is slow, a task waits; of the messages
    missed meanwhile only the topics are kept.
    """

    __slots__ = ("_missed", "_send", "_waits")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waits: asyncio.Task[None] | None = None
        self._missed: set[str] | None = None

    @property
    def keeps_up(self) -> bool:
        """Whether no message is waiting to be sent."""
        return self._waits is None

    def tell(self, event: Message, topics: list[str] | None = None) -> None:
        """Send the event; a slow reader gets its topics later, and nothing without topics."""
        if self._waits:
            if topics is not None:
                self._missed = (self._missed or set()).union(topics)
            return
        sending = self._send(event).__await__()
        try:
            waits_for = next(sending)
        except StopIteration:
            return  # sent, as nearly always
        except Exception as error:  # noqa: BLE001  # one stream's error must not stop the others
            log.debug("a stream that is closing: %s", error)
            return
        self._waits = asyncio.create_task(self._catch_up(sending, waits_for))

    async def _catch_up(self, sending: Sending, waits_for: object) -> None:
        try:
            await _await_rest(sending, waits_for)
            while self._missed is not None:
                event, self._missed = body_message(change_event(self._missed)), None
                await self._send(event)
        except Exception as error:  # noqa: BLE001  # as above
            log.debug("a stream that is closing: %s", error)
        finally:
            self._waits = None

    def forget(self) -> None:
        """Stop sending, because the reader is gone."""
        if self._waits:
            self._waits.cancel()


@types.coroutine
def _await_rest(sending: Sending, waits_for: object) -> Sending:
    """Await the rest of a coroutine that has begun and waits for `waits_for`."""
    while True:
        yield waits_for
        try:
            waits_for = next(sending)
        except StopIteration:
            return


def body_message(message: bytes, *, more_body: bool = True) -> Message:
    """An ASGI message with a part of a response's body."""
    return {"type": "http.response.body", "body": message, "more_body": more_body}


def change_event(topics: Iterable[str]) -> bytes:
    """The event that these topics have changed; empty means that any may have."""
    return b"event: changed\ndata: " + json.dumps(sorted(topics)).encode() + b"\n\n"


class Hub:
    """Notifies an office's streams and invalidates its snapshots when the journal grows."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.on_change: list[Callable[[int | None, list[str]], None]] = []
        self._lines: dict[int, set[Line]] = {}  # by office
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start listening; needs a running loop."""
        self._tasks = [
            asyncio.create_task(self._listen()),
            asyncio.create_task(self._send_heartbeats()),
        ]

    async def stop(self) -> None:
        """Stop listening and end all streams."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for lines in self._lines.values():
            for line in lines:
                line.tell(body_message(b"", more_body=False))

    def join(self, office: int, send: Send) -> Line:
        """Add a stream of the office."""
        line = Line(send)
        self._lines.setdefault(office, set()).add(line)
        return line

    def part(self, office: int, line: Line) -> None:
        """Remove a stream that has ended."""
        line.forget()
        lines = self._lines[office]
        lines.discard(line)
        if not lines:
            del self._lines[office]

    def publish(self, office: int, message: bytes, topics: list[str] | None = None) -> None:
        """Send the message to all streams of the office."""
        event = body_message(message)
        for line in tuple(self._lines.get(office, ())):
            line.tell(event, topics)

    async def _listen(self) -> None:
        while True:
            # ValueError and LookupError: a foreign notice on our channel must not end listening.
            with contextlib.suppress(psycopg.Error, OSError, ValueError, LookupError):
                await self._listen_once()
            # It is unknown what was missed meanwhile, so everybody reads everything again.
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
                # The notices of a burst become one message per office.
                burst: dict[int, set[str]] = defaultdict(set)
                async for notice in connection.notifies(timeout=HEARTBEAT, stop_after=1):
                    news = json.loads(notice.payload)
                    burst[news["office"]].update(news["topics"])
                async for notice in connection.notifies(timeout=0):
                    news = json.loads(notice.payload)
                    burst[news["office"]].update(news["topics"])
                if not burst:
                    await connection.execute("SELECT 1")  # detects a connection that died silently
                for office, topics in burst.items():
                    self._changed(office, sorted(topics))
                if burst:
                    await asyncio.sleep(GATHER)

    def _changed(self, office: int | None, topics: list[str]) -> None:
        for tell in self.on_change:
            tell(office, topics)
        message = change_event(topics)
        for changed_office in list(self._lines) if office is None else [office]:
            self.publish(changed_office, message, topics)

    async def _send_heartbeats(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            for office in tuple(self._lines):
                self.publish(office, ALIVE)
