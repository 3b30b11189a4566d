"""The weekly hours of an official on the screen: one line of times per weekday, no dragging."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from prepazka.booking import weeks
from prepazka.booking.absences import Affected
from prepazka.booking.weeks import WeekWithoutHours
from prepazka.core import calendar
from prepazka.offices.directory import Directory
from prepazka.offices.models import Membership, Role
from prepazka.surfaces.console.changes import done, impact, official_of
from prepazka.surfaces.console.diary import day_said
from prepazka.surfaces.console.diary_forms import WeekForm, written
from prepazka.web.errors import sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff import staff_only


@staff_only(*Role)
@require_http_methods(["GET", "POST"])
def week(request: HttpRequest, office: Directory, member: Membership, code: str) -> HttpResponse:
    """The hours as they hold from a day on, to be changed; who no longer fits is shown first."""
    official = official_of(office, member, code, to_change=True)
    today = calendar.day_of(now(), office.tz)
    first = max(day_said(request.GET.get("od", "")) or today, today)
    known = weeks.week_on(office, official, first)
    form = WeekForm(
        today,
        request.POST or None,
        initial={"first": first} | {f"day{n}": written(spans) for n, spans in known.items()},
    )
    if request.method == "POST" and form.is_valid():
        try:
            left = weeks.set_week(
                office=office,
                official=official,
                week=form.week(),
                first=form.cleaned_data["first"],
                last=form.cleaned_data["last"],
                now=now(),
                actor=member.user_id,
                accept="sure" in request.POST,
            )
            return done(request, office, official, left)
        except Affected as error:
            return impact(request, office, member, official, error)
        except WeekWithoutHours as refusal:
            form.add_error(None, sentence(refusal))
    return render(
        request,
        "console/diary_week.html",
        {
            "office": office.office,
            "member": member,
            "official": official,
            "form": form,
            "first": first,
            "later": weeks.coming_changes(office, official, first),
        },
    )
