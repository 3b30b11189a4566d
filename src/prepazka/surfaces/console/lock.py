"""Locking the screen, unlocking it by password, and logging out of a locked screen."""

from __future__ import annotations

import math
from datetime import timedelta

from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from prepazka.accounts import attempts, locked_sessions
from prepazka.accounts.models import User
from prepazka.core import reading
from prepazka.offices import log_ins
from prepazka.offices.clock import real_now
from prepazka.offices.models import Membership
from prepazka.queueing import offline_grants
from prepazka.queueing.models import Shift
from prepazka.surfaces.console.accounts import begin, own_path
from prepazka.web import known_devices, screen_lock, staff_access
from prepazka.web.limits import network_of_address
from prepazka.web.screen_lock import LOCKED, locked_user
from prepazka.web.shortcuts import address_of, now

LONGEST_AGO = 60  # seconds; scripts report a press sooner, so an older one is ignored


@never_cache
@require_POST
def lock_state(request: HttpRequest) -> HttpResponse:
    """JSON for a page's script: seconds until the lock (`left`) and the session's user (`who`).

    `ago` in the post: seconds since the last key or press in the page; absent if there was none.
    """
    if locked_user(request) is not None:
        return screen_lock.to_unlock(request)
    user = request.user
    if not isinstance(user, User):
        return HttpResponse(status=401)
    moment = real_now()
    ago = reading.read_whole_number(request.POST.get("ago", ""), LONGEST_AGO)
    if ago is not None:
        key = str(request.session.session_key)
        row = locked_sessions.screen_of(session_key=key, user=user.pk, now=moment)
        locked_sessions.note_press(row, now=moment - timedelta(seconds=ago))
    remaining = screen_lock.time_left(request, user, now=moment).total_seconds()
    return JsonResponse({"who": user.pk, "left": max(1, math.ceil(remaining))})


@never_cache
@require_POST
def lock_session(request: HttpRequest) -> HttpResponse:
    """Lock the screen: requested by the button, or by a page without presses for long."""
    page = request.POST.get("page", "")[:64]
    if (user := locked_user(request)) is not None:
        # Already locked by time; only the script knows which page may still renew its list.
        offline_grants.release_list_of_clerk(clerk=user.pk, page=page)
    else:
        if (refusal := staff_access.step_before_access(request)) is not None:
            return refusal
        assert isinstance(request.user, User)  # noqa: S101  # AUTH_USER_MODEL
        screen_lock.lock_screen(request, request.user, page=page, now=real_now())
    if "X-Fragment" in request.headers:
        return HttpResponse(status=LOCKED)
    return screen_lock.to_unlock(request, next_of(request))


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def unlock_page(request: HttpRequest) -> HttpResponse:
    """The page of a locked session; the right password unlocks it."""
    back = next_of(request)
    user = locked_user(request)
    if user is None:  # the session is not locked, or nobody is logged in
        return _unlocked(request, back)
    if request.method == "GET":
        return _page(request, back)
    error = _password_error(request, user, request.POST.get("password", ""))
    if not error:
        locked_sessions.unlock_screens(str(request.session.session_key), now=real_now())
        return _unlocked(request, back)
    if "X-Fragment" in request.headers:
        return JsonResponse({"error": error}, status=422)
    return _page(request, back, error)


@never_cache
@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """Log out of a locked screen, so that another person can log in; an open counter stays open."""
    user = locked_user(request)
    if user is not None:
        request.user = user  # whose log-out it is, for the journal
    logout(request)
    return redirect("account_login")


def _password_error(request: HttpRequest, user: User, password: str) -> str:
    """The error about the password, or "" if it is right. Each try counts as a log-in."""
    sources = attempts.sources_of(
        username=user.username,
        network=network_of_address(address_of(request)),
        device=known_devices.device_for(request, user.username),
    )
    if not password:
        return _("Please enter your password.")
    moment = now()
    try:
        attempt = begin(sources, now=moment)
    except ValidationError as delayed:
        return str(delayed.messages[0])
    if not user.check_password(password):
        log_ins.note_failure(username=user.username, attempt=attempt, now=moment)
        return _("The password is wrong.")
    attempts.clear_failures(attempt)
    return ""


def next_of(request: HttpRequest) -> str:
    """The path of our page to return to, or an empty string."""
    return own_path(request.POST.get("next", request.GET.get("next", "")))


def _unlocked(request: HttpRequest, back: str) -> HttpResponse:
    if "X-Fragment" in request.headers:
        return HttpResponse(status=204)
    return redirect(back or "console:home")


def _page(request: HttpRequest, back: str, error: str = "") -> HttpResponse:
    user = locked_user(request)
    member = Membership.objects.filter(user=user).order_by("office").first()
    context = {
        "who": user,
        "name": member.name if member else "",
        "shift": Shift.objects.filter(clerk=user, closed_at=None).exists(),
        "next": back,
        "wrong": error,
    }
    status = 422 if error else 200
    return render(request, "account/locked.html", context, status=status)
