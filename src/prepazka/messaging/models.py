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

    class Channel(models.TextChoices):
        EMAIL = "email"
        SMS = "sms"

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="messages")
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.EMAIL)
    # One event causes one message of a kind, however often its job runs.
    event = models.BigIntegerField()
    sequence = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    # Of a short message: what the gateway calls it, and for how many parts it charges.
    gateway_id = models.CharField(max_length=80, blank=True)
    parts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "kind"], name="message_once_per_event")
        ]
        indexes = [
            models.Index(
                fields=["office", "created_at"],
                condition=models.Q(channel="sms"),
                name="message_sms_month",
            ),
        ]
