"""Whose address a request at the edge has, and how many streams that address holds open."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prepazka.core import visitors

Scope = dict[str, Any]
# A hall's Wi-Fi, or all telephones of a mobile network, may be one address; each process counts its
# own streams.
MOST_STREAMS = 300


def network_of(scope: Scope, proxies: int) -> str:
    """The visitor's network: what the outermost of our own proxies saw; of IPv6 the /64."""
    peer = str((scope.get("client") or ("",))[0])
    lines = [
        value.decode("latin1") for name, value in scope["headers"] if name == b"x-forwarded-for"
    ]
    address = visitors.address_of(peer, lines, proxies)
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv6Address) and not known.ipv4_mapped:
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)


class TooManyStreams(Exception):
    """The address already holds as many streams open as it may."""


class Streams:
    """The open streams of this process by address."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self.most, self.open = most, Counter[str]()

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
