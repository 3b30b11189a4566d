"""The waiting list."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from prepazka.booking.models.claims import Booking, WithContact
from prepazka.core.contact_text import LONGEST_NAME, LONGEST_PHONE
from prepazka.journal.tracked_rows import TrackedRow
from prepazka.offices.models import Official, OfOffice, Service


class WaitingListState(models.TextChoices):
    UNCONFIRMED = "unconfirmed"  # the contact has not answered yet
    WAITING = "waiting"
    OFFERED = "offered"  # an open offer is with the person
    FULFILLED = "fulfilled"
    LEFT = "left"  # by the person
    DROPPED = "dropped"  # by the stated rule, after offers nobody answered
    LAPSED = "lapsed"  # the last wished day has passed


class WaitingListEntry(WithContact, TrackedRow, OfOffice):
    """A wish for a slot within these days and times, or sooner than the one already booked."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="waiting_list")
    official = models.ForeignKey(
        Official, null=True, on_delete=models.PROTECT, related_name="waiting_list"
    )
    # The booking to move to a sooner slot; None if the person has no booking yet.
    booking = models.ForeignKey(
        Booking, null=True, on_delete=models.CASCADE, related_name="waiting_list"
    )
    state = models.CharField(
        max_length=12, choices=WaitingListState.choices, default=WaitingListState.WAITING
    )
    from_date = models.DateField()
    to_date = models.DateField(help_text="inclusive")
    weekdays = ArrayField(models.PositiveSmallIntegerField(), help_text="0 is Monday")
    from_min = models.PositiveSmallIntegerField(help_text="local minutes after midnight")
    to_min = models.PositiveSmallIntegerField(help_text="local minutes after midnight")
    persons = models.PositiveSmallIntegerField(default=1)
    language = models.CharField(max_length=8, default="cs")
    name = models.CharField(max_length=LONGEST_NAME, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=LONGEST_PHONE, blank=True)
    contact_hash = models.CharField(max_length=64, blank=True)
    short_code = models.CharField(max_length=12, unique=True)
    # The order of the list; an unanswered offer moves the person to its end.
    queued_at = models.DateTimeField()
    unanswered = models.PositiveSmallIntegerField(default=0, help_text="offers so far")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(from_date__lte=F("to_date"), from_min__lt=F("to_min")),
                name="wish_has_length",
            )
        ]
        indexes = [
            models.Index(
                fields=["office", "service", "queued_at"],
                condition=Q(state="waiting"),
                name="waiting_list_order",
            )
        ]
