"""Whom to meet: departments, officials with a plain contact page, and their topics."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from prepazka.booking.diaries import free_officials
from prepazka.booking.terms import Term, offered
from prepazka.offices.directory import Directory
from prepazka.offices.models import Department, Official, Service
from prepazka.reporting.departments import (
    Group,
    departments_of,
    officials_in,
    services_in,
)
from prepazka.surfaces.citizen import contact, gone
from prepazka.surfaces.citizen.pages import Choice, booking_of, page, when
from prepazka.web.shortcuts import now, of_office


def topics_url(office: Directory, service: Service, official: Official | None) -> str:
    """The page on which the service was chosen."""
    slug = office.office.slug
    if official:
        return reverse("citizen:official", args=[slug, official.code])
    for group in departments_of(office):
        takes = office.officials_for(service.pk)
        if group.department and any(one in takes for one in group.officials):
            return reverse("citizen:anybody", args=[slug, group.department.code])
    return reverse("citizen:services", args=[slug])


@require_safe
@of_office
def department(request: HttpRequest, office: Directory, code: str) -> HttpResponse:
    """Whom to meet: one of the officials, or whoever is soonest free."""
    group, slug, query = _group(office, code), office.office.slug, _query(request)
    if group is None:
        return _at_counters(request, office, code)
    soonest = _soonest(office, group)
    people = [
        Choice(
            str(one.name),
            _first(soonest.get(one.pk)),
            url=reverse("citizen:official", args=[slug, one.code]) + query,
        )
        for one in group.officials
    ]
    first = min(soonest.values(), key=lambda term: term.starts_at, default=None)
    anybody = Choice(
        _("Anybody, whoever is soonest free"),
        _first(first),
        url=reverse("citizen:anybody", args=[slug, code]) + query,
    )
    return page(
        request,
        "department",
        office,
        department=group.department,
        choices=[anybody, *people] if len(people) > 1 else people,
        services=_others(office, group, query),
        back_url=reverse("citizen:services", args=[slug]) + query,
    )


@require_safe
@of_office
def anybody(request: HttpRequest, office: Directory, code: str) -> HttpResponse:
    """What to discuss, with whoever of the department is free."""
    group, query = _group(office, code), _query(request)
    if group is None:
        return gone.no_department(request, office, code)
    return page(
        request,
        "topics",
        office,
        department=group.department,
        topics=[_topic(office, service, None, query) for service in _topics(office, group)],
        back_url=reverse("citizen:department", args=[office.office.slug, code]) + query,
    )


@require_safe
@of_office
def official(request: HttpRequest, office: Directory, code: str) -> HttpResponse:
    """The official's own page: where and when they are, and what can be booked with them."""
    found = office.official_by_code(code)
    if found is None:
        return gone.no_official(request, office, code)
    department = office.departments.get(found.department_id or 0)
    back = (
        reverse("citizen:department", args=[office.office.slug, department.code])
        if department and not department.retired and office.topics_of(found)
        else reverse("citizen:services", args=[office.office.slug])
    )
    query = _query(request)
    return page(
        request,
        "official",
        office,
        official=found,
        department=department,
        topics=[_topic(office, service, found, query) for service in office.topics_of(found)],
        opened=contact.official_hours(office, found),
        data=contact.official_data(office, found, department, request.path),
        back_url=back + query,
    )


@require_safe
@of_office
def contacts(request: HttpRequest, office: Directory, code: str) -> HttpResponse:
    """Everybody of the department with their door, telephone and hours."""
    found = _department(office, code)
    if found is None:
        return gone.no_department(request, office, code)
    slug = office.office.slug
    url = reverse("citizen:department", args=[slug, code])
    return page(
        request,
        "contacts",
        office,
        department=found,
        opened=contact.department_hours(office, found),
        data=contact.department_data(office, found, request.path),
        people=[_person(office, one) for one in officials_in(office, found)],
        url=url if services_in(office, found) else "",
        back_url=url if services_in(office, found) else reverse("citizen:office", args=[slug]),
    )


def _person(office: Directory, one: Official) -> dict[str, Any]:
    url = reverse("citizen:official", args=[office.office.slug, one.code])
    return {
        "name": one.name,
        "place": one.place,
        "phone": one.phone,
        "email": one.email,
        "opened": contact.official_hours(office, one),
        "url": url if office.topics_of(one) else "",
    }


def _at_counters(request: HttpRequest, office: Directory, code: str) -> HttpResponse:
    """A department without diaries: what is booked at its counters."""
    found, query = _department(office, code), _query(request)
    services = services_in(office, found) if found else []
    if not services:
        return gone.no_department(request, office, code)
    return page(
        request,
        "topics",
        office,
        department=found,
        at_counters=True,
        topics=[_topic(office, service, None, query) for service in services],
        back_url=reverse("citizen:services", args=[office.office.slug]) + query,
    )


def _others(office: Directory, group: Group, query: str) -> list[Choice]:
    """What the department takes at counters, beside its officials."""
    if group.department is None:
        return []
    return [
        _topic(office, service, None, query)
        for service in services_in(office, group.department)
        if not office.officials_for(service.pk)
    ]


def _department(office: Directory, code: str) -> Department | None:
    known = (d for d in office.departments.values() if not d.retired)
    return next((d for d in known if d.code == code), None)


def _group(office: Directory, code: str) -> Group | None:
    """The department with its officials; None if nobody there has a diary."""
    for group in departments_of(office):
        if group.department and group.department.code == code:
            return group
    return None


def _query(request: HttpRequest) -> str:
    """The hold that a newly chosen term would replace."""
    instead_of = request.GET.get("misto", "")
    return f"?misto={instead_of}" if booking_of(instead_of, "hold") else ""


def _topics(office: Directory, group: Group) -> list[Service]:
    """What can be booked with anybody of the department, in the order of the file."""
    known = {s.pk for one in group.officials for s in office.topics_of(one)}
    return [s for s in office.offered_services() if s.pk in known]


def _topic(office: Directory, service: Service, official: Official | None, query: str) -> Choice:
    """A topic with its first free term and the way to all of them."""
    first = next(iter(offered(office=office, service=service, now=now(), official=official)), None)
    url = reverse("citizen:days", args=[office.office.slug, service.code]) + query
    if official:
        url += f"{'&' if query else '?'}urednik={official.code}"
    return Choice(str(service.name), _first(first), url=url)


def _soonest(office: Directory, group: Group) -> dict[int, Term]:
    """The first free term of each official for any topic: a statement for each topic."""
    found: dict[int, Term] = {}
    for service in _topics(office, group):
        missing = {one.pk for one in office.officials_for(service.pk)}
        for term in offered(office=office, service=service, now=now()):
            for one in free_officials(office, service, term.lanes):
                if one.pk in missing:
                    missing.remove(one.pk)
                    known = found.get(one.pk, term)
                    found[one.pk] = min(known, term, key=lambda t: t.starts_at)
            if not missing:
                break
    return found


def _first(term: Term | None) -> str:
    if term is None:
        return _("There are no free times at the moment")
    return _("First free: %(when)s") % {"when": when(term)}
