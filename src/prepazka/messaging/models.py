"""Messages to people, from the event that caused one to its delivery, and people's replies."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from prepazka.booking.models import Booking, Offer, WaitingListEntry
from prepazka.meetings.models import Participant
from prepazka.offices.models import OfOffice
from prepazka.queueing.models import TurnAlert

Person = Booking | WaitingListEntry | TurnAlert


class MessageState(models.TextChoices):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


def channel_choices() -> list[tuple[str, str]]:
    """The channels of messages; Django calls it, so that a new channel needs no migration."""
    return Message.Channel.choices


class Message(OfOffice):
    """One message to one person about a booking, a waiting-list entry or a ticket's turn."""

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
    # The offer that the message is about, if any.
    offer = models.ForeignKey(Offer, null=True, on_delete=models.CASCADE, related_name="messages")
    # The participant of the booking's meeting who gets the message; None means the booker.
    participant = models.ForeignKey(
        Participant, null=True, on_delete=models.CASCADE, related_name="messages"
    )
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=8, choices=channel_choices, default=Channel.EMAIL)
    # The id of the event; it causes one message of a kind, however often its job runs.
    event = models.BigIntegerField()
    sequence = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(
        max_length=8, choices=MessageState.choices, default=MessageState.QUEUED
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    # Of a short message: the gateway's id, and the number of charged parts.
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
        """The row whose name, contact, language and short code the message uses."""
        person = self.booking or self.entry or self.alert
        assert person is not None  # noqa: S101  # message_to_somebody
        return person

    @property
    def to(self) -> Person | Participant:
        """The recipient: the participant of the meeting if set, else `person`."""
        return self.participant or self.person

    @property
    def about(self) -> str:
        """A key of the subject; messages with the same key are sent in their order."""
        if self.alert_id:
            return f"alert:{self.alert_id}"
        if self.participant_id:
            return f"participant:{self.participant_id}"
        return f"booking:{self.booking_id}" if self.booking_id else f"entry:{self.entry_id}"


class PushKey(models.Model):
    """The installation's key pair for push services (RFC 8292); there is one row."""

    private = models.TextField(help_text="PEM")
    public = models.TextField(help_text="PEM")


class Reply(models.Model):
    """A received short message by its keyed hash, so that each is processed once; without text."""

    class Word(models.TextChoices):
        CONFIRM = "confirm"
        CANCEL = "cancel"
        WHEN = "when"
        CHOOSE = "choose"
        DECLINE = "decline"
        STOP = "stop"  # no more reminders; kept longer than the others
        UNKNOWN = "unknown"
        HELP = "help"  # no received message: marks that help was sent in this hour

    key = models.CharField(max_length=64, unique=True)
    booking = models.ForeignKey(
        Booking, null=True, on_delete=models.CASCADE, related_name="replies"
    )
    word = models.CharField(max_length=8, choices=Word.choices)
    received_at = models.DateTimeField()
