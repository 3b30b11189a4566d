"""Log-in and log-out of the staff: allauth's adapter, forms, views and signals.

Only administrators make accounts; nobody can sign up.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter, get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.account.signals import password_changed, user_logged_in
from allauth.account.views import (
    BaseReauthenticateView,
    LogoutView,
    ReauthenticateView,
    password_change,
)
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.base.views import ReauthenticateView as ReauthenticateFactorView
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.auth.signals import user_logged_out
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from prepazka.accounts import attempts, one_time
from prepazka.accounts.models import User
from prepazka.accounts.sealing import SecretUnreadable
from prepazka.accounts.second_factor_removal import acknowledge_second_factor_reset
from prepazka.offices import log_ins, required_steps
from prepazka.offices.office_snapshot import snapshot_of
from prepazka.queueing import offline_grants
from prepazka.queueing.counters import close_counter, waiting_here_alone
from prepazka.queueing.models import Shift
from prepazka.queueing.refusals import CounterBusy
from prepazka.surfaces.console.board import at_counter
from prepazka.web import confirmation, known_devices
from prepazka.web.errors import refusal_sentence
from prepazka.web.limits import network_of_address
from prepazka.web.shortcuts import address_of, now

# allauth's pages, and what each asks for.
PROOF_OF_PAGE = {
    "reauthenticate": confirmation.PASSWORD,
    "mfa_reauthenticate": confirmation.FACTOR,
}


class StaffOnly(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Adapter without sign-up, which counts wrong passwords and leads from log-in to work."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """False: only administrators make accounts."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """Whether log-in may lead there; an address that cannot be parsed is not safe."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:  # allauth reads "http://[::1" with urlparse
            return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """The visitor's address, by the one function that knows our proxies."""
        return address_of(request) or "unknown"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Do nothing: `authenticate` counts tries, in a table of its own."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The user of the name and password. Raises ValidationError while the next try must wait."""
        moment, username = now(), str(credentials.get("username", ""))
        sources = attempts.sources_of(
            username=username,
            network=network_of_address(address_of(request)),
            device=known_devices.device_for(request, username),
        )
        attempt = begin(sources, now=moment)
        user: User | None = super().authenticate(request, **credentials)
        if user is None:
            log_ins.note_failure(username=username, attempt=attempt, now=moment)
            return None
        attempts.clear_failures(attempt)
        if one_time.is_one_time_password_over(user, now=moment):
            raise ValidationError(
                refusal_sentence(one_time.OneTimePasswordOver()), code="one_time_over"
            )
        return user

    def login(self, request: HttpRequest, user: User) -> None:
        """Log in, and use up a one-time password; of two log-ins at once one is refused."""
        if user.must_change_password and not one_time.use_up_password(user.pk, now=now()):
            messages.error(request, refusal_sentence(one_time.OneTimePasswordOver()))
            raise ImmediateHttpResponse(redirect("account_login"))
        super().login(request, user)

    def post_login(self, request: HttpRequest, user: User, **login_arguments: Any) -> HttpResponse:
        """The page after log-in; notes this device as one from which the person has logged in."""
        response: HttpResponse = super().post_login(request, user, **login_arguments)
        known_devices.remember_device(request, response, user)
        if required_steps.first_step(user) is not None:
            # The next page sets up a second factor, and the password was given just now.
            reauthenticate_by_password(request)
        return response

    def is_reauthentication_required(self, *, app: str, **arguments: Any) -> bool:
        """False if all proofs were given. Raises ReauthenticationRequired, which asks for them.

        allauth alone would accept whichever proof was given last.
        """
        if confirmation.missing_proofs(self.request):
            raise ReauthenticationRequired
        return False

    def get_reauthentication_methods(
        self, user: AbstractBaseUser | AnonymousUser
    ) -> list[dict[str, str]]:
        """The page of each missing proof, in the order in which they are asked for."""
        pages: list[dict[str, str]] = super().get_reauthentication_methods(user)
        missing = confirmation.missing_proofs(self.request)
        return [page for page in pages if PROOF_OF_PAGE[page["id"]] in missing] or pages

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """The staff's home page."""
        return reverse("console:home")


class CodeForm(AuthenticateForm):  # type: ignore[misc]  # allauth has no types
    """The code of the second factor; wrong ones make the next try wait."""

    def clean_code(self) -> str:
        """The code, if it is right. Raises ValidationError."""
        return checked_code(self.user, super().clean_code)


class CodeAgainForm(ReauthenticateForm):  # type: ignore[misc]  # allauth has no types
    """The code of the second factor, asked again of somebody who is logged in."""

    def clean_code(self) -> str:
        """The code, if it is right. Raises ValidationError."""
        return checked_code(self.user, super().clean_code)


def checked_code(user: User, check: Callable[[], str]) -> str:
    """The code that `check` returns, counted as a try of this account. Raises ValidationError."""
    request, moment = context.request, now()
    sources = attempts.sources_of_factor(
        user=user.pk,
        network=network_of_address(address_of(request)),
        device=known_devices.device_for(request, user.username),
    )
    attempt = begin(sources, now=moment)
    try:
        code = check()
    except SecretUnreadable as refusal:
        attempts.clear_failures(attempt)  # no code was compared, so none was wrong
        raise ValidationError(refusal_sentence(refusal), code="unreadable") from None
    except ValidationError:
        log_ins.note_failure(username=user.username, attempt=attempt, now=moment, factor=True)
        raise
    attempts.clear_failures(attempt)
    return code


def begin(sources: Sequence[attempts.Source], *, now: datetime) -> attempts.Attempt:
    """Count the try. Raises ValidationError with the refusal where the person has to wait."""
    try:
        return attempts.begin_attempt(sources, now=now)
    except attempts.LogInDelayed as refusal:
        raise ValidationError(refusal_sentence(refusal), code="delayed") from None


class AskForTheNext(BaseReauthenticateView):  # type: ignore[misc]  # allauth has no types
    """Leads from one proof to the next; after the last one runs what was asked for."""

    def form_valid(self, form: Form) -> HttpResponse:
        """The page of the next proof, or of what was asked for; a pending form stays stored."""
        if confirmation.missing_proofs(self.request):
            pages = get_adapter(self.request).get_reauthentication_methods(self.request.user)
            return redirect(self.passthrough_next_url(pages[0]["url"]))
        response: HttpResponse = super().form_valid(form)
        return response


@method_decorator(login_required, name="dispatch")
class PasswordAgain(ReauthenticateView, AskForTheNext):  # type: ignore[misc]  # allauth has no types
    """Asks for the password once more."""


@method_decorator(login_required, name="dispatch")
class CodeAgain(ReauthenticateFactorView, AskForTheNext):  # type: ignore[misc]  # allauth has no types
    """Asks for a code of the second factor once more."""


# The password is asked for by the form itself.
change_password = confirmation.must_confirm(confirmation.FACTOR)(password_change)


class LogOut(LogoutView):  # type: ignore[misc]  # allauth has no types
    """Logs out; asks first what is to become of an open counter."""

    def get_context_data(self, **view_context: Any) -> dict[str, Any]:
        """The open counter with its client, and the people whom no other counter serves."""
        shift = self._open_shift()
        if shift is None:
            return dict(super().get_context_data(**view_context))
        office = snapshot_of(shift.office)
        shift_context = {
            "counter": office.counters[shift.counter_id],
            "client": at_counter(shift),
            "alone": waiting_here_alone(office, shift, now()),
            "url": reverse("console:office", args=[office.slug]),
        }
        return dict(super().get_context_data(**view_context)) | shift_context

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Log out at once without an open counter; otherwise ask, or do what the answer says."""
        shift = self._open_shift()
        answer = self.request.POST.get("counter")
        if shift is not None and answer not in {"close", "leave"}:
            return self._ask()
        if shift is not None and answer == "close":
            try:
                close_counter(shift=shift, now=now())
            except CounterBusy as refusal:
                messages.error(self.request, refusal_sentence(refusal))
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
def forget_given_password(request: HttpRequest, user: User, **signal_arguments: Any) -> None:
    """Mark the new password as the person's own; their other sessions end."""
    if user.must_change_password:
        one_time.mark_password_own(user)
        user.save(update_fields=one_time.FIELDS)
    session = request.session.session_key or ""
    log_ins.note_password_changed(user=user.pk, session=session, now=now())


@receiver(user_logged_in)
def note_log_in(request: HttpRequest, user: User, **signal_arguments: Any) -> None:
    """Record the log-in in the journal of every office where the person works."""
    factor = any(proof["method"] == "mfa" for proof in get_authentication_records(request, user))
    log_ins.note_log_in(user=user.pk, factor=factor, now=now())


@receiver(authenticator_added)
def note_factor_added(user: User, authenticator: Authenticator, **signal_arguments: Any) -> None:
    """Record a new second factor, or the recovery codes that come with it."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        log_ins.note_recovery_codes(user=user.pk, now=now())
    else:
        log_ins.note_second_factor(user=user.pk, removed=False, now=now())


@receiver(authenticator_reset)
def note_codes_made(user: User, **signal_arguments: Any) -> None:
    """Record new recovery codes."""
    log_ins.note_recovery_codes(user=user.pk, now=now())


@receiver(authenticator_removed)
def note_factor_removed(user: User, authenticator: Authenticator, **signal_arguments: Any) -> None:
    """Record that the person removed the second factor; its codes go with it."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        log_ins.note_second_factor(user=user.pk, removed=True, now=now())


@login_required
@require_POST
def wrong_passwords_seen(request: HttpRequest) -> HttpResponse:
    """Note that the person has read of the wrong passwords; back to where they were."""
    assert request.user.pk is not None  # noqa: S101  # logged in
    log_ins.acknowledge_wrong_passwords(user=request.user.pk)
    return back_to(request)


@login_required
@require_POST
def second_factor_seen(request: HttpRequest) -> HttpResponse:
    """Note that the person has read of their reset second factor; back to where they were."""
    assert request.user.pk is not None  # noqa: S101  # logged in
    acknowledge_second_factor_reset(user=request.user.pk)
    return back_to(request)


def back_to(request: HttpRequest) -> HttpResponse:
    """Redirect to the page of this site that the form names, else to the home page."""
    return redirect(own_path(request.POST.get("next", "")) or "console:home")


def own_path(address: str) -> str:
    """The address, if it is a path of this site; else empty.

    Django would take other texts for names of views.
    """
    ours = address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if ours else ""


@receiver(user_logged_out)
def hold_nobody(request: HttpRequest, user: User | None, **signal_arguments: Any) -> None:
    """Record the log-out, and end the off-line leases of the person's page."""
    if user is not None:
        offline_grants.release_list_of_clerk(clerk=user.pk, page=request.POST.get("page", "")[:64])
        log_ins.note_log_out(user=user.pk, now=now())
