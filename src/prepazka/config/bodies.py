"""How large a request may be: small, but for files brought to a meeting by a signed link."""

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
from prepazka.meetings import links
from prepazka.meetings.documents import FileTooLarge
from prepazka.web import request_checks
from prepazka.web.middleware import SecurityHeaders

Receive = Callable[[], Awaitable[dict[str, Any]]]

ORDINARY = MEGABYTE
AROUND = 64 * 1024  # what a form adds to a file
UPLOAD = re.compile(r"(?:/[a-z]{2})?/[-a-zA-Z0-9_]+/schuzka/([^/]{1,200})/soubory/")
FIRST_BYTES = 20.0  # seconds in which a body must come, however short it is
SLOWEST = 16 * 1024  # bytes a second of a longer one; a weak mobile network is faster
DRAINS = 10.0  # seconds in which what a browser still sends is thrown away


def largest(scope: dict[str, Any]) -> int:
    """How many bytes of a body this request may have; the signature of a link is asked first."""
    found = UPLOAD.fullmatch(scope["path"]) if scope["method"] == "POST" else None
    if found and links.read(found[1]):
        return int(settings.FILE_LARGEST) + AROUND
    return ORDINARY


def declared(scope: dict[str, Any]) -> int:
    """What the request says of its length."""
    said = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(said) if said.isdigit() else 0


def within(size: int) -> float:
    """Seconds in which a body of so many bytes must have come whole."""
    return FIRST_BYTES + size / SLOWEST


def too_large(scope: dict[str, Any]) -> HttpResponse:
    """The refusal as a page, or for a script; without looking at the body."""
    request = _bare(scope)
    refusal = FileTooLarge(most=largest(scope) // MEGABYTE)
    answer = SecurityHeaders(lambda _: request_checks.refused(request, refusal))(request)
    answer["Connection"] = "close"
    return answer


def too_slow(scope: dict[str, Any]) -> HttpResponse:
    """The refusal of a request whose body does not come."""
    request, refusal = _bare(scope), request_checks.BodyTooSlow()
    answer = SecurityHeaders(lambda _: request_checks.refused(request, refusal))(request)
    answer["Connection"] = "close"
    return answer


def not_readable(scope: dict[str, Any]) -> HttpResponse:
    """The refusal of a request of which Django can make none."""
    request, refusal = _bare(scope), request_checks.RequestNotReadable()
    return SecurityHeaders(lambda _: request_checks.refused(request, refusal))(request)


def _bare(scope: dict[str, Any]) -> ASGIRequest:
    """The request without its body, its query and what it says of them."""
    kept = [(n, v) for n, v in scope["headers"] if n in {b"accept", b"accept-language", b"host"}]
    return ASGIRequest({**scope, "query_string": b"", "headers": kept}, BytesIO())


async def drain(receive: Receive) -> None:
    """Throw away what still comes: a browser whose sending is cut reads no answer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAINS):
            while (message := await receive())["type"] == "http.request":
                if not message.get("more_body"):
                    return
