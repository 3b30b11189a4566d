"""Substitute slots on the web: accept one, choose any other, ask for a call, or cancel.

A GET changes nothing, because mail scanners open links.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from prepazka.booking import booking_links, offers
from prepazka.booking.models import Booking, BookingState, Offer, OfferState
from prepazka.booking.slot_search import search_slots
from prepazka.core import reading
from prepazka.core.refusal import Refused
from prepazka.messaging.contexts import OfferedSlot, context_of, offered_slots
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.surfaces.citizen.page_frame import (
    day_or_none,
    days_by_month,
    full_calendar,
    instant_or_none,
    parts_of_day,
    render_page,
)
from prepazka.web.errors import refusal_sentence, status_of
from prepazka.web.shortcuts import now

OfferView = Callable[[HttpRequest, Offer, Booking, OfficeSnapshot, str], HttpResponse]


def of_offer(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Pass the offer of the signed link to the view while its booking still has no slot."""

    @wraps(view)
    def wrapped(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        offer = _offer_of(token)
        if offer is None or offer.booking is None:
            return render_page(request, "bad_link", status=404)
        office = snapshot_of(offer.office)
        with timezone.override(office.tz):
            if offer.booking.state == BookingState.DISPLACED:
                response = view(request, offer, offer.booking, office, token, **kwargs)
            else:
                response = HttpResponseRedirect(_personal_url(offer.booking))
        add_never_cache_headers(response)
        response["X-Robots-Tag"] = "noindex"
        return response

    return wrapped


@of_offer
def offer_page(
    request: HttpRequest, offer: Offer, booking: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The reserved slots, each with a button; the one chosen in the message comes first."""
    if request.method == "POST":
        return _answer_offer(request, offer, booking, office, token)
    return _page(request, offer, booking, office, token)


@of_offer
def choose_other_day(
    request: HttpRequest, offer: Offer, booking: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The days with other free slots; nothing changes until one is chosen."""
    slots = search_slots(office=office, service=booking.service, now=now(), persons=booking.persons)
    return render_page(
        request,
        "days" if slots else "full",
        office,
        service=booking.service,
        months=days_by_month(
            slots, lambda day: reverse("citizen:offer_times", args=[token, day.isoformat()])
        ),
        full={} if slots else full_calendar(office, booking.service, now()),
        back_url=reverse("citizen:offer", args=[token]),
    )


@of_offer
def offer_times(
    request: HttpRequest,
    offer: Offer,
    booking: Booking,
    office: OfficeSnapshot,
    token: str,
    day: str,
) -> HttpResponse:
    """The free slots of a day; a button takes one."""
    chosen_day = day_or_none(day)
    if chosen_day is None:
        raise Http404(day)
    slots = search_slots(
        office=office,
        service=booking.service,
        now=now(),
        days=[chosen_day],
        persons=booking.persons,
    )
    return render_page(
        request,
        "times",
        office,
        service=booking.service,
        moving=True,
        day=chosen_day,
        parts=parts_of_day(slots, with_officials=bool(office.officials_for(booking.service_id))),
        action=reverse("citizen:offer", args=[token]),
        request_key=uuid4(),
        back_url=reverse("citizen:offer_another", args=[token]),
    )


def _page(
    request: HttpRequest,
    offer: Offer,
    booking: Booking,
    office: OfficeSnapshot,
    token: str,
    *,
    error: Refused | None = None,
) -> HttpResponse:
    reserved = _still_reserved(offer, office, now())
    number = request.GET.get("termin", "")
    chosen = [slot for slot in reserved if str(slot.number) == number]
    context = context_of(booking, office, now=now())
    return render_page(
        request,
        "offer",
        office,
        status=status_of(error) if error else 200,
        error=refusal_sentence(error) if error else "",
        token=token,
        **{key: value for key, value in context.items() if key != "office"},
        chosen=chosen[0] if chosen else None,
        others=[slot for slot in reserved if slot not in chosen],
        until=offer.expires_at,
        called="zavolame" in request.GET,
    )


def _answer_offer(
    request: HttpRequest, offer: Offer, booking: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    form, at = request.POST, now()
    try:
        if "choice" in form:
            choice = reading.read_whole_number(form["choice"], 9) or 0
            offers.accept_offer(offer=offer.pk, choice=choice, now=at)
        elif starts_at := instant_or_none(form.get("starts_at", "")):
            offers.move_to_other_slot(booking=booking.pk, starts_at=starts_at, now=at)
        elif "call" in form and booking.phone:
            offers.ask_for_call(booking=booking.pk, now=at)
            return HttpResponseRedirect(reverse("citizen:offer", args=[token]) + "?zavolame=1")
        elif "cancel" in form:
            offers.cancel_by_person(booking=booking.pk, now=at)
            return HttpResponseRedirect(_personal_url(booking))
        else:
            return HttpResponseRedirect(reverse("citizen:offer", args=[token]))
    except Refused as error:
        return _page(request, offer, booking, office, token, error=error)
    return HttpResponseRedirect(_personal_url(booking) + "?zmeneno=1")


def _still_reserved(offer: Offer, office: OfficeSnapshot, at: datetime) -> list[OfferedSlot]:
    """The offered slots that are still reserved, with their numbers from the message."""
    if offer.state != OfferState.OPEN or offer.expires_at <= at:
        return []
    return [slot for slot in offered_slots(offer, office) if offers.is_slot_held(slot.booking, at)]


def _offer_of(token: str) -> Offer | None:
    offer_id: UUID | None = booking_links.booking_of_token(token, "offer")
    if offer_id is None:
        return None
    rows = Offer.objects.select_related("office", "booking__service")
    return rows.filter(pk=offer_id).first()


def _personal_url(booking: Booking) -> str:
    return reverse("citizen:booking", args=[booking_links.sign_token(booking.pk, "personal")])
