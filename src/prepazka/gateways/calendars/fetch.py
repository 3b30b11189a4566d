"""One request to somebody else's server: never into our own network, never long, never big."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import httpcore
import idna
from django.conf import settings

from prepazka.gateways.calendars.unreadable import Unreadable
from prepazka.outgoing.guard import Forbidden, Guarded, Unknown

WITHIN = 30.0  # seconds for a whole request, redirects included
LARGEST = 20 * 1024 * 1024
REDIRECTS = 3
PORTS = {"http": 80, "https": 443}
UNQUOTED = "!$%&'()*+,-./:;=?@_~[]"
MOVED = (301, 302, 303, 307, 308)
# Why it could not be read; the diary says each in words.
BY_STATUS = {401: "denied", 403: "denied", 404: "missing", 410: "missing"}


@dataclass(frozen=True)
class Answer:
    """What the server sent."""

    body: bytes
    etag: str = ""
    unchanged: bool = False


def ask(
    method: str,
    url: str,
    *,
    who: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """The answer of the server, after its redirects. Raises Unreadable.

    The password goes to the server of the first address only.
    """
    deadline = time.monotonic() + WITHIN
    url = in_ascii(url)
    first = _origin(url)
    backend = Guarded(deadline, settings.CALENDAR_NETWORKS)
    with httpcore.ConnectionPool(network_backend=backend, retries=0) as pool:
        for _ in range(REDIRECTS + 1):
            secret = who if _origin(url) == first else None
            try:
                found = _once(pool, method, url, _headers(secret, headers, body), body)
            except (httpcore.TimeoutException, TimeoutError) as error:
                raise Unreadable("slow") from error
            except Forbidden as error:
                raise Unreadable("forbidden") from error
            except httpcore.UnsupportedProtocol as error:
                raise Unreadable("forbidden") from error
            except (Unknown, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
                raise Unreadable("unreachable") from error
            if isinstance(found, Answer):
                return found
            url = in_ascii(urljoin(url, found))
    raise Unreadable("broken")


def _once(
    pool: httpcore.ConnectionPool,
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes,
) -> Answer | str:
    """The answer, or the address to which the server sends us."""
    with pool.stream(method, url, headers=list(headers.items()), content=body or None) as response:
        said = {name.lower().decode("latin-1"): _text(value) for name, value in response.headers}
        if response.status in MOVED and "location" in said:
            return said["location"]
        if response.status == 304:  # noqa: PLR2004  # not modified
            return Answer(b"", said.get("etag", ""), unchanged=True)
        if response.status not in {200, 207}:
            raise Unreadable(BY_STATUS.get(response.status, "broken"))
        return Answer(_whole(response.iter_stream()), said.get("etag", ""))


def _whole(parts: Iterable[bytes]) -> bytes:
    found = bytearray()
    for part in parts:
        found += part
        if len(found) > LARGEST:
            raise Unreadable("big")
    return bytes(found)


def _headers(
    who: tuple[str, str] | None, more: Mapping[str, str] | None, body: bytes
) -> dict[str, str]:
    # Compressed answers are not asked for: a small one could unfold to any size.
    found = {"User-Agent": "prepazka", "Accept-Encoding": "identity", **(more or {})}
    if body:
        found |= {"Content-Type": "application/xml; charset=utf-8"}
    if who:
        secret = base64.b64encode(":".join(who).encode()).decode()
        found["Authorization"] = f"Basic {secret}"
    return found


def in_ascii(url: str) -> str:
    """The address as it is sent: hosts with diacritics by IDNA, the rest in percents.

    Raises Unreadable.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode()
    except ValueError as error:  # also what idna refuses
        raise Unreadable("forbidden") from error
    if ":" in host:
        host = f"[{host}]"
    place = f"{host}:{port}" if port is not None else host
    path, asked = (quote(part, safe=UNQUOTED) for part in (parts.path, parts.query))
    return urlunsplit((parts.scheme, place, path, asked, ""))


def _text(value: bytes) -> str:
    """A header, which servers write in UTF-8 or, as they should, in Latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port. Raises Unreadable for anything but http and https."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Unreadable("forbidden") from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise Unreadable("forbidden")
    return parts.scheme, parts.hostname, port or PORTS[parts.scheme]
