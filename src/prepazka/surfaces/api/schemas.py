"""Schemas of the API's requests and responses; instants are ISO 8601 with the office's offset."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from django.conf import settings
from django.utils.translation import gettext_noop
from ninja import Field, Schema
from pydantic import AfterValidator, AwareDatetime, model_validator

from prepazka.booking.contacts import clean_email, clean_name
from prepazka.core import reading
from prepazka.core.contact_text import LONGEST_NAME
from prepazka.core.refusal import Refused
from prepazka.core.slots import MOST_PERSONS
from prepazka.offices.languages import installed_languages
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


NO_CONTACT = gettext_noop("Enter an e-mail address or a telephone number.")
Email = Annotated[str, Field(max_length=320), _cleaned(clean_email)]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), _cleaned(clean_name)]
# Parsed by the endpoint, so that its problem says what is wrong with the number.
Phone = Annotated[str, Field(max_length=60), AfterValidator(_without_nul)]


Id = Annotated[int, Field(ge=0, le=reading.LARGEST_ID)]
Instant = Annotated[AwareDatetime, AfterValidator(_within_reach)]


class WrongField(Schema):
    """A wrong field of the body, or a wrong parameter, and a sentence for people."""

    pointer: str | None = Field(None, description="of the body: a JSON pointer, such as #/email")
    parameter: str | None = Field(None, description="of the address or the headers: its name")
    detail: str


class Problem(Schema):
    """RFC 9457: `code` is stable and for programs, `title` is a sentence for people."""

    type: str = "about:blank"
    status: int
    title: str
    code: str
    errors: list[WrongField] | None = Field(
        None, description="with `not_understood`: what is wrong"
    )


class FailingStepOut(Schema):
    """A periodic step that failed last time or is late; office null: for the whole installation."""

    step: str
    office: str | None
    last_good_at: str | None
    late: bool
    failures: int


class DeviceFaultOut(Schema):
    """The fault of a kiosk or display, and since when it lasts."""

    office: str
    device: str
    fault: str
    since: str | None


class HealthOut(Schema):
    """The state of the installation for monitoring; null where the database is unavailable."""

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
    """A service; `bookable` ones have slots."""

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
    """One interval of opening hours."""

    opens_at: datetime
    closes_at: datetime


class OfficeDetailOut(OfficeOut):
    """An office with its services and the opening hours of the coming two weeks."""

    services: list[ServiceOut]
    hours: list[OpenOut]


class DepartmentOut(Schema):
    """A department; `path` is the permanent address of its page."""

    code: str
    name: dict[str, str]
    officials: list[str]
    services: list[str]
    hours: list[OpenOut]
    path: str


class OfficialOut(Schema):
    """An official with public contact data."""

    code: str
    name: dict[str, str]
    department: str | None
    place: dict[str, str]
    phone: str
    email: str
    services: list[str]
    hours: list[OpenOut]
    path: str


class SlotOut(Schema):
    """A free slot."""

    starts_at: datetime
    ends_at: datetime
    free: int = Field(description="how many people can still take it")


class SlotsOut(Schema):
    """The free slots of a service."""

    service: str
    official: str | None = Field(description="None: whoever is soonest, or a counter")
    persons: int
    mode: str
    made_at: datetime
    slots: list[SlotOut]


class TermOut(SlotOut):
    """A free slot, as the deprecated `/terms` gives it."""


class TermsOut(Schema):
    """The free slots of a service, as the deprecated `/terms` gives them."""

    service: str
    official: str | None = Field(description="None: whoever is soonest, or a counter")
    persons: int
    mode: str
    made_at: datetime
    terms: list[TermOut]


class NextSlotOut(Schema):
    """A free slot with the permanent address of its day."""

    starts_at: datetime
    ends_at: datetime
    service: str
    service_name: dict[str, str]
    official: str | None
    path: str


class PageOut(Schema):
    """What a page in the language, or the nearest that the office offers, shows around the slots."""

    language: str
    locale: str = Field(description="a name for the browser's formats of dates")
    prefix: str = Field(description="what addresses in the language begin with")
    free: str
    none: str
    all: str


class NextSlotsOut(Schema):
    """The next free slots; `path` is the address of all of them."""

    page: PageOut | None = Field(None, description="only with `language` in the query")

    made_at: datetime
    path: str
    slots: list[NextSlotOut]


class NextTermOut(NextSlotOut):
    """A free slot, as the deprecated `/next` gives it."""


class NextOut(Schema):
    """The next free slots, as the deprecated `/next` gives them."""

    made_at: datetime
    path: str
    terms: list[NextTermOut]


LANGUAGE = f"^({'|'.join(installed_languages())})$"


class HoldIn(Schema):
    """The slot to hold."""

    service: str
    starts_at: Instant
    persons: int = Field(1, ge=1, le=50)
    language: str = Field(settings.LANGUAGE_CODE, pattern=LANGUAGE)
    official: str = Field("", description="empty: a counter, or whoever is soonest")
    mode: str = Field("", pattern="^(person|phone|video)?$", description="empty: the usual one")
    proof: str = Field("", max_length=4000, description="the solved task of `/proof`, in base64")


class ProofOut(Schema):
    """Whether a proof of work is required now, and the challenge."""

    asked: bool
    challenge: dict[str, Any] | None = Field(description="an ALTCHA challenge; null if not asked")


class HoldOut(Schema):
    """A held slot; `token` identifies it in the next step."""

    token: str
    expires_at: datetime
    starts_at: datetime
    ends_at: datetime
    official: str | None = Field(description="whom the time is with, if with an official")


class ContactIn(Schema):
    """The name of the person who comes, and the contact for the confirmation."""

    name: Name
    email: Email | Literal[""] = ""
    phone: Phone = Field("", description="a mobile number for SMS, for who has no e-mail")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if not (self.email or self.phone):
            raise ValueError(NO_CONTACT)
        return self


class HoldStateOut(Schema):
    """What became of a hold; `released` was ended by its holder or by staff."""

    state: str
    expires_at: datetime | None
    starts_at: datetime
    ends_at: datetime


class ModeIn(Schema):
    """The mode of meeting; `phone` needs a telephone number if the booking has none."""

    mode: str = Field(pattern="^(person|phone|video)$")
    phone: Phone = ""


class MoveIn(Schema):
    """The new slot of the same service."""

    starts_at: Instant


class BookingOut(Schema):
    """A booking; `pin` is set from the confirmation until personal data are erased."""

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
    pin: str = Field(description="empty before the confirmation and after a cancellation")
    manage_url: str = Field(description="the page on which the person moves or cancels it")
    ics_url: str = Field(description="the booking as a calendar file")
    join_url: str | None = Field(description="the room of a video meeting")


class RequestedOut(Schema):
    """The booking's state; `unconfirmed` waits until `expires_at` for the link in the message."""

    state: str
    expires_at: datetime | None
    booking: BookingOut | None = Field(description="the booking, if it needs no confirmation")


class TicketIn(Schema):
    """The service for which a ticket without a booking is issued."""

    service: str
    language: str = Field("cs", max_length=8, pattern="^[a-zA-Z-]*$")
    persons: int = Field(1, ge=1, le=MOST_PERSONS)


class PinIn(Schema):
    """The PIN that a booked client entered."""

    pin: str = Field(pattern=r"^\d{4}$")
    language: str = Field("cs", max_length=8, pattern="^[a-zA-Z-]*$")
    second: str = Field(
        "",
        max_length=12,
        description="after many wrong PINs: the last three digits of the telephone, or the code",
    )


class TicketOut(Schema):
    """A ticket; `wait_min` is the range of the estimated wait in minutes, if there is one.

    `waits_for` is the code of a failed system; nobody is called for the service until it works.
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
    """The outcome of a PIN, the time when it is accepted, and the ticket if there is one.

    `returned`: the ticket had missed its call and is waiting again, with the same number.
    `missed`: the call was missed again, and only staff can return the ticket; `code` is empty.
    `again`: the PIN was just entered here, and its ticket is to be printed again.
    `used`: it has had a ticket since `ticket_since`; reception checks the name and prints it.
    `changed`: the booking has another PIN, which a message has announced to its person.
    """

    outcome: str
    day: date | None
    opens_at: datetime | None
    closes_at: datetime | None
    ticket: TicketOut | None
    ticket_since: datetime | None = None


class StepIn(Schema):
    """Parameters that some steps of a clerk need."""

    ticket: Id | None = None
    minutes: int | None = Field(None, ge=1, le=240)
    service: str | None = None
    counter: str | None = None


class LeftIn(Schema):
    """The `client` seen at a counter that was left open, and their `fate`.

    `fate` is served, waits (returned to the front of the queue), absent, or, only when taking
    the counter over, stays.
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
    """A ticket of today whose call was missed."""

    ticket: int
    number: str
    service: str
    booked: bool
    called_at: datetime
    counter: str
    may_return: bool = Field(description="whether staff can put the ticket back now")
    pin_until: datetime | None = Field(description="until when the PIN does so too")


class WaitingOut(Schema):
    """A waiting ticket, and the reason for its place in the queue."""

    ticket: int
    number: str
    service: str
    booked: bool
    since: datetime
    reason: str
