"""Waiting list pages: joining, the entry with its position, and accepting an offered slot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from prepazka.booking import booking_links
from prepazka.booking.contacts import contact_hash
from prepazka.booking.models import Booking, Offer, OfferState, WaitingListEntry
from prepazka.booking.refusals import AlreadyWaiting, TooManyBookings, WaitingOver, WishNotPossible
from prepazka.booking.waiting_list import (
    CONFIRM_WITHIN,
    Wanted,
    confirm_entry,
    is_confirmation_too_late,
    join_list_for_sooner_slot,
    join_waiting_list,
    leave_waiting_list,
)
from prepazka.booking.waiting_list_offers import (
    accept_waiting_list_offer,
    decline_waiting_list_offer,
)
from prepazka.core import calendar
from prepazka.core.refusal import Refused
from prepazka.messaging.channels import takes_phones
from prepazka.messaging.contexts import WHAT_AND_WHEN, facts_of, facts_with, join_path, wish_facts
from prepazka.offices.models import Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.reporting.waiting_list_report import entries_before
from prepazka.surfaces.citizen.forms import WishForm
from prepazka.surfaces.citizen.page_frame import (
    language,
    limit_in_words,
    more_opens,
    of_booking,
    render_page,
)
from prepazka.surfaces.citizen.slot_pages import of_service
from prepazka.web.errors import mark_retry, refusal_sentence, status_of
from prepazka.web.limits import CONFIRMATIONS, REQUESTS, TooManyTries, count_try, limit_address
from prepazka.web.shortcuts import now, of_office

FAR = timedelta(days=60)  # what the form suggests as the last day


def by_link(
    purpose: booking_links.Purpose, model: type[Any]
) -> Callable[..., Callable[..., HttpResponse]]:
    """Pass the entry or offer of the signed link to the view, in the time zone of its office."""

    def decorator(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapped(request: HttpRequest, token: str) -> HttpResponse:
            linked = _linked_row(booking_links.booking_of_token(token, purpose), model)
            if linked is None:
                return render_page(request, "bad_link", status=404)
            office = snapshot_of(linked.office)
            with timezone.override(office.tz):
                response = view(request, linked, office, token)
            add_never_cache_headers(response)
            response["X-Robots-Tag"] = "noindex"
            return response

        return wrapped

    return decorator


def _linked_row(pk: UUID | None, model: type[Any]) -> Any:
    return model.objects.select_related("office").filter(pk=pk).first() if pk else None


@of_office
@of_service
def waiting_list_form(
    request: HttpRequest, office: OfficeSnapshot, service: Service
) -> HttpResponse:
    """The form for suitable days, times and a contact; a post joins the waiting list."""
    if not office.rules_of(service).waiting_list:
        raise Http404(service.code)
    official = office.official_by_code(request.GET.get("urednik", ""))
    if sent_by := request.GET.get("odeslano"):
        return render_page(request, "wish_sent", office, service=service, by_sms=sent_by == "sms")
    phones = takes_phones(office.row, now=now())
    max_persons = office.rules_of(service).max_persons
    if request.method != "POST":
        today = calendar.day_of(now(), office.tz)
        form = WishForm(
            phones=phones,
            max_persons=max_persons,
            initial={
                "first": today.isoformat(),
                "last": (today + FAR).isoformat(),
                "weekdays": list("01234"),
                "persons": request.GET.get("osob", "1"),
            },
        )
        return _form(request, office, service, form)
    form = WishForm(request.POST, phones=phones, max_persons=max_persons)
    if not form.is_valid():
        return _form(request, office, service, form, status=422)
    return _join(request, office, service, official, form)


def _form(
    request: HttpRequest,
    office: OfficeSnapshot,
    service: Service,
    form: WishForm,
    status: int = 200,
) -> HttpResponse:
    return render_page(
        request,
        "wish",
        office,
        status=status,
        service=service,
        form=form,
        phones="phone" in form.fields,
        more=more_opens(office, service, now()),
        back_url=reverse("citizen:days", args=[office.slug, service.code]),
    )


def _join(
    request: HttpRequest,
    office: OfficeSnapshot,
    service: Service,
    official: Official | None,
    form: WishForm,
) -> HttpResponse:
    answers, contact = form.cleaned_data, form.answers().contact
    if contact.email:
        contact = replace(contact, phone="")
    try:
        limit_address(request, REQUESTS, now=now())
        count_try(CONFIRMATIONS, contact_hash(contact.key), now=now())
        join_waiting_list(
            office=office,
            service=service,
            wish=Wanted(
                answers["first"],
                answers["last"],
                tuple(map(int, answers["weekdays"])),
                answers["from_min"],
                answers["to_min"],
            ),
            contact=contact,
            persons=answers["persons"],
            official=official,
            language=language(),
            now=now(),
        )
    except (AlreadyWaiting, TooManyBookings, TooManyTries, WishNotPossible) as error:
        contact_field = "email" if contact.email else "phone"
        text = limit_in_words(error, office, by_sms=contact_field == "phone")
        form.add_error("first" if isinstance(error, WishNotPossible) else contact_field, text)
        return mark_retry(_form(request, office, service, form, status_of(error)), error)
    channel = "email" if contact.email else "sms"
    return HttpResponseRedirect(f"{request.path}?odeslano={channel}")


@by_link("list", WaitingListEntry)
def waiting_list_entry_page(
    request: HttpRequest, entry: WaitingListEntry, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The entry's position and what happens next; a post confirms the entry or leaves the list."""
    if request.method == "POST":
        try:
            if "leave" in request.POST:
                leave_waiting_list(entry=entry.pk, now=now())
            else:
                confirm_entry(entry=entry.pk, now=now())
        except WaitingOver as error:
            return _refused(request, office, error, reverse("citizen:waiting", args=[token]))
        return HttpResponseRedirect(reverse("citizen:waiting", args=[token]))
    offer = entry.offers.filter(state=OfferState.OPEN, expires_at__gt=now()).first()
    return render_page(
        request,
        "waiting",
        office,
        entry=entry,
        facts=wish_facts(entry, office),
        confirm_until=entry.created_at + CONFIRM_WITHIN,
        too_late=is_confirmation_too_late(entry, now()),
        before=entries_before(entry),
        rules=office.rules_of(office.services[entry.service_id]),
        join_url=join_path(entry, office),
        place_url=_place_url(offer) if offer else "",
        again_url=reverse(
            "citizen:days", args=[office.slug, office.services[entry.service_id].code]
        ),
    )


@by_link("place", Offer)
def offered_slot_page(
    request: HttpRequest, offer: Offer, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The offered slot; a post accepts or declines it."""
    entry, claim = offer.entry, offer.claims.first()
    if entry is None or claim is None:
        raise Http404(token)
    waits = reverse("citizen:waiting", args=[booking_links.sign_token(entry.pk, "list")])
    if request.method == "POST":
        try:
            if "decline" in request.POST:
                decline_waiting_list_offer(offer=offer.pk, now=now())
                return HttpResponseRedirect(waits)
            booked = accept_waiting_list_offer(offer=offer.pk, now=now())
        except Refused as error:
            return _refused(request, office, error, waits)
        return _to_booking(booked)
    if offer.state == OfferState.ACCEPTED:
        return _to_booking(entry.booking or claim)
    claim.persons = entry.persons
    return render_page(
        request,
        "place",
        office,
        offer=offer,
        entry=entry,
        facts=facts_of(claim, office),
        is_open=offer.state == OfferState.OPEN and offer.expires_at > now(),
        waits_url=waits,
    )


@of_booking("personal")
def join_for_sooner_page(
    request: HttpRequest, booking: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """Join the waiting list for a sooner slot; the present booking stays."""
    personal = reverse("citizen:booking", args=[token])
    if request.method == "POST":
        try:
            entry = join_list_for_sooner_slot(booking=booking.pk, now=now())
        except Refused as error:
            return _refused(request, office, error, personal)
        return HttpResponseRedirect(
            reverse("citizen:waiting", args=[booking_links.sign_token(entry.pk, "list")])
        )
    if not can_want_sooner(booking, office):
        return HttpResponseRedirect(personal)
    return render_page(
        request,
        "sooner",
        office,
        facts=facts_with(facts_of(booking, office), WHAT_AND_WHEN),
        rules=office.rules_of(office.services[booking.service_id]),
        back_url=personal,
    )


def can_want_sooner(booking: Booking, office: OfficeSnapshot) -> bool:
    """Whether the agenda has a waiting list and the booking has no open entry on it."""
    rules = office.rules_of(office.services[booking.service_id])
    return rules.waiting_list and not entry_of(booking)


def entry_of(booking: Booking) -> WaitingListEntry | None:
    """The booking's open waiting list entry, or None."""
    return booking.waiting_list.filter(ended_at=None).first()


def _place_url(offer: Offer) -> str:
    return reverse("citizen:place", args=[booking_links.sign_token(offer.pk, "place")])


def _to_booking(booking: Booking) -> HttpResponse:
    return HttpResponseRedirect(
        reverse("citizen:booking", args=[booking_links.sign_token(booking.pk, "personal")])
    )


def _refused(
    request: HttpRequest, office: OfficeSnapshot, error: Refused, back_url: str
) -> HttpResponse:
    return render_page(
        request,
        "refused",
        office,
        status=status_of(error),
        text=refusal_sentence(error),
        back_url=back_url,
    )
