"""The short address in an SMS: it only leads on, to the same pages as the links in the mails."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from prepazka.booking import links
from prepazka.booking.models import Booking, State
from prepazka.surfaces.citizen.pages import page


@require_safe
def link(request: HttpRequest, code: str) -> HttpResponse:
    """To the confirmation while it is awaited, else to the booking, in its language."""
    found = Booking.objects.filter(short_code=code).first()
    if found is None:
        return page(request, "bad_link", status=404)
    if found.state == State.UNCONFIRMED:
        return _to(found, "confirm", "confirm")
    return _to(found, "booking", "personal")


@require_safe
def cancel(request: HttpRequest, code: str) -> HttpResponse:
    """To the page with the one button that cancels."""
    found = Booking.objects.filter(short_code=code).first()
    if found is None:
        return page(request, "bad_link", status=404)
    return _to(found, "cancel", "personal")


def _to(found: Booking, name: str, purpose: links.Purpose) -> HttpResponse:
    with translation.override(found.language):
        answer = HttpResponseRedirect(
            reverse(f"citizen:{name}", args=[links.sign(found.pk, purpose)])
        )
    add_never_cache_headers(answer)
    answer["X-Robots-Tag"] = "noindex"
    return answer
