"""The diary of an official: a day or a week of bookings, absences and extra hours."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Q, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from prepazka.booking import absences
from prepazka.booking.absences import Affected
from prepazka.booking.diaries import lanes_of
from prepazka.booking.models import Booking, BookingState, Busy
from prepazka.booking.private_appointments import bookings_in_busy_time, busy_of
from prepazka.core import calendar, reading
from prepazka.core.interval import Interval
from prepazka.messaging.contexts import how_in_words
from prepazka.offices.models import HoursException, Membership, Mode, Official, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.console import disruption_pages
from prepazka.surfaces.console.changes import (
    impact_response,
    is_own,
    may_change,
    may_look,
    may_read_reasons,
    official_of,
    redirect_to_diary,
)
from prepazka.surfaces.console.console_texts import days_in_words, state_in_words, times_in_words
from prepazka.surfaces.console.external_calendar_texts import outside_of
from prepazka.surfaces.console.forms import ExceptionForm
from prepazka.web import readings, staff_access
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

EVERYBODY = tuple(Role)
SHOWN = (
    BookingState.UNCONFIRMED,
    BookingState.CONFIRMED,
    BookingState.ARRIVED,
    BookingState.SERVED,
    BookingState.NO_SHOW,
)
WEEK = 7


@staff_only(*EVERYBODY)
@require_GET
def list_of_diaries(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """The diaries that the member may see; redirects if there is only one."""
    visible = [official for official in office.open_officials() if may_look(member, official)]
    if len(visible) == 1:
        return redirect("console:diary", office.slug, visible[0].code)
    return render(
        request,
        "console/diaries.html",
        {
            "office": office.row,
            "member": member,
            "rows": [
                (official, office.departments.get(official.department_id or 0))
                for official in visible
            ],
        },
    )


@staff_only(*EVERYBODY)
@require_GET
def diary_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """One day of the diary, or a week with `?tyden`."""
    official = official_of(office, member, code)
    today = calendar.day_of(now(), office.tz)
    day = day_said(request.GET.get("den", "")) or today
    weekly = "tyden" in request.GET
    first_day = day - timedelta(days=day.weekday()) if weekly else day
    days = [first_day + timedelta(days=n) for n in range(WEEK if weekly else 1)]
    step = timedelta(days=WEEK if weekly else 1)
    readings.note_list(member, "diary", now=now(), official=official.pk)
    return render(
        request,
        "console/diary.html",
        {
            "office": office.row,
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
            "unread": [c for c in outside_of(official) if c["failed"]],
            "desk": member.role in staff_access.DESK,
        },
    )


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def add_exception_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """Add an absence or extra hours; affected bookings are shown before it is done."""
    official = official_of(office, member, code, to_change=True)
    form = ExceptionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            unfit = absences.add_exception(
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
                return disruption_pages.impact_page(
                    request,
                    office,
                    member,
                    f"official:{official.code}",
                    form.days(),
                    form.reasons(),
                )
            return impact_response(request, office, member, official, error)
        return redirect_to_diary(request, office, official, unfit)
    return render(
        request,
        "console/diary_add.html",
        {
            "office": office.row,
            "member": member,
            "official": official,
            "form": form,
        },
    )


@staff_only(*EVERYBODY)
@require_POST
def remove_exception_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, exception: int
) -> HttpResponse:
    """Remove an absence or extra hours."""
    official = official_of(office, member, code, to_change=True)
    try:
        unfit = absences.remove_exception(
            office=office,
            official=official,
            exception=exception,
            now=now(),
            actor=member.user_id,
            accept="sure" in request.POST,
        )
    except Affected as error:
        return impact_response(request, office, member, official, error)
    return redirect_to_diary(request, office, official, unfit)


def _days(
    office: OfficeSnapshot, official: Official, days: list[date], *, own: bool
) -> list[dict[str, Any]]:
    """For each day the hours, bookings and busy times; runs two queries."""
    rows = (
        Booking.objects.filter(
            office=office.row,
            lane=lanes_of(office)[official.pk],
            date__range=(days[0], days[-1]),
            state__in=SHOWN,
        )
        .order_by("starts_at")
        .select_related("ticket")
    )
    by_day: dict[date, list[Booking]] = {}
    for booking in rows:
        by_day.setdefault(booking.date, []).append(booking)
    day_intervals = {day: _instants(Interval(0, calendar.DAY_MIN), day, office) for day in days}
    busy = busy_of(official, Interval(day_intervals[days[0]].start, day_intervals[days[-1]].end))
    return [
        {
            "day": day,
            "hours": [
                _instants(span, day, office)
                for span in office.opening_hours.of_diary(official.pk, day)
            ],
            "rows": sorted(
                _rows(office, official, by_day.get(day, []), busy)
                + _busy(busy, day_intervals[day], own=own),
                key=lambda row: (row["during"].start, row["during"].end),
            ),
        }
        for day in days
    ]


def _rows(
    office: OfficeSnapshot, official: Official, bookings: list[Booking], busy: list[Busy]
) -> list[dict[str, Any]]:
    prefetch_related_objects(bookings, "ticket")
    changeable = [
        booking
        for booking in bookings
        if booking.state in {BookingState.CONFIRMED, BookingState.UNCONFIRMED}
    ]
    outside, clashing = (
        absences.bookings_outside_hours(office, official, changeable),
        bookings_in_busy_time(busy, changeable),
    )
    return [
        {
            "booking": booking,
            "during": Interval(booking.starts_at, booking.ends_at),
            "service": office.services[booking.service_id],
            "state": state_in_words(booking, office),
            "how": "" if booking.mode == Mode.PERSON else how_in_words(booking.mode),
            "outside": booking in outside,
            "clashing": booking in clashing,
            "changeable": booking in changeable,
        }
        for booking in bookings
    ]


def _busy(busy: list[Busy], day: Interval[Any], *, own: bool) -> list[dict[str, Any]]:
    """Busy times that fall on the day; titles only for the diary's own official."""
    return [
        {
            "busy": entry,
            "during": Interval(max(entry.starts_at, day.start), min(entry.ends_at, day.end)),
            "all_day": entry.starts_at <= day.start and entry.ends_at >= day.end,
            "title": entry.title if own else "",
            "own": own and entry.calendar_id is None,
        }
        for entry in busy
        if entry.starts_at < day.end and entry.ends_at > day.start
    ]


def _instants(minutes: Interval[int], day: date, office: OfficeSnapshot) -> Interval[Any]:
    start = calendar.local_instant(day, minutes.start, office.tz)
    return Interval(start, calendar.local_instant(day, minutes.end, office.tz))


def _exceptions(office: OfficeSnapshot, official: Official, today: date) -> list[dict[str, Any]]:
    """Absences and extra hours of today and later, in words."""
    rows = HoursException.objects.filter(
        Q(to_date__gte=today) | Q(to_date=None), office=office.row, official=official
    )
    return [
        {"row": row, "days": days_in_words(row.days), "times": times_in_words(row.days)}
        for row in rows.order_by("from_date", "opens", "begins", "pk")
    ]


def day_said(text: str) -> date | None:
    return reading.read_day(text)
