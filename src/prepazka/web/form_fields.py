"""Form fields for days and for names, mail addresses and telephone numbers, cleaned as stored; the form of a guest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from prepazka.booking.contacts import clean_email, clean_name, normalise_phone
from prepazka.booking.refusals import AddressNotUnderstood, PhoneNotUnderstood
from prepazka.core import reading
from prepazka.core.contact import Contact
from prepazka.core.contact_text import LONGEST_NAME, clean_text
from prepazka.core.refusal import Refused
from prepazka.web.errors import refusal_sentence

# Typed text may have spaces, marks and a `tel.` prefix, which are not stored.
LONGEST_TYPED_NUMBER, LONGEST_TYPED_ADDRESS = 60, 320


def cleaned_or_invalid(clean: Callable[[str], str], text: str) -> str:
    """The text cleaned by `clean`; its refusal becomes a ValidationError."""
    try:
        return clean(text)
    except Refused as refusal:
        raise ValidationError(refusal_sentence(refusal), code="invalid") from refusal


class NameField(forms.CharField):
    """The name of a person, at most `max_length` characters, with at least one letter."""

    def to_python(self, value: Any) -> str:
        """The name without invisible characters, removed before its length is checked."""
        return clean_text(super().to_python(value) or "")

    def clean(self, value: Any) -> str:
        """The name, or "" if it is empty and not required. Raises ValidationError."""
        name = str(super().clean(value))
        return cleaned_or_invalid(clean_name, name) if name else ""


class AddressField(forms.CharField):
    """An e-mail address to which mails can be sent."""

    widget = forms.EmailInput
    default_error_messages = {"max_length": gettext_lazy(AddressNotUnderstood.message)}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": LONGEST_TYPED_ADDRESS, **kwargs})

    def clean(self, value: Any) -> str:
        """The address, or "" if it is empty and not required. Raises ValidationError."""
        text = clean_text(str(super().clean(value)))
        if not text and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        return cleaned_or_invalid(clean_email, text) if text else ""


class NumberField(forms.CharField):
    """A telephone number in E.164; with `mobile`, one that can receive SMS."""

    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"})
    default_error_messages = {"max_length": gettext_lazy(PhoneNotUnderstood.message)}

    def __init__(self, *, mobile: bool = False, **kwargs: Any) -> None:
        super().__init__(**{"max_length": LONGEST_TYPED_NUMBER, **kwargs})
        self.mobile = mobile

    def clean(self, value: Any) -> str:
        """The number, or "" if it is empty and not required. Raises ValidationError."""
        text = clean_text(str(super().clean(value)))
        if not text and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        return (
            cleaned_or_invalid(lambda number: normalise_phone(number, mobile=self.mobile), text)
            if text
            else ""
        )


def contact_of_form(form: forms.Form) -> Contact:
    """The contact that a valid form has; fields that it does not show are empty."""
    return Contact.from_fields(form.cleaned_data)


class DayField(forms.DateField):
    """A date field that rejects years outside the range of calendar arithmetic."""

    def to_python(self, value: Any) -> date | None:
        """The day. Raises ValidationError."""
        day = super().to_python(value)
        if day is not None and reading.read_day(day.isoformat()) is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return day


class GuestForm(forms.Form):
    """A guest to invite to a meeting."""

    name = NameField(
        label=gettext_lazy("Name of the guest"), required=False, max_length=LONGEST_NAME
    )
    email = AddressField(
        label=gettext_lazy("E-mail of the guest"),
        help_text=gettext_lazy("We will send them the time and their own link."),
        error_messages={"required": gettext_lazy("Enter the e-mail address of the guest.")},
    )
