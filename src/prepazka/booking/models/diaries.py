"""Time of officials that nobody may book: their own appointments and those of outside calendars."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from prepazka.offices.models import Official, OfOffice


class OutsideCalendar(OfOffice):
    """A calendar kept elsewhere whose events block an official's lane; read by a job only."""

    class Kind(models.TextChoices):
        ICS = "ics"
        CALDAV = "caldav"

    official = models.ForeignKey(
        Official, on_delete=models.CASCADE, related_name="outside_calendars"
    )
    kind = models.CharField(max_length=8, choices=Kind.choices)
    url = models.URLField(max_length=500)
    username = models.CharField(max_length=120, blank=True)
    # Signed and encrypted with a key derived from the installation's secret.
    password = models.CharField(max_length=400, blank=True)
    etag = models.CharField(max_length=200, blank=True)
    refreshed_at = models.DateTimeField(null=True, help_text="when it was last read well")
    tried_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=200, blank=True)


class Busy(OfOffice):
    """An interval of an official that cannot be booked; what was booked before, stays booked."""

    official = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="busy")
    # None: a private appointment written in the diary.
    calendar = models.ForeignKey(
        OutsideCalendar, null=True, on_delete=models.CASCADE, related_name="events"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # Only the official reads it; of an outside calendar nothing but the time is kept.
    title = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="busy_has_length")
        ]
        indexes = [models.Index(fields=["office", "official", "starts_at"], name="busy_of")]
