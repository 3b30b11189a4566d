"""Officials' busy time, external calendars that fill it, and calendar feeds."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Value

from prepazka.offices.models import Counter, Official, OfOffice


class OutsideCalendar(OfOffice):
    """An external calendar whose events block an official's lane; fetched by a job."""

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
    # Recognises an unchanged calendar: the mark of `gateways.calendars.Read`.
    etag = models.CharField(max_length=200, blank=True)
    refreshed_at = models.DateTimeField(null=True, help_text="when it was last read well")
    tried_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=200, blank=True)
    # JSON written by `core.external_times`; `known_events` is large, so lists defer it.
    known_events = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    doubts = models.JSONField(default=list, db_default=Value([], models.JSONField()))
    # Kinds of events that block time besides plain ones, see `gateways.calendars.attendance`.
    takes_unanswered = models.BooleanField(default=True, db_default=True)
    takes_tentative = models.BooleanField(default=True, db_default=True)
    takes_elsewhere = models.BooleanField(default=True, db_default=True)
    takes_all_day_by_others = models.BooleanField(default=True, db_default=True)
    owner_address = models.EmailField(blank=True, default="", db_default="")


class Busy(OfOffice):
    """An interval in which an official cannot be booked; earlier bookings stay."""

    official = models.ForeignKey(Official, on_delete=models.CASCADE, related_name="busy")
    # None for a private appointment entered in the diary.
    calendar = models.ForeignKey(
        OutsideCalendar, null=True, on_delete=models.CASCADE, related_name="events"
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    # Visible to the official only; empty for events of external calendars.
    title = models.CharField(max_length=120, blank=True)
    # Shared by all occurrences of a repeating appointment.
    series = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(starts_at__lt=F("ends_at")), name="busy_has_length")
        ]
        indexes = [models.Index(fields=["office", "official", "starts_at"], name="busy_of")]


class CalendarFeed(OfOffice):
    """A secret address with the bookings of an official or a counter for calendar programs."""

    official = models.ForeignKey(
        Official, null=True, on_delete=models.CASCADE, related_name="feeds"
    )
    counter = models.ForeignKey(Counter, null=True, on_delete=models.CASCADE, related_name="feeds")
    token_hash = models.CharField(max_length=64, unique=True)
    with_names = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(official__isnull=False, counter__isnull=True)
                | Q(official__isnull=True, counter__isnull=False),
                name="feed_of_an_official_or_a_counter",
            )
        ]
