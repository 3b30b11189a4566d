"""A request to a calendar server, limited in networks, time and size."""

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
# Reasons of Unreadable, which the diary puts in words.
BY_STATUS = {401: "denied", 403: "denied", 404: "missing", 410: "missing"}


@dataclass(frozen=True)
class Answer:
    """The server's answer."""

    body: bytes
    etag: str = ""
    unchanged: bool = False


def fetch_answer(
    method: str,
    url: str,
    *,
    credentials: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """The server's answer, after redirects. Raises Unreadable.

    `credentials` are sent only to the origin of `url`, not to redirects elsewhere.
    """
    deadline = time.monotonic() + WITHIN
    url = in_ascii(url)
    first_origin = _origin(url)
    backend = Guarded(deadline, settings.CALENDAR_NETWORKS)
    with httpcore.ConnectionPool(network_backend=backend, retries=0) as pool:
        for _ in range(REDIRECTS + 1):
            secret = credentials if _origin(url) == first_origin else None
            try:
                answer = _answer_or_redirect(
                    pool, method, url, _headers(secret, headers, body), body
                )
            except (httpcore.TimeoutException, TimeoutError) as error:
                raise Unreadable("slow") from error
            except Forbidden as error:
                raise Unreadable("forbidden") from error
            except httpcore.UnsupportedProtocol as error:
                raise Unreadable("forbidden") from error
            except (Unknown, httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
                raise Unreadable("unreachable") from error
            if isinstance(answer, Answer):
                return answer
            url = in_ascii(urljoin(url, answer))
    raise Unreadable("broken")


def _answer_or_redirect(
    pool: httpcore.ConnectionPool,
    method: str,
    url: str,
    headers: dict[str, str],
    body: bytes,
) -> Answer | str:
    """The answer, or the URL of a redirect."""
    with pool.stream(method, url, headers=list(headers.items()), content=body or None) as response:
        response_headers = {
            name.lower().decode("latin-1"): _header_text(value) for name, value in response.headers
        }
        if response.status in MOVED and "location" in response_headers:
            return response_headers["location"]
        if response.status == 304:  # noqa: PLR2004  # not modified
            return Answer(b"", response_headers.get("etag", ""), unchanged=True)
        if response.status not in {200, 207}:
            raise Unreadable(BY_STATUS.get(response.status, "broken"))
        return Answer(_limited_content(response.iter_stream()), response_headers.get("etag", ""))


def _limited_content(chunks: Iterable[bytes]) -> bytes:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > LARGEST:
            raise Unreadable("big")
    return bytes(content)


def _headers(
    credentials: tuple[str, str] | None, extra: Mapping[str, str] | None, body: bytes
) -> dict[str, str]:
    # No compression: a small compressed answer could expand to any size.
    headers = {"User-Agent": "prepazka", "Accept-Encoding": "identity", **(extra or {})}
    if body:
        headers |= {"Content-Type": "application/xml; charset=utf-8"}
    if credentials:
        secret = base64.b64encode(":".join(credentials).encode()).decode()
        headers["Authorization"] = f"Basic {secret}"
    return headers


def in_ascii(url: str) -> str:
    """The URL in ASCII: the host in IDNA, the rest percent-encoded. Raises Unreadable."""
    try:
        split_url = urlsplit(url.strip())
        host, port = split_url.hostname or "", split_url.port
        if not host.isascii():
            host = idna.encode(host, uts46=True).decode()
    except ValueError as error:  # also what idna refuses
        raise Unreadable("forbidden") from error
    if ":" in host:
        host = f"[{host}]"
    netloc = f"{host}:{port}" if port is not None else host
    path, query_string = (
        quote(piece, safe=UNQUOTED) for piece in (split_url.path, split_url.query)
    )
    return urlunsplit((split_url.scheme, netloc, path, query_string, ""))


def _header_text(value: bytes) -> str:
    """The text of a header, in UTF-8 or Latin-1."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL. Raises Unreadable for schemes other than http and https."""
    try:
        split_url = urlsplit(url)
        port = split_url.port
    except ValueError as error:
        raise Unreadable("forbidden") from error
    if split_url.scheme not in PORTS or not split_url.hostname:
        raise Unreadable("forbidden")
    return split_url.scheme, split_url.hostname, port or PORTS[split_url.scheme]
