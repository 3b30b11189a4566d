"""The web server of one process."""

from __future__ import annotations

import asyncio
import socket
import sys

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from prepazka.config.asgi import application

HEADERS_WITHIN = 10.0  # seconds in which the head of a request must have come


class Protocol(HttpToolsProtocol):
    """Ends a connection that begins a request and does not finish its head."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as there
        """A connection, on which a request should begin."""
        super().connection_made(transport)
        self._await_head()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole; what follows has limits of its own."""
        self._forget_head()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._forget_head()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._forget_head()
        self._deadline = self.loop.call_later(HEADERS_WITHIN, self._end)

    def _forget_head(self) -> None:
        if self._deadline:
            self._deadline.cancel()

    def _end(self) -> None:
        self.transport.close()


class Server(uvicorn.Server):
    """Ends the open streams before it waits for requests to end: they never would by themselves."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, when told to."""
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
