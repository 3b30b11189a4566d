"""What all changes of a diary have in common: who may make them, their impact, their answer."""

from __future__ import annotations

from datetime import date, datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prepazka.booking.absences import Affected
from prepazka.booking.models import Booking
from prepazka.core import calendar
from prepazka.core.interval import Interval, intersect
from prepazka.offices.directory import Directory
from prepazka.offices.models import HoursException, Membership, Official
from prepazka.web import staff


def official_of(
    office: Directory,
    member: Membership,
    code: str,
    *,
    to_change: bool = False,
    own: bool = False,
) -> Official:
    """The official, if the member may look into the diary, change it, or has it as their `own`."""
    found = office.official_by_code(code)
    if found is None:
        raise Http404
    may = is_own if own else may_change if to_change else may_look
    if not may(member, found):
        raise PermissionDenied
    return found


def is_own(member: Membership, official: Official) -> bool:
    """Whether it is the member's own diary."""
    return official.user_id == member.user_id


def may_look(member: Membership, official: Official) -> bool:
    """Whether the member may see who is booked."""
    return is_own(member, official) or member.role in staff.DESK_LOOK


def may_read_reasons(member: Membership, official: Official) -> bool:
    """Whether the member may read why the official is away: themselves, and the head."""
    return is_own(member, official) or member.role in staff.REASONS


def may_change(member: Membership, official: Official) -> bool:
    """Whether the member may change the hours."""
    return is_own(member, official) or member.role in staff.HEADS


def impact(
    request: HttpRequest,
    office: Directory,
    member: Membership,
    official: Official,
    error: Affected,
) -> HttpResponse:
    """Who has booked the time that would be taken; the same answers may then be sent again."""
    said = [(k, v) for k, v in request.POST.items() if k not in {"csrfmiddlewaretoken", "sure"}]
    return render(
        request,
        "console/diary_impact.html",
        {
            "office": office.office,
            "member": member,
            "official": official,
            "said": said,
            "rows": [(one, office.services[one.service_id]) for one in error.bookings],
            "absences": _absences(office, official, error),
        },
        status=409,
    )


def _absences(
    office: Directory, official: Official, error: Affected
) -> list[tuple[Interval[datetime], list[tuple[str, str]]]]:
    """Each stretch with people in it, and what the page of outages is asked about it."""
    times = [Interval(one.starts_at, one.ends_at) for one in error.bookings]

    def has_people(part: Interval[datetime]) -> bool:
        return any(map(part.overlaps, times))

    found = []
    for day in sorted({one.date for one in error.bookings}):
        whole = calendar.instants(Interval(0, calendar.DAY_MIN), day, office.tz)
        parts = filter(has_people, intersect([whole] if whole else [], error.lost))
        found += [(part, _asked(office, official, day, part, whole)) for part in parts]
    return found


def _asked(
    office: Directory,
    official: Official,
    day: date,
    part: Interval[datetime],
    whole: Interval[datetime] | None,
) -> list[tuple[str, str]]:
    """The form of the page of outages, filled in; the ends of the day are left empty."""
    said = [
        ("what", f"official:{official.code}"),
        ("kind", HoursException.Kind.CLOSED.value),
        ("from_date", day.isoformat()),
    ]
    if not whole or part.start != whole.start:
        said.append(("opens", f"{part.start.astimezone(office.tz):%H:%M}"))
    if not whole or part.end != whole.end:
        said.append(("closes", f"{part.end.astimezone(office.tz):%H:%M}"))
    return said


def done(
    request: HttpRequest, office: Directory, official: Official, left: list[Booking]
) -> HttpResponse:
    """Back to the diary, on the day of the first person who is left without a fitting term."""
    messages.success(request, _("The diary was changed."))
    address = reverse("console:diary", args=[office.office.slug, official.code])
    if left:
        messages.warning(
            request,
            ngettext(
                "%(n)s person is now booked outside the hours. Offer them another time.",
                "%(n)s people are now booked outside the hours. Offer them another time.",
                len(left),
            )
            % {"n": len(left)},
        )
        address += f"?den={left[0].date.isoformat()}"
    return redirect(address)
