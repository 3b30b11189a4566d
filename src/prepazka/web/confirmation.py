"""Whether somebody who is logged in has proved again, just now, that it is them.

What changes how an account is opened asks for it: the password, and of whoever has a second
factor a code of it too. Neither replaces the other.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest, HttpResponseBase

from prepazka.accounts.models import User
from prepazka.accounts.second_factor_removal import users_with_second_factor
from prepazka.offices.clock import machine_s

PASSWORD, FACTOR = "password", "mfa"  # what allauth calls them
P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def missing_proofs(request: HttpRequest) -> list[str]:
    """Which of the person's proofs are not fresh, the password first; [] where all are.

    A proof is fresh for allauth's REAUTHENTICATION_TIMEOUT seconds. The password counts only if
    it was asked for again; the code of the log-in itself counts, because a code is good once and
    the same one would be refused.
    """
    user = request.user
    if not isinstance(user, User):
        return [PASSWORD]
    since = machine_s() - app_settings.REAUTHENTICATION_TIMEOUT
    fresh = {
        record["method"]
        for record in get_authentication_records(request, user)
        if record["at"] > since
        and (record["method"] == FACTOR or record.get("reauthenticated", False))
    }
    needed = [PASSWORD, FACTOR] if user.pk in users_with_second_factor([user.pk]) else [PASSWORD]
    return [proof for proof in needed if proof not in fresh]


def must_confirm(*proofs: str) -> Callable[[View[P]], View[P]]:
    """Ask for those of the proofs that the person has and that are not fresh, then go on.

    A form that was sent meanwhile is kept in the session and done afterwards.
    """

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if set(proofs) & set(missing_proofs(request)):
                raise ReauthenticationRequired
            return view(request, *args, **kwargs)

        return wrapped

    return decorate


def with_fresh_proofs(view: Callable[..., Any]) -> Callable[..., Any]:
    """Open the view to whoever has proved again, with all proofs of theirs, that it is them."""
    return must_confirm(PASSWORD, FACTOR)(view)
