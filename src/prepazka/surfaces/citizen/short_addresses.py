"""Short addresses in SMS: redirects to the same pages as the links in e-mails."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from prepazka.booking import booking_links
from prepazka.booking.models import Booking, BookingState, Offer, WaitingListEntry
from prepazka.surfaces.citizen.page_frame import render_page


@require_safe
def short_link(request: HttpRequest, code: str) -> HttpResponse:
    """Redirect to the page of the booking, waiting list entry or offer, in its language."""
    target = _target(code)
    if target is None:
        return render_page(request, "bad_link", status=404)
    response = _redirect(*target)
    if query := request.GET.urlencode():
        response["Location"] += f"?{query}"
    return response


@require_safe
def short_cancel_link(request: HttpRequest, code: str) -> HttpResponse:
    """Redirect to the page that cancels the booking."""
    booking = Booking.objects.filter(short_code=code).first()
    if booking is None:
        return render_page(request, "bad_link", status=404)
    return _redirect("cancel", "personal", booking.pk, booking.language)


def _redirect(name: str, purpose: booking_links.Purpose, pk: UUID, language: str) -> HttpResponse:
    with translation.override(language):
        response = HttpResponseRedirect(
            reverse(f"citizen:{name}", args=[booking_links.sign_token(pk, purpose)])
        )
    add_never_cache_headers(response)
    response["X-Robots-Tag"] = "noindex"
    return response


def _target(code: str) -> tuple[str, booking_links.Purpose, UUID, str] | None:
    """The URL name, link purpose, row id and language for a short code; None if unknown."""
    booking = Booking.objects.filter(short_code=code).first()
    if booking and booking.state == BookingState.UNCONFIRMED:
        return "confirm", "confirm", booking.pk, booking.language
    if booking:
        return "booking", "personal", booking.pk, booking.language
    entry = WaitingListEntry.objects.filter(short_code=code).first()
    if entry:
        return "waiting", "list", entry.pk, entry.language
    offer = Offer.objects.filter(short_code=code).select_related("entry", "booking").first()
    if offer and offer.entry:
        return "place", "place", offer.pk, offer.entry.language
    if offer and offer.booking:
        return "offer", "offer", offer.pk, offer.booking.language
    return None
