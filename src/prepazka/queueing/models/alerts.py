"""Whom to tell that their turn is near."""

from __future__ import annotations

import uuid

from django.db import models

from prepazka.offices.models import OfOffice
from prepazka.queueing.models.hall import Ticket


class TurnAlert(OfOffice):
    """A holder's wish to be told of their turn; the contact is kept only until the ticket ends."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="alert")
    # One of the three, or none any more.
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    push = models.JSONField(default=dict, help_text="endpoint, p256dh, auth of a browser")
    language = models.CharField(max_length=8, default="cs")
    asked_at = models.DateTimeField()
    near_at = models.DateTimeField(null=True, help_text="when it was said that the turn is near")

    class Meta:
        indexes = [
            models.Index(
                fields=["office"],
                condition=~models.Q(email="", phone="", push={}),
                name="alert_with_contact",
            )
        ]

    @property
    def has_contact(self) -> bool:
        """Whether there is still somebody to tell."""
        return bool(self.email or self.phone or self.push)

    # What messages ask of anybody they are written to.

    @property
    def name(self) -> str:
        """Nobody asks for a name; the number stands for the person."""
        return self.ticket.label

    @property
    def service_id(self) -> int:
        """What the ticket is for."""
        return self.ticket.service_id

    @property
    def short_code(self) -> str:
        """It has none: the address of the ticket is short."""
        return ""
