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
from prepazka.officefile.declarations import BY_LOADER, Field, FileContext, Right, declared, option
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
        Field("code", CODES, missing=_('a short code such as "lhota"')),
        _("Code"),
        _("In addresses, such as /lhota/; it never changes."),
    )
    name: Text = declared(
        Field("name", TEXT, missing=_("the office's name")),
        _("Name of the office"),
        _("The office's full name, on all pages and messages."),
    )
    address: Text = declared(
        Field("address", TEXT, default={}), _("Address"), _("Where people come to.")
    )
    note: Text = declared(
        Field("note", TEXT, default={}, right=HEAD), _("Note"), _("Shown with the address.")
    )
    after_hours: Text = declared(
        Field("after hours", TEXT, default={}, right=HEAD),
        _("Way in after hours"),
        _("How to get in for an appointment outside office hours."),
    )
    email: str = declared(
        Field("email", EMAIL, default=""), _("E-mail"), _("The office's address for the public.")
    )
    phone: str = declared(
        Field("phone", PHONE, default=""), _("Telephone"), _("The office's number for the public.")
    )
    timezone: str = declared(
        Field("timezone", TIMEZONE, default="Europe/Prague", touches_people=True, always=True),
        _("Time zone"),
        _("In which all hours of the office are given."),
    )
    languages: tuple[str, ...] = declared(
        Field("languages", LANGUAGES, default=("cs",), always=True),
        _("Languages"),
        _("Languages of the office's pages; the first one is the usual one."),
    )
    public_holidays: str = declared(
        Field(
            "public holidays",
            meaning({"CZ": "CZ", "none": ""}),
            default="CZ",
            touches_people=True,
            always=True,
        ),
        _("Public holidays"),
        _("Closed on Czech public holidays; “none”: weekly hours hold on them too."),
    )
    embed: tuple[str, ...] | None = declared(
        Field("embed", HOSTS, column="embed_hosts"),
        _("Websites with free times"),
        _("Websites that may show the free times in a frame."),
    )


@dataclass(frozen=True, kw_only=True)
class PolicySection:
    """`policy`: the order of the queue, tickets, and how long things are kept."""

    head_start_min: int | None = declared(
        Field("head start", length_or_none(0, DAY_MIN, "60 min"), right=HEAD, always=True),
        _("Head start of the booked"),
        _("A booked person goes before those who have waited less than this; “none”: before all."),
    )
    walkin_cap_min: int | None = declared(
        Field("longest wait", length_or_none(1, DAY_MIN, "60 min"), right=HEAD),
        _("Longest wait"),
        _("Who has waited this long goes before all who came later, booked or not."),
    )
    call_early: bool = declared(
        Field("call early", FLAG, default=True, right=HEAD, always=True),
        _("Call early"),
        _("A booked person already here may be called early when nobody else waits."),
    )
    first_ticket_min: int = declared(
        Field("first ticket", length(0, DAY_MIN, "30 min"), default=30, right=HEAD, always=True),
        _("First ticket"),
        _("Tickets are given from this long before opening."),
    )
    last_ticket_min: int = declared(
        Field("last ticket", length(0, DAY_MIN, "30 min"), default=0, right=HEAD, always=True),
        _("Last ticket"),
        _("Tickets are given until this long before closing."),
    )
    overtime_min: int | None = declared(
        Field("overtime", length_or_none(0, DAY_MIN, "15 min"), default=0, right=HEAD, always=True),
        _("Overtime"),
        _(
            "Tickets stop for the day when people would be served later than this after closing;"
            " “none”: only the clock stops them."
        ),
    )
    phone_tickets: str = declared(
        Field("phone tickets", choice(*PHONE_TICKETS), default="none", always=True),
        _("Tickets by phone"),
        _("Who may take a ticket with a phone: nobody, at the door, or from anywhere."),
    )
    retention_days: int = declared(
        Field(
            "personal data kept", length(1, 3660, "7 days", unit=DAY_MIN), default=7, always=True
        ),
        _("Personal data kept"),
        _("Names, contacts and PINs are erased this long after the visit."),
    )
    answer_offers_min: int = declared(
        Field(
            "answer offers within",
            length(60, 7 * DAY_MIN, "24 h"),
            default=DAY_MIN,
            right=HEAD,
            always=True,
        ),
        _("Time to answer offers"),
        _("How long other times are held for people whose appointment was withdrawn."),
    )
    lock_after_min: int = declared(
        Field(
            "lock screens after",
            length(idle.LEAST_MIN, idle.MOST_MIN, "15 min"),
            default=idle.USUAL_MIN,
            always=True,
        ),
        _("Lock screens after"),
        _("A staff screen that is not used for this long asks for the password."),
    )
    second_factor_roles: tuple[str, ...] = declared(
        Field("second factor", ROLES_OF_STAFF, default=()),
        _("Second factor"),
        _("Roles whose people must log in with a second factor."),
    )


@dataclass(frozen=True, kw_only=True)
class VideoSection:
    """`video`: meetings by video; secrets of conferencing servers are not in a file."""

    rooms: tuple[str, ...] = declared(
        Field(
            "rooms",
            ROOMS_OF_MEETING,
            default=("embedded",),
            column="video_rooms",
            always=lambda plan: bool(plan.room_link),
        ),
        _("Rooms"),
        _("Rooms of meetings by video; the first one that is available is used."),
    )
    room_link: str = declared(
        Field("link", ROOM_LINK, default="", column="video_link"),
        _("Address of rooms"),
        _("The address of rooms elsewhere; {code} is different for every meeting."),
    )


@dataclass(frozen=True, kw_only=True)
class CrestSection:
    """`crest`: a key of its own."""

    crest: bytes = declared(
        Field("crest", CREST, default=b"", column=BY_LOADER),
        _("Crest"),
        _("The office's crest or logo, a PNG picture; shown beside its name."),
    )


@dataclass(frozen=True, kw_only=True)
class DepartmentPlan:
    """A department (odbor)."""

    code: str
    name: Text = declared(
        Field("name", TEXT, missing=_("the department's name")),
        _("Name of the department"),
        _("The department's name, as citizens see it."),
    )


@dataclass(frozen=True, kw_only=True)
class SystemPlan:
    """An external system without which a service cannot be provided."""

    code: str
    name: Text = declared(
        Field("name", TEXT, missing=_("the system's name")),
        _("Name of the system"),
        _("The system's name, as citizens see it when it does not work."),
    )


@dataclass(frozen=True, kw_only=True)
class ServicePlan:
    """A service that citizens come for."""

    code: str
    name: Text = declared(
        Field("name", TEXT, missing=_("the service's name"), right=HEAD),
        _("Name of the service"),
        _("What people come for, in their words."),
    )
    duration_min: int = declared(
        Field(
            "duration",
            length(1, 600, "15 min"),
            missing=_('its usual duration such as "15 min"'),
            right=HEAD,
        ),
        _("Duration"),
        _("How long it usually takes; the estimate of waits learns the actual one."),
    )
    hint: Text = declared(
        Field("hint", TEXT, default={}, right=HEAD),
        _("Hint"),
        _("Advice shown before booking, in the mail and on the ticket's page."),
    )
    documents: Text = declared(
        Field("documents", TEXT, default={}, right=HEAD),
        _("Documents to bring"),
        _("What to bring; a list of lines."),
    )
    fee: Text = declared(
        Field("fee", TEXT, default={}, right=HEAD), _("Fee"), _("What it costs and how to pay.")
    )
    bookable: bool = declared(
        Field(
            "bookable", FLAG, default=lambda _values, context: context.booked, touches_people=True
        ),
        _("Can be booked"),
        _("“no”: people come without a booking only."),
    )
    walk_in: bool = declared(
        Field("walk-in", FLAG, default=True, touches_people=True),
        _("Without a booking"),
        _("“no”: booked people only."),
    )
    needs: tuple[str, ...] = declared(
        Field("needs", SYSTEMS, default=(), column=BY_LOADER),
        _("Systems it needs"),
        _("Systems without which it cannot be provided."),
    )
    modes: tuple[str, ...] = declared(
        Field(
            "modes",
            MODES_OF_MEETING,
            default=lambda _values, context: context.modes,
            touches_people=True,
        ),
        _("Modes"),
        _("How people meet: in person, by phone, by video; the usual one first."),
    )
    rooms: tuple[str, ...] = declared(
        Field(
            "rooms",
            ROOMS_OF_MEETING,
            default=lambda _values, context: context.rooms,
            column="video_rooms",
        ),
        _("Rooms"),
        _("Rooms of its meetings by video, instead of the office's."),
    )
    times: Times = Times()


# Of an agenda: defaults of its services, which keep them.
SERVICE_DEFAULTS = (
    option(
        "modes",
        Field("modes", MODES_OF_MEETING, default=("person",), touches_people=True),
        _("Modes"),
        _("How people meet in services that do not say it themselves."),
    ),
    option(
        "rooms",
        Field("rooms", ROOMS_OF_MEETING, default=()),
        _("Rooms"),
        _("Rooms of services that do not say it themselves."),
    ),
)


@dataclass(frozen=True, kw_only=True)
class AgendaPlan:
    """An area of service; without `booking` its services take walk-ins only."""

    code: str
    letter: str = declared(
        Field("letter", LETTER, missing=_('the letter of its tickets such as "V"')),
        _("Letter of tickets"),
        _("One to three capital letters before the number; each agenda has its own."),
    )
    department: str | None = declared(
        Field("department", DEPARTMENT), _("Department"), _("The department that it belongs to.")
    )
    name: Text = declared(
        Field("name", TEXT, missing=_("the agenda's name"), right=HEAD),
        _("Name of the area of service"),
        _("Several services with one ticket letter and one set of places."),
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
        Field("number", words(10, _("a counter's number")), missing=_("the counter's number")),
        _("Number"),
        _("As it is displayed and spoken; each counter has its own."),
    )
    name: Text = declared(
        Field(
            "name", TEXT, default=lambda values, _context: counter_name(values.get("number", ""))
        ),
        _("Name of the counter"),
        _("Such as “Dveře 205”; without it “Přepážka” and the number."),
    )
    place: Text = declared(
        Field("place", TEXT, default={}, right=HEAD),
        _("Place"),
        _("Where the counter is, such as the floor and the door."),
    )
    services: tuple[str, ...] = declared(
        Field(
            "serves",
            SERVICES,
            missing=_('agendas or services, or "all"'),
            column=BY_LOADER,
            touches_people=True,
        ),
        _("Serves"),
        _("Agendas and services that are served here."),
    )
    times: Times = Times()


@dataclass(frozen=True, kw_only=True)
class OfficialPlan:
    """An official who can be booked; `topics` are codes of services in the order of the file."""

    code: str
    name: Text = declared(
        Field("name", TEXT, missing=_("the official's name")),
        _("Name"),
        _("With titles, as citizens see it."),
    )
    department: str | None = declared(
        Field("department", DEPARTMENT), _("Department"), _("The official's department.")
    )
    counter: str | None = declared(
        Field("counter", COUNTER),
        _("Counter"),
        _("Where their clients are called; without it, where the topic is served."),
    )
    topics: tuple[str, ...] = declared(
        Field(
            "topics",
            TOPICS,
            missing=_("agendas or services that are booked with them"),
            column=BY_LOADER,
            touches_people=True,
        ),
        _("Topics"),
        _("Agendas and services that are booked with the official."),
    )
    place: Text = declared(
        Field("place", TEXT, default={}, right=HEAD),
        _("Place"),
        _("Where people go, on the official's page and in e-mails."),
    )
    phone: str = declared(
        Field("phone", PHONE, default="", right=HEAD),
        _("Telephone"),
        _("Shown on the official's page."),
    )
    email: str = declared(
        Field("email", EMAIL, default="", right=HEAD),
        _("E-mail"),
        _("Shown on the official's page."),
    )
    buffer_min: int = declared(
        Field("buffer", length(0, 600, "5 min", none=0), default=0, right=HEAD),
        _("Time between bookings"),
        _("Time kept free before and after each booking."),
    )
    times: Times = Times()


DEVICE_NAMES: dict[str, Text] = {
    "kiosk": {"cs": "Kiosek", "en": "Kiosk"},
    "display": {"cs": "Vyvolávací panel", "en": "Display"},
}


def _device_name(kind: str) -> Field[Any]:
    return option(
        "name",
        Field("name", TEXT, default=DEVICE_NAMES[kind]),
        _("Name of the device"),
        _("By which the staff know the device."),
    )


def _all_services(_values: Mapping[str, Any], context: FileContext) -> tuple[str, ...]:
    return tuple(context.services)


# Of devices by their kind; all but the name are kept in `Device.options`.
DEVICE_FIELDS: dict[str, tuple[Field[Any], ...]] = {
    "kiosk": (
        _device_name("kiosk"),
        option(
            "services",
            Field("services", SERVICES, default=_all_services, always=True),
            _("Services"),
            _("Agendas and services that the kiosk offers."),
        ),
        option(
            "printer",
            Field("printer", PRINTER, default={"kind": "none"}, always=True),
            _("Printer"),
            _("None, that of the browser, or a ticket printer on the network."),
        ),
        option(
            "languages",
            Field(
                "languages",
                SOME_LANGUAGES,
                default=lambda _values, context: context.languages,
                always=True,
            ),
            _("Languages"),
            _("Languages that people can choose on the kiosk."),
        ),
    ),
    "display": (
        _device_name("display"),
        option(
            "counters",
            Field(
                "counters",
                COUNTERS,
                default=lambda _values, context: list(context.counters),
                always=True,
            ),
            _("Counters"),
            _("Counters whose calls the display shows."),
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
