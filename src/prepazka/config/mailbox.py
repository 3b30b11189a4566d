"""A mail server for demos: it accepts every mail by SMTP and keeps it in a folder."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

MOST_KEPT = 200


class _Keeper:
    """Writes each mail to a file named by the time of its arrival."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """Store one mail, and delete the oldest beyond the limit."""
        name = f"{time.time_ns()}.eml"
        # Under another ending until it is complete, since readers take every *.eml file.
        half = self.folder / f"{name}.part"
        half.write_bytes(envelope.content)
        half.rename(self.folder / name)
        for outdated in sorted(self.folder.glob("*.eml"))[:-MOST_KEPT]:
            outdated.unlink(missing_ok=True)
        return "250 OK"


@contextlib.contextmanager
def open_unless_configured(folder: Path) -> Iterator[None]:
    """Run the server, with its address in the environment, unless SMTP_HOST names a real one."""
    if os.environ.get("SMTP_HOST"):
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    controller = Controller(_Keeper(folder), hostname="127.0.0.1", port=0)
    # Port 0 lets the system choose, but aiosmtpd then tests the wrong one; so it is chosen here.
    controller.port = _free_port()
    controller.start()
    os.environ |= {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(controller.port),
        "PREPAZKA_MAILBOX": str(folder),
    }
    try:
        yield
    finally:
        controller.stop()


def _free_port() -> int:
    import socket  # noqa: PLC0415  # only here

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
