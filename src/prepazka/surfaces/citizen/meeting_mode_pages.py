"""Remote appointments: changing the mode of meeting and inviting guests to a video call."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from prepazka.booking.booking_lifecycle import change_mode
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.refusals import PhoneNeeded
from prepazka.booking.slot_search import allows_mode
from prepazka.core.refusal import Refused
from prepazka.meetings.models import Participant
from prepazka.meetings.participants import (
    MOST,
    NoMeeting,
    invite_guest,
    invited_participants,
    meeting_for,
    renew_link,
    revoke_invitation,
    unavailable_colleagues,
)
from prepazka.messaging.contexts import MEETING, facts_of, facts_with, how_in_words, room_url
from prepazka.offices.models import Mode
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.citizen.page_frame import language, of_booking, render_page
from prepazka.web.errors import refusal_sentence, status_of
from prepazka.web.form_fields import GuestForm, NumberField
from prepazka.web.limits import INVITATIONS, TooManyTries, limit_address
from prepazka.web.shortcuts import now


class ModeForm(forms.Form):
    """Another mode of meeting; a call needs a telephone number."""

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
        field.choices = [(mode, capfirst(how_in_words(mode))) for mode in modes]
        if Mode.PHONE not in modes:
            del self.fields["phone"]


@of_booking("personal")
def change_mode_of_booking(
    request: HttpRequest, booking: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """Change the mode of meeting at the same time; only modes that the hours allow are offered."""
    personal = reverse("citizen:booking", args=[token])
    other_modes = [m for m in booking.service.modes if m != booking.mode]
    possible = [m for m in other_modes if allows_mode(office, booking, m)]
    if (
        booking.state not in {BookingState.CONFIRMED, BookingState.UNCONFIRMED}
        or booking.starts_at <= now()
    ):
        return HttpResponseRedirect(personal)
    form = ModeForm(request.POST or None, modes=possible, phone=booking.phone)
    status = 200
    if request.method == "POST" and form.is_valid():
        answers = form.cleaned_data
        try:
            change_mode(
                booking=booking.pk, mode=answers["mode"], phone=answers.get("phone", ""), now=now()
            )
        except PhoneNeeded as error:
            form.add_error("phone", refusal_sentence(error))
        except Refused as error:
            return _refused(request, office, error, personal)
        else:
            return HttpResponseRedirect(personal)
    if form.errors:
        status = 422
    return render_page(
        request,
        "mode",
        office,
        status=status,
        form=form,
        possible=possible,
        facts=facts_with(facts_of(booking, office), MEETING),
        move_url=reverse("citizen:move", args=[token]),
        back_url=personal,
    )


@of_booking("personal")
def guests_page(
    request: HttpRequest, booking: Booking, office: OfficeSnapshot, token: str
) -> HttpResponse:
    """The invited guests; a post invites one, sends a new link, or revokes an invitation."""
    personal = reverse("citizen:booking", args=[token])
    if not may_invite(booking, now()):
        return HttpResponseRedirect(personal)
    form = GuestForm()
    if request.method == "POST":
        form = GuestForm(request.POST if "email" in request.POST else None)
        try:
            limit_address(request, INVITATIONS, now=now())
            if _handle_post(request, booking, form):
                return HttpResponseRedirect(reverse("citizen:people", args=[token]))
        except (Refused, TooManyTries) as error:
            return _refused(request, office, error, reverse("citizen:people", args=[token]))
    return render_page(
        request,
        "people",
        office,
        status=422 if form.errors else 200,
        form=form,
        people=invited_participants(booking),
        away=unavailable_colleagues([booking]),
        most=MOST,
        facts=facts_with(facts_of(booking, office), MEETING),
        back_url=personal,
    )


def _handle_post(request: HttpRequest, booking: Booking, form: GuestForm) -> bool:
    """Do what the pressed button asks; False if the form is invalid and is shown again."""
    for name, act in (("zrusit", revoke_invitation), ("znovu", renew_link)):
        if participant_id := request.POST.get(name):
            guest = next((p for p in _guests(booking) if str(p.pk) == participant_id), None)
            if guest:
                act(participant=guest.pk, now=now())
            return True
    if not form.is_valid():
        return False
    invite_guest(booking=booking.pk, now=now(), language=language(), **form.cleaned_data)
    return True


def _guests(booking: Booking) -> list[Participant]:
    """The participants whom the citizen may remove: guests only."""
    return [p for p in invited_participants(booking) if p.role == Participant.Role.GUEST]


def may_invite(booking: Booking, at: datetime) -> bool:
    """Whether guests can still be invited."""
    expected = booking.state in {BookingState.CONFIRMED, BookingState.ARRIVED}
    return expected and booking.mode == Mode.VIDEO and booking.ends_at > at


def meeting_context(booking: Booking, office: OfficeSnapshot, at: datetime) -> dict[str, Any]:
    """Page context on the booking's video meeting; creates the meeting if it has none yet."""
    if not may_invite(booking, at):
        return {}
    try:
        meeting_for(booking, at)
    except NoMeeting:
        return {}
    away = unavailable_colleagues([booking])
    comes = [p.name for p in invited_participants(booking) if p.official_id and p not in away]
    return {
        "may_invite": True,
        "room_url": room_url(booking, office),
        "comes": comes,
        "away": [p.name for p in away],
    }


def _refused(
    request: HttpRequest, office: OfficeSnapshot, error: Refused, back_url: str
) -> HttpResponse:
    return render_page(
        request,
        "refused",
        office,
        status=status_of(error),
        text=refusal_sentence(error),
        back_url=back_url,
    )
