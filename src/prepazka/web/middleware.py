"""Middleware: security headers, sessions, no-store for staff, error pages, the API's short path."""

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
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.locale import LocaleMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils import timezone
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from prepazka.accounts.sessions import SEEN_EVERY, note_session_use
from prepazka.core.browser_rules import PERMISSIONS, POLICY
from prepazka.core.refusal import Refused
from prepazka.offices.languages import active_language, nearest_language, path_prefix
from prepazka.web import errors
from prepazka.web.staff_access import account_is_closed

log = logging.getLogger(__name__)
MOST_NOTED = 10_000  # sessions whose last recorded use a process remembers
Handler = Callable[[HttpRequest], HttpResponse]


class SecurityHeaders:
    """Adds the content security policy and its companions."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Content-Security-Policy" not in response:  # else the view has set its own policy
            response["Content-Security-Policy"] = POLICY
            response["X-Frame-Options"] = "DENY"  # for browsers too old for frame-ancestors
        response.setdefault("Permissions-Policy", PERMISSIONS)
        return response


class Languages(LocaleMiddleware):
    """Django's choice of the language; staff's pages have only the complete ones."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:  # type: ignore[override]  # Django's returns nothing
        """Activate the language of the address; redirect staff from one that is not complete."""
        super().process_request(request)
        prefix = path_prefix(active_language())
        path = request.path_info.removeprefix(prefix)
        if (
            active_language() in settings.COMPLETE_LANGUAGES
            or request.method not in ("GET", "HEAD")
            or not path.startswith(settings.STAFF_PATHS)
        ):
            return None
        nearest = nearest_language(active_language(), settings.COMPLETE_LANGUAGES)
        query = request.META.get("QUERY_STRING", "")
        return HttpResponseRedirect(f"{path_prefix(nearest)}{path}{'?' if query else ''}{query}")


class Sessions(SessionMiddleware):
    """Django's sessions, except that the cookie of a session that is gone is not deleted.

    Django deletes such a cookie in any response. A script's request sent just before a log-in
    could get its response after the log-in's and delete the new session's cookie.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Django's processing, unless the session was already gone before this request."""
        session = request.session
        if session.is_empty() and not session.modified:
            if session.accessed:
                patch_vary_headers(response, ("Cookie",))
            return response
        return super().process_response(request, response)


class SignedIn:
    """Keeps responses for logged-in people out of caches, and enforces first steps of accounts.

    No cache stores a page of the account, or any HTML page for somebody logged in. Until a first
    step is done (an own password, a required second factor), pages of the account redirect to it;
    `web.staff_access.staff_only` does the same for all other pages of the staff.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.noted: dict[str, float] = {}  # monotonic time of the last record, by session key

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
        """Record the session's use; each process writes at most once a minute per session."""
        key, clock = request.session.session_key, time.monotonic()
        if key is None or clock < self.noted.get(key, -math.inf) + SEEN_EVERY.total_seconds():
            return
        if len(self.noted) >= MOST_NOTED:
            self.noted.clear()
        self.noted[key] = clock
        user, agent = request.user.pk, request.headers.get("User-Agent", "")
        assert user is not None  # noqa: S101  # signed in
        try:
            note_session_use(key=key, user=user, user_agent=agent)
        except DatabaseError:  # the response is ready and must not fail because of this
            log.warning("The use of a session was not noted", exc_info=True)

    def process_view(
        self, request: HttpRequest, view: Handler, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if name := _of_account(request):
            timezone.activate(settings.DEFAULT_ZONE)  # pages of the account belong to no office
            return account_is_closed(request, name)
        return None


def _of_account(request: HttpRequest) -> str:
    """The URL name if it is a page of the account, else ""; other pages have a namespace."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    return name if name.startswith(("account_", "mfa_")) else ""


def _is_signed_in(request: HttpRequest) -> bool:
    """Whether staff are logged in; without a cookie, public pages do not load the session."""
    may_be = settings.SESSION_COOKIE_NAME in request.COOKIES or bool(_of_account(request))
    return may_be and request.user.is_authenticated


class PoliteErrors:
    """Turns uncaught refusals and an unreachable database into error pages."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, Refused):
            return errors.refusal_response(request, error)
        if errors.is_away(error):
            return errors.unavailable_response(request, error)
        return None


class Problems:
    """Turns every error of the API, including its library's, into an RFC 9457 problem."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return errors.as_problem(request, self.get_response(request))


class Shortcut:
    """Routes API requests past the pages' middleware, as they need no session or cookies.

    Placed before the pages' middleware, which made up half the cost of an API request.
    """

    def __init__(self, get_response: Handler) -> None:
        self.pages = get_response
        self.straight = Straight()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return (self.straight if request.path.startswith("/api/") else self.pages)(request)


class Straight(BaseHandler):
    """Django's request handler with the API's short list of middleware."""

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
