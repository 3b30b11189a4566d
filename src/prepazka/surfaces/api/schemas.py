"""Schemas of the API's requests and responses; instants are ISO 8601 with the office's offset."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from ninja import Field, Schema
from pydantic import AfterValidator, AwareDatetime, model_validator

from prepazka.booking.contacts import clean_email, clean_name
from prepazka.core import reading
from prepazka.core.refusal import Refused
from prepazka.queueing.counters import Fate


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("a text has no NUL")
    return text


def _within_reach(moment: datetime) -> datetime:
    if not reading.is_within_reach(moment):
        raise ValueError("an instant has a year that can be computed with")
    return moment


def _cleaned(clean: Callable[[str], str]) -> AfterValidator:
    def validate(text: str) -> str:
        try:
            return clean(_without_nul(text))
        except Refused as refusal:
            raise ValueError(refusal.message) from refusal

    return AfterValidator(validate)


Email = Annotated[str, Field(max_length=320), _cleaned(clean_email)]
Name = Annotated[str, Field(min_length=1, max_length=120), _cleaned(clean_name)]
# Parsed by the endpoint, so that its problem says what is wrong with the number.
Phone = Annotated[str, Field(max_length=60), AfterValidator(_without_nul)]


Id = Annotated[int, Field(ge=0, le=reading.LARGEST_ID)]
Instant = Annotated[AwareDatetime, AfterValidator(_within_reach)]


class Problem(Schema):
    """RFC 9457: `code` is stable and for programs, `title` is a sentence for people."""

    type: str = "about:blank"
    status: int
    title: str
    code: str


class FailingStepOut(Schema):
    """A periodic step that last failed, or is late; office None: of the whole installation."""

    step: str
    office: str | None
    last_good_at: str | None
    late: bool
    failures: int


class DeviceFaultOut(Schema):
    """What a kiosk or display of an office cannot do, and since when."""

    office: str
    device: str
    fault: str
    since: str | None


class HealthOut(Schema):
    """What a watching program reads; None where the database, which knows it, is away."""

    database: bool
    worker: bool | None = None
    oldest_mail_s: int | None = None
    oldest_owed_s: int | None = None
    failed_work: int | None = None
    failing_steps: list[FailingStepOut] | None = None
    last_good_runs: dict[str, str | None] | None = None
    last_erased_at: dict[str, str | None] | None = None
    device_faults: list[DeviceFaultOut] | None = None
    pending_migrations: int | None = None
    clock_difference_s: float | None = None
    visitors_hidden: bool | None = None
    version: str
    disk_free_mb: dict[str, int]


class OfficeOut(Schema):
    """An office in the list."""

    slug: str
    name: dict[str, str]
    address: dict[str, str]
    phone: str
    email: str
    timezone: str
    languages: list[str]


class ServiceOut(Schema):
    """What people come for; `bookable` ones have terms."""

    code: str
    name: dict[str, str]
    hint: dict[str, str]
    documents: dict[str, str]
    fee: dict[str, str]
    agenda: str
    duration_min: int
    modes: list[str] = Field(description="person, phone, video; the usual one first")
    bookable: bool
    walk_in: bool
    max_persons: int
    officials: list[str] = Field(description="with whom it is booked; empty: at a counter")


class OpenOut(Schema):
    """One stretch of opening hours."""

    opens_at: datetime
    closes_at: datetime


class OfficeDetailOut(OfficeOut):
    """An office with its services and the opening hours of the coming two weeks."""

    services: list[ServiceOut]
    hours: list[OpenOut]


class DepartmentOut(Schema):
    """A department; `path` is the lasting address of its page."""

    code: str
    name: dict[str, str]
    officials: list[str]
    services: list[str]
    hours: list[OpenOut]
    path: str


class OfficialOut(Schema):
    """An official whom people may meet, with what is public about them."""

    code: str
    name: dict[str, str]
    department: str | None
    place: dict[str, str]
    phone: str
    email: str
    services: list[str]
    hours: list[OpenOut]
    path: str


class TermOut(Schema):
    """A term that can be taken now."""

    starts_at: datetime
    ends_at: datetime
    free: int = Field(description="how many people can still take it")


class TermsOut(Schema):
    """The free terms of a service."""

    service: str
    official: str | None = Field(description="None: whoever is soonest, or a counter")
    persons: int
    mode: str
    made_at: datetime
    terms: list[TermOut]


class NextTermOut(Schema):
    """A term that can be taken now, and the lasting address of its day."""

    starts_at: datetime
    ends_at: datetime
    service: str
    service_name: dict[str, str]
    official: str | None
    path: str


class NextOut(Schema):
    """The next free terms; `path` leads to all of them."""

    made_at: datetime
    path: str
    terms: list[NextTermOut]


class HoldIn(Schema):
    """Which term to hold."""

    service: str
    starts_at: Instant
    persons: int = Field(1, ge=1, le=50)
    language: str = Field("cs", pattern="^(cs|en)$")
    official: str = Field("", description="empty: a counter, or whoever is soonest")
    mode: str = Field("", pattern="^(person|phone|video)?$", description="empty: the usual one")
    proof: str = Field("", max_length=4000, description="the solved task of `/proof`, in base64")


class ProofOut(Schema):
    """Whether a proof of work is asked for now, and the task."""

    asked: bool
    challenge: dict[str, Any] | None = Field(description="an ALTCHA challenge; null if not asked")


class HoldOut(Schema):
    """A term kept for a while; the token stands for it in the next step."""

    token: str
    expires_at: datetime
    starts_at: datetime
    ends_at: datetime
    official: str | None = Field(description="whom the time is with, if with an official")


class ContactIn(Schema):
    """Who comes, and where the confirmation goes."""

    name: Name
    email: Email | Literal[""] = ""
    phone: Phone = Field("", description="a mobile number for SMS, for who has no e-mail")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if not (self.email or self.phone):
            raise ValueError("an e-mail or a telephone number is needed")
        return self


class RequestedOut(Schema):
    """What happens next: `unconfirmed` waits for the link in the mail until `expires_at`."""

    state: str
    expires_at: datetime | None


class ModeIn(Schema):
    """How to meet; a call needs a telephone number, where the booking has none."""

    mode: str = Field(pattern="^(person|phone|video)$")
    phone: Phone = ""


class MoveIn(Schema):
    """The new term of the same service."""

    starts_at: Instant


class BookingOut(Schema):
    """A booking; `pin` is there once it is confirmed and until it is erased."""

    token: str
    office: str
    service: str
    official: str | None
    mode: str = Field(description="person, phone or video")
    state: str
    starts_at: datetime
    ends_at: datetime
    counts_from: datetime = Field(description="the PIN counts at the kiosk from then")
    counts_until: datetime = Field(description="and until then")
    persons: int
    pin: str


class TicketIn(Schema):
    """What a walk-in touched."""

    service: str
    language: str = Field("cs", max_length=8, pattern="^[a-zA-Z-]*$")
    persons: int = Field(1, ge=1, le=20)


class PinIn(Schema):
    """The digits a booked client entered."""

    pin: str = Field(pattern=r"^\d{4}$")
    language: str = Field("cs", max_length=8, pattern="^[a-zA-Z-]*$")
    second: str = Field(
        "",
        max_length=12,
        description="after many wrong PINs: the last three digits of the telephone, or the code",
    )


class TicketOut(Schema):
    """A place in the queue; `wait_min` is a range in minutes where it can be guessed.

    `waits_for` is the code of a system that is down: nobody is called for the service until then.
    """

    code: str
    number: str
    service: str
    state: str
    issued_at: datetime
    valid_until: datetime
    counter: str | None = Field(description="where it is, or was, called")
    missed_at: datetime | None = Field(
        None, description="when it was last called and nobody came, also once it is back"
    )
    ahead: int | None
    wait_min: list[int] | None
    waits_for: str | None = None


class CheckInOut(Schema):
    """What is true of a PIN: its outcome, when it counts, and the ticket where there is one.

    `returned`: the ticket had been called in vain and is waiting again, with the same number.
    `missed`: it was called in vain once more, and only staff can put it back; `code` is empty.
    `again`: the PIN was just entered here, and its ticket is to be printed again.
    `used`: it has had a ticket since `ticket_since`; reception checks the name and prints it.
    `changed`: the booking has another PIN, and its person a message about it.
    """

    outcome: str
    day: date | None
    opens_at: datetime | None
    closes_at: datetime | None
    ticket: TicketOut | None
    ticket_since: datetime | None = None


class StepIn(Schema):
    """What some steps of a clerk need."""

    ticket: Id | None = None
    minutes: int | None = Field(None, ge=1, le=240)
    service: str | None = None
    counter: str | None = None


class LeftIn(Schema):
    """What became of the client at a counter that was left: the ticket that was seen there.

    `fate` is served, waits (back to the queue, before the others), absent, or, with who takes the
    counter over, stays.
    """

    client: Id | None = None
    fate: Fate | None = None


class OpenCounterOut(Schema):
    """An open counter; `client` is the ticket there."""

    counter: str
    clerk: str
    opened_at: datetime
    paused_at: datetime | None
    last_step_at: datetime
    client: int | None
    number: str | None


class ClientOut(Schema):
    """The client at the counter; never a name."""

    ticket: int
    number: str
    service: str
    state: str
    language: str
    persons: int
    booked: bool
    reason: str


class ShiftOut(Schema):
    """A clerk's counter, if one is open."""

    counter: str | None
    paused: bool
    client: ClientOut | None


class MissedOut(Schema):
    """Somebody who was called today and did not come."""

    ticket: int
    number: str
    service: str
    booked: bool
    called_at: datetime
    counter: str
    may_return: bool = Field(description="whether staff can put the ticket back now")
    pin_until: datetime | None = Field(description="until when the PIN does so too")


class WaitingOut(Schema):
    """Somebody who waits, and why they stand where they stand."""

    ticket: int
    number: str
    service: str
    booked: bool
    since: datetime
    reason: str
