"""An antivirus that speaks clamd's protocol: the file is sent to it in pieces (INSTREAM)."""

from __future__ import annotations

import socket
import struct
from pathlib import Path
from typing import IO

from django.conf import settings

CHUNK = 64 * 1024
WAITS = 60.0  # seconds for the verdict on one file


class Away(Exception):
    """The antivirus did not answer, or not as it should; the file stays unchecked."""


def configured() -> bool:
    """Whether this installation has an antivirus."""
    return bool(settings.CLAMD)


def is_clean(file: IO[bytes]) -> bool:
    """Whether nothing was found in the file. Raises Away, also where the file is too large for it."""
    try:
        with _connect(settings.CLAMD) as line:
            line.sendall(b"zINSTREAM\0")
            while chunk := file.read(CHUNK):
                line.sendall(struct.pack(">I", len(chunk)) + chunk)
            line.sendall(struct.pack(">I", 0))
            said = _answer(line)
    except (OSError, ValueError) as error:
        raise Away(type(error).__name__) from error
    if said.endswith(b" FOUND"):
        return False
    if said == b"stream: OK":
        return True
    raise Away(said[:100].decode("ascii", "replace"))


def _connect(where: str) -> socket.socket:
    if "/" in where:
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(WAITS)
        try:
            line.connect(str(Path(where)))
        except OSError:
            line.close()
            raise
        return line
    host, _, port = where.rpartition(":")
    return socket.create_connection((host.strip("[]") or "localhost", int(port)), timeout=WAITS)


def _answer(line: socket.socket) -> bytes:
    said = b""
    while part := line.recv(4096):
        said += part
        if b"\0" in said or len(said) > CHUNK:
            break
    return said.split(b"\0", 1)[0].strip()
