"""The shapes that the API takes and gives; instants are ISO 8601 with the office's offset."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from ninja import Field, Schema
from pydantic import AfterValidator, AwareDatetime


def _is_email(said: str) -> str:
    try:
        validate_email(said)
    except ValidationError as error:
        raise ValueError(error.message) from error
    return said


Email = Annotated[str, AfterValidator(_is_email), Field(max_length=254)]


class Problem(Schema):
    """RFC 9457: `code` is stable and for programs, `title` is a sentence for people."""

    type: str = "about:blank"
    status: int
    title: str
    code: str


class HealthOut(Schema):
    """What a watching program reads; None where the database, which knows it, is away."""

    database: bool
    worker: bool | None
    oldest_mail_s: int | None


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
    bookable: bool
    walk_in: bool
    max_persons: int


class OpenOut(Schema):
    """One stretch of opening hours."""

    opens_at: datetime
    closes_at: datetime


class OfficeDetailOut(OfficeOut):
    """An office with its services and the opening hours of the coming two weeks."""

    services: list[ServiceOut]
    hours: list[OpenOut]


class TermOut(Schema):
    """A term that can be taken now."""

    starts_at: datetime
    ends_at: datetime
    free: int = Field(description="how many people can still take it")


class TermsOut(Schema):
    """The free terms of a service."""

    service: str
    persons: int
    made_at: datetime
    terms: list[TermOut]


class HoldIn(Schema):
    """Which term to hold."""

    service: str
    starts_at: AwareDatetime
    persons: int = Field(1, ge=1, le=50)
    language: str = Field("cs", pattern="^(cs|en)$")


class HoldOut(Schema):
    """A term kept for a while; the token stands for it in the next step."""

    token: str
    expires_at: datetime
    starts_at: datetime
    ends_at: datetime


class ContactIn(Schema):
    """Who comes, and where the confirmation goes."""

    name: str = Field(min_length=1, max_length=120)
    email: Email


class RequestedOut(Schema):
    """What happens next: `unconfirmed` waits for the link in the mail until `expires_at`."""

    state: str
    expires_at: datetime | None


class MoveIn(Schema):
    """The new term of the same service."""

    starts_at: AwareDatetime


class BookingOut(Schema):
    """A booking; `pin` is there once it is confirmed and until it is erased."""

    token: str
    office: str
    service: str
    state: str
    starts_at: datetime
    ends_at: datetime
    counts_from: datetime = Field(description="the PIN counts at the kiosk from then")
    counts_until: datetime = Field(description="and until then")
    persons: int
    pin: str
