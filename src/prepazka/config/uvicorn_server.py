"""The web server of one process."""

from __future__ import annotations

import socket
import sys

import uvicorn

from prepazka.config.asgi import application


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
        )
    )
    server.run()
    if not server.started:
        sys.exit(3)
