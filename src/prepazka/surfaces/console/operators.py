"""The operators' one screen: find a booking, see a department's day, book, move, cancel."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from prepazka.booking import booking_lifecycle
from prepazka.booking.diaries import official_of
from prepazka.booking.models import BY_STAFF, OPEN, Booking, Channel
from prepazka.core import calendar, reading
from prepazka.core.booking_reference import reference_of
from prepazka.core.refusal import Refused
from prepazka.core.slots import MOST_PERSONS
from prepazka.messaging.channels import channel_for
from prepazka.messaging.contexts import how_in_words
from prepazka.offices.models import Department, Membership, Mode
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting import department_day, search
from prepazka.surfaces.console.console_texts import state_in_words, way_in_words
from prepazka.surfaces.console.desk_booking_pages import mode_of
from prepazka.web import readings, staff_access
from prepazka.web.errors import refusal_sentence
from prepazka.web.limits import asker_of
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

LONGEST_QUESTION = 100


@staff_only(*staff_access.DESK)
@require_GET
def operator_screen(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """The whole screen; without script every choice is a link, a form or a button."""
    moment = now()
    question = request.GET.get("hledat", "").strip()[:LONGEST_QUESTION]
    matches = search.find_bookings(office.office_id, question, now=moment)
    chosen = _chosen_booking(request, office)
    if chosen is None and len(matches.bookings) == 1:
        chosen = matches.bookings[0]
    prefetch_related_objects(matches.bookings, "ticket")
    if question:
        readings.note_search(member, question, now=moment)
    if chosen:
        readings.note_booking(member, chosen, now=moment)
    moving = chosen if "presun" in request.GET and chosen and chosen.state in OPEN else None
    department = _department(request, office, moving)
    choice = _service_choice(request.GET, office, department, moving)
    day = _day(request.GET) or (moving.date if moving else calendar.day_of(moment, office.tz))
    if choice and "volno" in request.GET:
        free_on = department_day.next_free_day(office, choice, after=day, now=moment)
        if free_on is None:
            messages.warning(request, _("There are no free places for this on later days."))
        return redirect(_address(office, request.GET, den=free_on or day, volno=None))
    return render(
        request,
        "console/operators.html",
        {
            "office": office.row,
            "member": member,
            "question": question,
            "results": [_row(request, office, booking) for booking in matches.bookings],
            "more": matches.more,
            "chosen": chosen and _detail(request, office, chosen, moment),
            "moving": moving,
            "department": department,
            "departments": [d for d in office.departments.values() if not d.retired],
            "services": department_day.services_of(office, department),
            "wanted": choice,
            "modes": [
                (mode, how_in_words(mode)) for mode in (choice.service.modes if choice else ())
            ],
            "day": day,
            "plan": choice
            and department_day.day_plan(office, department, choice, day=day, now=moment),
            "links": _links(request, office, day),
            "context": _screen_parameters(request.GET),
            "key": uuid4(),
        },
    )


@staff_only(*staff_access.DESK)
@require_POST
def take_slot(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """Take the slot that was pressed: hold it for the caller, or move the booking there."""
    moving = _chosen_booking(request, office) if "presun" in request.POST else None
    department = _department(request, office, moving)
    choice = _service_choice(request.POST, office, department, moving)
    starts_at, official = _pressed_slot(request, office)
    if choice is None or (official and official not in office.officials_for(choice.service.pk)):
        raise Http404
    try:
        if moving:
            booking_lifecycle.move_booking(
                booking=moving.pk,
                starts_at=starts_at,
                now=now(),
                by_office=True,
                actor=member.user_id,
            )
            messages.success(request, _("The booking was moved."))
            return redirect("console:slip", office.slug, moving.pk)
        booking = booking_lifecycle.hold_slot(
            office=office,
            service=choice.service,
            starts_at=starts_at,
            now=now(),
            persons=choice.persons,
            channel=choice.channel,
            request_key=_uuid(request.POST.get("key", "")),
            official=official,
            mode=choice.mode,
            actor=member.user_id,
            asker=asker_of(request, now=now()),
        )
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
        return redirect(_address(office, request.POST))
    return redirect("console:fill_in", office.slug, booking.pk)


def _chosen_booking(request: HttpRequest, office: OfficeSnapshot) -> Booking | None:
    mark = request.POST.get("kdo") or request.GET.get("kdo")
    pk = _uuid(mark or "")
    booking = Booking.objects.filter(pk=pk, office=office.row).first() if pk else None
    if mark and booking is None:
        raise Http404
    return booking


def _department(
    request: HttpRequest, office: OfficeSnapshot, moving: Booking | None
) -> Department | None:
    """The chosen department, or that of the booking being moved; None stands for all."""
    if moving:
        official = official_of(office, moving)
        agenda = office.agenda_of(office.services[moving.service_id])
        pk = official.department_id if official else agenda.department_id
        return office.departments.get(pk or 0)
    code = (request.POST or request.GET).get("odbor", "")
    return next((d for d in office.departments.values() if d.code == code and not d.retired), None)


def _service_choice(
    parameters: QueryDict,
    office: OfficeSnapshot,
    department: Department | None,
    moving: Booking | None,
) -> department_day.Wanted | None:
    """What is to be booked: the chosen service, else the first one of the department.

    None where the department has no service that can be booked.
    """
    if moving:
        service = office.services[moving.service_id]
        return department_day.Wanted(service, moving.persons, moving.channel, moving, moving.mode)
    services = department_day.services_of(office, department)
    chosen = next((s for s in services if s.code == parameters.get("ukon")), None)
    persons, channel = parameters.get("osob", ""), parameters.get("kanal", Channel.PHONE)
    if not services:
        return None
    return department_day.Wanted(
        chosen or services[0],
        max(1, min(reading.read_whole_number(persons) or 1, MOST_PERSONS)),
        channel if channel in BY_STAFF else Channel.PHONE,
        mode=mode_of(parameters, chosen or services[0]),
    )


def _pressed_slot(request: HttpRequest, office: OfficeSnapshot) -> tuple[datetime, Any]:
    """Start and official of the pressed slot; the official is None for a window."""
    instant_text, _sep, code = request.POST.get("place", "").partition("|")
    starts_at = reading.read_instant(instant_text)
    official = office.official_by_code(code) if code else None
    if starts_at is None or (code and official is None):
        raise Http404
    return starts_at, official


def _row(request: HttpRequest, office: OfficeSnapshot, booking: Booking) -> dict[str, Any]:
    return {
        "booking": booking,
        "service": office.services[booking.service_id],
        "official": official_of(office, booking),
        "state": state_in_words(booking, office),
        "how": how_in_words(booking.mode) if booking.mode != Mode.PERSON else "",
        "reference": reference_of(booking.pk),
        "link": _address(office, request.GET, kdo=booking.pk, presun=None),
    }


def _detail(
    request: HttpRequest, office: OfficeSnapshot, booking: Booking, moment: datetime
) -> dict[str, Any]:
    """The booking with the person's other ones; looking at the contact itself is recorded."""
    other_bookings = search.of_same_person(booking, now=moment).bookings
    prefetch_related_objects(other_bookings, "ticket")
    return {
        **_row(request, office, booking),
        "changeable": booking.state in OPEN and booking.starts_at > moment,
        "move": _address(office, request.GET, kdo=booking.pk, presun="1", den=None),
        "way": way_in_words(channel_for(booking, office.row)),
        "others": [
            _row(request, office, other) for other in other_bookings if other.pk != booking.pk
        ],
    }


def _links(request: HttpRequest, office: OfficeSnapshot, day: date) -> dict[str, str]:
    one_day = timedelta(days=1)
    return {
        "before": _address(office, request.GET, den=day - one_day),
        "after": _address(office, request.GET, den=day + one_day),
        "today": _address(office, request.GET, den=None),
        "free": _address(office, request.GET, den=day, volno="1"),
        "stop_moving": _address(office, request.GET, presun=None),
        "anew": reverse("console:operators", args=[office.slug]),
    }


SCREEN_PARAMETERS = ("hledat", "kdo", "presun", "odbor", "ukon", "osob", "kanal", "zpusob", "den")


def _screen_parameters(parameters: QueryDict) -> dict[str, str]:
    """Parameters of the screen's address, for its forms and links."""
    return {name: str(parameters[name]) for name in SCREEN_PARAMETERS if parameters.get(name)}


def _address(office: OfficeSnapshot, parameters: QueryDict, **changed: object) -> str:
    """Address of the screen with some parameters changed; None removes one."""
    combined: dict[str, object] = {**_screen_parameters(parameters), **changed}
    query = urlencode({name: str(value) for name, value in combined.items() if value is not None})
    address = reverse("console:operators", args=[office.slug])
    return f"{address}?{query}" if query else address


def _day(parameters: QueryDict) -> date | None:
    return reading.read_day(parameters.get("den", ""))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
