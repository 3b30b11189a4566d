"""Load: closed-loop HTTP clients, wrk where it is installed, and thousands of live viewers."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import uvloop

from bench.costs import Costs
from bench.servers import Server

# Seconds in which templates are compiled, and each thread connects and has its statements planned.
WARM = 3.0


@dataclass
class Measured:
    """What the clients saw."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds below which that share of the answers came."""
        ranked = sorted(self.latencies)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] * 1000 if ranked else 0.0


class Connection:
    """One kept HTTP connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter
        self.cookies: dict[str, str] = {}

    async def open(self) -> Connection:
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Send a request and read its whole answer; cookies are kept."""
        lines = [f"{method} {path} HTTP/1.1", "host: localhost", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.cookies:
            lines.append("cookie: " + "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin1")
        for name, value in re.findall(r"(?im)^set-cookie: ([^=]+)=([^;\r]*)", head):
            self.cookies[name] = value
        length = re.search(r"(?im)^content-length: (\d+)", head)
        content = await self.reader.readexactly(int(length[1])) if length else b""
        self.head = head
        return int(head.split(" ", 2)[1]), content


Ask = Callable[..., Awaitable[bytes]]
Journey = Callable[[Connection, int, Ask], Awaitable[None]]


def drive(
    clients: int,
    seconds: float,
    port: int,
    journey: Journey,
    prepare: Callable[[Connection, int], Awaitable[None]] | None = None,
    costs: Costs | None = None,
) -> Measured:
    """Let `clients` repeat a journey for so long; requests made by its `ask` are measured."""
    measured = Measured()

    async def client(number: int, connection: Connection, until: float) -> None:
        async def ask(
            method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
        ) -> bytes:
            started = time.perf_counter()
            status, content = await connection.ask(method, path, headers or {}, body)
            measured.latencies.append(time.perf_counter() - started)
            measured.statuses[status] = measured.statuses.get(status, 0) + 1
            return content

        while time.perf_counter() < until:
            await journey(connection, number, ask)

    async def everybody() -> None:
        connections = [await Connection(port).open() for _ in range(clients)]
        if prepare:
            for number, connection in enumerate(connections):
                await prepare(connection, number)
        await asyncio.gather(
            *(client(n, one, time.perf_counter() + WARM) for n, one in enumerate(connections))
        )
        measured.latencies.clear()
        measured.statuses.clear()
        if costs:
            costs.start()
        started = time.perf_counter()
        await asyncio.gather(
            *(client(n, one, started + seconds) for n, one in enumerate(connections))
        )
        measured.seconds = time.perf_counter() - started
        if costs:
            costs.stop(len(measured.latencies))

    uvloop.run(everybody())
    return measured


def requests_per_second(
    server: Server, path: str, *, seconds: int = 4, connections: int = 32
) -> float:
    """How many GETs a second the server answers, by wrk (or our own client where it is missing)."""
    url = f"http://127.0.0.1:{server.port}{path}"
    if shutil.which("wrk"):
        said = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", url],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        found = re.search(r"Requests/sec:\s+([\d.]+)", said)
        if "Non-2xx" in said or found is None:
            raise RuntimeError(said)
        return float(found[1])

    async def get(_connection: Connection, _number: int, ask: Ask) -> None:
        await ask("GET", path)

    return drive(connections, seconds, server.port, get).rate


@dataclass(frozen=True)
class Viewers:
    """What thousands of live viewers met."""

    opened_s: float
    last_ms: float
    kib_each: float


def viewers(server: Server, path: str, many: int, fire: Callable[[], None]) -> Viewers:
    """Open `many` streams, fire one event, and see when the last viewer has it."""
    return uvloop.run(_viewers(server, path, many, fire))


async def _viewers(server: Server, path: str, many: int, fire: Callable[[], None]) -> Viewers:
    loop = asyncio.get_running_loop()
    before = server.rss
    ready, everybody = loop.create_future(), loop.create_future()
    state = {"hello": 0, "heard": 0, "at": 0.0}

    class Viewer(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.told = False
            transport.write(  # type: ignore[attr-defined]
                f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
            )

        def data_received(self, data: bytes) -> None:
            if not self.told and b"data: []" in data:
                self.told = True
                state["hello"] += 1
                if state["hello"] == many and not ready.done():
                    ready.set_result(None)
            elif b"event: changed" in data and state["at"]:
                state["heard"] += 1
                if state["heard"] == many and not everybody.done():
                    everybody.set_result(time.perf_counter())

    started = time.perf_counter()
    transports = []
    for batch in _batches(many, 200):
        made = await asyncio.gather(
            *(loop.create_connection(Viewer, "127.0.0.1", server.port) for _ in range(batch))
        )
        transports += [transport for transport, _ in made]
    await asyncio.wait_for(ready, 60)
    opened = time.perf_counter() - started
    await asyncio.sleep(0.5)
    memory = (server.rss - before) / many / 1024
    state["at"] = time.perf_counter()
    await loop.run_in_executor(None, fire)
    last = await asyncio.wait_for(everybody, 60)
    for transport in transports:
        transport.close()
    await asyncio.sleep(0.2)
    return Viewers(opened, (last - state["at"]) * 1000, memory)


def _batches(many: int, size: int) -> Iterator[int]:
    while many > 0:
        yield min(size, many)
        many -= size
