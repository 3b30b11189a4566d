"""Substitute terms on the web: take one, choose any other, ask for a call, or cancel.

Getting a page changes nothing, so no mail scanner answers for a person.
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

from prepazka.booking import links, offers
from prepazka.booking.models import Booking, Offer, State
from prepazka.booking.terms import offered
from prepazka.core import reading
from prepazka.core.refusal import Refused
from prepazka.messaging.contexts import OfferedTerm, context_of, offered_terms
from prepazka.offices.directory import Directory, directory
from prepazka.surfaces.citizen.pages import (
    day_or_none,
    full_calendar,
    instant_or_none,
    months,
    page,
    parts_of_day,
)
from prepazka.web.errors import sentence, status_of
from prepazka.web.shortcuts import now

OfferView = Callable[[HttpRequest, Offer, Booking, Directory, str], HttpResponse]


def of_offer(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Give the view the offer of the signed link while its booking still has no term."""

    @wraps(view)
    def wrapped(request: HttpRequest, token: str, **more: Any) -> HttpResponse:
        found = _offer_of(token)
        if found is None or found.booking is None:
            return page(request, "bad_link", status=404)
        office = directory(found.office)
        with timezone.override(office.tz):
            if found.booking.state == State.DISPLACED:
                response = view(request, found, found.booking, office, token, **more)
            else:
                response = HttpResponseRedirect(_personal(found.booking))
        add_never_cache_headers(response)
        response["X-Robots-Tag"] = "noindex"
        return response

    return wrapped


@of_offer
def offer(
    request: HttpRequest, found: Offer, booking: Booking, office: Directory, token: str
) -> HttpResponse:
    """The kept terms, each with its button; the one of the link in the message comes first."""
    if request.method == "POST":
        return _answer(request, found, booking, office, token)
    return _page(request, found, booking, office, token)


@of_offer
def another(
    request: HttpRequest, found: Offer, booking: Booking, office: Directory, token: str
) -> HttpResponse:
    """Any other day; nothing changes until a term is chosen."""
    terms = offered(office=office, service=booking.service, now=now(), persons=booking.persons)
    return page(
        request,
        "days" if terms else "full",
        office,
        service=booking.service,
        months=months(
            terms, lambda day: reverse("citizen:offer_times", args=[token, day.isoformat()])
        ),
        full={} if terms else full_calendar(office, booking.service, now()),
        back_url=reverse("citizen:offer", args=[token]),
    )


@of_offer
def times(
    request: HttpRequest, found: Offer, booking: Booking, office: Directory, token: str, day: str
) -> HttpResponse:
    """Any other time of that day; its button takes the term."""
    wanted = day_or_none(day)
    if wanted is None:
        raise Http404(day)
    terms = offered(
        office=office, service=booking.service, now=now(), days=[wanted], persons=booking.persons
    )
    return page(
        request,
        "times",
        office,
        service=booking.service,
        moving=True,
        day=wanted,
        parts=parts_of_day(terms, with_officials=bool(office.officials_for(booking.service_id))),
        action=reverse("citizen:offer", args=[token]),
        request_key=uuid4(),
        back_url=reverse("citizen:offer_another", args=[token]),
    )


def _page(
    request: HttpRequest,
    found: Offer,
    booking: Booking,
    office: Directory,
    token: str,
    *,
    error: Refused | None = None,
) -> HttpResponse:
    kept = _kept(found, office, now())
    wanted = request.GET.get("termin", "")
    first = [one for one in kept if str(one.number) == wanted]
    context = context_of(booking, office, now=now())
    return page(
        request,
        "offer",
        office,
        status=status_of(error) if error else 200,
        error=sentence(error) if error else "",
        token=token,
        **{key: value for key, value in context.items() if key != "office"},
        chosen=first[0] if first else None,
        others=[one for one in kept if one not in first],
        until=found.expires_at,
        called="zavolame" in request.GET,
    )


def _answer(
    request: HttpRequest, found: Offer, booking: Booking, office: Directory, token: str
) -> HttpResponse:
    said, at = request.POST, now()
    try:
        if "choice" in said:
            choice = reading.whole(said["choice"], 9) or 0
            offers.accept_offer(offer=found.pk, choice=choice, now=at)
        elif starts_at := instant_or_none(said.get("starts_at", "")):
            offers.take_another(booking=booking.pk, starts_at=starts_at, now=at)
        elif "call" in said and booking.phone:
            offers.ask_for_call(booking=booking.pk, now=at)
            return HttpResponseRedirect(reverse("citizen:offer", args=[token]) + "?zavolame=1")
        elif "cancel" in said:
            offers.give_up(booking=booking.pk, now=at)
            return HttpResponseRedirect(_personal(booking))
        else:
            return HttpResponseRedirect(reverse("citizen:offer", args=[token]))
    except Refused as error:
        return _page(request, found, booking, office, token, error=error)
    return HttpResponseRedirect(_personal(booking) + "?zmeneno=1")


def _kept(found: Offer, office: Directory, at: datetime) -> list[OfferedTerm]:
    """The terms that can still be taken, with the numbers that they had in the message."""
    if found.state != Offer.State.OPEN or found.expires_at <= at:
        return []
    return [one for one in offered_terms(found, office) if offers.is_kept(one.booking, at)]


def _offer_of(token: str) -> Offer | None:
    known: UUID | None = links.read(token, "offer")
    if known is None:
        return None
    rows = Offer.objects.select_related("office", "booking__service")
    return rows.filter(pk=known).first()


def _personal(booking: Booking) -> str:
    return reverse("citizen:booking", args=[links.sign(booking.pk, "personal")])
