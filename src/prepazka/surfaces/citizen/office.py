"""The pages of an office: what it does, when it is open, how it treats people's data."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse

from prepazka.booking.terms import is_bookable
from prepazka.core import calendar
from prepazka.core.message_rules import DAY_BEFORE, HOURS_BEFORE
from prepazka.gateways.push import public_key
from prepazka.messaging import replies
from prepazka.messaging.channels import sends_sms
from prepazka.offices.directory import Directory
from prepazka.offices.models import Mode, our_room
from prepazka.privacy import remembered
from prepazka.queueing.tickets import tickets_ended
from prepazka.reporting.departments import departments_of
from prepazka.reporting.monitor import NEXT_OPENING_WITHIN, monitor
from prepazka.surfaces.citizen.pages import page, spans
from prepazka.web.incidents import notices
from prepazka.web.shortcuts import all_offices, now, of_office

WEEK = 7
# When what the accessibility statement says was last compared with the program.
STATEMENT_MADE_ON = date(2026, 11, 30)


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
        at=at,
        **_opening(where, at),
        week=[_row(where, day) for day in week],
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
    """What happens with a person's data, in what this office uses."""
    services = where.offered_services()
    rules = [where.rules_of(one) for one in services]
    reminders = where.office.message_rules.reminders
    return page(
        request,
        "privacy",
        where,
        phones=sends_sms(where.office),
        push=public_key(),
        reminds_day=DAY_BEFORE in reminders,
        reminds_hours=HOURS_BEFORE in reminders,
        topic_line=any(one.topic_line for one in rules),
        waiting_list=any(one.waiting_list for one in rules),
        video=any(Mode.VIDEO in one.modes for one in services),
        own_room=where.office.video_rooms[:1] == our_room(),
        looks_days=settings.AUDIT_DAYS,
        replies_days=replies.KEEP.days,
        erasures_days=remembered.KEPT.days,
    )


@of_office
def accessibility(request: HttpRequest, where: Directory) -> HttpResponse:
    """The statement that act 99/2019 Sb. asks for."""
    return page(request, "accessibility", where, made_on=STATEMENT_MADE_ON)


def _monitor_url(slug: str) -> str:
    try:
        return reverse("monitor:office", args=[slug])
    except NoReverseMatch:
        return ""


def _row(where: Directory, day: date) -> dict[str, Any]:
    """A day of the table: the hours, which agendas are open besides, why it is closed."""
    hours = where.general_hours(day)
    return {
        "day": day,
        "hours": spans(hours),
        "alone": [(agenda, spans(minutes)) for agenda, minutes in where.open_alone(day)],
        "why": "" if hours else where.closure(day) or "",
    }


def _opening(where: Directory, at: datetime) -> dict[str, Any]:
    """Whether the office is open, wholly or for some agendas, why not, and when it will be."""
    today, minute = calendar.day_of(at, where.tz), calendar.minute_of(at, where.tz)
    general, alone = where.general_hours(today), where.open_alone(today)
    return {
        "is_open": any(one.contains(minute) for one in general),
        "hours_today": spans(general),
        "open_alone": [
            (agenda, spans(minutes))
            for agenda, minutes in alone
            if any(one.contains(minute) for one in minutes)
        ],
        "why": "" if general else where.closure(today) or "",
        "opens_next": _next_opening(where, at),
    }


def _next_opening(where: Directory, at: datetime) -> datetime | None:
    today = calendar.day_of(at, where.tz)
    opens = (
        calendar.local_instant(day, one.start, where.tz)
        for day in (today + timedelta(days=n) for n in range(NEXT_OPENING_WITHIN))
        for one in where.general_hours(day)
    )
    return next((one for one in opens if one > at), None)
