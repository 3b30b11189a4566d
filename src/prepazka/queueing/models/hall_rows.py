"""Tables of the hall: tickets, shifts, series of numbers, wrong PINs and the queue's lock row."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from prepazka.booking.models import Booking
from prepazka.offices.models import Counter, Device, OfOffice, Service


class Queue(models.Model):
    """The lock row of an office's queue: whoever calls or changes the order locks it first."""

    office = models.OneToOneField(
        "offices.Office", primary_key=True, on_delete=models.PROTECT, related_name="queue"
    )


class NumberSeries(OfOffice):
    """The last number issued for a letter on a day; its row lock makes numbers gapless."""

    date = models.DateField()
    letter = models.CharField(max_length=3)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "date", "letter"], name="number_series")
        ]


class TicketState(models.TextChoices):
    """The state of a ticket."""

    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    FINISHED = "finished"
    PARKED = "parked"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"


AT_COUNTER = (TicketState.CALLED, TicketState.SERVING)
IN_QUEUE = (TicketState.WAITING, TicketState.PARKED)


class Ticket(OfOffice):
    """A place in today's queue."""

    date = models.DateField()
    letter = models.CharField(max_length=3)
    number = models.PositiveIntegerField()
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="tickets")
    booking = models.OneToOneField(
        Booking, null=True, on_delete=models.PROTECT, related_name="ticket"
    )
    # The booking's window, copied here so that the order of the queue is read from one table.
    booked_from = models.DateTimeField(null=True)
    booked_to = models.DateTimeField(null=True)
    late = models.BooleanField(default=False)
    statutory = models.BooleanField(default=False, help_text="priority by law, set by staff")
    returned_at = models.DateTimeField(null=True, help_text="given back by a clerk: goes first")
    persons = models.PositiveSmallIntegerField(default=1)
    language = models.CharField(max_length=8, default="cs")
    code = models.CharField(max_length=16, unique=True, help_text="of the personal page")
    kiosk = models.ForeignKey(
        Device,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="where the PIN of its booking was entered last with success",
    )
    touch = models.UUIDField(default=uuid.uuid4, help_text="of the touch that asked for it")
    state = models.CharField(
        max_length=10, choices=TicketState.choices, default=TicketState.WAITING
    )
    counter = models.ForeignKey(
        Counter, null=True, on_delete=models.PROTECT, related_name="tickets"
    )
    for_counter = models.ForeignKey(
        Counter, null=True, on_delete=models.PROTECT, related_name="+", help_text="transferred to"
    )
    clerk = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    reason = models.JSONField(default=dict, help_text="why it was called when it was")
    calls = models.PositiveSmallIntegerField(default=0)
    issued_at = models.DateTimeField()
    called_at = models.DateTimeField(null=True)
    recalled_at = models.DateTimeField(null=True)
    serving_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    parked_until = models.DateTimeField(null=True)
    # The last call in vain of a ticket that is back in the queue; until then the call's own columns
    # say it (`missed_call`).
    missed_at = models.DateTimeField(null=True)
    missed_counter = models.ForeignKey(
        Counter, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    pin_returned_at = models.DateTimeField(
        null=True, help_text="when the PIN of its booking put it back; it does so once"
    )
    # Minutes until the call as announced when the ticket was issued; `judged` once the
    # calibration has learned what came of it.
    p20 = models.FloatField(null=True)
    p50 = models.FloatField(null=True)
    p80 = models.FloatField(null=True)
    judged = models.BooleanField(default=False)
    # The values before the last step, for the thirty seconds in which it may be undone.
    before = models.JSONField(null=True)
    changed_at = models.DateTimeField(null=True)
    changed_by = models.BigIntegerField(null=True)
    # The server's state without off-line logs; set once a log has changed the ticket.
    offline = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["office", "date", "letter", "number"], name="ticket_number_once"
            ),
            models.UniqueConstraint(fields=["office", "touch"], name="ticket_touch_once"),
            models.UniqueConstraint(
                fields=["counter"], condition=Q(state__in=AT_COUNTER), name="counter_serves_one"
            ),
        ]
        indexes = [
            models.Index(
                fields=["office", "date"], condition=Q(state__in=IN_QUEUE), name="ticket_in_queue"
            ),
            models.Index(fields=["office", "date", "called_at"], name="ticket_called"),
            models.Index(
                fields=["office", "called_at"],
                condition=Q(judged=False, p80__isnull=False, called_at__isnull=False),
                name="ticket_to_judge",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """Letter and number as they are called and printed."""
        return f"{self.letter}{self.number}"

    @property
    def missed_call(self) -> tuple[datetime, int] | None:
        """When and to which counter (id) it was last called in vain; None if it never was."""
        missed = self.state == TicketState.NO_SHOW
        at = self.called_at if missed else self.missed_at
        counter = self.counter_id if missed else self.missed_counter_id
        return (at, counter) if at and counter else None


class Shift(OfOffice):
    """A clerk at an open counter, until it is closed."""

    counter = models.ForeignKey(Counter, on_delete=models.PROTECT, related_name="shifts")
    clerk = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True)
    pause_note = models.CharField(max_length=80, blank=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["counter"], condition=Q(closed_at__isnull=True), name="counter_open_once"
            ),
            models.UniqueConstraint(
                fields=["clerk"], condition=Q(closed_at__isnull=True), name="clerk_at_one_counter"
            ),
        ]


class WrongPin(OfOffice):
    """One wrong PIN, without its digits; rows are deleted after two days."""

    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="wrong_pin_rows")
    at = models.DateTimeField()
    answered = models.BooleanField(help_text="a second answer was asked and given")

    class Meta:
        indexes = [models.Index(fields=["office", "at"], name="wrong_pin_at")]
