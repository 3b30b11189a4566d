"""Locking of staff's screens after inactivity; a locked session can only be unlocked.

The server decides by the last press it knows of: a page that the person opened, or a key or click
that a page's script reports. Requests that scripts make by themselves do not count. While the
screen is locked, every view sees an anonymous user.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from prepazka.accounts import locked_sessions
from prepazka.accounts.models import StaffScreen, User
from prepazka.core import idle
from prepazka.offices.clock import real_now
from prepazka.offices.models import Membership
from prepazka.queueing import offline_grants
from prepazka.queueing.models import AT_COUNTER, Shift, Ticket

Handler = Callable[[HttpRequest], HttpResponse]
LOCKED = 423  # the status sent to scripts, whose page then shows the lock
OWN = ("account_screen", "account_unlock", "account_lock", "account_lock_log_out")


class ScreenLock:
    """Replaces the user of a locked session by an anonymous one."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        signed_in = request.user
        # Evaluated only if a view reads the user, so that citizens' pages cost nothing more.
        request.user = SimpleLazyObject(lambda: _person(request, signed_in))  # type: ignore[assignment]  # as Django does
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponse | None:
        """Redirect pages of the account to the lock; other pages do so by `staff_access.not_yet`."""
        name = str(request.resolver_match.url_name) if request.resolver_match else ""
        account = name.startswith(("account_", "mfa_")) and name not in OWN
        return to_unlock(request) if account and is_locked(request) else None


def locked_user(request: HttpRequest) -> User | None:
    """The user of the locked session; None if it is not locked."""
    request.user.is_authenticated  # noqa: B018  # evaluates the lazy user
    return getattr(request, "screen_locked_for", None)


def is_locked(request: HttpRequest) -> bool:
    """Whether the session's screen is locked."""
    return locked_user(request) is not None


def to_unlock(request: HttpRequest, back: str = "") -> HttpResponse:
    """A redirect to the unlocking page, or status 423 for scripts.

    `back` is the path to return to; by default the requested page.
    """
    if not _is_page(request):
        text = _("This screen is locked. Please enter your password.")
        return HttpResponse(text, status=LOCKED, headers={"Cache-Control": "no-store"})
    if not back:
        back = request.get_full_path() if request.method == "GET" else reverse("console:home")
    response = redirect(f"{reverse('account_unlock')}?{urlencode({'next': back})}")
    add_never_cache_headers(response)
    return response


def lock_screen(request: HttpRequest, user: User, *, page: str = "", now: datetime) -> None:
    """Lock the session's screen; the counter keeps its client but returns its off-line list.

    `page` is the id of the console page that may still renew its list.
    """
    if locked_sessions.lock_screens(str(request.session.session_key), now=now):
        offline_grants.release_list_of_clerk(clerk=user.pk, page=page)


def time_left(request: HttpRequest, user: User, *, now: datetime) -> timedelta:
    """Time until the session's screen locks without a further press."""
    key = str(request.session.session_key)
    screen = locked_sessions.screen_of(session_key=key, user=user.pk, now=now)
    return idle.time_until_lock(screen.pressed_at, _lock_after(user), now)


def _person(request: HttpRequest, user: User | AnonymousUser) -> User | AnonymousUser:
    if not isinstance(user, User):
        return user
    moment, key = real_now(), str(request.session.session_key)
    screen = locked_sessions.screen_of(session_key=key, user=user.pk, now=moment)
    if screen.locked_at is None and not _lock_if_idle(screen, user, moment):
        if is_press(request):
            locked_sessions.note_press(screen, now=moment)
        return user
    request.screen_locked_for = user  # type: ignore[attr-defined]  # read by locked_user
    return AnonymousUser()


def _lock_if_idle(screen: StaffScreen, user: User, now: datetime) -> bool:
    """Lock the screen if it was idle for too long; returns whether it is locked now."""
    pressed_at = screen.pressed_at
    least = timedelta(minutes=idle.LEAST_MIN)
    if idle.time_until_lock(pressed_at, least, now) > timedelta(0):
        return False  # less than any office's limit; most requests end here
    if idle.time_until_lock(pressed_at, _lock_after(user), now) > timedelta(0):
        return False
    if not locked_sessions.lock_screens(screen.pk, now=now, pressed_at=pressed_at):
        screen.refresh_from_db()  # another request pressed or locked it meanwhile
        return screen.locked_at is not None
    offline_grants.release_list_of_clerk(clerk=user.pk)
    return True


def _lock_after(user: User) -> timedelta:
    """The shortest limit of the person's offices, extended while a client is at their counter."""
    offices = Membership.objects.filter(user=user.pk)
    minutes = offices.order_by("office__lock_after_min").values_list("office__lock_after_min")
    shortest = minutes.first()
    counters = Shift.objects.filter(clerk=user.pk, closed_at=None).values("counter")
    client = Ticket.objects.filter(counter__in=counters, state__in=AT_COUNTER).exists()
    return idle.lock_after(shortest[0] if shortest else idle.USUAL_MIN, with_client=client)


def is_press(request: HttpRequest) -> bool:
    """Whether a person made this request by a key or click, not a script, timer or stream."""
    if "X-Fragment" in request.headers:
        return False
    mode = request.headers.get("Sec-Fetch-Mode")
    if mode is not None:
        return mode == "navigate" and request.headers.get("Sec-Fetch-User") == "?1"
    # Browsers send Sec-Fetch headers over https only; page requests always accept HTML.
    return "text/html" in request.headers.get("Accept", "")


def _is_page(request: HttpRequest) -> bool:
    """Whether the response will be shown as a page."""
    if "X-Fragment" in request.headers or request.content_type == "application/json":
        return False
    accept = request.headers.get("Accept", "")
    if "text/html" in accept:  # also sent by the off-line service worker
        return True
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    return mode == "navigate" and "application/json" not in accept
