"""A file of 200 MB at the running server: refused politely, early, and without being kept."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
import uvicorn

from prepazka.config import bodies
from prepazka.config.onehop import OneHop
from prepazka.meetings import participant_links

MEGA = 1024 * 1024
WHO = UUID(int=7)


@contextmanager
def served() -> Iterator[int]:
    config = uvicorn.Config(OneHop(), port=0, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        running.join(15)


def post(port: int, path: str, *, size: int, declared: bool, wait: bool) -> tuple[str, int]:
    """Send a body of zeros, and say what was answered and how much had been sent by then."""
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        length = f"Content-Length: {size}" if declared else "Transfer-Encoding: chunked"
        line.sendall(
            f"POST {path} HTTP/1.1\r\nHost: testserver\r\nAccept-Language: cs\r\n"
            f"Content-Type: application/octet-stream\r\n{length}\r\n\r\n".encode()
        )
        if not wait:
            piece = bytes(MEGA) if declared else b"100000\r\n" + bytes(MEGA) + b"\r\n"
            while sent < size:
                line.sendall(piece)
                sent += MEGA
            line.sendall(b"" if declared else b"0\r\n\r\n")
        said = b""
        while b"</html>" not in said and (part := line.recv(65536)):
            said += part
    return said.decode(), sent


def path(token: str) -> str:
    return f"/lhota/schuzka/{token}/soubory/"


def test_two_hundred_megabytes(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    read = bodies.drain_body

    async def drain(receive: Any) -> None:
        kept.append(1)
        await read(receive)

    monkeypatch.setattr(bodies, "drain_body", drain)
    own = path(participant_links.sign_token(WHO, 1))
    with served() as port:
        for declared, wait in ((True, True), (True, False), (False, False)):
            said, sent = post(port, own, size=200 * MEGA, declared=declared, wait=wait)
            assert said.startswith("HTTP/1.1 413"), said[:200]
            assert "Soubor je příliš velký; největší, který přijmeme, má 20" in said
            assert sent == (0 if wait else 200 * MEGA), "told before a byte of it was sent"
    assert len(kept) == 3


def test_only_a_signed_link_may_send_much(settings: Any) -> None:
    def most(where: str, method: str = "POST") -> int:
        return bodies.largest_body_allowed({"path": where, "method": method})

    assert most(path(participant_links.sign_token(WHO, 1))) == settings.FILE_LARGEST + bodies.AROUND
    assert most("/en" + path(participant_links.sign_token(WHO, 1))) == most(
        path(participant_links.sign_token(WHO, 1))
    )
    wrong = [
        path(participant_links.sign_token(WHO, 1)[:-1] + "x"),
        path("nope.nope"),
        "/lhota/objednat/",
    ]
    assert {most(one) for one in wrong} == {MEGA}
    assert most(path(participant_links.sign_token(WHO, 1)), "PUT") == MEGA
