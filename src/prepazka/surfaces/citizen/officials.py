"""Whom to meet: departments, officials with a plain contact page, and their topics."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from prepazka.booking.diaries import free_officials
from prepazka.booking.terms import Term, offered
from prepazka.core import calendar
from prepazka.offices.directory import Directory
from prepazka.offices.models import Department, Official, Service
from prepazka.surfaces.citizen.pages import Choice, booking_of, page, spans, when
from prepazka.web.shortcuts import now, of_office

WEEK = 7


@dataclass
class Group:
    """A department with those of its officials who can be booked; or those of none."""

    department: Department | None
    officials: list[Official] = field(default_factory=list)


def departments_of(office: Directory) -> list[Group]:
    """Departments whose officials can be booked, in the order of the file."""
    found = {d.pk: Group(d) for d in office.departments.values() if not d.retired}
    alone = Group(None)
    for official in office.open_officials():
        if office.topics_of(official):
            found.get(official.department_id or 0, alone).officials.append(official)
    return [group for group in (*found.values(), alone) if group.officials]


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
        back_url=reverse("citizen:services", args=[slug]) + query,
    )


@require_safe
@of_office
def anybody(request: HttpRequest, office: Directory, code: str) -> HttpResponse:
    """What to discuss, with whoever of the department is free."""
    group, query = _group(office, code), _query(request)
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
        raise Http404(code)
    today = calendar.day_of(now(), office.tz)
    days = [today + timedelta(days=n) for n in range(WEEK)]
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
        week=[(day, spans(office.diary_hours(found, day))) for day in days],
        back_url=back + query,
    )


def _group(office: Directory, code: str) -> Group:
    for group in departments_of(office):
        if group.department and group.department.code == code:
            return group
    raise Http404(code)


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
        return _("No term is free at the moment")
    return _("First free: %(when)s") % {"when": when(term)}
