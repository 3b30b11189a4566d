"""Wrong PINs of a day, which decide whether kiosks ask for more than the PIN."""

from __future__ import annotations

from django.db import models

from prepazka.offices.models import Device, OfOffice


class WrongPin(OfOffice):
    """One wrong PIN, without its digits; rows are deleted after two days."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="wrong_pin_rows")
    at = models.DateTimeField()
    answered = models.BooleanField(help_text="a second answer was asked and given")

    class Meta:
        indexes = [models.Index(fields=["office", "at"], name="wrong_pin_at")]
