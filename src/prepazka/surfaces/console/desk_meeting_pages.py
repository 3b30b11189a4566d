"""A booking's mode of meeting and its guests and colleagues, changed by the desk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from prepazka.booking import booking_lifecycle, colleague_claims
from prepazka.booking.diaries import official_of
from prepazka.booking.models import OPEN, Booking, BookingState
from prepazka.core.refusal import Refused
from prepazka.meetings import participants
from prepazka.offices.models import Membership, Mode
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web import staff_access
from prepazka.web.errors import refusal_sentence
from prepazka.web.form_fields import GuestForm
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only


@staff_only(*staff_access.DESK)
@require_POST
def change_mode_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, booking: UUID
) -> HttpResponse:
    """Change the mode of meeting; the slot stays."""
    row = _booking(office, booking)
    try:
        booking_lifecycle.change_mode(
            booking=row.pk,
            mode=request.POST.get("mode", ""),
            now=now(),
            by_office=True,
            actor=member.user_id,
        )
        messages.success(request, _("The kind of meeting was changed."))
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
    return redirect("console:slip", office.slug, row.pk)


@staff_only(*staff_access.DESK)
@require_http_methods(["GET", "POST"])
def participants_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, booking: UUID
) -> HttpResponse:
    """Participants of the meeting; a post invites guests or colleagues, or revokes a link."""
    row = _booking(office, booking)
    if row.mode != Mode.VIDEO or row.state not in {*OPEN, BookingState.ARRIVED}:
        return redirect("console:slip", office.slug, row.pk)
    form = GuestForm(request.POST if "email" in request.POST else None)
    if request.method == "POST":
        try:
            if _handle_post(request, office, member, row, form):
                return redirect("console:people", office.slug, row.pk)
        except Refused as refusal:
            messages.error(request, refusal_sentence(refusal))
            return redirect("console:people", office.slug, row.pk)
    return render(
        request,
        "console/people.html",
        {
            "office": office.row,
            "member": member,
            "booking": row,
            "service": office.services[row.service_id],
            "official": official_of(office, row),
            "people": participants.invited_participants(row),
            "away": participants.unavailable_colleagues([row]),
            "colleagues": _colleagues(office, row),
            "most": participants.MOST,
            "form": form,
        },
    )


def _handle_post(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    booking: Booking,
    form: GuestForm,
) -> bool:
    """Do what the pressed button asks; False if the form is invalid and is shown again."""
    acts = {"zrusit": participants.revoke_invitation, "znovu": participants.renew_link}
    for name, act in acts.items():
        if participant_id := request.POST.get(name):
            invited = {str(p.pk): p for p in participants.invited_participants(booking)}
            if participant_id in invited:
                act(participant=invited[participant_id].pk, now=now(), actor=member.user_id)
            return True
    if code := request.POST.get("kolega"):
        official = office.official_by_code(code)
        if official is None:
            raise Http404
        participants.invite_colleague(
            booking=booking.pk, official=official, now=now(), actor=member.user_id
        )
        return True
    if not form.is_valid():
        return False
    participants.invite_guest(
        booking=booking.pk, now=now(), actor=member.user_id, **form.cleaned_data
    )
    return True


def _colleagues(office: OfficeSnapshot, booking: Booking) -> list[dict[str, Any]]:
    """Other officials: whether they are free at the slot, and a link to common free slots."""
    own = official_of(office, booking)
    invited = {official.pk for official in colleague_claims.colleagues_of(office, booking.pk)}
    move = reverse("console:move", args=[office.slug, booking.pk])
    return [
        {
            "official": official,
            "department": office.departments.get(official.department_id or 0),
            "free": colleague_claims.is_official_free(office, official, booking, now=now()),
            "common": f"{move}?spolu={official.code}",
        }
        for official in office.open_officials()
        if official != own and official.pk not in invited
    ]


def _booking(office: OfficeSnapshot, booking: UUID) -> Booking:
    row = Booking.objects.filter(pk=booking, office=office.row, companion_of=None).first()
    if row is None:
        raise Http404
    return row
