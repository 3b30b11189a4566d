"""Checks that reject unreadable requests before any view, session or database query.

Control characters, encodings other than UTF-8, unreadable forms: each gets a 4xx page in the
language of the address, or a JSON problem for the API.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from http.cookies import CookieError
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException
from django.utils import translation
from django.utils.translation import gettext_noop

from prepazka.core import reading
from prepazka.core.refusal import Refused
from prepazka.web import errors

Handler = Callable[[HttpRequest], HttpResponse]

MOST_HEADERS = 32 * 1024  # bytes of all headers together; nginx and Caddy accept fewer
CONTROLS = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
CONTROLS_IN_HEADER = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
LONGEST_NUMBER = 300  # digits; Python refuses to parse integers of thousands of digits
LONG_NUMBER = re.compile(rf"\d{{{LONGEST_NUMBER + 1}}}")
UTF_8 = {"utf-8", "utf8", "us-ascii", "ascii"}
NEVER_TAKEN = {"TRACE", "TRACK", "CONNECT"}  # network diagnostics; views would treat them as GET
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


class RequestNotReadable(Refused):
    """The request's syntax, encoding or JSON is broken; send a well-formed one."""

    message = gettext_noop("This request cannot be read. Please go back and try again.")


class TextNotReadable(Refused):
    """A field has a character that cannot be stored, such as NUL; send the text without it."""

    message = gettext_noop(
        "The text contains a character that cannot be saved. Please type it again instead of "
        "pasting it."
    )


class CookieNotReadable(Refused):
    """A cookie cannot be decoded; the response deletes it, so a repeat works."""

    message = gettext_noop(
        "Your browser sent a cookie that cannot be read; it has been removed. Please try again."
    )


class EncodingNotTaken(Refused):
    """The request declares a charset other than UTF-8; encode it in UTF-8."""

    message = gettext_noop("Please send the request in the UTF-8 encoding.")


class HeadersTooLarge(Refused):
    """The headers exceed the limit, mostly by cookies; send smaller ones."""

    message = gettext_noop(
        "The headers of this request are too large. Please delete the cookies of this site and "
        "try again."
    )


class BodyTooSlow(Refused):
    """The body did not arrive within the time limit; send it again."""

    message = gettext_noop(
        "The request did not arrive in time. Please try again on a better connection."
    )


class BodyTooLarge(Refused):
    """The body exceeds the address's limit; send less."""

    message = gettext_noop("This is too long to be sent at once. Please shorten it.")


class RequestChecks:
    """Rejects unreadable requests; passes all others on unchanged."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in NEVER_TAKEN and not errors.is_api(request):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        if CONTROLS.search(request.path):
            with _language(request):
                return errors.not_found(request)
        try:
            check_request(request)
        except Refused as refusal:
            return refused_request(request, refusal)
        return self.get_response(request)


def check_request(request: HttpRequest) -> None:
    """Check everything but the path. Raises one of this module's refusals."""
    _check_headers(request)
    charset = (request.content_params or {}).get("charset")
    if charset is not None:
        if charset.lower().strip("\"' ") not in UTF_8:
            raise EncodingNotTaken
        request.encoding = "utf-8"  # the only name that Django recognises
    with _readable():
        _check_texts(request.GET)
        if errors.is_api(request):
            if request.method not in {"GET", "HEAD"}:
                body_of(request)  # the API parses it later by `json_body`
        elif request.content_type in FORMS:
            _check_texts(request.POST)


def refused_request(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """The refusal's response in the language of the address; unreadable cookies are deleted."""
    with _language(request):
        response = errors.refusal_response(request, refusal)
    if isinstance(refusal, CookieNotReadable):
        for name in _unreadable_cookies(request):
            with contextlib.suppress(CookieError):  # the name is not allowed in Set-Cookie
                response.delete_cookie(name)
    return response


def body_of(request: HttpRequest) -> bytes:
    """The bytes of the body. Raises BodyTooLarge, RequestNotReadable."""
    try:
        return bytes(request.body)
    except RequestDataTooBig:
        raise BodyTooLarge from None
    except (RawPostDataException, UnreadablePostError):  # already read as a form, or interrupted
        raise RequestNotReadable from None


def json_body(request: HttpRequest) -> Any:
    """The JSON value of the body. Raises BodyTooLarge, RequestNotReadable."""
    try:
        return reading.json_value(body_of(request))
    except reading.NotReadable:
        raise RequestNotReadable from None


def _check_headers(request: HttpRequest) -> None:
    headers = {
        name: str(value)
        for name, value in request.META.items()
        if name.startswith(("HTTP_", "CONTENT_"))
    }
    if sum(len(name) + len(value) for name, value in headers.items()) > MOST_HEADERS:
        raise HeadersTooLarge
    if any(CONTROLS_IN_HEADER.search(value) for value in headers.values()):
        raise RequestNotReadable
    if _unreadable_cookies(request):
        raise CookieNotReadable


def _unreadable_cookies(request: HttpRequest) -> list[str]:
    return [
        name
        for name, value in request.COOKIES.items()
        if CONTROLS.search(value) or CONTROLS.search(name)
    ]


def _check_texts(form: Any) -> None:
    """Check all names and values of a form or query. Raises TextNotReadable, RequestNotReadable."""
    for name, values in form.lists():
        for text in (name, *values):
            if reading.UNREADABLE.search(text):
                raise TextNotReadable
            if LONG_NUMBER.search(text):
                raise RequestNotReadable


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Turn Django's various errors of unreadable forms into this module's refusals."""
    try:
        yield
    except RequestDataTooBig:
        raise BodyTooLarge from None
    except (
        MultiPartParserError,
        BadRequest,
        UnreadablePostError,
        TooManyFieldsSent,
        TooManyFilesSent,
        SuspiciousOperation,
        LookupError,  # an encoding that does not exist
        ValueError,  # also of broken encodings
    ):
        raise RequestNotReadable from None


def _language(request: HttpRequest) -> translation.override:
    """The language of the address, which no middleware has activated yet."""
    return translation.override(
        translation.get_language_from_path(request.path) or settings.LANGUAGE_CODE
    )
