"""The application on a real port within this process, so that a test can look inside."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from django.db import connections

from prepazka.config.onehop import OneHop
from prepazka.edge import hub
from prepazka.edge.app import Edge
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.monitor import monitor_fragment
from prepazka.surfaces.ticket import ticket_fragment
from tests.faults.always import always_open
from tests.ports import free_port

THREADS = 4
HEARTBEAT = 0.5


class Served:
    """The edge behind uvicorn, on a thread of this process."""

    def __init__(self) -> None:
        self.inner = OneHop()
        self.edge = Edge(
            self.inner, monitor_fragment.live_view_fragment, ticket_fragment.ticket_fragment
        )
        self.port = free_port()
        config = uvicorn.Config(
            self.edge,
            host="127.0.0.1",
            port=self.port,
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=1,
            server_header=False,
        )
        self.server = uvicorn.Server(config)
        self.loop: Any = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20)

    def _run(self) -> None:
        async def serve() -> None:
            self.loop = asyncio.get_running_loop()
            await self.server.serve()

        asyncio.run(serve())

    def start(self) -> None:
        self.thread.start()
        until("the server", lambda: self.server.started)

    def stop(self) -> None:
        self.client.close()
        asyncio.run_coroutine_threadsafe(self.edge.stop(), self.loop).result(10)
        self.server.should_exit = True
        self.thread.join(10)
        barrier = threading.Barrier(THREADS)

        def close() -> None:
            barrier.wait(10)  # so that every thread of the pool closes its own connection
            connections.close_all()

        for done in [self.inner.pool.submit(close) for _ in range(THREADS)]:
            done.result()
        self.inner.pool.shutdown()

    def connect(self, request: str = "", receives: int = 0) -> socket.socket:
        """A connection as it is, on which this much has been said."""
        raw = socket.socket()
        if receives:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
        raw.settimeout(10)
        raw.connect(("127.0.0.1", self.port))
        if request:
            raw.sendall(request.replace("\n", "\r\n").encode())
        return raw

    def stream(self, receives: int = 0) -> socket.socket:
        """An open stream of the office."""
        return self.connect("GET /zive/lhota/ HTTP/1.1\nHost: localhost\n\n", receives)

    def listeners(self, office: int) -> int:
        """How many streams wait for the next news of the office."""
        return sum(line.keeps_up for line in tuple(self.edge.hub._lines.get(office, ())))


def until(what: str, true: Callable[[], Any], within: float = 30.0) -> float:
    """Wait until it is true; the seconds it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within, f"waited {within} s for: {what}"
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.fixture
def office(transactional_db: None) -> OfficeSnapshot:
    return always_open(quota=3)


@pytest.fixture
def served(
    office: OfficeSnapshot, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    settings.ROOT_URLCONF = "tests.edge.urls"
    settings.WEB_THREADS = THREADS
    monkeypatch.setattr(hub, "HEARTBEAT", HEARTBEAT)
    made = Served()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def second(served: Served) -> Iterator[Served]:
    """Another node of the same installation."""
    made = Served()
    made.start()
    yield made
    made.stop()
