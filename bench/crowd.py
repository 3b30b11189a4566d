"""A crowd of live viewers in a process of its own: pages that hold a stream and load the board anew."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from types import TracebackType
from typing import Self

import uvloop

from bench.servers import more_files

AT_ONCE = 200  # connections made in parallel
SPREAD = (0.02, 0.1)  # seconds that a page waits after the news, as live.js does


class Crowd:
    """The other end: starts the process, and asks what its viewers met.

    All load one board, or each its own page.
    """

    waits = f"{SPREAD[0] * 1000:.0f} to {SPREAD[1] * 1000:.0f} ms"

    def __init__(self, port: int, stream: str, many: int, *boards: str) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_crowd, args=(theirs, port, stream, many, boards))
        self.many = many

    def __enter__(self) -> Self:
        self.process.start()
        self.opened_s = self._hear(120)
        return self

    def _hear(self, seconds: float) -> float:
        if not self.pipe.poll(seconds):
            msg = f"the {self.many} viewers said nothing for {seconds:.0f} s"
            raise TimeoutError(msg)
        return float(self.pipe.recv())

    def told(self) -> tuple[list[float], list[float]]:
        """Since the last time: when each viewer first heard of news, and had the board on it."""
        self.pipe.send("told")
        heard, shown = self.pipe.recv()
        return heard, shown

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pipe.send("end")
        self.process.join(20)
        if self.process.is_alive():
            self.process.kill()


class _Stream(asyncio.Protocol):
    def __init__(self, request: bytes, hello: Callable[[], None], news: Callable[[], None]) -> None:
        self.request, self.hello, self.news = request, hello, news
        self.greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if self.greeted and b"event: changed" in data:
            self.news()
        elif not self.greeted and b"data: []" in data:
            self.greeted = True
            self.hello()


class _Page:
    """One viewer: hears, waits a moment, loads the board on a kept connection."""

    def __init__(self, port: int, board: str) -> None:
        self.port, self.board = port, board
        self.heard = self.shown = 0.0
        self.loading: asyncio.Task[None] | None = None
        self.line: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def news(self) -> None:
        self.heard = self.heard or time.perf_counter()
        if self.board and (self.loading is None or self.loading.done()):
            self.loading = asyncio.create_task(self.load())

    async def load(self) -> None:
        await asyncio.sleep(random.uniform(*SPREAD))
        if self.line is None:
            self.line = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.line
        writer.write(
            f"GET {self.board} HTTP/1.1\r\nhost: localhost\r\nx-fragment: 1\r\n\r\n".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            msg = head.decode("latin1")
            raise RuntimeError(msg)
        await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
        self.shown = time.perf_counter()


def _crowd(pipe: Pipe, port: int, stream: str, many: int, boards: tuple[str, ...]) -> None:
    more_files()
    uvloop.run(_view(pipe, port, stream, many, boards))


async def _view(pipe: Pipe, port: int, stream: str, many: int, boards: tuple[str, ...]) -> None:
    loop = asyncio.get_running_loop()
    everybody: asyncio.Future[None] = loop.create_future()
    greeted = 0

    def hello() -> None:
        nonlocal greeted
        greeted += 1
        if greeted == many:
            everybody.set_result(None)

    started = time.perf_counter()
    request = f"GET {stream} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
    own = boards or ("",)
    pages = [_Page(port, own[n % len(own)]) for n in range(many)]
    for first in range(0, many, AT_ONCE):
        await asyncio.gather(
            *(
                loop.create_connection(
                    lambda page=page: _Stream(request, hello, page.news), "127.0.0.1", port
                )
                for page in pages[first : first + AT_ONCE]
            )
        )
    await everybody
    pipe.send(time.perf_counter() - started)
    while await loop.run_in_executor(None, pipe.recv) == "told":
        pipe.send(([p.heard for p in pages if p.heard], [p.shown for p in pages if p.shown]))
        for page in pages:
            page.heard = page.shown = 0.0
