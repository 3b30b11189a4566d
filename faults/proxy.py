"""A wire between clients and the web that can be cut, also between a deed and its answer."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Self

from tests.ports import free_port

PIECE = 65536


class Wire:
    """Listens at `port`, passes everything on to `target`."""

    def __init__(self, target: int) -> None:
        self.port, self.target = free_port(), target
        self.mute = False  # answers of the web are swallowed
        self.writers: set[asyncio.StreamWriter] = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.ready = threading.Event()

    def __enter__(self) -> Self:
        self.thread.start()
        self.ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    def cut(self) -> int:
        """Break all connections off, without a goodbye; returns how many there were."""
        return asyncio.run_coroutine_threadsafe(self._cut(), self.loop).result(10)

    async def _cut(self) -> int:
        writers = list(self.writers)
        for writer in writers:
            writer.transport.abort()
        return len(writers)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(
            asyncio.start_server(self._pass_on, "127.0.0.1", self.port, backlog=256)
        )
        self.ready.set()
        self.loop.run_forever()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, up_writer}
        self.writers |= pair
        try:
            await asyncio.gather(
                self._pump(reader, up_writer, answers=False),
                self._pump(up_reader, writer, answers=True),
            )
        finally:
            self.writers -= pair
            for one in pair:
                one.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                if not (answers and self.mute):
                    writer.write(piece)
                    await writer.drain()
        with contextlib.suppress(Exception):
            writer.close()

    def __repr__(self) -> str:
        return f"Wire({self.port} to {self.target})"
