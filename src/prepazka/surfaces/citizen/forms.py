"""What a citizen fills in: at most three things, one question on a page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

LONGEST_NAME = 120


class PersonsForm(forms.Form):
    """For how many people the term is."""

    osob = forms.ChoiceField(
        label=_("How many people are you booking for?"),
        help_text=_("Each person needs time of their own; the times will follow one another."),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose how many people you are booking for."),
            "invalid_choice": _("Choose how many people you are booking for."),
        },
    )

    def __init__(self, *args: Any, most: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["osob"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # for the reader and mypy
        field.choices = [(str(n), str(n)) for n in range(1, most + 1)]


class ContactForm(forms.Form):
    """Who comes, and where to send the confirmation."""

    name = forms.CharField(
        label=_("Name and surname"),
        max_length=LONGEST_NAME,
        help_text=_("Of the person who will come. The office will see it at the counter."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={
            "required": _("Enter the name of the person who will come."),
            "max_length": _("Shorten the name to at most 120 characters."),
        },
    )
    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_("We will send you the PIN and a link for changing or cancelling the booking."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages={
            "required": _("Enter your e-mail address."),
            "invalid": _("Enter the e-mail address in a form such as jana@example.cz."),
        },
    )
