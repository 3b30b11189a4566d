"""The content of an office's file: dataclasses whose fields are the declarations of its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from prepazka.core import idle
from prepazka.core.door_codes import PHONE_TICKETS
from prepazka.core.file_rules import FileRules
from prepazka.core.message_rules import MessageRules
from prepazka.core.slots import Rules
from prepazka.officefile.crest_section import CREST
from prepazka.officefile.declarations import BY_LOADER, Field, FileContext, Right, declared
from prepazka.officefile.display_section import DISPLAY
from prepazka.officefile.hours_section import Times
from prepazka.officefile.phrases import phrase as _
from prepazka.officefile.references import COUNTER, COUNTERS, DEPARTMENT, SERVICES, SYSTEMS, TOPICS
from prepazka.officefile.value_readers import (
    CODES,
    DAY_MIN,
    EMAIL,
    FLAG,
    HOSTS,
    LANGUAGES,
    LETTER,
    MODES_OF_MEETING,
    PHONE,
    PRINTER,
    ROLES_OF_STAFF,
    ROOM_LINK,
    ROOMS_OF_MEETING,
    SOME_LANGUAGES,
    TEXT,
    TIMEZONE,
    Text,
    choice,
    length,
    length_or_none,
    meaning,
    words,
)

HEAD = Right.HEAD
# Stands for the reason of an official's absence in an export for people who may not read it;
# loading keeps the stored reason.
AS_BEFORE: Text = {"cs": "as before"}


@dataclass(frozen=True, kw_only=True)
class OfficeSection:
    """`office`: its name and how to reach it."""

    slug: str = declared(
        "code",
        CODES,
        _("Code"),
        _("In addresses, such as /lhota/; it never changes."),
        missing=_('a short code such as "lhota"'),
    )
    name: Text = declared(
        "name",
        TEXT,
        _("Name of the office"),
        _("The office's full name, on all pages and messages."),
        missing=_("the office's name"),
    )
    address: Text = declared("address", TEXT, _("Address"), _("Where people come to."), default={})
    note: Text = declared(
        "note", TEXT, _("Note"), _("Shown with the address."), default={}, right=HEAD
    )
    after_hours: Text = declared(
        "after hours",
        TEXT,
        _("Way in after hours"),
        _("How to get in for an appointment outside office hours."),
        default={},
        right=HEAD,
    )
    email: str = declared(
        "email", EMAIL, _("E-mail"), _("The office's address for the public."), default=""
    )
    phone: str = declared(
        "phone", PHONE, _("Telephone"), _("The office's number for the public."), default=""
    )
    timezone: str = declared(
        "timezone",
        TIMEZONE,
        _("Time zone"),
        _("In which all hours of the office are given."),
        default="Europe/Prague",
        touches_people=True,
        always=True,
    )
    languages: tuple[str, ...] = declared(
        "languages",
        LANGUAGES,
        _("Languages"),
        _("Languages of the office's pages; the first one is the usual one."),
        default=("cs",),
        always=True,
    )
    public_holidays: str = declared(
        "public holidays",
        meaning({"CZ": "CZ", "none": ""}),
        _("Public holidays"),
        _("Closed on Czech public holidays; “none”: weekly hours hold on them too."),
        default="CZ",
        touches_people=True,
        always=True,
    )
    embed: tuple[str, ...] | None = declared(
        "embed",
        HOSTS,
        _("Websites with free times"),
        _("Websites that may show the free times in a frame."),
        column="embed_hosts",
    )


@dataclass(frozen=True, kw_only=True)
class PolicySection:
    """`policy`: the order of the queue, tickets, and how long things are kept."""

    head_start_min: int | None = declared(
        "head start",
        length_or_none(0, DAY_MIN, example="60 min"),
        _("Head start of the booked"),
        _("A booked person goes before those who have waited less than this; “none”: before all."),
        right=HEAD,
        always=True,
    )
    walkin_cap_min: int | None = declared(
        "longest wait",
        length_or_none(1, DAY_MIN, example="60 min"),
        _("Longest wait"),
        _("Who has waited this long goes before all who came later, booked or not."),
        right=HEAD,
    )
    call_early: bool = declared(
        "call early",
        FLAG,
        _("Call early"),
        _("A booked person already here may be called early when nobody else waits."),
        default=True,
        right=HEAD,
        always=True,
    )
    first_ticket_min: int = declared(
        "first ticket",
        length(0, DAY_MIN, example="30 min"),
        _("First ticket"),
        _("Tickets are given from this long before opening."),
        default=30,
        right=HEAD,
        always=True,
    )
    last_ticket_min: int = declared(
        "last ticket",
        length(0, DAY_MIN, example="30 min"),
        _("Last ticket"),
        _("Tickets are given until this long before closing."),
        default=0,
        right=HEAD,
        always=True,
    )
    overtime_min: int | None = declared(
        "overtime",
        length_or_none(0, DAY_MIN, example="15 min"),
        _("Overtime"),
        _(
            "Tickets stop for the day when people would be served later than this after closing;"
            " “none”: only the clock stops them."
        ),
        default=0,
        right=HEAD,
        always=True,
    )
    phone_tickets: str = declared(
        "phone tickets",
        choice(*PHONE_TICKETS),
        _("Tickets by phone"),
        _("Who may take a ticket with a phone: nobody, at the door, or from anywhere."),
        default="none",
        always=True,
    )
    retention_days: int = declared(
        "personal data kept",
        length(1, 3660, unit=DAY_MIN, example="7 days"),
        _("Personal data kept"),
        _("Names, contacts and PINs are erased this long after the visit."),
        default=7,
        always=True,
    )
    answer_offers_min: int = declared(
        "answer offers within",
        length(60, 7 * DAY_MIN, example="24 h"),
        _("Time to answer offers"),
        _("How long other times are held for people whose appointment was withdrawn."),
        default=DAY_MIN,
        right=HEAD,
        always=True,
    )
    lock_after_min: int = declared(
        "lock screens after",
        length(idle.LEAST_MIN, idle.MOST_MIN, example="15 min"),
        _("Lock screens after"),
        _("A staff screen that is not used for this long asks for the password."),
        default=idle.USUAL_MIN,
        always=True,
    )
    second_factor_roles: tuple[str, ...] = declared(
        "second factor",
        ROLES_OF_STAFF,
        _("Second factor"),
        _("Roles whose people must log in with a second factor."),
        default=(),
    )


@dataclass(frozen=True, kw_only=True)
class VideoSection:
    """`video`: meetings by video; secrets of conferencing servers are not in a file."""

    rooms: tuple[str, ...] = declared(
        "rooms",
        ROOMS_OF_MEETING,
        _("Rooms"),
        _("Rooms of meetings by video; the first one that is available is used."),
        default=("embedded",),
        column="video_rooms",
        always=lambda plan: bool(plan.room_link),
    )
    room_link: str = declared(
        "link",
        ROOM_LINK,
        _("Address of rooms"),
        _("The address of rooms elsewhere; {code} is different for every meeting."),
        default="",
        column="video_link",
    )


@dataclass(frozen=True, kw_only=True)
class CrestSection:
    """`crest`: a key of its own."""

    crest: bytes = declared(
        "crest",
        CREST,
        _("Crest"),
        _("The office's crest or logo, a PNG picture; shown beside its name."),
        default=b"",
        column=BY_LOADER,
    )


@dataclass(frozen=True, kw_only=True)
class DepartmentPlan:
    """A department (odbor)."""

    code: str
    name: Text = declared(
        "name",
        TEXT,
        _("Name of the department"),
        _("The department's name, as citizens see it."),
        missing=_("the department's name"),
    )


@dataclass(frozen=True, kw_only=True)
class SystemPlan:
    """An external system without which a service cannot be provided."""

    code: str
    name: Text = declared(
        "name",
        TEXT,
        _("Name of the system"),
        _("The system's name, as citizens see it when it does not work."),
        missing=_("the system's name"),
    )


@dataclass(frozen=True, kw_only=True)
class ServicePlan:
    """A service that citizens come for."""

    code: str
    name: Text = declared(
        "name",
        TEXT,
        _("Name of the service"),
        _("What people come for, in their words."),
        missing=_("the service's name"),
        right=HEAD,
    )
    duration_min: int = declared(
        "duration",
        length(1, 600, example="15 min"),
        _("Duration"),
        _("How long it usually takes; the estimate of waits learns the actual one."),
        missing=_('its usual duration such as "15 min"'),
        right=HEAD,
    )
    hint: Text = declared(
        "hint",
        TEXT,
        _("Hint"),
        _("Advice shown before booking, in the mail and on the ticket's page."),
        default={},
        right=HEAD,
    )
    documents: Text = declared(
        "documents",
        TEXT,
        _("Documents to bring"),
        _("What to bring; a list of lines."),
        default={},
        right=HEAD,
    )
    fee: Text = declared(
        "fee", TEXT, _("Fee"), _("What it costs and how to pay."), default={}, right=HEAD
    )
    bookable: bool = declared(
        "bookable",
        FLAG,
        _("Can be booked"),
        _("“no”: people come without a booking only."),
        default=lambda _values, context: context.booked,
        touches_people=True,
    )
    walk_in: bool = declared(
        "walk-in",
        FLAG,
        _("Without a booking"),
        _("“no”: booked people only."),
        default=True,
        touches_people=True,
    )
    needs: tuple[str, ...] = declared(
        "needs",
        SYSTEMS,
        _("Systems it needs"),
        _("Systems without which it cannot be provided."),
        default=(),
        column=BY_LOADER,
    )
    modes: tuple[str, ...] = declared(
        "modes",
        MODES_OF_MEETING,
        _("Modes"),
        _("How people meet: in person, by phone, by video; the usual one first."),
        default=lambda _values, context: context.modes,
        touches_people=True,
    )
    rooms: tuple[str, ...] = declared(
        "rooms",
        ROOMS_OF_MEETING,
        _("Rooms"),
        _("Rooms of its meetings by video, instead of the office's."),
        default=lambda _values, context: context.rooms,
        column="video_rooms",
    )
    times: Times = Times()


# Of an agenda: defaults of its services, which keep them.
SERVICE_DEFAULTS = (
    Field(
        "modes",
        MODES_OF_MEETING,
        _("Modes"),
        _("How people meet in services that do not say it themselves."),
        attributes=("modes",),
        default=("person",),
        touches_people=True,
    ),
    Field(
        "rooms",
        ROOMS_OF_MEETING,
        _("Rooms"),
        _("Rooms of services that do not say it themselves."),
        attributes=("rooms",),
        default=(),
    ),
)


@dataclass(frozen=True, kw_only=True)
class AgendaPlan:
    """An area of service; without `booking` its services take walk-ins only."""

    code: str
    letter: str = declared(
        "letter",
        LETTER,
        _("Letter of tickets"),
        _("One to three capital letters before the number; each agenda has its own."),
        missing=_('the letter of its tickets such as "V"'),
    )
    department: str | None = declared(
        "department", DEPARTMENT, _("Department"), _("The department that it belongs to.")
    )
    name: Text = declared(
        "name",
        TEXT,
        _("Name of the area of service"),
        _("Several services with one ticket letter and one set of places."),
        missing=_("the agenda's name"),
        right=HEAD,
    )
    booking: Rules | None = None
    services: tuple[ServicePlan, ...] = ()
    times: Times = Times()


def counter_name(number: str) -> Text:
    """The default name of a counter."""
    return {"cs": f"Přepážka {number}", "en": f"Counter {number}"}


@dataclass(frozen=True, kw_only=True)
class CounterPlan:
    """A counter; `services` are codes in the order of the file."""

    code: str
    number: str = declared(
        "number",
        words(10, _("a counter's number")),
        _("Number"),
        _("As it is displayed and spoken; each counter has its own."),
        missing=_("the counter's number"),
    )
    name: Text = declared(
        "name",
        TEXT,
        _("Name of the counter"),
        _("Such as “Dveře 205”; without it “Přepážka” and the number."),
        default=lambda values, _context: counter_name(values.get("number", "")),
    )
    place: Text = declared(
        "place",
        TEXT,
        _("Place"),
        _("Where the counter is, such as the floor and the door."),
        default={},
        right=HEAD,
    )
    services: tuple[str, ...] = declared(
        "serves",
        SERVICES,
        _("Serves"),
        _("Agendas and services that are served here."),
        missing=_('agendas or services, or "all"'),
        column=BY_LOADER,
        touches_people=True,
    )
    times: Times = Times()


@dataclass(frozen=True, kw_only=True)
class OfficialPlan:
    """An official who can be booked; `topics` are codes of services in the order of the file."""

    code: str
    name: Text = declared(
        "name",
        TEXT,
        _("Name"),
        _("With titles, as citizens see it."),
        missing=_("the official's name"),
    )
    department: str | None = declared(
        "department", DEPARTMENT, _("Department"), _("The official's department.")
    )
    counter: str | None = declared(
        "counter",
        COUNTER,
        _("Counter"),
        _("Where their clients are called; without it, where the topic is served."),
    )
    topics: tuple[str, ...] = declared(
        "topics",
        TOPICS,
        _("Topics"),
        _("Agendas and services that are booked with the official."),
        missing=_("agendas or services that are booked with them"),
        column=BY_LOADER,
        touches_people=True,
    )
    place: Text = declared(
        "place",
        TEXT,
        _("Place"),
        _("Where people go, on the official's page and in e-mails."),
        default={},
        right=HEAD,
    )
    phone: str = declared(
        "phone", PHONE, _("Telephone"), _("Shown on the official's page."), default="", right=HEAD
    )
    email: str = declared(
        "email", EMAIL, _("E-mail"), _("Shown on the official's page."), default="", right=HEAD
    )
    buffer_min: int = declared(
        "buffer",
        length(0, 600, none=0, example="5 min"),
        _("Time between bookings"),
        _("Time kept free before and after each booking."),
        default=0,
        right=HEAD,
    )
    times: Times = Times()


DEVICE_NAMES: dict[str, Text] = {
    "kiosk": {"cs": "Kiosek", "en": "Kiosk"},
    "display": {"cs": "Vyvolávací panel", "en": "Display"},
}


def _device_name(kind: str) -> Field:
    return Field(
        "name",
        TEXT,
        _("Name of the device"),
        _("By which the staff know the device."),
        attributes=("name",),
        default=DEVICE_NAMES[kind],
    )


def _all_services(_values: Mapping[str, Any], context: FileContext) -> tuple[str, ...]:
    return tuple(context.services)


# Of devices by their kind; all but the name are kept in `Device.options`.
DEVICE_FIELDS: dict[str, tuple[Field, ...]] = {
    "kiosk": (
        _device_name("kiosk"),
        Field(
            "services",
            SERVICES,
            _("Services"),
            _("Agendas and services that the kiosk offers."),
            attributes=("services",),
            default=_all_services,
            always=True,
        ),
        Field(
            "printer",
            PRINTER,
            _("Printer"),
            _("None, that of the browser, or a ticket printer on the network."),
            attributes=("printer",),
            default={"kind": "none"},
            always=True,
        ),
        Field(
            "languages",
            SOME_LANGUAGES,
            _("Languages"),
            _("Languages that people can choose on the kiosk."),
            attributes=("languages",),
            default=lambda _values, context: context.languages,
            always=True,
        ),
    ),
    "display": (
        _device_name("display"),
        Field(
            "counters",
            COUNTERS,
            _("Counters"),
            _("Counters whose calls the display shows."),
            attributes=("counters",),
            default=lambda _values, context: list(context.counters),
            always=True,
        ),
        *DISPLAY,
    ),
}


@dataclass(frozen=True)
class DevicePlan:
    """A kiosk or a display; `options` are as in `Device.options`."""

    kind: str
    code: str
    name: Text
    options: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class OfficePlan(OfficeSection, PolicySection, VideoSection, CrestSection):
    """The whole file."""

    times: Times
    departments: tuple[DepartmentPlan, ...]
    agendas: tuple[AgendaPlan, ...]
    counters: tuple[CounterPlan, ...]
    devices: tuple[DevicePlan, ...]
    messages: MessageRules = field(default_factory=MessageRules)
    officials: tuple[OfficialPlan, ...] = ()
    systems: tuple[SystemPlan, ...] = ()
    files: FileRules = field(default_factory=FileRules)  # of meetings

    def services(self) -> Iterator[ServicePlan]:
        """All services, in the order of the file."""
        for agenda in self.agendas:
            yield from agenda.services
