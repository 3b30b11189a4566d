"""Tables of off-line work: grants, blocks of numbers, lists of calls, entries of logs."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.crypto import salted_hmac

from prepazka.offices.models import Device, OfOffice
from prepazka.queueing.models.hall_rows import NumberSeries, Shift, Ticket

OFFLINE_FROM = 500  # numbers below are the ordinary series
BLOCK, ENOUGH = 100, 50  # numbers in a block, and the least that a kiosk has left
BUSIEST_OF = timedelta(days=28)  # a kiosk gets the numbers of the busiest of these days
# A kiosk cannot issue more in eight hours, at 15 s from the touch to the paper.
MOST_NUMBERS = 2000
HEARD = timedelta(seconds=15)  # a console silent for longer may be calling its list by itself
SILENT_AFTER = timedelta(seconds=60)  # a console silent for longer holds no tickets


def _range(lowest: str, highest: str, kind: str) -> Func:
    return Func(F(lowest), F(highest), Value("[]"), function=kind, output_field=IntegerRangeField())


class OfflineGrant(OfOffice):
    """The grant of one browser, a kiosk's or a counter's, to go on off line on a day."""

    device = models.ForeignKey(Device, null=True, on_delete=models.PROTECT, related_name="+")
    shift = models.ForeignKey(Shift, null=True, on_delete=models.PROTECT, related_name="+")
    date = models.DateField()
    pairing = models.CharField(max_length=64, help_text="hash of token and browser")
    made_at = models.DateTimeField()
    renewed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=0, help_text="of the list of tickets")
    merged = models.PositiveIntegerField(default=0, help_text="the last event of its log")
    refused = models.PositiveIntegerField(
        default=0, db_default=0, help_text="entries sent after the device was disconnected"
    )
    page = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="that renewed last"
    )
    left = models.BooleanField(
        default=False, db_default=False, help_text="that page gave its list back"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["device", "date", "pairing"], name="grant_of_kiosk_once"
            ),
            models.UniqueConstraint(
                fields=["shift", "date", "pairing"], name="grant_of_counter_once"
            ),
            models.CheckConstraint(
                condition=Q(device__isnull=True) ^ Q(shift__isnull=True),
                name="grant_of_kiosk_or_counter",
            ),
        ]

    def key(self, purpose: str) -> bytes:
        """A key shared by this browser and the server, for the purpose `log` or `pins`."""
        text = f"{self.pk}:{self.pairing}:{purpose}"
        return salted_hmac("prepazka.offline", text, algorithm="sha256").digest()

    def sign(self, seq: int, body: str) -> str:
        """The signature of an event of the log."""
        text = f"{self.pk}.{seq}.{body}".encode()
        return hmac.new(self.key("log"), text, hashlib.sha256).hexdigest()

    def hide(self, pin: str) -> str:
        """The keyed hash of a PIN, as it stands in the kiosk's list."""
        return hmac.new(self.key("pins"), pin.encode(), hashlib.sha256).hexdigest()


class NumberLease(OfOffice):
    """A block of numbers that only one kiosk may issue; blocks of a letter never overlap."""

    grant = models.ForeignKey(OfflineGrant, on_delete=models.PROTECT, related_name="numbers")
    series = models.ForeignKey(NumberSeries, on_delete=models.PROTECT, related_name="leases")
    date = models.DateField()
    letter = models.CharField(max_length=3)
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="number_leases_apart",
                # Built of ranges, so that no extension of PostgreSQL is needed.
                expressions=[
                    (_range("series", "series", "int8range"), RangeOperators.OVERLAPS),
                    (_range("first", "last", "int4range"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="number_lease_length"),
        ]


class CallLease(OfOffice):
    """A waiting ticket on the list of one console; no other console may call it off line."""

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="call_lease")
    grant = models.ForeignKey(OfflineGrant, on_delete=models.CASCADE, related_name="calls")
    leaving = models.PositiveIntegerField(null=True, help_text="version of the list without it")


class OfflineEvent(OfOffice):
    """One entry of the log of a browser that was off line."""

    grant = models.ForeignKey(OfflineGrant, on_delete=models.PROTECT, related_name="events")
    seq = models.PositiveIntegerField()
    at = models.DateTimeField(help_text="corrected, in the order of the log")
    kind = models.CharField(max_length=10)
    label = models.CharField(max_length=12)
    body = models.JSONField()
    booking = models.UUIDField(null=True)
    outcome = models.CharField(max_length=12, blank=True)
    told_at = models.DateTimeField(null=True)
    counted = models.JSONField(
        null=True, help_text="of a call that does not count: counter and time of the one that does"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["grant", "seq"], name="offline_event_once")]
