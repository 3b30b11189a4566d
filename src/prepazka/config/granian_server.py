"""The web server of several processes: granian, which replaces each process that dies."""

from __future__ import annotations

import time
from typing import Any

from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server import MPServer

REPLACED_AFTER = 1.0  # seconds, so that one that dies at once costs little
HEADERS_WITHIN_MS = 10_000  # for the head of a request to arrive
HEADERS_MOST = 64 * 1024  # bytes of it
STOPS_WITHIN = 5  # seconds for requests to end; browsers reopen their streams by themselves


class Server(MPServer):
    """Replaces dead processes without limit, and never ends living ones.

    granian would end all of them when one dies a second time within 5.5 s.
    """

    def _respawn_workers(self, workers: list[int], *arguments: Any, **named: Any) -> None:
        time.sleep(REPLACED_AFTER)
        super()._respawn_workers(sorted(set(workers)), *arguments, **named)
        self.respawned_wrks.clear()  # or granian would see a crash loop
        # granian clears its list before it gets here; a death in between would go unnoticed.
        for number, process in enumerate(self.wrks):
            if not process.inner.is_alive() and number not in self.interrupt_children:
                self.interrupt_children.append(number)
                self.main_loop_interrupt.set()


def serve(host: str, port: int, processes: int) -> None:
    """Serve until told to stop."""
    Server(
        "prepazka.config.asgi:application",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=processes,
        # Open streams count as waiting requests; the default would stop at a thousand viewers.
        backlog=4096,
        backpressure=20_000,
        http1_settings=HTTP1Settings(
            header_read_timeout=HEADERS_WITHIN_MS, max_buffer_size=HEADERS_MOST
        ),
        respawn_failed_workers=True,
        # It waits for open streams, which never end by themselves.
        workers_kill_timeout=STOPS_WITHIN,
    ).serve()
