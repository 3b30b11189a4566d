"""Log-in is for staff only: accounts are made by the administrator, never by a visitor."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.signals import password_changed
from allauth.account.views import LogoutView
from django.contrib import messages
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
from prepazka.offices.directory import directory
from prepazka.queueing import offline
from prepazka.queueing.counters import close_counter, waiting_here_alone
from prepazka.queueing.models import Shift
from prepazka.queueing.refusals import CounterBusy
from prepazka.surfaces.console.board import at_counter
from prepazka.web.errors import sentence
from prepazka.web.shortcuts import now


class StaffOnly(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Closes the sign-up and leads from log-in to work."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up by themselves."""
        return False

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Back to work."""
        return reverse("console:home")


class LogOut(LogoutView):  # type: ignore[misc]  # allauth has no types
    """Logs out; whoever has a counter open first says what becomes of it."""

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        """The open counter with its client, and who waits for it alone."""
        shift = self._open_shift()
        if shift is None:
            return dict(super().get_context_data(**more))
        office = directory(shift.office)
        counter = {
            "counter": office.counters[shift.counter_id],
            "client": at_counter(shift),
            "alone": waiting_here_alone(office, shift, now()),
            "url": reverse("console:office", args=[office.office.slug]),
        }
        return dict(super().get_context_data(**more)) | counter

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Log out at once without an open counter; otherwise ask, or do what was answered."""
        shift = self._open_shift()
        answer = self.request.POST.get("counter")
        if shift is not None and answer not in {"close", "leave"}:
            return self._ask()
        if shift is not None and answer == "close":
            try:
                close_counter(shift=shift, now=now())
            except CounterBusy as refusal:
                messages.error(self.request, sentence(refusal))
                return self._ask()
        response: HttpResponse = super().post(*args, **kwargs)
        return response

    def _ask(self) -> HttpResponse:
        page: HttpResponse = self.render_to_response(self.get_context_data())
        return page

    def _open_shift(self) -> Shift | None:
        if not self.request.user.is_authenticated:
            return None
        shifts = Shift.objects.filter(clerk=self.request.user.pk, closed_at=None)
        return shifts.select_related("office").first()


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
