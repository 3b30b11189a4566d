"""A booking by video at the desk and by telephone: another way of meeting, and who else comes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from prepazka.booking import companions, usecases
from prepazka.booking.diaries import official_of
from prepazka.booking.models import OPEN, Booking, State
from prepazka.core.refusal import Refused
from prepazka.meetings import participants
from prepazka.offices.directory import Directory
from prepazka.offices.models import Membership, Mode
from prepazka.web import staff
from prepazka.web.contact_fields import AddressField, NameField
from prepazka.web.errors import sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff import staff_only


class GuestForm(forms.Form):
    """Somebody from outside the office."""

    name = NameField(label=gettext_lazy("Name"), required=False, max_length=120)
    email = AddressField(label=gettext_lazy("E-mail"))


@staff_only(*staff.DESK)
@require_POST
def mode(
    request: HttpRequest, office: Directory, member: Membership, booking: UUID
) -> HttpResponse:
    """Let the booking keep its term and be in another mode."""
    found = _booking(office, booking)
    try:
        usecases.change_mode(
            booking=found.pk,
            mode=request.POST.get("mode", ""),
            now=now(),
            by_office=True,
            actor=member.user_id,
        )
        messages.success(request, _("The way of meeting was changed."))
    except Refused as refusal:
        messages.error(request, sentence(refusal))
    return redirect("console:slip", office.office.slug, found.pk)


@staff_only(*staff.DESK)
@require_http_methods(["GET", "POST"])
def people(
    request: HttpRequest, office: Directory, member: Membership, booking: UUID
) -> HttpResponse:
    """Who comes to the meeting: guests by e-mail, colleagues by their diaries."""
    found = _booking(office, booking)
    if found.mode != Mode.VIDEO or found.state not in {*OPEN, State.ARRIVED}:
        return redirect("console:slip", office.office.slug, found.pk)
    form = GuestForm(request.POST if "email" in request.POST else None)
    if request.method == "POST":
        try:
            if _follow(request, office, member, found, form):
                return redirect("console:people", office.office.slug, found.pk)
        except Refused as refusal:
            messages.error(request, sentence(refusal))
            return redirect("console:people", office.office.slug, found.pk)
    return render(
        request,
        "console/people.html",
        {
            "office": office.office,
            "member": member,
            "booking": found,
            "service": office.services[found.service_id],
            "official": official_of(office, found),
            "people": participants.invited_to(found),
            "away": participants.away_of([found]),
            "colleagues": _colleagues(office, found),
            "most": participants.MOST,
            "form": form,
        },
    )


def _follow(
    request: HttpRequest, office: Directory, member: Membership, found: Booking, form: GuestForm
) -> bool:
    """Do what was pressed; False if the form has to be filled in once more."""
    acts = {"zrusit": participants.revoke, "znovu": participants.renew_link}
    for name, act in acts.items():
        if said := request.POST.get(name):
            known = {str(one.pk): one for one in participants.invited_to(found)}
            if said in known:
                act(participant=known[said].pk, now=now(), actor=member.user_id)
            return True
    if code := request.POST.get("kolega"):
        official = office.official_by_code(code)
        if official is None:
            raise Http404
        participants.invite_colleague(
            booking=found.pk, official=official, now=now(), actor=member.user_id
        )
        return True
    if not form.is_valid():
        return False
    participants.invite(booking=found.pk, now=now(), actor=member.user_id, **form.cleaned_data)
    return True


def _colleagues(office: Directory, found: Booking) -> list[dict[str, Any]]:
    """The other officials: who is free at the term, and where to look for a common one."""
    own = official_of(office, found)
    invited = {one.pk for one in companions.colleagues_of(office, found.pk)}
    move = reverse("console:move", args=[office.office.slug, found.pk])
    return [
        {
            "official": one,
            "department": office.departments.get(one.department_id or 0),
            "free": companions.is_free(office, one, found, now=now()),
            "common": f"{move}?spolu={one.code}",
        }
        for one in office.open_officials()
        if one != own and one.pk not in invited
    ]


def _booking(office: Directory, booking: UUID) -> Booking:
    found = Booking.objects.filter(pk=booking, office=office.office, companion_of=None).first()
    if found is None:
        raise Http404
    return found
