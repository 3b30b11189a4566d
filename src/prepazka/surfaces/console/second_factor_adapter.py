"""The second factor in allauth: sealing its secrets, who may turn it off, and replacing it."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, clear_totp_secret
from allauth.mfa.totp.views import ActivateTOTPView
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic.edit import FormView

from prepazka.accounts import sealing
from prepazka.offices import log_ins, required_steps
from prepazka.web.shortcuts import now


class SecondFactor(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """allauth's adapter with sealed secrets and roles that require a second factor."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": gettext_lazy(
            "Your role requires two-step log-in, so it cannot be turned off. You can set it up on"
            " another phone."
        )
    }

    def encrypt(self, text: str) -> str:
        """The sealed secret, as it is stored."""
        return sealing.seal_secret(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret in plain text. Raises SecretUnreadable, which is shown to the person."""
        return sealing.open_secret(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether the person may turn it off: not while one of their roles requires it."""
        return not required_steps.factor_required(authenticator.user_id)


def _note_code(request: HttpRequest) -> None:
    """A code was shown to set the factor up, and is good once: it counts as the fresh proof."""
    factor = Authenticator.objects.get(user=request.user.pk, type=Authenticator.Type.TOTP)
    post_authentication(request, factor, reauthenticated=True)


class ActivateTOTP(ActivateTOTPView):  # type: ignore[misc]  # allauth has no types
    """Sets a second factor up, and goes on to the recovery codes."""

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """As allauth's."""
        response: HttpResponse = super().form_valid(form)
        _note_code(self.request)
        return response


@method_decorator(login_required, name="dispatch")
@method_decorator(reauthentication_required(app="allauth.mfa"), name="dispatch")
class ReplaceTOTP(ActivateTOTPView):  # type: ignore[misc]  # allauth has no types
    """Replaces the second factor by one on another phone, in one transaction."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The page for people with a second factor; others are redirected to set one up."""
        if not self._present().exists():
            return redirect("mfa_activate_totp")
        # ActivateTOTPView.dispatch redirects people who already have a second factor.
        return FormView.dispatch(self, request, *args, **kwargs)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        """The context of allauth, with `replaces` for the texts of the page."""
        return dict(super().get_context_data(**context)) | {"replaces": True}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        """Replace the secret; recovery codes stay."""
        user = self.request.user
        assert user.pk is not None  # noqa: S101  # logged in
        with transaction.atomic():
            if not self._present().select_for_update().exists():
                return redirect("mfa_activate_totp")
            self._present().delete()
            TOTP.activate(user, form.secret)  # type: ignore[attr-defined]  # allauth's form
            log_ins.note_second_factor(user=user.pk, removed=False, now=now())
        clear_totp_secret(self.request)
        _note_code(self.request)
        messages.success(self.request, _("Codes now come from the other phone."))
        return redirect("mfa_index")

    def _present(self) -> Any:
        return Authenticator.objects.filter(user=self.request.user.pk, type=Authenticator.Type.TOTP)


activate_totp = ActivateTOTP.as_view()
replace_totp = ReplaceTOTP.as_view()
