"""Disruptions, offers of substitute slots, and the call list."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from prepazka.booking.models.claims import Booking
from prepazka.booking.models.waiting_entries import WaitingListEntry
from prepazka.journal.tracked_rows import TrackedRow
from prepazka.offices.models import OfOffice


class Disruption(OfOffice):
    """One change that closes booked hours: an absence, a closure, an incident."""

    # Deleted when the disruption is undone.
    exceptions = models.ManyToManyField("offices.HoursException", related_name="disruptions")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    note = models.CharField(
        max_length=120, blank=True, default="", db_default="", help_text="why; for the staff only"
    )
    created_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)


class DisruptedBooking(models.Model):
    """The decision for one booking of a disruption, and its previous lane and time."""

    class Decision(models.TextChoices):
        KEEP = "keep"
        REASSIGN = "reassign"
        OFFER = "offer"
        CANCEL = "cancel"

    disruption = models.ForeignKey(Disruption, on_delete=models.CASCADE, related_name="bookings")
    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="disruptions")
    decision = models.CharField(max_length=8, choices=Decision.choices)
    was_lane = models.BigIntegerField()
    was_starts_at = models.DateTimeField()
    was_ends_at = models.DateTimeField()
    sequence = models.PositiveSmallIntegerField(help_text="of the booking after the decision")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["disruption", "booking"], name="disrupted_once")
        ]


class OfferState(models.TextChoices):
    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Offer(TrackedRow, OfOffice):
    """Slots held for one person until a deadline, each by a hold of its own.

    A substitute belongs to the displaced `booking`, an offer from the waiting list to its `entry`.
    """

    class Kind(models.TextChoices):
        SUBSTITUTE = "substitute"
        WAITING_LIST = "waiting_list"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    booking = models.ForeignKey(Booking, null=True, on_delete=models.CASCADE, related_name="offers")
    entry = models.ForeignKey(
        WaitingListEntry, null=True, on_delete=models.CASCADE, related_name="offers"
    )
    state = models.CharField(max_length=12, choices=OfferState.choices, default=OfferState.OPEN)
    # The code in the address sent by SMS.
    short_code = models.CharField(max_length=12, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    escalated_at = models.DateTimeField(null=True, help_text="put on the call list")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="substitute", booking__isnull=False, entry__isnull=True)
                | Q(kind="waiting_list", booking__isnull=True, entry__isnull=False),
                name="offer_to_somebody",
            ),
            models.UniqueConstraint(
                fields=["booking"], condition=Q(state="open"), name="offer_open_once_per_booking"
            ),
            models.UniqueConstraint(
                fields=["entry"], condition=Q(state="open"), name="offer_open_once_per_entry"
            ),
        ]
        indexes = [
            models.Index(
                fields=["office", "expires_at"], condition=Q(state="open"), name="offer_open"
            )
        ]


class CallListEntry(OfOffice):
    """A person whom operators should telephone; closed with an outcome."""

    class Reason(models.TextChoices):
        UNANSWERED = "unanswered"  # an offer
        NO_CONTACT = "no_contact"  # nothing to write to
        UNDELIVERED = "undelivered"  # a message failed for good
        DECLINED = "declined"  # no offered slot suits
        CALL_ME = "call_me"  # the person asks for a call
        NO_SLOT = "no_term", "No Term"  # nothing free to offer

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted"
        ANOTHER_SLOT = "another_term", "Another Term"
        CANCELLED = "cancelled"
        UNREACHED = "unreached"
        ANSWERED = "answered"  # by link or message in the meantime
        WITHDRAWN = "withdrawn"  # the reason no longer holds

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="calls")
    offer = models.ForeignKey(Offer, null=True, on_delete=models.CASCADE, related_name="calls")
    reason = models.CharField(max_length=12, choices=Reason.choices)
    outcome = models.CharField(max_length=12, choices=Outcome.choices, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, help_text="when to try again")
    # The operator who is calling now, so that two operators do not call the same person.
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    taken_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["booking"], condition=Q(closed_at=None), name="on_call_list_once"
            )
        ]
