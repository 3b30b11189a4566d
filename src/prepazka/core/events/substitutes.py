"""Events of substitutes: time taken back from people, and what they are given for it."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from prepazka.core.events.base import SETUP, TERMS, Event
from prepazka.core.events.bookings import _OfBooking


@dataclass(frozen=True, kw_only=True)
class OfficeDisrupted(Event):
    """Time that people had booked was taken back, and it was decided what becomes of each."""

    topics: ClassVar[tuple[str, ...]] = (TERMS, SETUP)
    disruption: int
    bookings: int  # how many


@dataclass(frozen=True, kw_only=True)
class DisruptionUndone(Event):
    """The time is there again; whoever could get the old term back has it."""

    topics: ClassVar[tuple[str, ...]] = (TERMS, SETUP)
    disruption: int
    bookings: int  # how many were restored


@dataclass(frozen=True, kw_only=True)
class BookingReassigned(_OfBooking):
    """The booking stays at its time, with another official."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class BookingDisplaced(_OfBooking):
    """The booking lost its term; an offer or a call must follow."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class BookingRestored(_OfBooking):
    """The booking has its old term again."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class _OfOffer(_OfBooking):
    offer: str  # the UUID as text


@dataclass(frozen=True, kw_only=True)
class OfferMade(_OfOffer):
    """Other terms are kept for the person, who is asked which one suits."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class OfferChanged(_OfOffer):
    """An operator keeps other terms for the person, who is on the telephone."""


@dataclass(frozen=True, kw_only=True)
class OfferAccepted(_OfOffer):
    """The booking has the term that the person chose."""

    followed_up = True
    by: Literal["citizen", "sms", "office"] = "citizen"


@dataclass(frozen=True, kw_only=True)
class OfferDeclined(_OfOffer):
    """No offered term suits the person."""

    followed_up = True
    by: Literal["citizen", "sms", "office"] = "citizen"


@dataclass(frozen=True, kw_only=True)
class OfferExpired(_OfOffer):
    """Nobody answered the offer in time; its terms are free again."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class OfferWithdrawn(_OfOffer):
    """The offer has lost its reason; its terms are free again."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class CallRequested(_OfBooking):
    """Somebody should telephone the person."""


@dataclass(frozen=True, kw_only=True)
class CalledByPhone(_OfBooking):
    """An operator telephoned; `outcome` is a CallListEntry.Outcome."""

    topics: ClassVar[tuple[str, ...]] = ()
    outcome: str
    offline: bool = False


@dataclass(frozen=True, kw_only=True)
class CallPutOff(_OfBooking):
    """Somebody without a telephone number is waited for until a moment, in ISO format."""

    topics: ClassVar[tuple[str, ...]] = ()
    until: str


@dataclass(frozen=True, kw_only=True)
class _OfPerson(Event):
    """Of a person who asked for it: how many records, and by what identity was shown (a code)."""

    identity: str
    bookings: int
    entries: int
    invitations: int
    alerts: int


@dataclass(frozen=True, kw_only=True)
class PersonExported(_OfPerson):
    """What is held of a person was given out to them."""


@dataclass(frozen=True, kw_only=True)
class PersonCorrected(_OfPerson):
    """Name, e-mail address or telephone number were corrected; `fields` says which of them."""

    topics: ClassVar[tuple[str, ...]] = (TERMS,)
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class PersonErased(_OfPerson):
    """A person was erased on request; `cancelled` of the bookings were to come."""

    topics: ClassVar[tuple[str, ...]] = (TERMS,)
    followed_up = True
    cancelled: int


@dataclass(frozen=True, kw_only=True)
class PersonalDataErased(Event):
    """Names, contacts and PINs of visits long over were erased."""

    bookings: int  # how many
