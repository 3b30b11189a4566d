"""Forms of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any
from uuid import uuid4

from django import forms
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from prepazka.booking.models import Channel
from prepazka.core.calendar import DayException
from prepazka.core.contact_text import LONGEST_NAME
from prepazka.core.slots import MOST_LANES, MOST_PERSONS
from prepazka.offices.models import HoursException, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web.form_fields import AddressField, DayField, NameField, NumberField

LONGEST_ABSENCE = 366  # days


class TicketForm(forms.Form):
    """A ticket issued at the desk."""

    service = forms.ChoiceField(
        label=_("Service"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the service.")},
    )
    persons = forms.IntegerField(
        label=_("Number of people"), min_value=1, max_value=MOST_PERSONS, initial=1
    )
    statutory = forms.BooleanField(
        label=_("Priority required by law (disability card)"), required=False
    )
    touch = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, office: OfficeSnapshot, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["touch"] = uuid4()
        _choices(
            self,
            [
                (s.code, f"{office.agenda_of(s).letter} – {s.name}")
                for s in office.offered_services()
            ],
        )


class BookForm(forms.Form):
    """The service, number of people and channel of a booking by staff."""

    service = forms.ChoiceField(
        label=_("Service"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose the service.")},
    )
    persons = forms.IntegerField(
        label=_("Number of people"), min_value=1, max_value=MOST_PERSONS, initial=1
    )
    channel = forms.ChoiceField(
        label=_("The client is"),
        widget=forms.RadioSelect,
        initial=Channel.DESK,
        choices=[
            (Channel.DESK.value, _("here at the desk")),
            (Channel.PHONE.value, _("on the phone")),
        ],
    )

    def __init__(
        self,
        office: OfficeSnapshot,
        *args: Any,
        services: list[Service] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if services is None:
            services = [s for s in office.offered_services() if s.bookable]
        _choices(self, [(s.code, str(s.name)) for s in services])
        if len(services) == 1:
            self.fields["service"].initial = services[0].code


class ClientForm(forms.Form):
    """The client's name and optional contacts, to which changes are announced."""

    name = NameField(
        label=_("Name"), max_length=LONGEST_NAME, error_messages={"required": _("Enter the name.")}
    )
    email = AddressField(
        label=_("E-mail"),
        required=False,
        help_text=_("The PIN and any change are sent there."),
    )
    phone = NumberField(label=_("Telephone"), required=False)


@dataclass(frozen=True)
class Reasons:
    """The reason of a change for the staff, and the one for the public."""

    reason: str = ""
    public_reason: str = ""


class Times(TextChoices):
    """How times apply to several days; no answer means on each day."""

    WITHOUT_BREAK = (
        "without_break",
        _("one absence or closure: from the time on the first day until the time on the last"),
    )
    EACH_DAY = "each_day", _("the same hours on each of the days")


class ExceptionForm(forms.Form):
    """An official's absence or extra hours."""

    kind = forms.ChoiceField(
        label=_("What changes"),
        widget=forms.RadioSelect,
        initial=HoursException.Kind.CLOSED,
        choices=[
            (HoursException.Kind.CLOSED.value, _("absence")),
            (HoursException.Kind.EXTRA.value, _("extra hours")),
        ],
    )
    from_date = DayField(
        label=_("From day"),
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"required": _("Enter the first day.")},
    )
    to_date = DayField(
        label=_("To day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Leave empty for one day only."),
    )
    opens = forms.TimeField(
        label=_("From time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
        help_text=_("Leave empty for the whole morning."),
    )
    closes = forms.TimeField(
        label=_("To time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}),
        help_text=_("Leave empty until the evening."),
    )
    times = forms.ChoiceField(
        label=_("Times over several days"),
        required=False,
        widget=forms.RadioSelect,
        initial=Times.WITHOUT_BREAK,
        choices=Times.choices,
        help_text=_("Extra hours and changed hours always apply on each of the days."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=120,
        help_text=_(
            "Only staff can read it; for an official’s absence, only the official and the manager."
        ),
    )
    public_reason = forms.CharField(
        label=_("Reason for the public"),
        required=False,
        max_length=120,
        help_text=_(
            "People whose appointment is cancelled see it in the message and on their "
            "page, and everybody sees it on the website when a whole day is closed."
        ),
    )

    field_order: Sequence[str] = (
        *("kind", "from_date", "opens", "to_date", "closes", "times"),
        *("reason", "public_reason"),
    )

    def clean(self) -> dict[str, Any]:
        """Check the order of days and times, and the limit of length."""
        cleaned = super().clean() or {}
        first_day, last_day = cleaned.get("from_date"), cleaned.get("to_date")
        if first_day and last_day and last_day < first_day:
            self.add_error("to_date", _("The last day is before the first."))
        if first_day and last_day and (last_day - first_day).days > LONGEST_ABSENCE:
            self.add_error("to_date", _("At most one year at a time."))
        opens, closes = cleaned.get("opens"), cleaned.get("closes")
        if self._is_without_break(cleaned):
            if closes == time():
                self.add_error(
                    "closes",
                    _("Midnight belongs to the day before: choose that day, without a time."),
                )
        elif closes and closes <= (opens or time()):
            self.add_error("closes", _("The end is not after the beginning."))
        if cleaned.get("kind") == HoursException.Kind.EXTRA and not (opens and closes):
            self.add_error("opens", _("Extra hours need both a start and an end."))
        return cleaned

    def reasons(self) -> Reasons:
        """The reasons for the staff and for the public."""
        return Reasons(self.cleaned_data["reason"], self.cleaned_data["public_reason"])

    def days(self) -> DayException:
        """The form's days and times as a DayException."""
        cleaned = self.cleaned_data
        first_day, last_day = cleaned["from_date"], cleaned["to_date"] or cleaned["from_date"]
        opens, closes = _minute(cleaned["opens"]), _minute(cleaned["closes"])
        kind = cleaned["kind"]
        places = cleaned["places"] if kind == HoursException.Kind.REDUCED else None
        if self._is_without_break(cleaned):
            return DayException.without_break(first_day, last_day, opens, closes, kind, places)
        return DayException(first_day, last_day, opens, closes, kind, places)

    def _is_without_break(self, cleaned: dict[str, Any]) -> bool:
        """Whether the times are the beginning on the first day and the end on the last."""
        first_day, last_day = cleaned.get("from_date"), cleaned.get("to_date")
        return (
            cleaned.get("times") == Times.WITHOUT_BREAK
            and cleaned.get("kind") in {HoursException.Kind.CLOSED, HoursException.Kind.REDUCED}
            and bool(first_day and last_day and first_day < last_day)
        )


class DisruptionForm(ExceptionForm):
    """A closure, an absence, fewer places or other hours, for any part of the office."""

    what = forms.ChoiceField(label=_("What does it affect"))
    places = forms.IntegerField(
        label=_("Places left"),
        required=False,
        min_value=0,
        max_value=MOST_LANES,
        help_text=_("Only for fewer places: how many people can be booked at the same time."),
    )
    field_order = (
        *("what", "kind", "places", "from_date", "opens", "to_date", "closes", "times"),
        *("reason", "public_reason"),
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["what"].choices = choices  # type: ignore[attr-defined]
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (HoursException.Kind.CLOSED.value, _("closed, absent or out of order")),
            (HoursException.Kind.REDUCED.value, _("fewer places")),
            (HoursException.Kind.INSTEAD.value, _("other hours that day")),
        ]

    def clean(self) -> dict[str, Any]:
        """Check places, times and the kind against the target."""
        cleaned = super().clean()
        kind, target = cleaned.get("kind"), cleaned.get("what", "")
        if kind == HoursException.Kind.REDUCED:
            if cleaned.get("places") is None:
                self.add_error("places", _("Enter how many places are left."))
            if target.partition(":")[0] not in {"office", "agenda"}:
                self.add_error(
                    "kind", _("Places can be reduced in an area of service or the whole office.")
                )
        elif kind == HoursException.Kind.INSTEAD and not (
            cleaned.get("opens") and cleaned.get("closes")
        ):
            self.add_error("opens", _("Changed hours need both a start and an end."))
        if target.startswith("counter:") and kind != HoursException.Kind.CLOSED:
            self.add_error("kind", _("A counter can only be closed here."))
        return cleaned


def fields_of(days: DayException) -> dict[str, str]:
    """The days as form fields of `ExceptionForm` and `DisruptionForm`, without empty ones."""
    without_break = days.begins is not None or days.ends is not None
    opens, closes = (days.begins, days.ends) if without_break else (days.opens, days.closes)
    fields = {
        "kind": days.kind,
        "from_date": days.from_date.isoformat(),
        "to_date": days.to_date.isoformat() if days.to_date else "",
        "opens": _clock(opens),
        "closes": _clock(closes),
        "times": Times.WITHOUT_BREAK if without_break else Times.EACH_DAY,
        "places": "" if days.places is None else str(days.places),
    }
    return {name: str(value) for name, value in fields.items() if value}


def _clock(minute: int | None) -> str:
    return "" if minute is None else f"{minute // 60}:{minute % 60:02d}"


def _minute(clock: time | None) -> int | None:
    return None if clock is None else clock.hour * 60 + clock.minute


def _choices(form: forms.Form, choices: list[tuple[str, str]]) -> None:
    field = form.fields["service"]
    field.choices = choices  # type: ignore[attr-defined]
