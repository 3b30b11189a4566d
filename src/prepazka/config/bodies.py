"""Limits of request bodies: small, but for files brought to a meeting by a signed link."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse

from prepazka.core.file_rules import MEGABYTE
from prepazka.meetings import participant_links
from prepazka.meetings.documents import FileTooLarge
from prepazka.web import request_checks
from prepazka.web.middleware import SecurityHeaders

Receive = Callable[[], Awaitable[dict[str, Any]]]

ORDINARY = MEGABYTE
AROUND = 64 * 1024  # bytes that a form adds to a file
UPLOAD = re.compile(r"(?:/[a-z]{2})?/[-a-zA-Z0-9_]+/schuzka/([^/]{1,200})/soubory/")
FIRST_BYTES = 20.0  # seconds for a body to arrive, however short it is
SLOWEST = 16 * 1024  # bytes a second of a longer one; a weak mobile network is faster
DRAINS = 10.0  # seconds for which the rest of a body is discarded


def largest_body_allowed(scope: dict[str, Any]) -> int:
    """Bytes that the body may have; more only for an upload whose link has a valid signature."""
    may_upload = settings.MEETINGS and scope["method"] == "POST"
    match = UPLOAD.fullmatch(scope["path"]) if may_upload else None
    if match and participant_links.participant_of_link(match[1]):
        return int(settings.FILE_LARGEST) + AROUND
    return ORDINARY


def declared_body_length(scope: dict[str, Any]) -> int:
    """Bytes of the body by the Content-Length header; 0 where there is none."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(length) if length.isdigit() else 0


def body_time_limit(size: int) -> float:
    """Seconds in which a body of so many bytes must have arrived."""
    return FIRST_BYTES + size / SLOWEST


def too_large_response(scope: dict[str, Any]) -> HttpResponse:
    """The refusal as a page, or for a script; made without the body."""
    request = _bare(scope)
    refusal = FileTooLarge(most=largest_body_allowed(scope) // MEGABYTE)
    answer = SecurityHeaders(lambda _: request_checks.refused_request(request, refusal))(request)
    answer["Connection"] = "close"
    return answer


def too_slow_response(scope: dict[str, Any]) -> HttpResponse:
    """The refusal of a request whose body does not arrive in time."""
    request, refusal = _bare(scope), request_checks.BodyTooSlow()
    answer = SecurityHeaders(lambda _: request_checks.refused_request(request, refusal))(request)
    answer["Connection"] = "close"
    return answer


def not_readable_response(scope: dict[str, Any]) -> HttpResponse:
    """The refusal of a request that Django cannot parse."""
    request, refusal = _bare(scope), request_checks.RequestNotReadable()
    return SecurityHeaders(lambda _: request_checks.refused_request(request, refusal))(request)


def _bare(scope: dict[str, Any]) -> ASGIRequest:
    """The request without its body, its query and all headers but three."""
    headers = [(n, v) for n, v in scope["headers"] if n in {b"accept", b"accept-language", b"host"}]
    return ASGIRequest({**scope, "query_string": b"", "headers": headers}, BytesIO())


async def drain_body(receive: Receive) -> None:
    """Read and discard the rest of the body: a browser cut off while sending reads no answer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAINS):
            while (message := await receive())["type"] == "http.request":
                if not message.get("more_body"):
                    return
