"""Tables of the wait estimate: what it learned, its calibration, accuracy and history."""

from __future__ import annotations

from django.db import models

from prepazka.offices.models import OfOffice, Service


class Learned(models.Model):
    """What the wait estimate has learned from the last weeks of an office."""

    office = models.OneToOneField(
        "offices.Office", primary_key=True, on_delete=models.PROTECT, related_name="learned"
    )
    learned_at = models.DateTimeField()
    data = models.JSONField()


class Calibration(OfOffice):
    """A service's factor that makes its announced P80 hold, corrected after each ticket."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    theta = models.FloatField(default=0.0)
    judged = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service"], name="calibration_once")]


class Accuracy(OfOffice):
    """The accuracy of a day's announced waits by service, as sums that can be added up."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    date = models.DateField()
    tickets = models.PositiveIntegerField()
    error_min = models.FloatField(help_text="sum of the absolute errors of the median")
    waited_min = models.FloatField(help_text="sum of the waits")
    inside = models.PositiveIntegerField(help_text="within the span that was shown")
    held = models.PositiveIntegerField(help_text="called no later than the P80")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "date"], name="accuracy_once"),
        ]
        indexes = [models.Index(fields=["office", "date"], name="accuracy_of_office")]


class QuarterHour(OfOffice):
    """The live view of a service at the start of a quarter of an hour, for the history."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    waiting = models.PositiveIntegerField()
    open_counters = models.PositiveIntegerField()
    tickets = models.BooleanField(help_text="whether walk-in tickets were issued")
    p20 = models.FloatField(null=True)
    p80 = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "at"], name="quarter_once")]
        indexes = [models.Index(fields=["office", "at"], name="quarter_of_office")]
