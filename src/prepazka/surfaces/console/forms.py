"""Forms of the desk."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from prepazka.booking.models import Channel
from prepazka.offices.directory import Directory

MOST_PERSONS = 20


class TicketForm(forms.Form):
    """A ticket for somebody at the desk."""

    service = forms.ChoiceField(
        label=_("Service"), widget=forms.RadioSelect,
        error_messages={"required": _("Choose the service.")},
    )
    persons = forms.IntegerField(label=_("Persons"), min_value=1, max_value=MOST_PERSONS, initial=1)
    statutory = forms.BooleanField(label=_("Priority by law (disability card)"), required=False)
    touch = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, office: Directory, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["touch"] = uuid4()
        _choices(self, [
            (s.code, f"{office.agenda_of(s).letter} – {s.name}") for s in office.offered_services()
        ])


class BookForm(forms.Form):
    """What somebody at the desk or on the telephone wants to book."""

    service = forms.ChoiceField(
        label=_("Service"), widget=forms.RadioSelect,
        error_messages={"required": _("Choose the service.")},
    )
    persons = forms.IntegerField(label=_("Persons"), min_value=1, max_value=MOST_PERSONS, initial=1)
    channel = forms.ChoiceField(
        label=_("The client is"), widget=forms.RadioSelect, initial=Channel.DESK,
        choices=[(Channel.DESK.value, _("here at the desk")),
                 (Channel.PHONE.value, _("on the telephone"))],
    )

    def __init__(self, office: Directory, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choices(self, [(s.code, str(s.name)) for s in office.offered_services() if s.bookable])


class ContactForm(forms.Form):
    """Who comes; a name is enough, a mail or telephone lets the office tell them of changes."""

    name = forms.CharField(
        label=_("Name"), max_length=120, error_messages={"required": _("Write the name.")}
    )
    email = forms.EmailField(
        label=_("E-mail"), required=False,
        help_text=_("The PIN and any change are sent there."),
    )
    phone = forms.CharField(label=_("Telephone"), required=False, max_length=20)

    def clean_phone(self) -> str:
        """Keep digits and a leading plus only."""
        said = re.sub(r"[\s\-()/.]", "", self.cleaned_data["phone"])
        if said and not re.fullmatch(r"\+?\d{9,15}", said):
            raise forms.ValidationError(_("Write the telephone number with at least nine digits."))
        return said


def _choices(form: forms.Form, choices: list[tuple[str, str]]) -> None:
    field = form.fields["service"]
    field.choices = choices  # type: ignore[attr-defined]
