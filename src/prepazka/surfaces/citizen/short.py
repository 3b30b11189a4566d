"""The short address in an SMS: it only leads on, to the same pages as the links in the mails."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from prepazka.booking import links
from prepazka.booking.models import Booking, Offer, State, WaitingListEntry
from prepazka.surfaces.citizen.pages import page


@require_safe
def link(request: HttpRequest, code: str) -> HttpResponse:
    """To the page of the booking, the place on the waiting list or the offer, in its language."""
    found = _behind(code)
    if found is None:
        return page(request, "bad_link", status=404)
    answer = _to(*found)
    if query := request.GET.urlencode():
        answer["Location"] += f"?{query}"
    return answer


@require_safe
def cancel(request: HttpRequest, code: str) -> HttpResponse:
    """To the page with the one button that cancels."""
    found = Booking.objects.filter(short_code=code).first()
    if found is None:
        return page(request, "bad_link", status=404)
    return _to("cancel", "personal", found.pk, found.language)


def _to(name: str, purpose: links.Purpose, pk: UUID, language: str) -> HttpResponse:
    with translation.override(language):
        answer = HttpResponseRedirect(reverse(f"citizen:{name}", args=[links.sign(pk, purpose)]))
    add_never_cache_headers(answer)
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _behind(code: str) -> tuple[str, links.Purpose, UUID, str] | None:
    """The page that the code opens, its purpose, of what it speaks, and in which language."""
    booking = Booking.objects.filter(short_code=code).first()
    if booking and booking.state == State.UNCONFIRMED:
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
