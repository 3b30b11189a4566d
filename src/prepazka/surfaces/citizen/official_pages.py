"""Pages of departments and officials: whom to meet, their topics, hours and contacts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from prepazka.booking.diaries import free_officials
from prepazka.booking.slot_search import search_slots
from prepazka.core.slots import Slot
from prepazka.offices.models import Department, Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting.departments import (
    Group,
    departments_of,
    officials_in,
    services_in,
)
from prepazka.surfaces.citizen import contact_hours, gone_pages
from prepazka.surfaces.citizen.page_frame import Choice, booking_of, render_page, slot_in_words
from prepazka.web.shortcuts import now, of_office


def topics_url(office: OfficeSnapshot, service: Service, official: Official | None) -> str:
    """The address of the page on which the service is chosen."""
    slug = office.slug
    if official:
        return reverse("citizen:official", args=[slug, official.code])
    for group in departments_of(office):
        takes = office.officials_for(service.pk)
        if group.department and any(o in takes for o in group.officials):
            return reverse("citizen:anybody", args=[slug, group.department.code])
    return reverse("citizen:services", args=[slug])


@require_safe
@of_office
def department_page(request: HttpRequest, office: OfficeSnapshot, code: str) -> HttpResponse:
    """The department's officials with their first free slots, and the choice of anybody."""
    group, slug, query = _group(office, code), office.slug, _query(request)
    if group is None:
        return _at_counters(request, office, code)
    soonest = _soonest(office, group)
    people = [
        Choice(
            str(official.name),
            _first_free(soonest.get(official.pk)),
            url=reverse("citizen:official", args=[slug, official.code]) + query,
        )
        for official in group.officials
    ]
    soonest_slot = min(soonest.values(), key=lambda slot: slot.starts_at, default=None)
    anybody = Choice(
        _("Anybody, whoever is free soonest"),
        _first_free(soonest_slot),
        url=reverse("citizen:anybody", args=[slug, code]) + query,
    )
    return render_page(
        request,
        "department",
        office,
        department=group.department,
        choices=[anybody, *people] if len(people) > 1 else people,
        services=_counter_services(office, group, query),
        back_url=reverse("citizen:services", args=[slug]) + query,
    )


@require_safe
@of_office
def topics_of_department(request: HttpRequest, office: OfficeSnapshot, code: str) -> HttpResponse:
    """The topics that can be booked with any official of the department."""
    group, query = _group(office, code), _query(request)
    if group is None:
        return gone_pages.no_department(request, office, code)
    return render_page(
        request,
        "topics",
        office,
        department=group.department,
        topics=[_topic(office, service, None, query) for service in _topics(office, group)],
        back_url=reverse("citizen:department", args=[office.slug, code]) + query,
    )


@require_safe
@of_office
def official_page(request: HttpRequest, office: OfficeSnapshot, code: str) -> HttpResponse:
    """The official's page: place, hours, and topics that can be booked."""
    official = office.official_by_code(code)
    if official is None:
        return gone_pages.no_official(request, office, code)
    department = office.departments.get(official.department_id or 0)
    back = (
        reverse("citizen:department", args=[office.slug, department.code])
        if department and not department.retired and office.topics_of(official)
        else reverse("citizen:services", args=[office.slug])
    )
    query = _query(request)
    return render_page(
        request,
        "official",
        office,
        official=official,
        department=department,
        topics=[_topic(office, service, official, query) for service in office.topics_of(official)],
        opened=contact_hours.official_hours(office, official),
        data=contact_hours.official_data(office, official, department, request.path),
        back_url=back + query,
    )


@require_safe
@of_office
def contacts_page(request: HttpRequest, office: OfficeSnapshot, code: str) -> HttpResponse:
    """The department's officials with their place, telephone and hours."""
    department = _department(office, code)
    if department is None:
        return gone_pages.no_department(request, office, code)
    slug = office.slug
    url = reverse("citizen:department", args=[slug, code])
    return render_page(
        request,
        "contacts",
        office,
        department=department,
        opened=contact_hours.department_hours(office, department),
        data=contact_hours.department_data(office, department, request.path),
        people=[_person(office, official) for official in officials_in(office, department)],
        url=url if services_in(office, department) else "",
        back_url=url if services_in(office, department) else reverse("citizen:office", args=[slug]),
    )


def _person(office: OfficeSnapshot, official: Official) -> dict[str, Any]:
    url = reverse("citizen:official", args=[office.slug, official.code])
    return {
        "name": official.name,
        "place": official.place,
        "phone": official.phone,
        "email": official.email,
        "opened": contact_hours.official_hours(office, official),
        "url": url if office.topics_of(official) else "",
    }


def _at_counters(request: HttpRequest, office: OfficeSnapshot, code: str) -> HttpResponse:
    """The services that a department without diaries takes at its counters."""
    department, query = _department(office, code), _query(request)
    services = services_in(office, department) if department else []
    if not services:
        return gone_pages.no_department(request, office, code)
    return render_page(
        request,
        "topics",
        office,
        department=department,
        at_counters=True,
        topics=[_topic(office, service, None, query) for service in services],
        back_url=reverse("citizen:services", args=[office.slug]) + query,
    )


def _counter_services(office: OfficeSnapshot, group: Group, query: str) -> list[Choice]:
    """Services that the department takes at counters, besides those of its officials."""
    if group.department is None:
        return []
    return [
        _topic(office, service, None, query)
        for service in services_in(office, group.department)
        if not office.officials_for(service.pk)
    ]


def _department(office: OfficeSnapshot, code: str) -> Department | None:
    current = (d for d in office.departments.values() if not d.retired)
    return next((d for d in current if d.code == code), None)


def _group(office: OfficeSnapshot, code: str) -> Group | None:
    """The department with its officials; None if none of them has a diary."""
    for group in departments_of(office):
        if group.department and group.department.code == code:
            return group
    return None


def _query(request: HttpRequest) -> str:
    """The query string that names the hold to be replaced, or an empty string."""
    instead_of = request.GET.get("misto", "")
    return f"?misto={instead_of}" if booking_of(instead_of, "hold") else ""


def _topics(office: OfficeSnapshot, group: Group) -> list[Service]:
    """The services that can be booked with the department's officials, in the file's order."""
    topic_ids = {s.pk for official in group.officials for s in office.topics_of(official)}
    return [s for s in office.offered_services() if s.pk in topic_ids]


def _topic(
    office: OfficeSnapshot, service: Service, official: Official | None, query: str
) -> Choice:
    """A topic with its first free slot and a link to all of them."""
    first_slot = next(
        iter(search_slots(office=office, service=service, now=now(), official=official)), None
    )
    url = reverse("citizen:days", args=[office.slug, service.code]) + query
    if official:
        url += f"{'&' if query else '?'}urednik={official.code}"
    return Choice(str(service.name), _first_free(first_slot), url=url)


def _soonest(office: OfficeSnapshot, group: Group) -> dict[int, Slot]:
    """The first free slot of each official for any topic; runs one search per topic."""
    first_slots: dict[int, Slot] = {}
    for service in _topics(office, group):
        missing = {official.pk for official in office.officials_for(service.pk)}
        for slot in search_slots(office=office, service=service, now=now()):
            for official in free_officials(office, service, slot.lanes):
                if official.pk in missing:
                    missing.remove(official.pk)
                    earlier = first_slots.get(official.pk, slot)
                    first_slots[official.pk] = min(earlier, slot, key=lambda t: t.starts_at)
            if not missing:
                break
    return first_slots


def _first_free(slot: Slot | None) -> str:
    if slot is None:
        return _("There are no free times at the moment")
    return _("First free: %(when)s") % {"when": slot_in_words(slot)}
