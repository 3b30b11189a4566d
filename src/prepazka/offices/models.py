"""Tables of offices: what the office file describes, the staff, devices and the demo."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.urls import reverse

from prepazka.core import idle
from prepazka.core.calendar import DayException, WeeklyHours
from prepazka.core.door_codes import PHONE_TICKETS
from prepazka.core.file_rules import FileRules
from prepazka.core.message_rules import MessageRules
from prepazka.core.office_hours import PartException, PartHours, Scope
from prepazka.core.slots import Rules
from prepazka.offices.text import LocalText


class Room(models.TextChoices):
    """Providers of rooms for meetings by video; the telephone is the fallback of each."""

    EMBEDDED = "embedded"  # ours, in the browser
    JITSI = "jitsi"
    BIGBLUEBUTTON = "bigbluebutton"
    LINK = "link"  # any other, given by its address
    TELEPHONE = "telephone"


def our_room() -> list[str]:
    """Rooms of an office whose file names none."""
    return [Room.EMBEDDED.value]


class Office(models.Model):
    """A place with counters, hours and one queue."""

    slug = models.SlugField(unique=True)
    name = LocalText()
    address = LocalText(default=dict)
    note = LocalText(default=dict)
    # How somebody booked outside the office's hours gets in.
    after_hours = LocalText(
        default=dict, db_default=models.Value({}, output_field=models.JSONField())
    )
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    timezone = models.CharField(max_length=60, default="Europe/Prague")
    languages = ArrayField(models.CharField(max_length=8), default=list)
    public_holidays = models.CharField(max_length=8, default="CZ", blank=True)
    # None: a booked client in the window goes first whatever a walk-in has waited.
    head_start_min = models.PositiveSmallIntegerField(null=True)
    # Who has waited this long goes before the booked who came later; None: there is no such limit.
    walkin_cap_min = models.PositiveSmallIntegerField(null=True)
    call_early = models.BooleanField(default=True)
    first_ticket_min = models.PositiveSmallIntegerField(default=30)
    last_ticket_min = models.PositiveSmallIntegerField(default=0)
    # Tickets of a service stop once four of five who took one now would be served only so long
    # after closing; None: they stop by the clock alone.
    overtime_min = models.PositiveSmallIntegerField(null=True, default=0)
    # Who may take a ticket with a telephone: nobody, whoever reads the rotating code at the door,
    # or anybody from anywhere.
    phone_tickets = models.CharField(
        max_length=8,
        choices=[(rule, rule) for rule in PHONE_TICKETS],
        default="none",
    )
    retention_days = models.PositiveSmallIntegerField(default=7)
    # A screen of the staff asks for the password after so long without a key or press.
    lock_after_min = models.PositiveSmallIntegerField(
        default=idle.USUAL_MIN, db_default=idle.USUAL_MIN
    )
    # How long slots offered instead of a lost one are held for an answer.
    answer_offers_min = models.PositiveSmallIntegerField(default=24 * 60)
    messages_data = models.JSONField(default=dict)
    # Sites whose pages may show the free slots in a frame; None: any.
    embed_hosts = ArrayField(models.CharField(max_length=255), null=True)
    # Rooms of meetings by video, the first one first; and the address of a room elsewhere.
    video_rooms = ArrayField(models.CharField(max_length=16), default=our_room)
    video_link = models.CharField(max_length=500, blank=True)
    # Limits of files brought to meetings that are lower than those of the installation.
    files_data = models.JSONField(default=dict)
    # Names the picture of the office's crest, whose content is in `Crest`; empty: it has none.
    crest = models.CharField(max_length=16, blank=True, default="", db_default="")
    # Roles whose people must have a second factor; until they have, nothing else opens to them.
    second_factor_roles = ArrayField(models.CharField(max_length=16), default=list, db_default=[])
    demo = models.BooleanField(default=False)
    # Raised by every change of the office's file or screens; snapshots are kept per version.
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return self.slug

    @property
    def crest_url(self) -> str:
        """Address of the crest's picture; it changes with the picture. Empty where there is none."""
        return reverse("crest", args=[self.slug, self.crest]) if self.crest else ""

    @property
    def answer_within(self) -> timedelta:
        """How long offered substitute slots are held."""
        return timedelta(minutes=self.answer_offers_min)

    @property
    def file_rules(self) -> FileRules:
        """Limits of files that people bring to meetings."""
        return FileRules(**self.files_data)

    @property
    def message_rules(self) -> MessageRules:
        """Rules of the messages that the office sends other than by e-mail."""
        return MessageRules(**self.messages_data)


class Crest(models.Model):
    """The picture of an office's crest, a PNG; not in Office, whose row every request reads."""

    office = models.OneToOneField(
        Office, on_delete=models.PROTECT, primary_key=True, related_name="crest_picture"
    )
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"crest of {self.office_id}"


class OfOffice(models.Model):
    """Base of rows that belong to an office."""

    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="%(class)ss")

    class Meta:
        abstract = True


class Named(OfOffice):
    """A part of the office, in the order of its file; `retired` once the file has dropped it."""

    code = models.SlugField(max_length=60)
    name = LocalText()
    position = models.PositiveSmallIntegerField(default=0)
    retired = models.BooleanField(default=False)

    class Meta:
        abstract = True
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.code


class Department(Named):
    """A department (odbor)."""

    class Meta(Named.Meta):
        constraints = [models.UniqueConstraint(fields=["office", "code"], name="department_code")]


class Agenda(Named):
    """An area of service: it has a ticket letter, booking lanes and rules."""

    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="agendas"
    )
    letter = models.CharField(max_length=3)
    rules_data = models.JSONField(default=dict)

    class Meta(Named.Meta):
        constraints = [
            models.UniqueConstraint(fields=["office", "code"], name="agenda_code"),
            models.UniqueConstraint(
                fields=["office", "letter"], condition=Q(retired=False), name="agenda_letter"
            ),
        ]

    @property
    def rules(self) -> Rules:
        """The booking rules; an agenda without lanes (`quota` 0) takes walk-ins only."""
        return Rules(**self.rules_data)


class System(Named):
    """A system run by others that services depend on: a register, a network."""

    class Meta(Named.Meta):
        constraints = [models.UniqueConstraint(fields=["office", "code"], name="system_code")]


class Mode(models.TextChoices):
    """How citizen and official meet at an appointment."""

    PERSON = "person"  # at the office
    PHONE = "phone"  # the official telephones
    VIDEO = "video"


def in_person() -> list[str]:
    """Modes of a service whose file names none."""
    return [Mode.PERSON.value]


class TicketsRule(models.TextChoices):
    """The decision about walk-in tickets of a service for one day."""

    FULL = "full"  # the estimate says that the day is full
    STOPPED = "stopped"  # by the head
    OPEN = "open"  # by the head, whatever the estimate says


class Service(Named):
    """An act a citizen comes for (úkon); several acts share the lanes of their agenda."""

    agenda = models.ForeignKey(Agenda, on_delete=models.PROTECT, related_name="services")
    hint = LocalText(default=dict)
    documents = LocalText(default=dict)
    fee = LocalText(default=dict)
    duration_min = models.PositiveSmallIntegerField(default=15)
    bookable = models.BooleanField(default=True)
    walk_in = models.BooleanField(default=True)
    needs = models.ManyToManyField(System, related_name="services")
    # How it can be booked; the first one is the default.
    modes = ArrayField(models.CharField(max_length=8, choices=Mode.choices), default=in_person)
    # Its own rooms of meetings by video; empty: the office's.
    video_rooms = ArrayField(models.CharField(max_length=16), default=list)
    # Of one day, set by the estimate or by the head, and no part of the office's file.
    tickets_on = models.DateField(null=True)
    tickets_rule = models.CharField(max_length=8, choices=TicketsRule.choices, blank=True)

    class Meta(Named.Meta):
        constraints = [models.UniqueConstraint(fields=["office", "code"], name="service_code")]

    @property
    def usual_mode(self) -> str:
        """How it is booked by default."""
        return self.modes[0] if self.modes else Mode.PERSON.value

    def tickets_today(self, day: date) -> str:
        """The TicketsRule for this day; empty: none, the opening hours decide."""
        return self.tickets_rule if self.tickets_on == day else ""


class Counter(Named):
    """A place where a clerk serves."""

    number = models.CharField(max_length=10)
    place = LocalText(default=dict)
    services = models.ManyToManyField(Service, related_name="counters")

    class Meta(Named.Meta):
        constraints = [models.UniqueConstraint(fields=["office", "code"], name="counter_code")]


class Official(Named):
    """A person whom citizens book by name; a row of the calendar, not necessarily a log-in."""

    department = models.ForeignKey(
        Department, null=True, on_delete=models.PROTECT, related_name="officials"
    )
    # The account that may look after this diary; it is given in the screens, not in the file.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="officials"
    )
    # Where their clients are called; without it, any counter that serves the topic calls them.
    counter = models.ForeignKey(
        Counter, null=True, on_delete=models.PROTECT, related_name="officials"
    )
    place = LocalText(default=dict)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    services = models.ManyToManyField(Service, related_name="officials")
    buffer_min = models.PositiveSmallIntegerField(default=0)

    class Meta(Named.Meta):
        constraints = [models.UniqueConstraint(fields=["office", "code"], name="official_code")]


class Scoped(OfOffice):
    """Base of rows valid for the whole office or one agenda, service, counter or official."""

    agenda = models.ForeignKey(Agenda, null=True, on_delete=models.CASCADE)
    service = models.ForeignKey(Service, null=True, on_delete=models.CASCADE)
    counter = models.ForeignKey(Counter, null=True, on_delete=models.CASCADE)
    official = models.ForeignKey(Official, null=True, on_delete=models.CASCADE)

    class Meta:
        abstract = True

    @property
    def scope(self) -> Scope:
        """The part of the office that the row belongs to."""
        return Scope(self.agenda_id, self.service_id, self.counter_id, self.official_id)


class OpeningHours(Scoped):
    """Weekly hours in which citizens are served; with `booking` those that can be booked."""

    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="opening_hours")
    booking = models.BooleanField(default=False)
    # Electronic office hours are for one mode only; none: for all.
    mode = models.CharField(max_length=8, choices=Mode.choices, null=True)  # noqa: DJ001  # any
    weekday = models.PositiveSmallIntegerField()
    opens = models.PositiveSmallIntegerField(help_text="local minutes after midnight")
    closes = models.PositiveSmallIntegerField(help_text="local minutes after midnight")
    valid_from = models.DateField(null=True)
    valid_to = models.DateField(null=True)

    @property
    def weekly(self) -> WeeklyHours:
        """The weekday and times as the calendar understands them."""
        return WeeklyHours(self.weekday, self.opens, self.closes, self.valid_from, self.valid_to)

    @property
    def of_part(self) -> PartHours:
        """The row with its part of the office, for the arithmetic of opening hours."""
        return PartHours(self.scope, self.weekly, self.booking, self.mode)


class HoursException(Scoped):
    """Days on which the week's hours do not hold."""

    class Kind(models.TextChoices):
        CLOSED = "closed"
        EXTRA = "extra"
        INSTEAD = "instead"
        REDUCED = "reduced"

    office = models.ForeignKey(Office, on_delete=models.PROTECT, related_name="hours_exceptions")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    from_date = models.DateField()
    to_date = models.DateField(null=True, help_text="inclusive; none: until further notice")
    opens = models.PositiveSmallIntegerField(null=True)
    closes = models.PositiveSmallIntegerField(null=True)
    # Of reduced days: how many places of an agenda can be booked at a time.
    places = models.PositiveSmallIntegerField(null=True)
    # Times at both ends of days without a break; `opens` and `closes`, which hold on each day,
    # are empty then, so that the release before takes the days as whole ones.
    begins = models.PositiveSmallIntegerField(null=True, help_text="minute of the first day")
    ends = models.PositiveSmallIntegerField(null=True, help_text="minute of the last day")
    reason = LocalText(default=dict)

    @property
    def days(self) -> DayException:
        """The days and times as the calendar understands them."""
        return DayException(
            from_date=self.from_date,
            to_date=self.to_date,
            opens=self.opens,
            closes=self.closes,
            kind=self.kind,  # type: ignore[arg-type]  # one of Kind
            places=self.places,
            begins=self.begins,
            ends=self.ends,
        )

    @property
    def of_part(self) -> PartException:
        """The row with its part of the office, for the arithmetic of opening hours."""
        return PartException(self.scope, self.days, self.reason)


class Incident(OfOffice):
    """An outage of a system: services that need it stop until somebody ends the incident."""

    class Cause(models.TextChoices):
        DOWN = "down"
        UNREACHABLE = "unreachable"
        MAINTENANCE = "maintenance"
        POWER = "power"

    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="incidents")
    cause = models.CharField(max_length=12, choices=Cause.choices)
    note = LocalText(default=dict)
    expected_at = models.DateTimeField(null=True, help_text="when it should work again")
    # Whoever is booked within so many hours is warned; None: for the rest of the day.
    warn_hours = models.PositiveSmallIntegerField(null=True)
    began_at = models.DateTimeField()
    began_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system"], condition=Q(ended_at=None), name="incident_once"
            )
        ]


class Role(models.TextChoices):
    """Role of a member of staff in one office."""

    CLERK = "clerk"
    RECEPTION = "reception"
    OPERATOR = "operator"
    HEAD = "head"
    ADMINISTRATOR = "administrator"


class Membership(OfOffice):
    """A member of staff in an office."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=16, choices=Role.choices)
    name = models.CharField(max_length=80)
    # Whether they may say that a system is down; heads and administrators always may.
    may_declare = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["office", "user"], name="membership_once")]


class Device(Named):
    """A kiosk or a display, paired with its browser by a one-time code."""

    class Kind(models.TextChoices):
        KIOSK = "kiosk"
        DISPLAY = "display"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    # The kiosk's services and printer, the display's counters and layout.
    options = models.JSONField(default=dict)
    pairing_hash = models.CharField(max_length=64, blank=True)
    pairing_expires_at = models.DateTimeField(null=True)
    token_hash = models.CharField(max_length=64, blank=True, db_index=True)
    paired_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    wrong_pins = models.PositiveSmallIntegerField(default=0)
    paused_until = models.DateTimeField(null=True)
    fault = models.CharField(max_length=40, blank=True)
    fault_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    lost_at = models.DateTimeField(
        null=True, help_text="when the kiosk was reported lost; until it is paired anew"
    )
    # What the browser and the printer last reported.
    app_version = models.CharField(max_length=40, blank=True)
    printer_state = models.JSONField(default=dict)
    printer_asked_at = models.DateTimeField(null=True)
    # The address of the printer that has answered a question, and when it last did: the silence
    # of such a printer is a fault, while others never answer.
    answering_printer = models.CharField(max_length=300, blank=True, default="", db_default="")
    printer_answered_at = models.DateTimeField(null=True)
    printed_at = models.DateTimeField(null=True)
    printed = models.CharField(max_length=12, blank=True, help_text="number on the last paper")
    reload_at = models.DateTimeField(null=True, help_text="a screen loaded before must load anew")
    clock_off_s = models.IntegerField(null=True, help_text="its clock less ours, as it last said")
    waiting_events = models.PositiveIntegerField(default=0, help_text="of its log, not yet merged")

    class Meta(Named.Meta):
        constraints = [models.UniqueConstraint(fields=["office", "code"], name="device_code")]


class DemoClock(models.Model):
    """The clock of a demo that plays a day; at most one row."""

    real_from = models.DateTimeField()
    shown_from = models.DateTimeField()
    shown_to = models.DateTimeField()
    speed = models.FloatField()


class DemoPlayState(models.TextChoices):
    ASKED = "asked"  # the supervisor has not begun it yet
    RUNNING = "running"
    STOPPING = "stopping"
    OVER = "over"  # the office has closed
    STOPPED = "stopped"  # by a visitor, or with the server
    FAILED = "failed"


class DemoPlay(models.Model):
    """The day that virtual people play in a demo, as asked for on its start page; one row at most."""

    office = models.ForeignKey(Office, on_delete=models.CASCADE)
    speed = models.FloatField(help_text="minutes of the office per minute")
    state = models.CharField(max_length=8, choices=DemoPlayState.choices)

    @property
    def is_active(self) -> bool:
        """Whether people come, are about to come or still have to leave."""
        return self.state in (DemoPlayState.ASKED, DemoPlayState.RUNNING, DemoPlayState.STOPPING)
