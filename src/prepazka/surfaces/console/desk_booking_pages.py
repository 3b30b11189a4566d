"""Booking at the desk or by telephone: service, slot, contact, slip; moving and cancelling."""

from __future__ import annotations

from datetime import date, datetime
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from prepazka.booking import booking_lifecycle, slot_search
from prepazka.booking.diaries import free_officials, official_of
from prepazka.booking.models import BY_STAFF, Booking, BookingState, Channel
from prepazka.booking.refusals import HoldExpired, SlotNotOffered, SlotTaken, TooManyHolds
from prepazka.core import reading
from prepazka.core.booking_reference import reference_of
from prepazka.core.refusal import Refused
from prepazka.core.slots import MOST_PERSONS, Slot
from prepazka.meetings.participants import MOST, move_with_colleagues
from prepazka.messaging.channels import channel_for, sends_sms
from prepazka.messaging.contexts import WHAT_AND_WHEN, facts_of, facts_without, how_in_words
from prepazka.offices.models import Membership, Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.console.console_texts import state_in_words, unsent_in_words, way_in_words
from prepazka.surfaces.console.forms import BookForm, ClientForm
from prepazka.web import readings, staff_access
from prepazka.web.errors import refusal_sentence
from prepazka.web.form_fields import contact_of_form
from prepazka.web.limits import asker_of
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

DAYS_SHOWN = 5


@staff_only(*staff_access.DESK)
@require_GET
def choose_service(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """Step 1: the service and the number of people."""
    form = BookForm(office, request.GET or None)
    if form.is_bound and form.is_valid():
        answers = form.cleaned_data
        query = urlencode({"osob": answers["persons"], "kanal": answers["channel"]})
        response = redirect("console:terms", office.slug, answers["service"])
        response["Location"] += f"?{query}"
        return response
    return render(
        request,
        "console/book.html",
        {
            "office": office.row,
            "member": member,
            "form": form,
        },
    )


@staff_only(*staff_access.DESK)
@require_http_methods(["GET", "POST"])
def choose_slot(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, service: str
) -> HttpResponse:
    """Step 2: the free slots; a post holds one."""
    chosen_service = office.service_by_code(service)
    persons, channel = persons_of(request), request.GET.get("kanal", Channel.DESK)
    if chosen_service is None or channel not in BY_STAFF:
        raise Http404
    official, mode = (
        _official(request, office, chosen_service),
        mode_of(request.GET, chosen_service),
    )
    if request.method == "POST":
        try:
            held = booking_lifecycle.hold_slot(
                office=office,
                service=chosen_service,
                starts_at=chosen_instant(request),
                now=now(),
                persons=persons,
                channel=channel,
                request_key=request_key(request),
                official=official,
                mode=mode,
                actor=member.user_id,
                asker=asker_of(request, now=now()),
            )
            return redirect("console:fill_in", office.slug, held.pk)
        except (SlotTaken, SlotNotOffered, TooManyHolds) as refusal:
            messages.error(request, refusal_sentence(refusal))
    slots = slot_search.search_slots(
        office=office,
        service=chosen_service,
        now=now(),
        persons=persons,
        channel=channel,
        official=official,
        mode=mode,
    )
    return _slots(request, office, member, chosen_service, slots, official=official)


def _slots(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    service: Service,
    slots: list[Slot],
    booking: Booking | None = None,
    official: Official | None = None,
) -> HttpResponse:
    officials = office.officials_for(service.pk)
    if officials:
        rows = [(slot, _names(office, service, slot, official)) for slot in slots]
    else:
        rows = [(slot, _places(slot)) for slot in slots]
    days = [(day, list(group)) for day, group in groupby(rows, key=lambda row: row[0].day)]
    from_day = _from_day(request)
    visible = [(day, day_rows) for day, day_rows in days if from_day is None or day >= from_day]
    later = visible[DAYS_SHOWN][0] if len(visible) > DAYS_SHOWN else None
    return render(
        request,
        "console/slots.html",
        {
            "office": office.row,
            "member": member,
            "service": service,
            "booking": booking,
            "days": visible[:DAYS_SHOWN],
            "later": later,
            "query": _without_day(request),
            "key": uuid4(),
            "official": official,
            "modes": [] if booking else mode_links(request, service),
            "choices": _choices(request, officials, official)
            if len(officials) > 1 and not booking
            else [],
        },
    )


@staff_only(*staff_access.DESK)
@require_http_methods(["GET", "POST"])
def fill_in(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, booking: UUID
) -> HttpResponse:
    """Step 3: the client's contact; a post books."""
    row = _booking(office, booking)
    if row.state != BookingState.HELD:
        if row.channel in BY_STAFF and row.confirmed_at:
            return redirect("console:slip", office.slug, row.pk)
        messages.error(request, refusal_sentence(HoldExpired()))
        return redirect(_start_url(office, row))
    if row.channel not in BY_STAFF:
        raise Http404  # a citizen's own hold, made on the web
    form = ClientForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            booking_lifecycle.request_confirmation(
                booking=row.pk, contact=contact_of_form(form), now=now(), actor=member.user_id
            )
        except Refused as refusal:
            messages.error(request, refusal_sentence(refusal))
            return redirect(_start_url(office, row))
        return redirect("console:slip", office.slug, row.pk)
    return render(
        request,
        "console/fill_in.html",
        {
            "office": office.row,
            "member": member,
            "form": form,
            "booking": row,
            "service": office.services[row.service_id],
            "official": official_of(office, row),
            "sends_sms": sends_sms(office.row),
        },
    )


@staff_only(*staff_access.DESK)
@require_POST
def give_back(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, booking: UUID
) -> HttpResponse:
    """Release the held slot at once and start again."""
    row = _booking(office, booking)
    if row.channel not in BY_STAFF:
        raise Http404
    booking_lifecycle.release_hold(booking=row.pk, now=now(), actor=member.user_id)
    return redirect(_start_url(office, row))


@staff_only(*staff_access.DESK)
@require_GET
def booking_slip(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, booking: UUID
) -> HttpResponse:
    """Step 4: the slip with the PIN, and further actions on the booking."""
    row = _booking(office, booking)
    service = office.services[row.service_id]
    return render(
        request,
        "console/slip.html",
        {
            "office": office.row,
            "member": member,
            "booking": row,
            "service": service,
            "state": state_in_words(row, office),
            "live": row.state == BookingState.CONFIRMED,
            "how": how_in_words(row.mode),
            "modes": [
                {"code": m, "name": how_in_words(m)}
                for m in service.modes
                if m != row.mode and row.state in {BookingState.CONFIRMED, BookingState.UNCONFIRMED}
            ],
            "unsent": unsent_in_words(row),
            "official": official_of(office, row),
            "changeable": row.state in {BookingState.CONFIRMED, BookingState.UNCONFIRMED},
            "reference": reference_of(row.pk),
            # The service and the appointment are in the heading and the line below it.
            "facts": facts_without(facts_of(row, office), WHAT_AND_WHEN),
            "way": way_in_words(channel_for(row, office.row)),
        },
    )


@staff_only(*staff_access.DESK)
@require_POST
def edit_contact(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, booking: UUID
) -> HttpResponse:
    """The client's name and contact; each view is recorded."""
    row = _booking(office, booking)
    readings.note_booking(member, row, now=now())
    return render(
        request,
        "console/person.html",
        {
            "office": office.row,
            "member": member,
            "booking": row,
        },
    )


@staff_only(*staff_access.DESK)
@require_http_methods(["GET", "POST"])
def move_booking_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, booking: UUID
) -> HttpResponse:
    """Move the booking on behalf of the office."""
    row = _booking(office, booking)
    service, together = office.services[row.service_id], _invited_colleagues(request, office)
    if request.method == "POST":
        try:
            move_with_colleagues(
                booking=row.pk,
                starts_at=chosen_instant(request),
                colleagues=together,
                now=now(),
                actor=member.user_id,
            )
        except Refused as refusal:
            messages.error(request, refusal_sentence(refusal))
        else:
            messages.success(request, _("The booking was moved."))
            return redirect("console:slip", office.slug, row.pk)
    official = official_of(office, row)
    free = slot_search.search_slots(
        office=office,
        service=service,
        now=now(),
        persons=row.persons,
        channel=row.channel,
        besides=row.pk,
        official=official,
        mode=row.mode,
        together=together,
    )
    return _slots(request, office, member, service, free, row, official)


@staff_only(*staff_access.DESK)
@require_POST
def cancel_booking_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, booking: UUID
) -> HttpResponse:
    """Cancel on behalf of the office; the slot is free at once."""
    row = _booking(office, booking)
    try:
        booking_lifecycle.cancel_booking(
            booking=row.pk, now=now(), by_office=True, actor=member.user_id
        )
        messages.success(request, _("The booking was cancelled."))
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
    return redirect("console:slip", office.slug, row.pk)


def _invited_colleagues(request: HttpRequest, office: OfficeSnapshot) -> list[Official]:
    """Colleagues who should attend too, so that only common free slots are offered."""
    colleagues = [office.official_by_code(code) for code in request.GET.getlist("spolu")[:MOST]]
    return [o for o in colleagues if o]


def _start_url(office: OfficeSnapshot, booking: Booking) -> str:
    """The address of the screen where the booking was started: the operators' or the desk's."""
    name = "operators" if booking.channel == Channel.PHONE else "book"
    return reverse(f"console:{name}", args=[office.slug])


def _official(request: HttpRequest, office: OfficeSnapshot, service: Service) -> Official | None:
    """The requested official, or None for whoever is free first."""
    code = request.GET.get("urednik", "")
    official = office.official_by_code(code) if code else None
    if code and official not in office.officials_for(service.pk):
        raise Http404
    return official


def _choices(
    request: HttpRequest, officials: list[Official], chosen: Official | None
) -> list[dict[str, Any]]:
    """Links to the slots of whoever is free first and of each official."""
    links = []
    for official in (None, *officials):
        query = request.GET.copy()
        query.pop("urednik", None)
        if official:
            query["urednik"] = official.code
        name = str(official.name) if official else _("whoever is soonest")
        links.append({"name": name, "query": query.urlencode(), "chosen": official == chosen})
    return links


def mode_links(request: HttpRequest, service: Service) -> list[dict[str, Any]]:
    """Links to the slots of each mode of meeting; none if the service has only one."""
    chosen, links = mode_of(request.GET, service), []
    for mode in service.modes if len(service.modes) > 1 else ():
        query = request.GET.copy()
        query["zpusob"] = mode
        name = how_in_words(mode)
        links.append({"name": name, "query": query.urlencode(), "chosen": mode == chosen})
    return links


def mode_of(query: QueryDict, service: Service) -> str:
    """The chosen mode of meeting, or the service's usual one."""
    chosen = query.get("zpusob", "")
    return chosen if chosen in service.modes else service.usual_mode


def _names(office: OfficeSnapshot, service: Service, slot: Slot, official: Official | None) -> str:
    """Names of officials free at the slot; empty if one was already chosen."""
    if official:
        return ""
    return ", ".join(str(o.name) for o in free_officials(office, service, slot.lanes))


def _places(slot: Slot) -> str:
    return ngettext("%(free)s place", "%(free)s places", slot.free) % {"free": slot.free}


def _booking(office: OfficeSnapshot, booking: UUID) -> Booking:
    row = Booking.objects.filter(pk=booking, office=office.row).first()
    if row is None:
        raise Http404
    return row


def persons_of(request: HttpRequest) -> int:
    """The number of people in the query string, between 1 and `MOST_PERSONS`."""
    persons = reading.read_whole_number(request.GET.get("osob", "1"))
    return max(1, min(persons or 1, MOST_PERSONS))


def chosen_instant(request: HttpRequest) -> datetime:
    """The start of the chosen slot. Raises Http404 if it is unreadable."""
    starts_at = reading.read_instant(request.POST.get("starts_at", ""))
    if starts_at is None:
        raise Http404
    return starts_at


def request_key(request: HttpRequest) -> UUID | None:
    """The idempotency key of the form, or None."""
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return None


def _from_day(request: HttpRequest) -> date | None:
    return reading.read_day(request.GET.get("od", ""))


def _without_day(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("od", None)
    return query.urlencode()
