"""Shared by changes of diaries: rights, the page of affected bookings, the closing redirect."""

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
from prepazka.offices.models import HoursException, Membership, Official
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web import staff_access


def official_of(
    office: OfficeSnapshot,
    member: Membership,
    code: str,
    *,
    to_change: bool = False,
    own: bool = False,
) -> Official:
    """The official, if the member may see the diary, change it (`to_change`), or owns it (`own`).

    Raises Http404 or PermissionDenied.
    """
    official = office.official_by_code(code)
    if official is None:
        raise Http404
    may = is_own if own else may_change if to_change else may_look
    if not may(member, official):
        raise PermissionDenied
    return official


def is_own(member: Membership, official: Official) -> bool:
    """Whether the diary belongs to the member."""
    return official.user_id == member.user_id


def may_look(member: Membership, official: Official) -> bool:
    """Whether the member may see the diary's bookings."""
    return is_own(member, official) or member.role in staff_access.DESK_LOOK


def may_read_reasons(member: Membership, official: Official) -> bool:
    """Whether the member may read the reasons of absences: the official and the head may."""
    return is_own(member, official) or member.role in staff_access.REASONS


def may_change(member: Membership, official: Official) -> bool:
    """Whether the member may change the diary's hours."""
    return is_own(member, official) or member.role in staff_access.HEADS


def impact_response(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    official: Official,
    error: Affected,
) -> HttpResponse:
    """409 with the bookings in the way; its form repeats the same answers with `sure`."""
    answers = [(k, v) for k, v in request.POST.items() if k not in {"csrfmiddlewaretoken", "sure"}]
    return render(
        request,
        "console/diary_impact.html",
        {
            "office": office.row,
            "member": member,
            "official": official,
            "said": answers,
            "rows": [(booking, office.services[booking.service_id]) for booking in error.bookings],
            "absences": _absences(office, official, error),
        },
        status=409,
    )


def _absences(
    office: OfficeSnapshot, official: Official, error: Affected
) -> list[tuple[Interval[datetime], list[tuple[str, str]]]]:
    """Lost intervals with bookings, each with prefilled fields of the disruption form."""
    times = [Interval(booking.starts_at, booking.ends_at) for booking in error.bookings]

    def has_people(stretch: Interval[datetime]) -> bool:
        return any(map(stretch.overlaps, times))

    prefilled = []
    for day in sorted({booking.date for booking in error.bookings}):
        whole_day = calendar.instants_of_minutes(Interval(0, calendar.DAY_MIN), day, office.tz)
        stretches = filter(has_people, intersect([whole_day] if whole_day else [], error.lost))
        prefilled += [
            (stretch, _disruption_fields(office, official, day, stretch, whole_day))
            for stretch in stretches
        ]
    return prefilled


def _disruption_fields(
    office: OfficeSnapshot,
    official: Official,
    day: date,
    stretch: Interval[datetime],
    whole_day: Interval[datetime] | None,
) -> list[tuple[str, str]]:
    """Prefilled fields of the disruption form; times at the ends of the day are left out."""
    fields = [
        ("what", f"official:{official.code}"),
        ("kind", HoursException.Kind.CLOSED.value),
        ("from_date", day.isoformat()),
    ]
    if not whole_day or stretch.start != whole_day.start:
        fields.append(("opens", f"{stretch.start.astimezone(office.tz):%H:%M}"))
    if not whole_day or stretch.end != whole_day.end:
        fields.append(("closes", f"{stretch.end.astimezone(office.tz):%H:%M}"))
    return fields


def redirect_to_diary(
    request: HttpRequest, office: OfficeSnapshot, official: Official, unfit: list[Booking]
) -> HttpResponse:
    """Redirect to the diary, on the day of the first booking that no longer fits the hours."""
    messages.success(request, _("The diary was changed."))
    address = reverse("console:diary", args=[office.slug, official.code])
    if unfit:
        messages.warning(
            request,
            ngettext(
                "%(n)s person is now booked outside opening hours. Offer them another time.",
                "%(n)s people are now booked outside opening hours. Offer them another time.",
                len(unfit),
            )
            % {"n": len(unfit)},
        )
        address += f"?den={unfit[0].date.isoformat()}"
    return redirect(address)
