"""The content of an office's file as dataclasses that compare equal if files mean the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from prepazka.core.calendar import DayException, WeeklyHours
from prepazka.core.file_rules import FileRules
from prepazka.core.message_rules import MessageRules
from prepazka.core.slots import Rules

Text = dict[str, str]
# Stands for the reason of an official's absence in an export for people who may not read it;
# loading keeps the stored reason.
AS_BEFORE: Text = {"cs": "as before"}


@dataclass(frozen=True)
class Exceptional:
    """Days on which the weekly hours do not apply, with the reason."""

    days: DayException
    reason: Text = field(default_factory=dict)


@dataclass(frozen=True)
class Times:
    """Hours of the office or of a part of it; a part without hours has the office's."""

    hours: tuple[WeeklyHours, ...] = ()
    booking_hours: tuple[WeeklyHours, ...] = ()
    exceptions: tuple[Exceptional, ...] = ()
    # Hours for a single mode, such as video.
    mode_hours: tuple[tuple[str, tuple[WeeklyHours, ...]], ...] = ()


@dataclass(frozen=True)
class DepartmentPlan:
    """A department (odbor)."""

    code: str
    name: Text


@dataclass(frozen=True)
class SystemPlan:
    """An external system without which a service cannot be provided."""

    code: str
    name: Text


@dataclass(frozen=True)
class ServicePlan:
    """A service that citizens come for."""

    code: str
    name: Text
    duration_min: int
    bookable: bool
    walk_in: bool
    hint: Text = field(default_factory=dict)
    documents: Text = field(default_factory=dict)
    fee: Text = field(default_factory=dict)
    times: Times = Times()
    needs: tuple[str, ...] = ()  # systems, in the order of the file
    modes: tuple[str, ...] = ("person",)
    rooms: tuple[str, ...] = ()  # of meetings by video; none: the office's


@dataclass(frozen=True)
class AgendaPlan:
    """An area of service; without `booking` its services take walk-ins only."""

    code: str
    name: Text
    letter: str
    department: str | None
    booking: Rules | None
    services: tuple[ServicePlan, ...]
    times: Times = Times()


@dataclass(frozen=True)
class CounterPlan:
    """A counter; `services` are codes in the order of the file."""

    code: str
    number: str
    name: Text
    place: Text
    services: tuple[str, ...]
    times: Times = Times()


@dataclass(frozen=True)
class OfficialPlan:
    """An official who can be booked; `topics` are codes of services in the order of the file."""

    code: str
    name: Text
    department: str | None
    counter: str | None
    topics: tuple[str, ...]
    place: Text = field(default_factory=dict)
    email: str = ""
    phone: str = ""
    buffer_min: int = 0
    times: Times = Times()


@dataclass(frozen=True)
class DevicePlan:
    """A kiosk or a display; `options` are as in `Device.options`."""

    kind: str
    code: str
    name: Text
    options: dict[str, Any]


@dataclass(frozen=True)
class OfficePlan:
    """The whole file."""

    slug: str
    name: Text
    address: Text
    note: Text
    after_hours: Text
    email: str
    phone: str
    timezone: str
    languages: tuple[str, ...]
    public_holidays: str
    head_start_min: int | None
    walkin_cap_min: int | None
    call_early: bool
    first_ticket_min: int
    last_ticket_min: int
    overtime_min: int | None
    phone_tickets: str
    retention_days: int
    answer_offers_min: int
    lock_after_min: int
    times: Times
    departments: tuple[DepartmentPlan, ...]
    agendas: tuple[AgendaPlan, ...]
    counters: tuple[CounterPlan, ...]
    devices: tuple[DevicePlan, ...]
    messages: MessageRules = field(default_factory=MessageRules)
    officials: tuple[OfficialPlan, ...] = ()
    systems: tuple[SystemPlan, ...] = ()
    embed: tuple[str, ...] | None = None  # sites that may frame the slots; None: any
    rooms: tuple[str, ...] = ("embedded",)  # of meetings by video, the first one first
    room_link: str = ""
    files: FileRules = field(default_factory=FileRules)  # of meetings
    crest: bytes = b""  # a PNG; empty: none
    second_factor_roles: tuple[str, ...] = ()  # whose log-in needs one, in the order of ROLES

    def services(self) -> Iterator[ServicePlan]:
        """All services, in the order of the file."""
        for agenda in self.agendas:
            yield from agenda.services


def counter_name(number: str) -> Text:
    """The default name of a counter."""
    return {"cs": f"Přepážka {number}", "en": f"Counter {number}"}


DEVICE_NAMES: dict[str, Text] = {
    "kiosk": {"cs": "Kiosek", "en": "Kiosk"},
    "display": {"cs": "Vyvolávací panel", "en": "Display"},
}
