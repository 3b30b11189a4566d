"""The weekly hours of an official: a form with one line of times per weekday."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from prepazka.booking import weekly_hours
from prepazka.booking.absences import Affected
from prepazka.booking.weekly_hours import WeekWithoutHours
from prepazka.core import calendar
from prepazka.offices.models import Membership, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.console.changes import impact_response, official_of, redirect_to_diary
from prepazka.surfaces.console.diary import day_said
from prepazka.surfaces.console.diary_forms import WeekForm, spans_text
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only


@staff_only(*Role)
@require_http_methods(["GET", "POST"])
def change_weekly_hours(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """Change the weekly hours from a day on; affected bookings are shown before it is saved."""
    official = official_of(office, member, code, to_change=True)
    today = calendar.day_of(now(), office.tz)
    first_day = max(day_said(request.GET.get("od", "")) or today, today)
    current_week = weekly_hours.hours_in_week_from(office, official, first_day)
    form = WeekForm(
        today,
        request.POST or None,
        initial={"first": first_day}
        | {f"day{n}": spans_text(spans) for n, spans in current_week.items()},
    )
    if request.method == "POST" and form.is_valid():
        try:
            unfit = weekly_hours.set_week(
                office=office,
                official=official,
                week=form.week(),
                first_day=form.cleaned_data["first"],
                last_day=form.cleaned_data["last"],
                now=now(),
                actor=member.user_id,
                accept="sure" in request.POST,
            )
            return redirect_to_diary(request, office, official, unfit)
        except Affected as error:
            return impact_response(request, office, member, official, error)
        except WeekWithoutHours as refusal:
            form.add_error(None, refusal_sentence(refusal))
    return render(
        request,
        "console/diary_week.html",
        {
            "office": office.row,
            "member": member,
            "official": official,
            "form": form,
            "first": first_day,
            "later": weekly_hours.days_of_hour_changes(office, official, first_day),
        },
    )
