"""An official's own appointments: add, change, delete. Their titles are private."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from prepazka.booking import private_appointments
from prepazka.booking.absences import Affected
from prepazka.booking.models import Busy
from prepazka.booking.private_appointments import AppointmentTooFar
from prepazka.offices.models import Membership, Official, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.console.changes import impact_response, official_of, redirect_to_diary
from prepazka.surfaces.console.diary import day_said
from prepazka.surfaces.console.diary_forms import AppointmentForm
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

EVERYBODY = tuple(Role)


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def add_appointment_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """Add an appointment, optionally weekly; affected bookings are shown before it is saved."""
    official = official_of(office, member, code, own=True)
    day = day_said(request.GET.get("den", ""))
    form = AppointmentForm(office, request.POST or None, initial={"from_date": day})
    if request.method == "POST" and form.is_valid():
        try:
            unfit = private_appointments.add_appointment(
                office=office,
                official=official,
                times=form.times(),
                title=form.cleaned_data["title"],
                now=now(),
                actor=member.user_id,
                accept="sure" in request.POST,
            )
            return redirect_to_diary(request, office, official, unfit)
        except Affected as error:
            return impact_response(request, office, member, official, error)
        except AppointmentTooFar as refusal:
            form.add_error(None, refusal_sentence(refusal))
    return _page(request, office, member, official, form)


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def change_appointment_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, appointment: int
) -> HttpResponse:
    """Change one appointment's time or title; of a weekly one only this occurrence."""
    official = official_of(office, member, code, own=True)
    row = _own_appointment(official, appointment)
    form = AppointmentForm(office, request.POST or None, initial=_initial_values(row))
    del form.fields["until"]
    if request.method == "POST" and form.is_valid():
        try:
            unfit = private_appointments.change_appointment(
                office=office,
                official=official,
                appointment=row.pk,
                time=form.time(),
                title=form.cleaned_data["title"],
                now=now(),
                actor=member.user_id,
                accept="sure" in request.POST,
            )
            return redirect_to_diary(request, office, official, unfit)
        except Affected as error:
            return impact_response(request, office, member, official, error)
        except Busy.DoesNotExist:
            raise Http404 from None
        except AppointmentTooFar as refusal:
            form.add_error(None, refusal_sentence(refusal))
    return _page(request, office, member, official, form, row)


@staff_only(*EVERYBODY)
@require_POST
def remove_appointment_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, appointment: int
) -> HttpResponse:
    """Delete an appointment, with `later` also its later weekly occurrences."""
    official = official_of(office, member, code, own=True)
    private_appointments.remove_appointment(
        office=office,
        official=official,
        appointment=appointment,
        now=now(),
        actor=member.user_id,
        later_too="later" in request.POST,
    )
    messages.success(request, _("The time is free again."))
    return redirect(reverse("console:diary", args=[office.slug, official.code]))


def _own_appointment(official: Official, appointment: int) -> Busy:
    busy = Busy.objects.filter(pk=appointment, official=official, calendar=None).first()
    if busy is None:
        raise Http404
    return busy


def _initial_values(row: Busy) -> dict[str, Any]:
    starts, ends = timezone.localtime(row.starts_at), timezone.localtime(row.ends_at)
    return {
        "title": row.title,
        "from_date": starts.date(),
        "opens": starts.time(),
        "closes": ends.time(),
        "to_date": ends.date() if ends.date() != starts.date() else None,
    }


def _page(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    official: Official,
    form: AppointmentForm,
    row: Busy | None = None,
) -> HttpResponse:
    return render(
        request,
        "console/diary_appointment.html",
        {
            "office": office.row,
            "member": member,
            "official": official,
            "form": form,
            "row": row,
        },
    )
