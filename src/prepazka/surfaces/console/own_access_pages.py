"""The page of a person's own sessions and API keys."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from prepazka.offices import log_ins, staff
from prepazka.web.confirmation import with_fresh_proofs
from prepazka.web.shortcuts import now


@login_required
@require_safe
def sessions_and_keys(request: HttpRequest) -> HttpResponse:
    """The list of sessions and of programs' keys."""
    access = staff.access_of_user(_user(request), now=now(), present=_session(request))
    return render(request, "account/access.html", {"access": access})


@login_required
@require_POST
@with_fresh_proofs
def end_session(request: HttpRequest, session: int) -> HttpResponse:
    """Log out of another browser."""
    log_ins.end_session(user=_user(request), session_id=session, actor=_user(request), now=now())
    messages.success(request, _("That browser is logged out."))
    return redirect("account_access")


@login_required
@require_POST
@with_fresh_proofs
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Log out of every browser but this one."""
    log_ins.end_other_sessions(user=_user(request), session=_session(request), now=now())
    messages.success(request, _("You are logged in here only."))
    return redirect("account_access")


@login_required
@require_POST
@with_fresh_proofs
def end_token(request: HttpRequest, api_token: int) -> HttpResponse:
    """Revoke a program's key."""
    log_ins.end_token(user=_user(request), token_id=api_token, actor=_user(request), now=now())
    messages.success(request, _("The key no longer works."))
    return redirect("account_access")


@login_required
@require_POST
@with_fresh_proofs
def allow_token(request: HttpRequest, api_token: int) -> HttpResponse:
    """Allow a program's key that waits for the person."""
    log_ins.allow_token(user=_user(request), token_id=api_token, now=now())
    messages.success(request, _("The program may use the key now."))
    return redirect("account_access")


def _user(request: HttpRequest) -> int:
    assert request.user.pk is not None  # noqa: S101  # logged in
    return request.user.pk


def _session(request: HttpRequest) -> str:
    return request.session.session_key or ""
