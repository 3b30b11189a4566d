"""What is measured: the program itself, and the bare servers that show the machine's limits."""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

FILES = 20_000
STARTS_WITHIN = 60.0

RAW_ASGI = """
import asyncio, uvicorn
BODY = b"x" * {size}
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({{"type": "http.response.start", "status": 200,
                "headers": [(b"content-type", b"application/json"),
                            (b"content-length", b"{size}")]}})
    await send({{"type": "http.response.body", "body": BODY}})
uvicorn.run(app, port={port}, log_level="error", access_log=False)
"""

# Keeps every connection and writes one message to all of them when told so on /fire.
RAW_STREAMS = """
import asyncio, uvloop
HEAD = b"HTTP/1.1 200 OK\\r\\ncontent-type: text/event-stream\\r\\n\\r\\nevent: changed\\ndata: []\\n\\n"
class Streams(asyncio.Protocol):
    everybody = set()
    def connection_made(self, transport):
        self.transport = transport
    def data_received(self, data):
        if b"/fire" in data:
            for one in self.everybody:
                one.write(b"event: changed\\ndata: [1]\\n\\n")
            self.transport.write(b"HTTP/1.1 204 No Content\\r\\ncontent-length: 0\\r\\n\\r\\n")
        else:
            self.everybody.add(self.transport)
            self.transport.write(HEAD)
    def connection_lost(self, error):
        self.everybody.discard(self.transport)
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Streams, "127.0.0.1", {port}, backlog=4096)
    await server.serve_forever()
uvloop.run(main())
"""


@dataclass(frozen=True)
class Server:
    """A running server on this machine."""

    port: int
    pid: int

    @property
    def rss(self) -> int:
        """Its resident memory in bytes, with its children."""
        process = psutil.Process(self.pid)
        family = [process, *process.children(recursive=True)]
        return sum(one.memory_info().rss for one in family)

    @property
    def cpu(self) -> float:
        """The seconds of processor time it has used, with its children."""
        process = psutil.Process(self.pid)
        family = [process, *process.children(recursive=True)]
        return sum(t.user + t.system for t in (one.cpu_times() for one in family))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def raw_asgi(size: int) -> Iterator[Server]:
    """A bare ASGI application that answers `size` bytes: the limit of HTTP here."""
    port = free_port()
    with _running([sys.executable, "-c", RAW_ASGI.format(port=port, size=size)], port) as server:
        yield server


@contextlib.contextmanager
def raw_streams() -> Iterator[Server]:
    """A bare asyncio server that holds streams: the limit of live viewers here."""
    port = free_port()
    with _running([sys.executable, "-c", RAW_STREAMS.format(port=port)], port) as server:
        yield server


@contextlib.contextmanager
def program(*, workers: int = 1) -> Iterator[Server]:
    """The program's web as it runs in an installation."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "prepazka.config.cli",
        "web",
        "--port",
        str(port),
        "--workers",
        str(workers),
    ]
    with _running(command, port) as server:
        yield server


@contextlib.contextmanager
def _running(command: list[str], port: int) -> Iterator[Server]:
    environment = os.environ | {"PREPAZKA_URL": f"http://localhost:{port}"}
    child = subprocess.Popen(command, env=environment, preexec_fn=more_files)
    try:
        deadline = time.monotonic() + STARTS_WITHIN
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if child.poll() is not None or time.monotonic() > deadline:
                msg = f"{command[:3]} did not start"
                raise RuntimeError(msg)
            time.sleep(0.05)
        time.sleep(0.5)
        yield Server(port, child.pid)
    finally:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def more_files() -> None:
    """Let the process hold thousands of connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard), hard))
