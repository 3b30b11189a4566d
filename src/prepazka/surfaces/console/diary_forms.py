"""Forms of the diary: an own appointment, the hours of a week."""

from __future__ import annotations

import datetime as dt
import re
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.core.validators import URLValidator
from django.utils.dates import WEEKDAYS
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from prepazka.booking.models import OutsideCalendar
from prepazka.booking.private_appointments import weekly_intervals
from prepazka.core import calendar
from prepazka.core.interval import Interval
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web.form_fields import AddressField, DayField

TIMES = re.compile(r"(\d{1,2})(?:[:.](\d\d))?\s*[-–]\s*(\d{1,2})(?:[:.](\d\d))?")
MOST_DAYS = 31
LONGEST_REPEAT = 366  # days


def day_field(label: Any, **kwargs: Any) -> DayField:
    """A field for a day, with the browser's date picker."""
    return DayField(
        label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs
    )


def time_field(label: Any, **kwargs: Any) -> forms.TimeField:
    """A field for a time of day."""
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, widget=widget, **kwargs)


class AppointmentForm(forms.Form):
    """An appointment of the official's own, which takes time in the diary."""

    title = forms.CharField(
        label=_("What for"),
        required=False,
        max_length=120,
        help_text=_("Only you can read it. Others see that the time is taken."),
    )
    from_date = day_field(_("Day"), error_messages={"required": _("Enter the day.")})
    opens = time_field(_("From time"), error_messages={"required": _("Enter when it starts.")})
    closes = time_field(_("To time"), error_messages={"required": _("Enter when it ends.")})
    to_date = day_field(_("To day"), required=False, help_text=_("Leave empty for the same day."))
    until = day_field(
        _("Every week until"), required=False, help_text=_("Leave empty if it does not repeat.")
    )

    def __init__(self, office: OfficeSnapshot, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.office = office

    def clean(self) -> dict[str, Any]:
        """Check that the end follows the beginning, and the limits of length and repeating."""
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        first_day, last_day = cleaned["from_date"], cleaned["to_date"] or cleaned["from_date"]
        if (last_day, cleaned["closes"]) <= (first_day, cleaned["opens"]):
            self.add_error("closes", _("The end is not after the beginning."))
        elif (last_day - first_day).days >= MOST_DAYS:
            self.add_error("to_date", _("At most one month at a time. Enter an absence instead."))
        until = cleaned.get("until")
        if until and until < first_day:
            self.add_error("until", _("The last day is before the first."))
        elif until and (until - first_day).days > LONGEST_REPEAT:
            self.add_error("until", _("At most one year at a time."))
        elif until and (last_day - first_day).days >= 7:  # noqa: PLR2004  # a week
            self.add_error("until", _("What lasts a week or more cannot repeat every week."))
        return cleaned

    def time(self) -> Interval[datetime]:
        """The interval of the first occurrence."""
        cleaned = self.cleaned_data
        return Interval(
            self._instant(cleaned["from_date"], cleaned["opens"]),
            self._instant(cleaned["to_date"] or cleaned["from_date"], cleaned["closes"]),
        )

    def times(self) -> list[Interval[datetime]]:
        """The intervals of all weekly occurrences."""
        until = self.cleaned_data.get("until")
        return weekly_intervals(self.time(), until, self.office) if until else [self.time()]

    def _instant(self, day: date, at: dt.time) -> datetime:
        return calendar.local_instant(day, at.hour * 60 + at.minute, self.office.tz)


class WeekForm(forms.Form):
    """The weekly hours of an official, valid from a day on."""

    first = day_field(_("Valid from"), error_messages={"required": _("Enter the first day.")})
    last = day_field(
        _("Valid until"), required=False, help_text=_("Leave empty until it is changed again.")
    )

    def __init__(self, today: date, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        for weekday, name in WEEKDAYS.items():
            self.fields[f"day{weekday}"] = forms.CharField(
                label=capfirst(str(name)), required=False, max_length=80
            )
        self.fields["day0"].help_text = _(
            "For example 8:00–12:00, 13:00–17:00. Leave empty for no hours on that day."
        )

    def clean(self) -> dict[str, Any]:
        """Check the days of validity, and parse each weekday's times into intervals."""
        cleaned = super().clean() or {}
        first_day, last_day = cleaned.get("first"), cleaned.get("last")
        if first_day and first_day < self.today:
            self.add_error("first", _("The past cannot be changed. Choose today or a later day."))
        if first_day and last_day and last_day < first_day:
            self.add_error("last", _("The last day is before the first."))
        for name in [name for name in cleaned if name.startswith("day")]:
            try:
                cleaned[name] = parse_spans(cleaned[name])
            except ValueError:
                self.add_error(
                    name, gettext("Enter times, like 8:00–12:00, 13:00–17:00, in order.")
                )
        return cleaned

    def week(self) -> dict[int, list[Interval[int]]]:
        """The hours by weekday, Monday is 0."""
        return {day: self.cleaned_data[f"day{day}"] for day in WEEKDAYS}


class CalendarForm(forms.Form):
    """The address and log-in of an outside calendar."""

    kind = forms.ChoiceField(
        label=_("How it is read"),
        widget=forms.RadioSelect,
        initial=OutsideCalendar.Kind.ICS,
        choices=[
            (OutsideCalendar.Kind.ICS.value, _("address of a file (ICS)")),
            (OutsideCalendar.Kind.CALDAV.value, _("server of calendars (CalDAV)")),
        ],
    )
    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        error_messages={"required": _("Enter the address of the calendar.")},
        help_text=_("It starts with https://. Your calendar program shows it under sharing."),
    )
    username = forms.CharField(
        label=_("Log-in name"),
        required=False,
        max_length=120,
        help_text=_("Only if the calendar asks for one."),
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=120,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Ideally one for this purpose only. It is stored encrypted."),
    )

    def clean_url(self) -> str:
        """The address with http or https, without a user name in it."""
        url = re.sub(r"^webcals?://", "https://", self.cleaned_data["url"], flags=re.IGNORECASE)
        try:
            URLValidator(schemes=["http", "https"])(url)
        except forms.ValidationError:
            raise forms.ValidationError(gettext("Enter an address, like https://…")) from None
        if urlsplit(url).username:
            raise forms.ValidationError(
                gettext("Enter the name and the password in their own fields.")
            )
        return str(url)


class SettingsForm(forms.Form):
    """Which events of an outside calendar take time; fields are those of `OutsideCalendar`."""

    takes_unanswered = forms.BooleanField(
        label=_("invitations I have not answered"), required=False
    )
    takes_tentative = forms.BooleanField(label=_("what is marked as tentative"), required=False)
    takes_elsewhere = forms.BooleanField(
        label=_("what is marked as working elsewhere"), required=False
    )
    takes_all_day_by_others = forms.BooleanField(
        label=_("all-day events organised by somebody else"), required=False
    )
    owner_address = AddressField(
        label=_("My e-mail address in that calendar"),
        required=False,
        help_text=_(
            "It is used to find your answers to invitations. Enter it if it is not your "
            "office address."
        ),
    )


def parse_spans(text: str) -> list[Interval[int]]:
    """Intervals in minutes of the day from `8:00–12:00, 13–17`. Raises ValueError if unordered."""
    intervals: list[Interval[int]] = []
    for piece in filter(None, (p.strip() for p in re.split(r"[,;]", text))):
        match = TIMES.fullmatch(piece)
        if not match:
            raise ValueError(piece)
        opens, closes = (_minute(match[at], match[at + 1]) for at in (1, 3))
        if not opens < closes <= calendar.DAY_MIN or (intervals and opens < intervals[-1].end):
            raise ValueError(piece)
        intervals.append(Interval(opens, closes))
    return intervals


def spans_text(intervals: list[Interval[int]]) -> str:
    """The intervals as text that `spans` reads."""
    return ", ".join(f"{_clock(interval.start)}–{_clock(interval.end)}" for interval in intervals)


def _minute(hour: str, minute: str | None) -> int:
    if int(minute or 0) >= 60:  # noqa: PLR2004  # minutes of an hour
        raise ValueError(minute)
    return int(hour) * 60 + int(minute or 0)


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"
