"""Network backend that refuses our own network and enforces a deadline."""

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
    """The host is in a network to which connections are not permitted."""


class Unknown(Exception):
    """The host name cannot be resolved."""


class Guarded(httpcore.NetworkBackend):
    """Connects to public addresses and permitted networks only, with a deadline for every step.

    `deadline` is by `time.monotonic`. Raises Forbidden, Unknown.
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
        seconds_left = min(CONNECT_WITHIN, _seconds_left(self.deadline))
        address = _allowed(host, port, self.permitted)
        stream = self.inner.connect_tcp(address, port, seconds_left, local_address, socket_options)
        return _Timed(stream, self.deadline)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def is_within(address: str, networks: Networks) -> bool:
    """Whether the address lies in one of the networks."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return any(ip in network for network in networks)


def _allowed(host: str, port: int, permitted: Networks) -> str:
    """An address of the host to which connections are permitted. Raises Forbidden, Unknown.

    The caller connects to this very address, so that a second resolution cannot return another one.
    """
    if settings.DEMO_PUBLIC:
        raise Forbidden(host)
    try:
        resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unknown(host) from error
    addresses = [str(entry[4][0]) for entry in resolved]
    if not all(_is_public(address) or is_within(address, permitted) for address in addresses):
        raise Forbidden(host)
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    embedded = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    return (embedded or ip).is_global and not ip.is_multicast


class _Timed(httpcore.NetworkStream):
    """A stream that applies the request's deadline to every read and write."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: float) -> None:
        self.inner, self.deadline = inner, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.inner.read(max_bytes, _seconds_left(self.deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.inner.write(buffer, _seconds_left(self.deadline))

    def close(self) -> None:
        self.inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Timed(
            self.inner.start_tls(ssl_context, server_hostname, _seconds_left(self.deadline)),
            self.deadline,
        )

    def get_extra_info(self, info: str) -> Any:
        return self.inner.get_extra_info(info)


def _seconds_left(deadline: float) -> float:
    seconds_left = deadline - time.monotonic()
    if seconds_left <= 0:
        raise httpcore.ReadTimeout
    return seconds_left
