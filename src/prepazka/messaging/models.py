"""What people are told: one row per message, from the event that caused it to its delivery."""

from __future__ import annotations

from django.db import models

from prepazka.booking.models import Booking
from prepazka.offices.models import OfOffice


class Message(OfOffice):
    """One message to one person about one booking."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="messages")
    kind = models.CharField(max_length=40)
    # One event causes one message of a kind, however often its job runs.
    event = models.BigIntegerField()
    sequence = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "kind"], name="message_once_per_event")
        ]
