"""Access of staff to pages and counters: memberships, groups of roles, first steps of accounts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from prepazka.core.refusal import Refused
from prepazka.looks.typography import clock
from prepazka.offices.models import Membership, Official, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.offices.required_steps import FirstStep, first_step
from prepazka.queueing.refusals import (
    CounterClosedByItself,
    CounterClosedByOther,
    CounterNotOpen,
    CounterTakenOver,
)
from prepazka.reporting.open_counters import ended_without
from prepazka.web import screen_lock
from prepazka.web.shortcuts import office_or_404

log = logging.getLogger(__name__)
P = ParamSpec("P")
StaffView = Callable[Concatenate[HttpRequest, OfficeSnapshot, Membership, P], HttpResponse]

COUNTER = (Role.CLERK, Role.RECEPTION, Role.ADMINISTRATOR)
# Closing or taking over a counter that was left open; this way heads work at counters too.
MAY_TAKE_OVER = (*COUNTER, Role.HEAD)
DESK = (Role.RECEPTION, Role.OPERATOR, Role.ADMINISTRATOR)
DESK_LOOK = (*DESK, Role.HEAD)
HEADS = (Role.HEAD, Role.ADMINISTRATOR)
ADMINISTRATORS = (Role.ADMINISTRATOR,)
REASONS = (Role.HEAD,)  # may read reasons of absences, besides the official


def member_of(request: HttpRequest, office: OfficeSnapshot) -> Membership | None:
    """The logged-in person's membership of the office, if there is one."""
    if not request.user.is_authenticated:
        return None
    return Membership.objects.filter(office=office.row, user=request.user.pk).first()


def may_declare(member: Membership) -> bool:
    """Whether the member may declare and end incidents."""
    return member.role in HEADS or member.may_declare


def may_lead(member: Membership, official: Official | None) -> bool:
    """Whether the member may chair the official's meeting.

    The official, heads and administrators may. If the official has no account, or the meeting has
    no official, people who serve at counters may too.
    """
    if official and official.user_id:
        return official.user_id == member.user_id or member.role in HEADS
    return member.role in (*COUNTER, *HEADS)


def staff_only(*roles: Role) -> Callable[[StaffView[P]], Callable[..., HttpResponse]]:
    """Pass the office and the membership to the view, for members with one of the roles.

    Strangers are redirected to log in, members without the role get 403, and members of other
    offices get the same 404 as for an office that does not exist.
    """

    def decorate(view: StaffView[P]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapped(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
            if refusal := step_before_access(request):
                return refusal
            office = office_or_404(slug)
            try:
                member = member_of(request, office)
                if member is None:
                    note_refused(request, request.user.pk, office)
                    raise Http404(slug)
                if member.role not in roles:
                    note_refused(request, request.user.pk, office, role=member.role)
                    raise PermissionDenied
                response = view(request, office, member, *args, **kwargs)
            finally:
                timezone.deactivate()
            add_never_cache_headers(response)
            return response

        return wrapped

    return decorate


def note_refused(
    request: HttpRequest, user: int | None, office: OfficeSnapshot | None, *, role: str = "none"
) -> None:
    """Log that somebody signed in requested what they may not see; by ids only."""
    office_id = office.office_id if office else "-"
    address = request.resolver_match.view_name if request.resolver_match else "-"
    log.warning(
        "Access refused: account %s, office %s, role %s, %s", user, office_id, role, address
    )


def step_before_access(request: HttpRequest) -> HttpResponse | None:
    """The response that leads to log in or to a first step of the account; None if neither."""
    if not request.user.is_authenticated:
        if screen_lock.is_locked(request):
            return screen_lock.to_unlock(request)
        if "X-Fragment" in request.headers:
            return HttpResponse(_("You are logged out. Please log in again."), status=401)
        back = request.get_full_path() if request.method == "GET" else reverse("console:home")
        return redirect_to_login(back)
    return to_first_step(request)


# Pages of the first steps. During them people may also log out, reauthenticate, and dismiss
# the account's notices.
FIRST_STEP_PAGES = {
    FirstStep.OWN_PASSWORD: "account_change_password",
    FirstStep.SECOND_FACTOR: "mfa_activate_totp",
}
ALWAYS_OPEN = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "account_change_password",
    "account_second_factor_seen",
    "account_wrong_passwords_seen",
    # The screen may be locked at any moment, and then asks for the password.
    "account_screen",
    "account_unlock",
    "account_lock",
    "account_lock_log_out",
}


def to_first_step(request: HttpRequest) -> HttpResponse | None:
    """The redirect to the account's first step; None if there is none."""
    user = request.user
    step = first_step(user) if user.is_authenticated else None
    if step is None:
        return None
    if "X-Fragment" in request.headers:
        return HttpResponse(
            _("Please reload the page: there is something you need to do in your account first."),
            status=401,
        )
    return redirect(FIRST_STEP_PAGES[step])


def account_is_closed(request: HttpRequest, address: str) -> HttpResponse | None:
    """The redirect to the first step from the account's page `address`; None if it is open."""
    if address in ALWAYS_OPEN:
        return None
    user = request.user
    step = first_step(user) if user.is_authenticated else None
    if step is FirstStep.SECOND_FACTOR and address == FIRST_STEP_PAGES[step]:
        return None
    return redirect(FIRST_STEP_PAGES[step]) if step else None


def no_counter(office: OfficeSnapshot, clerk: int, now: datetime) -> Refused:
    """The refusal that says whether the counter was taken over, closed, or never opened."""
    ending = ended_without(office, clerk, now)
    if ending is None:
        return CounterNotOpen()
    at = clock(ending.at.astimezone(office.tz))
    if ending.taken_over:
        return CounterTakenOver(name=ending.by, at=at)
    if ending.by:
        return CounterClosedByOther(name=ending.by, at=at)
    return CounterClosedByItself(at=at)
