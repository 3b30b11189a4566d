"""Servers that the messages of the bench go to, each in a process of its own, without Django."""

from __future__ import annotations

import time
from typing import Any

from aiosmtpd.controller import Controller

from tests.gateways import smpp_peer


class _Sink:
    async def handle_DATA(  # noqa: N802  # the library's name
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        return "250 OK"


def smtp(port: int) -> None:
    """A mail server that keeps nothing."""
    Controller(_Sink(), hostname="127.0.0.1", port=port).start()
    time.sleep(3600)


def smpp(port: int) -> None:
    """A message centre that answers at once."""
    smpp_peer.PAUSE = 0.0
    with smpp_peer.Server(("127.0.0.1", port), smpp_peer.Connection) as server:
        server.centre = smpp_peer.Centre()
        server.serve_forever()
