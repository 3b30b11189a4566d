"""A connection that never leads into our own network, and never outlasts its deadline."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import httpcore
from django.conf import settings

CONNECT_WITHIN = 5.0
Networks = Sequence[IPv4Network | IPv6Network]


class Forbidden(Exception):
    """The host lies in a network into which nobody may send us."""


class Unknown(Exception):
    """The name of the host leads nowhere."""


class Guarded(httpcore.NetworkBackend):
    """Connects to public addresses and permitted networks only, and lets no step pass the deadline.

    Raises Forbidden, Unknown.
    """

    def __init__(self, deadline: float, permitted: Networks) -> None:
        self.deadline, self.permitted = deadline, permitted
        self.inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore.NetworkStream:
        left = min(CONNECT_WITHIN, _left(self.deadline))
        address = _allowed(host, port, self.permitted)
        stream = self.inner.connect_tcp(address, port, left, local_address, socket_options)
        return _Timed(stream, self.deadline)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def is_within(address: str, networks: Networks) -> bool:
    """Whether the address lies in one of the networks."""
    known = ipaddress.ip_address(address.partition("%")[0])
    return any(known in network for network in networks)


def _allowed(host: str, port: int, permitted: Networks) -> str:
    """An address of the host that we may ask.

    The name is resolved once and that very address is connected, so that the name cannot mean
    another one a moment later.
    """
    if settings.DEMO_PUBLIC:
        raise Forbidden(host)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unknown(host) from error
    addresses = [str(one[4][0]) for one in found]
    if not all(_is_public(one) or is_within(one, permitted) for one in addresses):
        raise Forbidden(host)
    return addresses[0]


def _is_public(address: str) -> bool:
    known = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(known, "ipv4_mapped", None) or getattr(known, "sixtofour", None)
    return (inner or known).is_global and not known.is_multicast


class _Timed(httpcore.NetworkStream):
    """A stream whose every read and write ends with the request's deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self.inner, self.deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, _left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, _left(self.deadline))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Timed(
            self.inner.start_tls(ssl_context, server_hostname, _left(self.deadline)), self.deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left
