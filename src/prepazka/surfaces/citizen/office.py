"""The pages of an office: what it does, when it is open, how it treats people's data."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse

from prepazka.booking.terms import is_bookable
from prepazka.core import calendar
from prepazka.messaging.channels import sends_sms
from prepazka.offices.directory import Directory
from prepazka.queueing.tickets import tickets_ended
from prepazka.reporting.departments import departments_of
from prepazka.reporting.monitor import monitor
from prepazka.surfaces.citizen.pages import hours_of, page
from prepazka.web.incidents import notices
from prepazka.web.shortcuts import all_offices, now, of_office

WEEK = 7


def home(request: HttpRequest) -> HttpResponse:
    """The offices of this installation."""
    offices = all_offices()
    return page(request, "home", offices=[d.office for d in offices])


@of_office
def office(request: HttpRequest, where: Directory) -> HttpResponse:
    """The home page of the office."""
    at = now()
    today = calendar.day_of(at, where.tz)
    week = [(today + timedelta(days=n)) for n in range(WEEK)]
    seen = monitor(where, now=at)
    services = where.offered_services()
    return page(
        request,
        "office",
        where,
        seen=seen,
        down=notices(where, services),
        ended=", ".join(str(s.name) for s in services if tickets_ended(where, s, at)),
        opens_next=_next_opening(seen["next_opening"]),
        hours_today=hours_of(where, today),
        week=[(day, hours_of(where, day)) for day in week],
        agendas=[
            (
                where.agendas[pk],
                [{"service": s, "bookable": is_bookable(where, s)} for s in group],
            )
            for pk, group in groupby(
                sorted(services, key=lambda s: where.agendas[s.agenda_id].position),
                key=lambda s: s.agenda_id,
            )
        ],
        departments=departments_of(where),
        query="",
        bookable=any(is_bookable(where, s) for s in services),
        monitor_url=_monitor_url(where.office.slug),
    )


@of_office
def privacy(request: HttpRequest, where: Directory) -> HttpResponse:
    """What happens with a person's data."""
    return page(request, "privacy", where, phones=sends_sms(where.office))


@of_office
def accessibility(request: HttpRequest, where: Directory) -> HttpResponse:
    """The statement that act 99/2019 Sb. asks for."""
    return page(request, "accessibility", where)


def _monitor_url(slug: str) -> str:
    try:
        return reverse("monitor:office", args=[slug])
    except NoReverseMatch:
        return ""


def _next_opening(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None
