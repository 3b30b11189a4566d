"""Warnings of incidents to booked people."""

from __future__ import annotations

from django.db import models

from prepazka.booking.models import Booking
from prepazka.offices.models import Incident


class Warned(models.Model):
    """A booking whose person was warned of an incident, with its sequence at that time."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="warned")
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="warnings")
    sequence = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "booking"], name="warned_once")]
