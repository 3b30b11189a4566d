"""PINs that were replaced because a kiosk was lost."""

from __future__ import annotations

from django.db import models

from prepazka.booking.models.claims import Booking
from prepazka.offices.models import OfOffice


class ReplacedPin(OfOffice):
    """A PIN that is no longer valid; it is not reused that day, and kiosks explain the change."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="replaced_pins")
    date = models.DateField()
    pin = models.CharField(max_length=4)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "date", "pin"], name="replaced_pin_once")
        ]
