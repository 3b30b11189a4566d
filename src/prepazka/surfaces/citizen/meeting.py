"""A booking that need not be in person: another way of meeting, and who else comes by video."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from prepazka.booking.models import Booking, State
from prepazka.booking.refusals import PhoneNeeded
from prepazka.booking.terms import allows
from prepazka.booking.usecases import change_mode
from prepazka.core.refusal import Refused
from prepazka.meetings.models import Participant
from prepazka.meetings.participants import (
    MOST,
    NoMeeting,
    away_of,
    invite,
    invited_to,
    meeting_for,
    renew_link,
    revoke,
)
from prepazka.messaging.contexts import facts_of, how_in_words, room_url
from prepazka.offices.directory import Directory
from prepazka.offices.models import Mode
from prepazka.surfaces.citizen.pages import language, of_booking, page
from prepazka.web.contact_fields import AddressField, NameField, NumberField
from prepazka.web.errors import sentence, status_of
from prepazka.web.limits import INVITATIONS, TooManyTries, limit_address
from prepazka.web.shortcuts import now


class ModeForm(forms.Form):
    """How to meet instead; a call needs a number."""

    mode = forms.ChoiceField(
        label=_("How do you want to meet?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose how you want to meet."),
            "invalid_choice": _("Choose how you want to meet."),
        },
    )
    phone = NumberField(
        label=_("Telephone number"),
        required=False,
        help_text=_("Only if the official should call you."),
    )

    def __init__(self, *args: Any, modes: list[str], phone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].initial = phone
        field = self.fields["mode"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # for the reader and mypy
        field.choices = [(one, capfirst(how_in_words(one))) for one in modes]
        if Mode.PHONE not in modes:
            del self.fields["phone"]


class GuestForm(forms.Form):
    """Who else should come to the meeting."""

    name = NameField(label=_("Name of the guest"), required=False, max_length=120)
    email = AddressField(
        label=_("E-mail of the guest"),
        help_text=_("We will send them the time and their own link."),
        error_messages={
            "required": _("Enter the e-mail address of the guest."),
        },
    )


@of_booking("personal")
def mode(request: HttpRequest, found: Booking, office: Directory, token: str) -> HttpResponse:
    """Meet in another way at the same time; only what the hours allow is offered."""
    personal = reverse("citizen:booking", args=[token])
    others = [one for one in found.service.modes if one != found.mode]
    possible = [one for one in others if allows(office, found, one)]
    if found.state not in {State.CONFIRMED, State.UNCONFIRMED} or found.starts_at <= now():
        return HttpResponseRedirect(personal)
    form = ModeForm(request.POST or None, modes=possible, phone=found.phone)
    status = 200
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            change_mode(booking=found.pk, mode=said["mode"], phone=said.get("phone", ""), now=now())
        except PhoneNeeded as error:
            form.add_error("phone", sentence(error))
        except Refused as error:
            return _refused(request, office, error, personal)
        else:
            return HttpResponseRedirect(personal)
    if form.errors:
        status = 422
    return page(
        request,
        "mode",
        office,
        status=status,
        form=form,
        possible=possible,
        facts=facts_of(found, office)[:4],
        move_url=reverse("citizen:move", args=[token]),
        back_url=personal,
    )


@of_booking("personal")
def people(request: HttpRequest, found: Booking, office: Directory, token: str) -> HttpResponse:
    """Who else is invited; a post adds somebody, sends a new link, or takes an invitation back."""
    personal = reverse("citizen:booking", args=[token])
    if not may_invite(found, now()):
        return HttpResponseRedirect(personal)
    form = GuestForm()
    if request.method == "POST":
        form = GuestForm(request.POST if "email" in request.POST else None)
        try:
            limit_address(request, INVITATIONS, now=now())
            if _follow(request, found, form):
                return HttpResponseRedirect(reverse("citizen:people", args=[token]))
        except (Refused, TooManyTries) as error:
            return _refused(request, office, error, reverse("citizen:people", args=[token]))
    return page(
        request,
        "people",
        office,
        status=422 if form.errors else 200,
        form=form,
        people=invited_to(found),
        away=away_of([found]),
        most=MOST,
        facts=facts_of(found, office)[:4],
        back_url=personal,
    )


def _follow(request: HttpRequest, found: Booking, form: GuestForm) -> bool:
    """Do what was pressed; False if the form has to be filled in once more."""
    for name, act in (("zrusit", revoke), ("znovu", renew_link)):
        if said := request.POST.get(name):
            guest = next((p for p in _own(found) if str(p.pk) == said), None)
            if guest:
                act(participant=guest.pk, now=now())
            return True
    if not form.is_valid():
        return False
    invite(booking=found.pk, now=now(), language=language(), **form.cleaned_data)
    return True


def _own(found: Booking) -> list[Participant]:
    """Those whom the citizen may send away again: guests, not the officials."""
    return [one for one in invited_to(found) if one.role == Participant.Role.GUEST]


def may_invite(found: Booking, at: datetime) -> bool:
    """Whether others can still be asked to come."""
    expected = found.state in {State.CONFIRMED, State.ARRIVED}
    return expected and found.mode == Mode.VIDEO and found.ends_at > at


def shown(found: Booking, office: Directory, at: datetime) -> dict[str, Any]:
    """What the page of a booking says of its meeting; the room is made on the first look."""
    if not may_invite(found, at):
        return {}
    try:
        meeting_for(found, at)
    except NoMeeting:
        return {}
    away = away_of([found])
    comes = [one.name for one in invited_to(found) if one.official_id and one not in away]
    return {
        "may_invite": True,
        "room_url": room_url(found, office),
        "comes": comes,
        "away": [one.name for one in away],
    }


def _refused(
    request: HttpRequest, office: Directory, error: Refused, back_url: str
) -> HttpResponse:
    return page(
        request,
        "refused",
        office,
        status=status_of(error),
        text=sentence(error),
        back_url=back_url,
    )
