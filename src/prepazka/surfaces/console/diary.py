"""The diary of an official: a day, a week, absences and extra hours; made for the keyboard."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Q, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from prepazka.booking import absences
from prepazka.booking.absences import Affected
from prepazka.booking.appointments import busy_of, clashes
from prepazka.booking.diaries import lanes_of
from prepazka.booking.models import Booking, Busy, State
from prepazka.core import calendar, reading
from prepazka.core.interval import Interval
from prepazka.messaging.contexts import how_in_words
from prepazka.offices.directory import Directory
from prepazka.offices.models import HoursException, Membership, Mode, Official, Role
from prepazka.surfaces.console import disruptions
from prepazka.surfaces.console.changes import (
    done,
    impact,
    is_own,
    may_change,
    may_look,
    may_read_reasons,
    official_of,
)
from prepazka.surfaces.console.forms import ExceptionForm
from prepazka.surfaces.console.outside import outside_of
from prepazka.surfaces.console.words import days_in_words, state_in_words, times_in_words
from prepazka.web import readings, staff
from prepazka.web.shortcuts import now
from prepazka.web.staff import staff_only

EVERYBODY = tuple(Role)
SHOWN = (State.UNCONFIRMED, State.CONFIRMED, State.ARRIVED, State.SERVED, State.NO_SHOW)
WEEK = 7


@staff_only(*EVERYBODY)
@require_GET
def diaries(request: HttpRequest, office: Directory, member: Membership) -> HttpResponse:
    """The diaries that the person may see; one's own at once."""
    found = [one for one in office.open_officials() if may_look(member, one)]
    if len(found) == 1:
        return redirect("console:diary", office.office.slug, found[0].code)
    return render(
        request,
        "console/diaries.html",
        {
            "office": office.office,
            "member": member,
            "rows": [(one, office.departments.get(one.department_id or 0)) for one in found],
        },
    )


@staff_only(*EVERYBODY)
@require_GET
def diary(request: HttpRequest, office: Directory, member: Membership, code: str) -> HttpResponse:
    """One day to work by and to print, or a week (`?tyden`)."""
    official = official_of(office, member, code)
    today = calendar.day_of(now(), office.tz)
    day = day_said(request.GET.get("den", "")) or today
    weekly = "tyden" in request.GET
    first = day - timedelta(days=day.weekday()) if weekly else day
    days = [first + timedelta(days=n) for n in range(WEEK if weekly else 1)]
    step = timedelta(days=WEEK if weekly else 1)
    readings.note_list(member, "diary", now=now(), official=official.pk)
    return render(
        request,
        "console/diary.html",
        {
            "office": office.office,
            "member": member,
            "official": official,
            "weekly": weekly,
            "days": _days(office, official, days, own=is_own(member, official)),
            "day": day,
            "printed_at": now(),
            "today": today,
            "earlier": day - step,
            "later": day + step,
            "exceptions": _exceptions(office, official, today),
            "reasons": may_read_reasons(member, official),
            "may_change": may_change(member, official),
            "own": is_own(member, official),
            "unread": [one for one in outside_of(official) if one["failed"]],
            "desk": member.role in staff.DESK,
        },
    )


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest, office: Directory, member: Membership, code: str) -> HttpResponse:
    """Mark an absence or open extra hours; who has booked that time is shown first."""
    official = official_of(office, member, code, to_change=True)
    form = ExceptionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            left = absences.add_exception(
                office=office,
                official=official,
                days=form.days(),
                reason=form.cleaned_data["reason"],
                now=now(),
                actor=member.user_id,
                accept="sure" in request.POST,
            )
        except Affected as error:
            if form.days().kind == "closed":
                return disruptions.impact_page(
                    request,
                    office,
                    member,
                    f"official:{official.code}",
                    form.days(),
                    form.reasons(),
                )
            return impact(request, office, member, official, error)
        return done(request, office, official, left)
    return render(
        request,
        "console/diary_add.html",
        {
            "office": office.office,
            "member": member,
            "official": official,
            "form": form,
        },
    )


@staff_only(*EVERYBODY)
@require_POST
def remove(
    request: HttpRequest, office: Directory, member: Membership, code: str, exception: int
) -> HttpResponse:
    """Take an absence or extra hours back."""
    official = official_of(office, member, code, to_change=True)
    try:
        left = absences.remove_exception(
            office=office,
            official=official,
            exception=exception,
            now=now(),
            actor=member.user_id,
            accept="sure" in request.POST,
        )
    except Affected as error:
        return impact(request, office, member, official, error)
    return done(request, office, official, left)


def _days(
    office: Directory, official: Official, days: list[date], *, own: bool
) -> list[dict[str, Any]]:
    """Per day the hours, everybody who is booked and all busy time, in two statements."""
    rows = (
        Booking.objects.filter(
            office=office.office,
            lane=lanes_of(office)[official.pk],
            date__range=(days[0], days[-1]),
            state__in=SHOWN,
        )
        .order_by("starts_at")
        .select_related("ticket")
    )
    by_day: dict[date, list[Booking]] = {}
    for one in rows:
        by_day.setdefault(one.date, []).append(one)
    whole = {day: _instants(Interval(0, calendar.DAY_MIN), day, office) for day in days}
    busy = busy_of(official, Interval(whole[days[0]].start, whole[days[-1]].end))
    return [
        {
            "day": day,
            "hours": [_instants(one, day, office) for one in office.diary_hours(official, day)],
            "rows": sorted(
                _rows(office, official, by_day.get(day, []), busy)
                + _busy(busy, whole[day], own=own),
                key=lambda row: (row["during"].start, row["during"].end),
            ),
        }
        for day in days
    ]


def _rows(
    office: Directory, official: Official, bookings: list[Booking], busy: list[Busy]
) -> list[dict[str, Any]]:
    prefetch_related_objects(bookings, "ticket")
    changeable = [one for one in bookings if one.state in {State.CONFIRMED, State.UNCONFIRMED}]
    outside, clashing = absences.unfit(office, official, changeable), clashes(busy, changeable)
    return [
        {
            "booking": one,
            "during": Interval(one.starts_at, one.ends_at),
            "service": office.services[one.service_id],
            "state": state_in_words(one, office),
            "how": "" if one.mode == Mode.PERSON else how_in_words(one.mode),
            "outside": one in outside,
            "clashing": one in clashing,
            "changeable": one in changeable,
        }
        for one in bookings
    ]


def _busy(busy: list[Busy], day: Interval[Any], *, own: bool) -> list[dict[str, Any]]:
    """What of the busy time falls on the day; only the official reads what it is for."""
    return [
        {
            "busy": one,
            "during": Interval(max(one.starts_at, day.start), min(one.ends_at, day.end)),
            "all_day": one.starts_at <= day.start and one.ends_at >= day.end,
            "title": one.title if own else "",
            "own": own and one.calendar_id is None,
        }
        for one in busy
        if one.starts_at < day.end and one.ends_at > day.start
    ]


def _instants(minutes: Interval[int], day: date, office: Directory) -> Interval[Any]:
    start = calendar.local_instant(day, minutes.start, office.tz)
    return Interval(start, calendar.local_instant(day, minutes.end, office.tz))


def _exceptions(office: Directory, official: Official, today: date) -> list[dict[str, Any]]:
    """Absences and extra hours of today and later."""
    rows = HoursException.objects.filter(
        Q(to_date__gte=today) | Q(to_date=None), office=office.office, official=official
    )
    return [
        {"row": one, "days": days_in_words(one.days), "times": times_in_words(one.days)}
        for one in rows.order_by("from_date", "opens", "begins", "pk")
    ]


def day_said(said: str) -> date | None:
    return reading.day(said)
