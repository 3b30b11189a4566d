"""Clients that hold connections open: bodies that do not come, and many streams of one address."""

from __future__ import annotations

import time
from typing import Any

import pytest

from prepazka.config import bodies
from prepazka.edge import room_routes
from prepazka.edge.visitor_networks import network_of
from tests.edge.conftest import Served, until


@pytest.mark.parametrize(
    "head", ["POST /lhota/ HTTP/1.1", "POST /api/v1/offices/lhota/holds HTTP/1.1"]
)
def test_a_body_that_does_not_come(
    served: Served, monkeypatch: pytest.MonkeyPatch, head: str
) -> None:
    monkeypatch.setattr(bodies, "FIRST_BYTES", 0.5)
    monkeypatch.setattr(room_routes, "SENDS_WITHIN", 0.5)
    with served.connect(f"{head}\nHost: localhost\nContent-Length: 9\n\nabc") as line:
        began, got = time.monotonic(), b""
        while part := line.recv(65536):
            got += part
    assert got.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 9
    assert b"content-security-policy" in got.lower()
    assert (b"application/problem+json" in got) == ("/api/" in head)


def test_streams_of_one_address_are_capped(served: Served) -> None:
    served.edge.streams.most = 2
    lines = [served.stream(), served.stream()]
    until("both streams", lambda: sum(served.edge.streams.open.values()) == 2)
    refused = served.client.get("/zive/lhota/")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert refused.json()["code"] == "too_many_streams"
    assert "content-security-policy" in refused.headers
    assert served.client.get("/lhota/").status_code == 200, "pages are no streams"
    lines.pop().close()
    until("one to be gone", lambda: sum(served.edge.streams.open.values()) == 1)
    with served.stream() as third:
        assert third.recv(100).startswith(b"HTTP/1.1 200")
    lines.pop().close()
    until("all to be gone", lambda: not served.edge.streams.open)


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "network"),
    [
        ("192.0.2.1", [], 0, "192.0.2.1"),
        ("192.0.2.1", [b"198.51.100.7"], 0, "192.0.2.1"),
        ("127.0.0.1", [b"198.51.100.7"], 1, "198.51.100.7"),
        ("127.0.0.1", [b"6.6.6.6, 198.51.100.7"], 1, "198.51.100.7"),
        ("127.0.0.1", [b"6.6.6.6", b"198.51.100.7"], 1, "198.51.100.7"),
        ("127.0.0.1", [b"198.51.100.7, 10.0.0.1"], 2, "198.51.100.7"),
        ("127.0.0.1", [b"198.51.100.7"], 2, "127.0.0.1"),
        ("127.0.0.1", [b"2001:db8:1:2:3::4"], 1, "2001:db8:1:2::/64"),
        ("127.0.0.1", [b"\xff"], 1, "unknown"),
    ],
)
def test_whose_stream_it_is(peer: str, forwarded: list[bytes], proxies: int, network: str) -> None:
    headers: list[Any] = [(b"x-forwarded-for", value) for value in forwarded]
    assert network_of({"client": (peer, 1), "headers": headers}, proxies) == network
