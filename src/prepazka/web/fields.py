"""Fields of forms that several surfaces use."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from prepazka.core import reading


class DayField(forms.DateField):
    """A day whose year can be computed with; another one is as wrong as no day at all."""

    def to_python(self, value: Any) -> date | None:
        """The day. Raises ValidationError."""
        day = super().to_python(value)
        if day is not None and reading.day(day.isoformat()) is None:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return day
