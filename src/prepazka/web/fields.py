"""Fields of forms that several surfaces use."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from prepazka.core import reading


class DayField(forms.DateField):
    """A date field that rejects years outside the range of calendar arithmetic."""

    def to_python(self, value: Any) -> date | None:
        """The day. Raises ValidationError."""
        day = super().to_python(value)
        if day is not None and reading.day(day.isoformat()) is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return day
