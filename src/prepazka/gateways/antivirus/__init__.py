"""Antivirus check of files over clamd's protocol (INSTREAM)."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import IO

from django.conf import settings

CHUNK = 64 * 1024
WAITS = 60.0  # seconds for the verdict on one file


class Away(Exception):
    """The antivirus did not answer or answered wrongly; the file is not checked."""


def configured() -> bool:
    """Whether this installation has an antivirus."""
    return bool(settings.CLAMD)


def is_clean(file: IO[bytes]) -> bool:
    """Whether the antivirus finds nothing in the file.

    Raises Away, also if the file is too large for it.
    """
    try:
        with _connect(settings.CLAMD) as connection:
            connection.sendall(b"zINSTREAM\0")
            while chunk := file.read(CHUNK):
                connection.sendall(struct.pack(">I", len(chunk)) + chunk)
            connection.sendall(struct.pack(">I", 0))
            verdict = _answer(connection)
    except (OSError, ValueError) as error:
        raise Away(type(error).__name__) from error
    if verdict.endswith(b" FOUND"):
        return False
    if verdict == b"stream: OK":
        return True
    raise Away(verdict[:100].decode("ascii", "replace"))


def _connect(address: str) -> socket.socket:
    if "/" in address:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(WAITS)
        try:
            connection.connect(str(Path(address)))
        except OSError:
            connection.close()
            raise
        return connection
    host, _, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]") or "localhost", int(port)), timeout=WAITS)


def _answer(connection: socket.socket) -> bytes:
    received = b""
    while chunk := connection.recv(4096):
        received += chunk
        if b"\0" in received or len(received) > CHUNK:
            break
    return received.split(b"\0", 1)[0].strip()
