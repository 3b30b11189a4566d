"""One table from what went wrong to the page (or JSON) that says so, in the person's language."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from prepazka.core.refusal import Refused

# Everything that is not named here is a conflict with what others have done: 409.
STATUS = {
    "TermNotOffered": 409,
    "HoldExpired": 410,
    "ConfirmationTooLate": 410,
    "BookingOver": 410,
    "TooManyPersons": 422,
    "DevicePaused": 429,
}


def sentence(error: Refused) -> str:
    """The refusal in the active language."""
    return _(error.message) % error.params if error.params else _(error.message)


def refused(request: HttpRequest, error: Refused) -> HttpResponse:
    """Answer with the refusal's own sentence."""
    return _page(request, STATUS.get(type(error).__name__, 409), sentence(error))


def unavailable(request: HttpRequest) -> HttpResponse:
    """The database does not answer: nothing was changed, and a repeat is safe."""
    text = _("The service is not available at the moment. Nothing was changed; "
             "please try again in a minute.")
    response = _page(request, 503, text)
    response["Retry-After"] = "20"
    return response


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """No such page."""
    return _page(request, 404, _("This page does not exist. Please check the address."))


def broken(request: HttpRequest) -> HttpResponse:
    """A fault of ours, already in the log."""
    return _page(request, 500, _("Something went wrong on our side. Please try again later."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that this site did not give out, or one left open for too long."""
    text = _("The form has expired. Please go back, load the page again and send it once more.")
    return _page(request, 403, text)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Logged in, but not for this."""
    return _page(request, 403, _("You are not allowed to see this page."))


def _page(request: HttpRequest, status: int, text: str) -> HttpResponse:
    if request.path.startswith("/api/") or "application/json" in request.headers.get("Accept", ""):
        return JsonResponse(
            {"status": status, "title": text}, status=status,
            content_type="application/problem+json",
        )
    return render(request, "looks/error.html", {"text": text}, status=status)
