"""What every answer carries, and what a refusal looks like on a screen."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.base import BaseHandler
from django.core.handlers.exception import convert_exception_to_response
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils import timezone
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from prepazka.accounts.sessions import SEEN_EVERY, note_use
from prepazka.core.browser_rules import PERMISSIONS, POLICY
from prepazka.core.refusal import Refused
from prepazka.web import errors
from prepazka.web.staff import account_is_closed

log = logging.getLogger(__name__)
MOST_NOTED = 10_000  # sessions of which a process remembers that they were noted
Handler = Callable[[HttpRequest], HttpResponse]


class SecurityHeaders:
    """Adds the content security policy and its companions."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Content-Security-Policy" not in response:  # else the view says who may frame it
            response["Content-Security-Policy"] = POLICY
            response["X-Frame-Options"] = "DENY"  # for browsers too old for frame-ancestors
        response.setdefault("Permissions-Policy", PERMISSIONS)
        return response


class Sessions(SessionMiddleware):
    """Django's sessions, but a cookie whose session is gone is left alone.

    Django takes such a cookie away with any answer. A page's script that asked just before a log-in
    would, when its answer comes after that of the log-in, take the new session's cookie away.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """As Django does, where the session lives or this very request has ended it."""
        session = request.session
        if session.is_empty() and not session.modified:
            if session.accessed:
                patch_vary_headers(response, ("Cookie",))
            return response
        return super().process_response(request, response)


class SignedIn:
    """Keeps pages of people who are logged in out of caches, and their account closed before time.

    No browser or proxy stores a page of the account, or any page that somebody saw who is logged
    in. Until a first step is done (a password of one's own, a required second factor), pages of
    the account lead to it; `web.staff.staff_only` does the same for all other pages of the staff.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.noted: dict[str, float] = {}  # when by the monotonic clock, by the session's key

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            response = self.get_response(request)
        finally:
            timezone.deactivate()
        page = response.headers.get("Content-Type", "").startswith("text/html")
        broken = response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        signed_in = not broken and _is_signed_in(request)
        if signed_in:
            self._note_use(request)
        if _of_account(request) or (page and signed_in):
            add_never_cache_headers(response)
        return response

    def _note_use(self, request: HttpRequest) -> None:
        """Keep when the session was used; each process asks the database once a minute at most."""
        key, clock = request.session.session_key, time.monotonic()
        if key is None or clock < self.noted.get(key, -math.inf) + SEEN_EVERY.total_seconds():
            return
        if len(self.noted) >= MOST_NOTED:
            self.noted.clear()
        self.noted[key] = clock
        user, agent = request.user.pk, request.headers.get("User-Agent", "")
        assert user is not None  # noqa: S101  # signed in
        try:
            note_use(key=key, user=user, user_agent=agent)
        except DatabaseError:  # the answer is ready, and goes out all the same
            log.warning("The use of a session was not noted", exc_info=True)

    def process_view(
        self, request: HttpRequest, view: Handler, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if name := _of_account(request):
            timezone.activate(settings.DEFAULT_ZONE)  # no office's page, which would set its own
            return account_is_closed(request, name)
        return None


def _of_account(request: HttpRequest) -> str:
    """The name of the address, where it is a page of the account; all others have a namespace."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    return name if name.startswith(("account_", "mfa_")) else ""


def _is_signed_in(request: HttpRequest) -> bool:
    """Whether staff look; a visitor of public pages without the cookie is asked for no session."""
    may_be = settings.SESSION_COOKIE_NAME in request.COOKIES or bool(_of_account(request))
    return may_be and request.user.is_authenticated


class PoliteErrors:
    """Turns a refusal that no view caught, or a database that is away, into a clear page."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Refused):
            return errors.refused(request, error)
        if errors.is_away(error):
            return errors.unavailable(request, error)
        return None


class Problems:
    """Gives every error of the API the form that it documents, also those of its library."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return errors.as_problem(request, self.get_response(request))


class Shortcut:
    """Lets the API go straight to its views: it has no session, no cookie and no page.

    Stands before the middleware of the pages; their work was half the cost of an API request.
    """

    def __init__(self, get_response: Handler) -> None:
        self.pages = get_response
        self.straight = Straight()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return (self.straight if request.path.startswith("/api/") else self.pages)(request)


class Straight(BaseHandler):
    """Django's own handling of a request, with the API's short list of middleware."""

    LAYERS: tuple[Callable[[Any], Any], ...] = (
        PoliteErrors,
        LocaleMiddleware,
        SecurityMiddleware,
        Problems,
    )

    def __init__(self) -> None:
        super().__init__()
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        handler: Any = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]  # unknown to the stubs
        self._exception_middleware = [PoliteErrors(handler).process_exception]
        for layer in self.LAYERS:
            handler = convert_exception_to_response(layer(handler))
        self.handler: Handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.handler(request)
