"""Notices to people: alerts of tickets whose turn is near, and warnings of incidents."""

from __future__ import annotations

import uuid

from django.db import models

from prepazka.booking.models import Booking
from prepazka.offices.models import Incident, OfOffice
from prepazka.queueing.models.hall_rows import Ticket


class TurnAlert(OfOffice):
    """An alert that a ticket's holder asked for; the contact is kept only until the ticket ends."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="alert")
    # One of the three; none once it is erased.
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
        """Whether the contact has not been erased."""
        return bool(self.email or self.phone or self.push)

    # The attributes that messages read of every addressee.

    @property
    def name(self) -> str:
        """The ticket's label, because no name is asked for."""
        return self.ticket.label

    @property
    def service_id(self) -> int:
        """The service of the ticket."""
        return self.ticket.service_id

    @property
    def short_code(self) -> str:
        """An empty code: the address of the ticket is short enough."""
        return ""


class IncidentNotice(models.Model):
    """A booking whose person was warned of an incident, with its sequence at that time."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="notices")
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="incident_notices")
    sequence = models.PositiveSmallIntegerField()

    class Meta:
        db_table = "queueing_warned"
        constraints = [models.UniqueConstraint(fields=["incident", "booking"], name="warned_once")]
