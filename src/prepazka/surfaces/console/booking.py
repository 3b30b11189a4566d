"""Booking for somebody at the desk or on the telephone: service, term, person, slip."""

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

from prepazka.booking import terms, usecases
from prepazka.booking.diaries import free_officials, official_of
from prepazka.booking.models import Booking, Channel, State
from prepazka.booking.refusals import HoldExpired, TermNotOffered, TermTaken, TooManyHolds
from prepazka.core import reading
from prepazka.core.reference import reference_of
from prepazka.core.refusal import Refused
from prepazka.meetings.participants import MOST, move_together
from prepazka.messaging.channels import channel_for, sends_sms
from prepazka.messaging.contexts import facts_of, how_in_words
from prepazka.offices.directory import Directory
from prepazka.offices.models import Membership, Official, Service
from prepazka.surfaces.console.forms import MOST_PERSONS, BookForm, ContactForm
from prepazka.surfaces.console.words import state_in_words, unsent_in_words, way_in_words
from prepazka.web import readings, staff
from prepazka.web.errors import sentence
from prepazka.web.limits import asker_of
from prepazka.web.shortcuts import now
from prepazka.web.staff import staff_only

DAYS_SHOWN = 5
BY_STAFF = (Channel.DESK, Channel.PHONE)


@staff_only(*staff.DESK)
@require_GET
def choose_service(request: HttpRequest, office: Directory, member: Membership) -> HttpResponse:
    """Step 1: what for, for how many."""
    form = BookForm(office, request.GET or None)
    if form.is_bound and form.is_valid():
        wanted = form.cleaned_data
        query = urlencode({"osob": wanted["persons"], "kanal": wanted["channel"]})
        address = redirect("console:terms", office.office.slug, wanted["service"])
        address["Location"] += f"?{query}"
        return address
    return render(
        request,
        "console/book.html",
        {
            "office": office.office,
            "member": member,
            "form": form,
        },
    )


@staff_only(*staff.DESK)
@require_http_methods(["GET", "POST"])
def choose_term(
    request: HttpRequest, office: Directory, member: Membership, service: str
) -> HttpResponse:
    """Step 2: which term; choosing holds it."""
    wanted = office.service_by_code(service)
    persons, channel = persons_of(request), request.GET.get("kanal", Channel.DESK)
    if wanted is None or channel not in BY_STAFF:
        raise Http404
    official, mode = _official(request, office, wanted), mode_of(request.GET, wanted)
    if request.method == "POST":
        try:
            held = usecases.hold_term(
                office=office,
                service=wanted,
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
            return redirect("console:fill_in", office.office.slug, held.pk)
        except (TermTaken, TermNotOffered, TooManyHolds) as refusal:
            messages.error(request, sentence(refusal))
    found = terms.offered(
        office=office,
        service=wanted,
        now=now(),
        persons=persons,
        channel=channel,
        official=official,
        mode=mode,
    )
    return _terms(request, office, member, wanted, found, official=official)


def _terms(
    request: HttpRequest,
    office: Directory,
    member: Membership,
    service: Service,
    found: list[terms.Term],
    booking: Booking | None = None,
    official: Official | None = None,
) -> HttpResponse:
    takes = office.officials_for(service.pk)
    if takes:
        rows = [(term, _names(office, service, term, official)) for term in found]
    else:
        rows = [(term, _places(term)) for term in found]
    days = [(day, list(rest)) for day, rest in groupby(rows, key=lambda row: row[0].day)]
    first = _from_day(request)
    shown = [one for one in days if first is None or one[0] >= first]
    later = shown[DAYS_SHOWN][0] if len(shown) > DAYS_SHOWN else None
    return render(
        request,
        "console/terms.html",
        {
            "office": office.office,
            "member": member,
            "service": service,
            "booking": booking,
            "days": shown[:DAYS_SHOWN],
            "later": later,
            "query": _without_day(request),
            "key": uuid4(),
            "official": official,
            "modes": [] if booking else mode_links(request, service),
            "choices": _choices(request, takes, official) if len(takes) > 1 and not booking else [],
        },
    )


@staff_only(*staff.DESK)
@require_http_methods(["GET", "POST"])
def fill_in(
    request: HttpRequest, office: Directory, member: Membership, booking: UUID
) -> HttpResponse:
    """Step 3: who comes."""
    found = _booking(office, booking)
    if found.state != State.HELD:
        if found.channel in BY_STAFF and found.confirmed_at:
            return redirect("console:slip", office.office.slug, found.pk)
        messages.error(request, sentence(HoldExpired()))
        return redirect(_back(office, found))
    if found.channel not in BY_STAFF:
        raise Http404  # somebody at home is filling it in
    form = ContactForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            usecases.request_confirmation(
                booking=found.pk, now=now(), actor=member.user_id, **form.cleaned_data
            )
        except Refused as refusal:
            messages.error(request, sentence(refusal))
            return redirect(_back(office, found))
        return redirect("console:slip", office.office.slug, found.pk)
    return render(
        request,
        "console/fill_in.html",
        {
            "office": office.office,
            "member": member,
            "form": form,
            "booking": found,
            "service": office.services[found.service_id],
            "official": official_of(office, found),
            "sends_sms": sends_sms(office.office),
        },
    )


@staff_only(*staff.DESK)
@require_POST
def give_back(
    request: HttpRequest, office: Directory, member: Membership, booking: UUID
) -> HttpResponse:
    """Free the held term at once, so that another one can be taken instead."""
    found = _booking(office, booking)
    if found.channel not in BY_STAFF:
        raise Http404
    usecases.release_hold(booking=found.pk, now=now(), actor=member.user_id)
    return redirect(_back(office, found))


@staff_only(*staff.DESK)
@require_GET
def slip(
    request: HttpRequest, office: Directory, member: Membership, booking: UUID
) -> HttpResponse:
    """Step 4: the slip with the PIN, and what else can be done with the booking."""
    found = _booking(office, booking)
    service = office.services[found.service_id]
    return render(
        request,
        "console/slip.html",
        {
            "office": office.office,
            "member": member,
            "booking": found,
            "service": service,
            "state": state_in_words(found, office),
            "live": found.state == State.CONFIRMED,
            "how": how_in_words(found.mode),
            "modes": [
                {"code": one, "name": how_in_words(one)}
                for one in service.modes
                if one != found.mode and found.state in {State.CONFIRMED, State.UNCONFIRMED}
            ],
            "unsent": unsent_in_words(found),
            "official": official_of(office, found),
            "changeable": found.state in {State.CONFIRMED, State.UNCONFIRMED},
            "reference": reference_of(found.pk),
            # What the heading and the line under it leave out.
            "facts": facts_of(found, office)[2:],
            "way": way_in_words(channel_for(found, office.office)),
        },
    )


@staff_only(*staff.DESK)
@require_POST
def person(
    request: HttpRequest, office: Directory, member: Membership, booking: UUID
) -> HttpResponse:
    """Name and contact of the booked person; each look is recorded."""
    found = _booking(office, booking)
    readings.note_booking(member, found, now=now())
    return render(
        request,
        "console/person.html",
        {
            "office": office.office,
            "member": member,
            "booking": found,
        },
    )


@staff_only(*staff.DESK)
@require_http_methods(["GET", "POST"])
def move(
    request: HttpRequest, office: Directory, member: Membership, booking: UUID
) -> HttpResponse:
    """Give the booking another term, as the office."""
    found = _booking(office, booking)
    service, together = office.services[found.service_id], _together(request, office)
    if request.method == "POST":
        try:
            move_together(
                booking=found.pk,
                starts_at=chosen_instant(request),
                colleagues=together,
                now=now(),
                actor=member.user_id,
            )
        except Refused as refusal:
            messages.error(request, sentence(refusal))
        else:
            messages.success(request, _("The booking was moved."))
            return redirect("console:slip", office.office.slug, found.pk)
    official = official_of(office, found)
    free = terms.offered(
        office=office,
        service=service,
        now=now(),
        persons=found.persons,
        channel=found.channel,
        besides=found.pk,
        official=official,
        mode=found.mode,
        together=together,
    )
    return _terms(request, office, member, service, free, found, official)


@staff_only(*staff.DESK)
@require_POST
def cancel(
    request: HttpRequest, office: Directory, member: Membership, booking: UUID
) -> HttpResponse:
    """Cancel in the name of the office; the term is free at once."""
    found = _booking(office, booking)
    try:
        usecases.cancel_booking(booking=found.pk, now=now(), by_office=True, actor=member.user_id)
        messages.success(request, _("The booking was cancelled."))
    except Refused as refusal:
        messages.error(request, sentence(refusal))
    return redirect("console:slip", office.office.slug, found.pk)


def _together(request: HttpRequest, office: Directory) -> list[Official]:
    """Colleagues who should come too, so that only common free time is offered."""
    found = [office.official_by_code(code) for code in request.GET.getlist("spolu")[:MOST]]
    return [one for one in found if one]


def _back(office: Directory, booking: Booking) -> str:
    """Where the booking was begun: at the operators' screen, or at the desk."""
    name = "operators" if booking.channel == Channel.PHONE else "book"
    return reverse(f"console:{name}", args=[office.office.slug])


def _official(request: HttpRequest, office: Directory, service: Service) -> Official | None:
    """Whom the caller asks for; nobody means whoever is soonest."""
    code = request.GET.get("urednik", "")
    found = office.official_by_code(code) if code else None
    if code and found not in office.officials_for(service.pk):
        raise Http404
    return found


def _choices(
    request: HttpRequest, takes: list[Official], chosen: Official | None
) -> list[dict[str, Any]]:
    """Links to the terms of whoever is soonest and of each official."""
    found = []
    for one in (None, *takes):
        query = request.GET.copy()
        query.pop("urednik", None)
        if one:
            query["urednik"] = one.code
        name = str(one.name) if one else _("whoever is soonest")
        found.append({"name": name, "query": query.urlencode(), "chosen": one == chosen})
    return found


def mode_links(request: HttpRequest, service: Service) -> list[dict[str, Any]]:
    """Links to the terms of each way of meeting."""
    chosen, found = mode_of(request.GET, service), []
    for one in service.modes if len(service.modes) > 1 else ():
        query = request.GET.copy()
        query["zpusob"] = one
        name = how_in_words(one)
        found.append({"name": name, "query": query.urlencode(), "chosen": one == chosen})
    return found


def mode_of(said: QueryDict, service: Service) -> str:
    """The way of meeting that was chosen, else the usual one."""
    chosen = said.get("zpusob", "")
    return chosen if chosen in service.modes else service.usual_mode


def _names(office: Directory, service: Service, term: terms.Term, official: Official | None) -> str:
    """Who is free at the term, where nobody was chosen yet."""
    if official:
        return ""
    return ", ".join(str(one.name) for one in free_officials(office, service, term.lanes))


def _places(term: terms.Term) -> str:
    return ngettext("%(free)s place", "%(free)s places", term.free) % {"free": term.free}


def _booking(office: Directory, booking: UUID) -> Booking:
    found = Booking.objects.filter(pk=booking, office=office.office).first()
    if found is None:
        raise Http404
    return found


def persons_of(request: HttpRequest) -> int:
    """For how many people, as the address says."""
    persons = reading.whole(request.GET.get("osob", "1"))
    return max(1, min(persons or 1, MOST_PERSONS))


def chosen_instant(request: HttpRequest) -> datetime:
    """When the pressed slot begins. Raises Http404."""
    starts_at = reading.instant(request.POST.get("starts_at", ""))
    if starts_at is None:
        raise Http404
    return starts_at


def request_key(request: HttpRequest) -> UUID | None:
    """By which a form that is sent twice is known."""
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return None


def _from_day(request: HttpRequest) -> date | None:
    return reading.day(request.GET.get("od", ""))


def _without_day(request: HttpRequest) -> str:
    query = request.GET.copy()
    query.pop("od", None)
    return query.urlencode()
