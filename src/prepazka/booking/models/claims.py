"""Lanes, the bookings on them and replaced PINs; database constraints prevent double booking."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Collate, Lower
from django.db.models.lookups import GreaterThan

from prepazka.core.contact import Contact
from prepazka.core.contact_text import LONGEST_NAME, LONGEST_PHONE, LONGEST_TOPIC
from prepazka.journal.tracked_rows import TrackedRow
from prepazka.offices.models import Agenda, Mode, Office, Official, OfOffice, Service


class OfficeDay(OfOffice):
    """One local day of an office; every change of the day's bookings locks this row first."""

    date = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "date"], name="office_day")]


class Lane(OfOffice):
    """A resource that serves one person at a time: a place of an agenda, or an official."""

    agenda = models.ForeignKey(Agenda, null=True, on_delete=models.PROTECT, related_name="lanes")
    official = models.OneToOneField(
        Official, null=True, on_delete=models.PROTECT, related_name="lane"
    )
    number = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agenda", "number"], name="lane_number"),
            models.CheckConstraint(
                condition=Q(agenda__isnull=False, official__isnull=True)
                | Q(agenda__isnull=True, official__isnull=False),
                name="lane_of_an_agenda_or_an_official",
            ),
        ]


class BookingState(models.TextChoices):
    """The state of a booking; it says too who cancelled it."""

    HELD = "held"
    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    ARRIVED = "arrived"
    SERVED = "served"
    EXPIRED = "expired"
    CANCELLED_BY_CITIZEN = "cancelled_by_citizen"
    CANCELLED_BY_OFFICE = "cancelled_by_office"
    DISPLACED = "displaced"
    NO_SHOW = "no_show"


LIVE = (
    BookingState.HELD,
    BookingState.UNCONFIRMED,
    BookingState.CONFIRMED,
    BookingState.ARRIVED,
    BookingState.SERVED,
)
EXPIRING = (BookingState.HELD, BookingState.UNCONFIRMED)
OPEN = (BookingState.UNCONFIRMED, BookingState.CONFIRMED)


# The searched form of a name: lower case, without accents, words separated by one space.
FOLDED = (
    r"btrim(regexp_replace(regexp_replace(lower(normalize(%(expressions)s, NFD)), '[\u0300-\u036f]', '', 'g'),"
    r" '[^[:alnum:]]+', ' ', 'g'))"
)
WORDS_SEARCHED = 4  # each word of "doc. Ing. Jana Nováková" can be searched by


def _name_word(number: int) -> Func:
    return Func(
        F("name_folded"),
        Value(" "),
        Value(number),
        function="split_part",
        output_field=models.TextField(),
    )


class Channel(models.TextChoices):
    """The channel by which the booking was made."""

    WEB = "web"
    API = "api"
    DESK = "desk"
    PHONE = "phone"
    LIST = "list"  # the waiting list: freed time that is not public yet, or an offer of it

    @property
    def is_public(self) -> bool:
        """Whether the public books by it, under the rules and limits of the web."""
        return self in {Channel.WEB, Channel.API, Channel.LIST}


BY_STAFF = tuple(channel for channel in Channel if not channel.is_public)

# Freed time that is not public yet: a hold without a person.
RETURNING = Q(state=BookingState.HELD, channel=Channel.LIST, offer=None)


class WithContact:
    """Reads and writes the columns `name`, `email` and `phone` of a row together."""

    name: Any
    email: Any
    phone: Any

    @property
    def contact(self) -> Contact:
        """The contact of the person; all of it is empty once the row is erased."""
        return Contact(self.name, self.email, self.phone)

    @contact.setter
    def contact(self, contact: Contact) -> None:
        self.name, self.email, self.phone = contact.name, contact.email, contact.phone


class Booking(WithContact, TrackedRow, OfOffice):
    """An interval of one lane taken by somebody, from the hold to the end of the visit."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="bookings")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="bookings")
    lane = models.ForeignKey(Lane, on_delete=models.PROTECT, related_name="bookings")
    date = models.DateField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    state = models.CharField(max_length=24, choices=BookingState.choices, default=BookingState.HELD)
    expires_at = models.DateTimeField(null=True, help_text="of a hold or an unconfirmed booking")
    extended = models.PositiveSmallIntegerField(default=0)
    persons = models.PositiveSmallIntegerField(default=1)
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.WEB)
    mode = models.CharField(max_length=8, choices=Mode.choices, default=Mode.PERSON)
    language = models.CharField(max_length=8, default="cs")
    pin = models.CharField(max_length=4, blank=True)
    sequence = models.PositiveSmallIntegerField(default=0, help_text="iCalendar SEQUENCE")
    late = models.BooleanField(default=False)
    name = models.CharField(max_length=LONGEST_NAME, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=LONGEST_PHONE, blank=True)
    # Collation "C", so that a search by prefix uses the index. Erasing the name empties it too.
    name_folded = models.GeneratedField(
        expression=Func(F("name"), template=FOLDED),
        output_field=models.TextField(db_collation="C"),
        db_persist=True,
    )
    # The code in the address sent by SMS; None if no SMS is sent.
    short_code = models.CharField(max_length=12, null=True, unique=True)  # noqa: DJ001  # unique
    # A keyed hash: the limit per contact works after the contact itself has been erased.
    contact_hash = models.CharField(max_length=64, blank=True)
    # Set on a hold that keeps offered time for somebody.
    offer = models.ForeignKey(
        "booking.Offer", null=True, on_delete=models.SET_NULL, related_name="claims"
    )
    # Set on a hold that keeps the time of a colleague who joins that booking's meeting.
    companion_of = models.ForeignKey(
        "self", null=True, on_delete=models.CASCADE, related_name="companions"
    )
    request_key = models.UUIDField(null=True, help_text="of a request that may be repeated")
    created_at = models.DateTimeField()
    requested_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    moved_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    served_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="cancelled, expired or no-show")
    erased_at = models.DateTimeField(null=True)
    # The subject of the visit in the person's own words.
    topic = models.CharField(max_length=LONGEST_TOPIC, blank=True, default="", db_default="")
    # The office's reason for cancelling; the person reads it, and it is erased with the contact.
    cancel_reason = models.CharField(max_length=200, blank=True, default="", db_default="")
    # Keyed hashes of the network (address, /56 and /48) or of the account that made the hold;
    # erased when the hold ends, and a day after a confirmation without a click.
    network = models.CharField(max_length=32, blank=True, default="", db_default="")
    network_56 = models.CharField(max_length=32, blank=True, default="", db_default="")
    network_48 = models.CharField(max_length=32, blank=True, default="", db_default="")
    crowds = models.BooleanField(default=False, db_default=False, help_text="not by the staff")

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="lane_holds_one_person_at_a_time",
                expressions=[
                    (
                        Func(F("lane"), F("lane"), Value("[]"), function="int8range"),
                        RangeOperators.OVERLAPS,
                    ),
                    (
                        Func(F("starts_at"), F("ends_at"), Value("[)"), function="tstzrange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(state__in=LIVE),
            ),
            models.UniqueConstraint(
                fields=["office", "date", "pin"], condition=~Q(pin=""), name="pin_once_a_day"
            ),
            models.UniqueConstraint(
                fields=["office", "request_key"],
                condition=Q(request_key__isnull=False),
                name="booking_request_once",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")), name="booking_has_length"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=EXPIRING) | Q(expires_at__isnull=False),
                name="hold_expires",
            ),
        ]
        indexes = [
            models.Index(
                fields=["office", "date", "lane", "starts_at", "ends_at"],
                include=["state", "expires_at", "channel"],
                condition=Q(state__in=LIVE),
                name="booking_live",
            ),
            models.Index(
                fields=["office", "expires_at"],
                condition=Q(state__in=EXPIRING),
                name="booking_expiring",
            ),
            models.Index(
                fields=["office", "contact_hash"],
                condition=Q(state__in=OPEN),
                name="booking_contact",
            ),
            models.Index(fields=["office", "pin"], name="booking_pin"),
            models.Index(
                fields=["office", "network_48"],
                condition=~Q(network_48=""),
                name="booking_network",
            ),
            *(
                models.Index(
                    F("office"),
                    _name_word(n),
                    F("starts_at"),
                    include=["id", "name_folded"],
                    condition=Q(GreaterThan(_name_word(n), Value("")))
                    & ~Q(state=BookingState.HELD),
                    name=f"booking_name_{n}",
                )
                for n in range(1, WORDS_SEARCHED + 1)
            ),
            models.Index(
                F("office"),
                Collate(Func(F("phone"), function="reverse"), "C"),
                F("starts_at"),
                condition=~Q(phone="") & ~Q(state=BookingState.HELD),
                name="booking_phone",
            ),
            models.Index(
                F("office"),
                Collate(Lower("email"), "C"),
                F("starts_at"),
                condition=~Q(email="") & ~Q(state=BookingState.HELD),
                name="booking_email",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.starts_at:%Y-%m-%d %H:%M}"


class ReplacedPin(OfOffice):
    """A PIN that is no longer valid; it is not reused that day, and kiosks explain the change."""

    booking = models.ForeignKey(Booking, on_delete=models.CASCADE, related_name="replaced_pins")
    date = models.DateField()
    pin = models.CharField(max_length=4)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "date", "pin"], name="replaced_pin_once")
        ]
