"""Log-in is for staff only: accounts are made by the administrator, never by a visitor."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.signals import password_changed
from django.contrib.auth.decorators import login_required
from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from prepazka.accounts.models import User
from prepazka.accounts.second_factor import acknowledge_reset
from prepazka.queueing import offline


class StaffOnly(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Closes the sign-up and leads from log-in to work."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up by themselves."""
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to work."""
        return reverse("console:home")


@receiver(password_changed)
def forget_given_password(user: User, **more: Any) -> None:
    """The person has chosen a password of their own."""
    if user.must_change_password:
        user.must_change_password = False
        user.save(update_fields=["must_change_password"])


@login_required
@require_POST
def second_factor_seen(request: HttpRequest) -> HttpResponse:
    """The person has read that their second factor was reset; back to where they were."""
    assert request.user.pk is not None  # noqa: S101  # logged in
    acknowledge_reset(user=request.user.pk)
    back = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return redirect(back if ours else "console:home")


@receiver(user_logged_out)
def hold_nobody(request: HttpRequest, user: User | None, **more: Any) -> None:
    """Whoever logs out holds nobody at their counter any more."""
    if user is not None:
        offline.log_out(clerk=user.pk, page=request.POST.get("page", "")[:64])
