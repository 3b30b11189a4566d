"""The web server of one process."""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from prepazka.config.asgi import application

HEADERS_WITHIN = 10.0  # seconds for the head of a request to arrive


class Protocol(HttpToolsProtocol):
    """Closes a connection whose request's head does not arrive in time."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as there
        """Start the deadline for the first request."""
        super().connection_made(transport)
        self._start_deadline()

    def on_message_begin(self) -> None:
        """Start the deadline anew at the first byte of a request."""
        self._start_deadline()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End the deadline: the head has arrived, and the body has limits of its own."""
        self._cancel_deadline()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the deadline of a closed connection."""
        self._cancel_deadline()
        super().connection_lost(exc)

    def _start_deadline(self) -> None:
        self._cancel_deadline()
        self._deadline = self.loop.call_later(HEADERS_WITHIN, self._end)

    def _cancel_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()

    def _end(self) -> None:
        self.transport.close()


class Server(uvicorn.Server):
    """Ends open streams before it waits for requests to end, as streams never end by themselves."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the open streams, then stop as uvicorn does."""
        await application.stop()
        await super().shutdown(sockets)


def serve(host: str, port: int) -> None:
    """Serve until told to stop."""
    server = Server(
        uvicorn.Config(
            application,
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=5,
            server_header=False,
            http=Protocol,
        )
    )
    server.run()
    if not server.started:
        sys.exit(3)
