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

from prepazka.booking import usecases
from prepazka.booking.diaries import official_of
from prepazka.booking.models import OPEN, Booking, Channel
from prepazka.core import calendar, reading
from prepazka.core.reference import reference_of
from prepazka.core.refusal import Refused
from prepazka.messaging.channels import channel_for
from prepazka.messaging.contexts import how_in_words
from prepazka.offices.directory import Directory
from prepazka.offices.models import Department, Membership, Mode
from prepazka.reporting import plan, search
from prepazka.surfaces.console.booking import mode_of
from prepazka.surfaces.console.forms import MOST_PERSONS
from prepazka.surfaces.console.words import state_in_words, way_in_words
from prepazka.web import readings, staff
from prepazka.web.errors import sentence
from prepazka.web.limits import asker_of
from prepazka.web.shortcuts import now
from prepazka.web.staff import staff_only

BY_STAFF = (Channel.PHONE, Channel.DESK)
LONGEST_QUESTION = 100


@staff_only(*staff.DESK)
@require_GET
def screen(request: HttpRequest, office: Directory, member: Membership) -> HttpResponse:
    """All of it; without script every choice is a link, a form or a button."""
    moment = now()
    question = request.GET.get("hledat", "").strip()[:LONGEST_QUESTION]
    found = search.find_bookings(office.office.pk, question, now=moment)
    chosen = _chosen(request, office)
    if chosen is None and len(found.bookings) == 1:
        chosen = found.bookings[0]
    prefetch_related_objects(found.bookings, "ticket")
    if question:
        readings.note_search(member, question, now=moment)
    if chosen:
        readings.note_booking(member, chosen, now=moment)
    moving = chosen if "presun" in request.GET and chosen and chosen.state in OPEN else None
    department = _department(request, office, moving)
    wanted = _wanted(request.GET, office, department, moving)
    day = _day(request.GET) or (moving.date if moving else calendar.day_of(moment, office.tz))
    if wanted and "volno" in request.GET:
        free_on = plan.next_free_day(office, wanted, after=day, now=moment)
        if free_on is None:
            messages.warning(request, _("No later day has a free place for this."))
        return redirect(_address(office, request.GET, den=free_on or day, volno=None))
    return render(
        request,
        "console/operators.html",
        {
            "office": office.office,
            "member": member,
            "question": question,
            "results": [_row(request, office, one) for one in found.bookings],
            "more": found.more,
            "chosen": chosen and _detail(request, office, chosen, moment),
            "moving": moving,
            "department": department,
            "departments": [one for one in office.departments.values() if not one.retired],
            "services": plan.services_of(office, department),
            "wanted": wanted,
            "modes": [(one, how_in_words(one)) for one in (wanted.service.modes if wanted else ())],
            "day": day,
            "plan": wanted and plan.day_plan(office, department, wanted, day=day, now=moment),
            "links": _links(request, office, day),
            "context": _hidden(request.GET),
            "key": uuid4(),
        },
    )


@staff_only(*staff.DESK)
@require_POST
def take(request: HttpRequest, office: Directory, member: Membership) -> HttpResponse:
    """Take the place that was pressed: hold it for the caller, or move the booking there."""
    moving = _chosen(request, office) if "presun" in request.POST else None
    department = _department(request, office, moving)
    wanted = _wanted(request.POST, office, department, moving)
    starts_at, official = _place(request, office)
    if wanted is None or (official and official not in office.officials_for(wanted.service.pk)):
        raise Http404
    try:
        if moving:
            usecases.move_booking(
                booking=moving.pk,
                starts_at=starts_at,
                now=now(),
                by_office=True,
                actor=member.user_id,
            )
            messages.success(request, _("The booking was moved."))
            return redirect("console:slip", office.office.slug, moving.pk)
        held = usecases.hold_term(
            office=office,
            service=wanted.service,
            starts_at=starts_at,
            now=now(),
            persons=wanted.persons,
            channel=wanted.channel,
            request_key=_uuid(request.POST.get("key", "")),
            official=official,
            mode=wanted.mode,
            actor=member.user_id,
            asker=asker_of(request, now=now()),
        )
    except Refused as refusal:
        messages.error(request, sentence(refusal))
        return redirect(_address(office, request.POST))
    return redirect("console:fill_in", office.office.slug, held.pk)


def _chosen(request: HttpRequest, office: Directory) -> Booking | None:
    said = request.POST.get("kdo") or request.GET.get("kdo")
    pk = _uuid(said or "")
    found = Booking.objects.filter(pk=pk, office=office.office).first() if pk else None
    if said and found is None:
        raise Http404
    return found


def _department(
    request: HttpRequest, office: Directory, moving: Booking | None
) -> Department | None:
    """The one that was chosen; the booking's own while it is being moved; else all of them."""
    if moving:
        whose = official_of(office, moving)
        agenda = office.agenda_of(office.services[moving.service_id])
        pk = whose.department_id if whose else agenda.department_id
        return office.departments.get(pk or 0)
    code = (request.POST or request.GET).get("odbor", "")
    return next((d for d in office.departments.values() if d.code == code and not d.retired), None)


def _wanted(
    said: QueryDict, office: Directory, department: Department | None, moving: Booking | None
) -> plan.Wanted | None:
    """The service that was chosen, else the first that can be booked there."""
    if moving:
        service = office.services[moving.service_id]
        return plan.Wanted(service, moving.persons, moving.channel, moving, moving.mode)
    services = plan.services_of(office, department)
    chosen = next((one for one in services if one.code == said.get("ukon")), None)
    persons, channel = said.get("osob", ""), said.get("kanal", Channel.PHONE)
    if not services:
        return None
    return plan.Wanted(
        chosen or services[0],
        max(1, min(reading.whole(persons) or 1, MOST_PERSONS)),
        channel if channel in BY_STAFF else Channel.PHONE,
        mode=mode_of(said, chosen or services[0]),
    )


def _place(request: HttpRequest, office: Directory) -> tuple[datetime, Any]:
    """The instant and the official of the pressed button."""
    said, _sep, code = request.POST.get("place", "").partition("|")
    starts_at = reading.instant(said)
    official = office.official_by_code(code) if code else None
    if starts_at is None or (code and official is None):
        raise Http404
    return starts_at, official


def _row(request: HttpRequest, office: Directory, booking: Booking) -> dict[str, Any]:
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
    request: HttpRequest, office: Directory, booking: Booking, moment: datetime
) -> dict[str, Any]:
    """The booking and the person's others; who looks at the contact itself is recorded."""
    others = search.of_same_person(booking, now=moment).bookings
    prefetch_related_objects(others, "ticket")
    return {
        **_row(request, office, booking),
        "changeable": booking.state in OPEN and booking.starts_at > moment,
        "move": _address(office, request.GET, kdo=booking.pk, presun="1", den=None),
        "way": way_in_words(channel_for(booking, office.office)),
        "others": [_row(request, office, one) for one in others if one.pk != booking.pk],
    }


def _links(request: HttpRequest, office: Directory, day: date) -> dict[str, str]:
    one = timedelta(days=1)
    return {
        "before": _address(office, request.GET, den=day - one),
        "after": _address(office, request.GET, den=day + one),
        "today": _address(office, request.GET, den=None),
        "free": _address(office, request.GET, den=day, volno="1"),
        "stop_moving": _address(office, request.GET, presun=None),
        "anew": reverse("console:operators", args=[office.office.slug]),
    }


KEPT = ("hledat", "kdo", "presun", "odbor", "ukon", "osob", "kanal", "zpusob", "den")


def _hidden(said: QueryDict) -> dict[str, str]:
    """What the address says, for the forms of the screen."""
    return {name: str(said[name]) for name in KEPT if said.get(name)}


def _address(office: Directory, said: QueryDict, **changed: object) -> str:
    """The screen as it is, with some of it changed; None takes a part away."""
    kept: dict[str, object] = {**_hidden(said), **changed}
    query = urlencode({name: str(value) for name, value in kept.items() if value is not None})
    address = reverse("console:operators", args=[office.office.slug])
    return f"{address}?{query}" if query else address


def _day(said: QueryDict) -> date | None:
    return reading.day(said.get("den", ""))


def _uuid(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None
