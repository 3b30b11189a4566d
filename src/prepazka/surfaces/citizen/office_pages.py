"""Public pages of an office: services and opening hours, crest, privacy, accessibility."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from prepazka.booking.slot_search import is_bookable
from prepazka.core import calendar
from prepazka.core.message_rules import DAY_BEFORE, HOURS_BEFORE
from prepazka.gateways.push import push_public_key
from prepazka.messaging import replies
from prepazka.messaging.channels import sends_sms
from prepazka.offices.models import Crest, Mode, our_room
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.privacy import remembered_erasures
from prepazka.queueing.tickets import tickets_ended
from prepazka.reporting.departments import departments_of
from prepazka.reporting.monitor import NEXT_OPENING_WITHIN, monitor_of_office
from prepazka.surfaces.citizen.page_frame import render_page, times_in_line
from prepazka.web.incident_banners import notices_of_incidents
from prepazka.web.shortcuts import all_offices, now, of_office

WEEK = 7
# When the accessibility statement was last compared with the program.
STATEMENT_MADE_ON = date(2026, 11, 30)


def offices_page(request: HttpRequest) -> HttpResponse:
    """The list of offices of this installation."""
    offices = all_offices()
    return render_page(request, "home", offices=[d.row for d in offices])


@of_office
def office_page(request: HttpRequest, office: OfficeSnapshot) -> HttpResponse:
    """The home page of the office."""
    at = now()
    today = calendar.day_of(at, office.tz)
    week = [(today + timedelta(days=n)) for n in range(WEEK)]
    status = monitor_of_office(office, now=at)
    services = office.offered_services()
    return render_page(
        request,
        "office",
        office,
        seen=status,
        down=notices_of_incidents(office, services),
        ended=", ".join(str(s.name) for s in services if tickets_ended(office, s, at)),
        at=at,
        **_opening(office, at),
        week=[_row(office, day) for day in week],
        agendas=[
            (
                office.agendas[pk],
                [{"service": s, "bookable": is_bookable(office, s)} for s in group],
            )
            for pk, group in groupby(
                sorted(services, key=lambda s: office.agendas[s.agenda_id].position),
                key=lambda s: s.agenda_id,
            )
        ],
        departments=departments_of(office),
        query="",
        bookable=any(is_bookable(office, s) for s in services),
        monitor_url=_monitor_url(office.slug),
    )


@of_office
def privacy_notice(request: HttpRequest, office: OfficeSnapshot) -> HttpResponse:
    """The privacy notice, limited to the features that this office uses."""
    services = office.offered_services()
    rules = [office.rules_of(s) for s in services]
    reminders = office.row.message_rules.reminders
    return render_page(
        request,
        "privacy",
        office,
        phones=sends_sms(office.row),
        push=push_public_key(),
        reminds_day=DAY_BEFORE in reminders,
        reminds_hours=HOURS_BEFORE in reminders,
        topic_line=any(r.topic_line for r in rules),
        waiting_list=any(r.waiting_list for r in rules),
        video=any(Mode.VIDEO in s.modes for s in services),
        own_room=office.row.video_rooms[:1] == our_room(),
        looks_days=settings.AUDIT_DAYS,
        replies_days=replies.KEEP.days,
        erasures_days=remembered_erasures.KEPT.days,
    )


@of_office
def accessibility_statement(request: HttpRequest, office: OfficeSnapshot) -> HttpResponse:
    """The accessibility statement required by act 99/2019 Sb."""
    return render_page(request, "accessibility", office, made_on=STATEMENT_MADE_ON)


def _monitor_url(slug: str) -> str:
    try:
        return reverse("monitor:office", args=[slug])
    except NoReverseMatch:
        return ""


def _row(office: OfficeSnapshot, day: date) -> dict[str, Any]:
    """A row of the week's table: hours, agendas with their own hours, reason for closing."""
    hours = office.opening_hours.general(day)
    return {
        "day": day,
        "hours": times_in_line(hours),
        "alone": [
            (office.agendas[agenda], times_in_line(minutes))
            for agenda, minutes in office.opening_hours.open_alone(day)
        ],
        "why": "" if hours else office.closure(day) or "",
    }


def _opening(office: OfficeSnapshot, at: datetime) -> dict[str, Any]:
    """Whether the office and its agendas are open now, the reason if not, and the next opening."""
    today, minute = calendar.day_of(at, office.tz), calendar.minute_of(at, office.tz)
    hours = office.opening_hours
    general, alone = hours.general(today), hours.open_alone(today)
    return {
        "is_open": any(interval.contains(minute) for interval in general),
        "hours_today": times_in_line(general),
        "open_alone": [
            (office.agendas[agenda], times_in_line(minutes))
            for agenda, minutes in alone
            if any(interval.contains(minute) for interval in minutes)
        ],
        "why": "" if general else office.closure(today) or "",
        "opens_next": _next_opening(office, at),
    }


def _next_opening(office: OfficeSnapshot, at: datetime) -> datetime | None:
    today = calendar.day_of(at, office.tz)
    opens = (
        calendar.local_instant(day, interval.start, office.tz)
        for day in (today + timedelta(days=n) for n in range(NEXT_OPENING_WITHIN))
        for interval in office.opening_hours.general(day)
    )
    return next((instant for instant in opens if instant > at), None)


@require_safe
def crest_image(request: HttpRequest, slug: str, digest: str) -> HttpResponse:
    """The PNG with that digest; a changed crest gets another address, so caches may keep it."""
    crest = Crest.objects.filter(office__slug=slug, office__crest=digest).first()
    if crest is None:
        raise Http404
    response = HttpResponse(bytes(crest.content), content_type="image/png")
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
