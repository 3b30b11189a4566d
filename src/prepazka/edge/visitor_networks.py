"""The network of a request at the edge, and the limit of open streams per network."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prepazka.core import visitor_address

Scope = dict[str, Any]
# The Wi-Fi of a hall or a whole mobile network may share one address. Counted in each process.
MOST_STREAMS = 300


def network_of(scope: Scope, proxies: int) -> str:
    """The visitor's address as the outermost of our own proxies saw it; of IPv6 its /64."""
    peer = str((scope.get("client") or ("",))[0])
    lines = [
        content.decode("latin1") for name, content in scope["headers"] if name == b"x-forwarded-for"
    ]
    address = visitor_address.address_of(peer, lines, proxies)
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address) and not ip.ipv4_mapped:
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


class TooManyStreams(Exception):
    """The address holds as many streams open as it may."""


class Streams:
    """The open streams of this process by address."""

    def __init__(self, limit: int = MOST_STREAMS) -> None:
        self.most, self.open = limit, Counter[str]()

    @contextmanager
    def of(self, address: str) -> Iterator[None]:
        """Count one stream while it is open. Raises TooManyStreams."""
        if self.open[address] >= self.most:
            raise TooManyStreams
        self.open[address] += 1
        try:
            yield
        finally:
            self.open[address] -= 1
            if not self.open[address]:
                del self.open[address]
