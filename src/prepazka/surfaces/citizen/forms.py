"""Forms of the citizen's pages: one question, or at most three fields, on a page."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _

from prepazka.booking.refusals import PhoneNeeded
from prepazka.core.contact import Contact
from prepazka.core.contact_text import LONGEST_NAME, LONGEST_TOPIC
from prepazka.offices.models import Mode
from prepazka.web.form_fields import AddressField, DayField, NameField, NumberField, contact_of_form


class PersonsForm(forms.Form):
    """The number of people to book for."""

    osob = forms.ChoiceField(
        label=_("How many people are you booking for?"),
        help_text=_("Each person needs their own time; the times follow one after another."),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose how many people you are booking for."),
            "invalid_choice": _("Choose how many people you are booking for."),
        },
    )

    def __init__(self, *args: Any, max_persons: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["osob"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  # for the reader and mypy
        field.choices = [(str(n), str(n)) for n in range(1, max_persons + 1)]


class Answers(NamedTuple):
    """What a person fills in: the contact, and what the visit is about."""

    contact: Contact
    topic: str


class ContactForm(forms.Form):
    """Name and contact of the person who will come."""

    name = NameField(
        label=_("Name and surname"),
        max_length=LONGEST_NAME,
        help_text=_("Of the person who will come. The office will see it at the counter."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={
            "required": _("Enter the name of the person who will come."),
            "max_length": _("The name must be 120 characters or fewer."),
        },
    )
    email = AddressField(
        label=_("E-mail"),
        help_text=_("We will send you the PIN and a link for changing or cancelling the booking."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
        error_messages={
            "required": _("Enter your e-mail address."),
        },
    )
    phone = NumberField(
        label=_("Mobile number"),
        required=False,
        help_text=_(
            "If you do not have an e-mail address, we will send you the PIN and "
            "the link by text message."
        ),
    )

    topic = forms.CharField(
        label=_("What it is about, in your own words"),
        required=False,
        max_length=LONGEST_TOPIC,
        help_text=_(
            "Only the people who will see you can read it. We erase it together with your name."
        ),
        error_messages={"max_length": _("The text must be 120 characters or fewer.")},
    )

    def __init__(
        self,
        *args: Any,
        phones: bool,
        topic: bool = False,
        mode: str = Mode.PERSON,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if not topic:
            del self.fields["topic"]
        calls = mode == Mode.PHONE
        number = self.fields["phone"]
        assert isinstance(number, NumberField)  # noqa: S101  # for the reader and mypy
        number.mobile = not calls
        if mode != Mode.PERSON:
            self.fields["name"].help_text = _("Of the person who will meet the official.")
            self.fields["email"].help_text = _(
                "We will send you a link for changing or cancelling the booking."
            )
        if mode == Mode.VIDEO:
            self.fields["email"].help_text = _(
                "We will send you a link to the meeting and one for changing or cancelling it."
            )
        if calls:
            phone = self.fields["phone"]
            phone.label, phone.required = _("Telephone number"), True
            phone.help_text = _("The official will call you at this number at the chosen time.")
            phone.error_messages["required"] = _(PhoneNeeded.message)
        if phones:
            self.fields["email"].required = False
        elif calls:
            pass  # both stay required: e-mail for the confirmation, the number for the call
        else:
            del self.fields["phone"]

    def clean(self) -> dict[str, Any]:
        """Require one contact at least, where both are offered."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        contact_fields = [name for name in ("email", "phone") if name in self.fields]
        if (
            not any(cleaned.get(name) for name in contact_fields)
            and not self.errors.keys() & contact_fields
        ):
            self.add_error("email", _("Enter your e-mail address or your mobile number."))
        return cleaned

    def answers(self) -> Answers:
        """The contact and the topic; fields that were not shown are empty."""
        return Answers(contact_of_form(self), self.cleaned_data.get("topic", ""))


WEEKDAYS = (
    ("0", _("Monday")),
    ("1", _("Tuesday")),
    ("2", _("Wednesday")),
    ("3", _("Thursday")),
    ("4", _("Friday")),
    ("5", _("Saturday")),
    ("6", _("Sunday")),
)
DATES = ["%Y-%m-%d", "%d. %m. %Y", "%d.%m.%Y"]
TIMES = ["%H:%M", "%H.%M", "%H"]
WHEN = _("Enter a date, like 24. 12. 2026.")
CLOCK = _("Enter a time, like 14:30, or leave it empty.")


class WishForm(ContactForm):
    """Suitable days and times, and the contact to notify."""

    first = DayField(
        label=_("First day"),
        input_formats=DATES,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": WHEN, "invalid": WHEN},
    )
    last = DayField(
        label=_("Last day"),
        input_formats=DATES,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": WHEN, "invalid": WHEN},
    )
    weekdays = forms.MultipleChoiceField(
        label=_("Days of the week"),
        choices=WEEKDAYS,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one day of the week.")},
    )
    since = forms.TimeField(
        label=_("From what time"),
        required=False,
        input_formats=TIMES,
        widget=forms.TimeInput(attrs={"type": "time"}),
        error_messages={"invalid": CLOCK},
    )
    until = forms.TimeField(
        label=_("Until what time"),
        required=False,
        input_formats=TIMES,
        widget=forms.TimeInput(attrs={"type": "time"}),
        error_messages={"invalid": CLOCK},
    )
    persons = forms.TypedChoiceField(
        label=_("How many people will come?"),
        coerce=int,
        error_messages={"invalid_choice": _("Choose how many people you are booking for.")},
    )
    field_order = ("first", "last", "weekdays", "since", "until", "persons", "name")

    def __init__(self, *args: Any, max_persons: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        persons = self.fields["persons"]
        assert isinstance(persons, forms.TypedChoiceField)  # noqa: S101  # for mypy
        persons.choices = [(str(n), str(n)) for n in range(1, max_persons + 1)]
        if max_persons == 1:
            del self.fields["persons"]
        self.fields["email"].help_text = _("We will write to you there when a time becomes free.")
        if "phone" in self.fields:
            self.fields["phone"].help_text = _(
                "If you do not have an e-mail address, we will text you when a time becomes free."
            )

    def clean(self) -> dict[str, Any]:
        """Add `from_min` and `to_min`, minutes of the day; without times the whole day suits."""
        cleaned = super().clean()
        first_day, last_day = cleaned.get("first"), cleaned.get("last")
        if first_day and last_day and last_day < first_day:
            self.add_error("last", _("The last day must not be before the first."))
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until <= since:
            self.add_error("until", _("The end must be after the start."))
        cleaned.setdefault("persons", 1)
        cleaned["from_min"] = since.hour * 60 + since.minute if since else 0
        cleaned["to_min"] = until.hour * 60 + until.minute if until else 1440
        return cleaned
