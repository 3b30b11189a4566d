"""What people are told: one row per message, from the event that caused it to its delivery."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from prepazka.booking.models import Booking, Offer, WaitingListEntry
from prepazka.meetings.models import Participant
from prepazka.offices.models import OfOffice
from prepazka.queueing.models import TurnAlert

Person = Booking | WaitingListEntry | TurnAlert


class Message(OfOffice):
    """One message to one person: about their booking, their entry on the waiting list, or their turn."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        FAILED = "failed"

    class Channel(models.TextChoices):
        EMAIL = "email"
        SMS = "sms"
        PUSH = "push"

    booking = models.ForeignKey(
        Booking, null=True, on_delete=models.CASCADE, related_name="messages"
    )
    entry = models.ForeignKey(
        WaitingListEntry, null=True, on_delete=models.CASCADE, related_name="messages"
    )
    alert = models.ForeignKey(
        TurnAlert, null=True, on_delete=models.CASCADE, related_name="messages"
    )
    # The terms it offers, where it is about an offer to that booking or entry.
    offer = models.ForeignKey(Offer, null=True, on_delete=models.CASCADE, related_name="messages")
    # One of several people of a meeting, each of whom gets a message of their own.
    participant = models.ForeignKey(
        Participant, null=True, on_delete=models.CASCADE, related_name="messages"
    )
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
    delivered_at = models.DateTimeField(null=True, help_text="says the gateway's receipt")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["event", "kind"],
                condition=Q(participant=None),
                name="message_once_per_event",
            ),
            models.UniqueConstraint(
                fields=["event", "kind", "participant"],
                condition=Q(participant__isnull=False),
                name="message_once_per_participant",
            ),
            models.CheckConstraint(
                condition=Q(booking__isnull=False, entry__isnull=True, alert__isnull=True)
                | Q(booking__isnull=True, entry__isnull=False, alert__isnull=True)
                | Q(booking__isnull=True, entry__isnull=True, alert__isnull=False),
                name="message_to_somebody",
            ),
        ]
        indexes = [
            models.Index(
                fields=["office", "created_at"],
                condition=Q(channel="sms"),
                name="message_sms_month",
            ),
            models.Index(
                fields=["gateway_id"],
                condition=~Q(gateway_id=""),
                name="message_of_gateway",
            ),
            models.Index(fields=["created_at"], condition=Q(state="queued"), name="message_queued"),
        ]

    @property
    def person(self) -> Person:
        """Whose name, contact, language and short code the message goes by."""
        found = self.booking or self.entry or self.alert
        assert found is not None  # noqa: S101  # message_to_somebody
        return found

    @property
    def to(self) -> Person | Participant:
        """Who gets it: a participant of the meeting, or whose booking or wish it is."""
        return self.participant or self.person

    @property
    def about(self) -> str:
        """What it is about, as a word: messages about the same leave in their order."""
        if self.alert_id:
            return f"alert:{self.alert_id}"
        if self.participant_id:
            return f"participant:{self.participant_id}"
        return f"booking:{self.booking_id}" if self.booking_id else f"entry:{self.entry_id}"


class PushKey(models.Model):
    """The key pair by which push services know this installation (RFC 8292); there is one row."""

    private = models.TextField(help_text="PEM")
    public = models.TextField(help_text="PEM")


class Reply(models.Model):
    """A short message that came, under a keyed hash: so each is acted on once. No text is kept."""

    class Word(models.TextChoices):
        CONFIRM = "confirm"
        CANCEL = "cancel"
        WHEN = "when"
        CHOOSE = "choose"
        DECLINE = "decline"
        STOP = "stop"  # reminders; kept longer than the others
        UNKNOWN = "unknown"
        HELP = "help"  # not what came, but that help was sent in this hour

    key = models.CharField(max_length=64, unique=True)
    booking = models.ForeignKey(
        Booking, null=True, on_delete=models.CASCADE, related_name="replies"
    )
    word = models.CharField(max_length=8, choices=Word.choices)
    received_at = models.DateTimeField()
