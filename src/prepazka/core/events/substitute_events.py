"""Events of disruptions: booked time taken back, and the substitutes offered for it."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from prepazka.core.events.booking_events import _OfBooking
from prepazka.core.events.event_registry import SETUP, SLOTS, Event


@dataclass(frozen=True, kw_only=True)
class OfficeDisrupted(Event):
    """Booked time was taken back, and each booking was kept, reassigned or displaced."""

    topics: ClassVar[tuple[str, ...]] = (SLOTS, SETUP)
    disruption: int
    bookings: int  # how many


@dataclass(frozen=True, kw_only=True)
class DisruptionUndone(Event):
    """A disruption was undone; bookings whose old slot was free were restored."""

    topics: ClassVar[tuple[str, ...]] = (SLOTS, SETUP)
    disruption: int
    bookings: int  # how many were restored


@dataclass(frozen=True, kw_only=True)
class BookingReassigned(_OfBooking):
    """The booking stays at its time, with another official."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class BookingDisplaced(_OfBooking):
    """The booking lost its slot; an offer or a call must follow."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class BookingRestored(_OfBooking):
    """The booking has its old slot again."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class _OfOffer(_OfBooking):
    offer: str  # the UUID as text


@dataclass(frozen=True, kw_only=True)
class OfferMade(_OfOffer):
    """Substitute slots are held for the person, who is asked which one suits."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class OfferChanged(_OfOffer):
    """An operator on the telephone with the person holds other slots for them."""


@dataclass(frozen=True, kw_only=True)
class OfferAccepted(_OfOffer):
    """The booking has the slot that the person chose."""

    followed_up = True
    by: Literal["citizen", "sms", "office"] = "citizen"


@dataclass(frozen=True, kw_only=True)
class OfferDeclined(_OfOffer):
    """No offered slot suits the person."""

    followed_up = True
    by: Literal["citizen", "sms", "office"] = "citizen"


@dataclass(frozen=True, kw_only=True)
class OfferExpired(_OfOffer):
    """Nobody answered the offer in time; its slots are free again."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class OfferWithdrawn(_OfOffer):
    """The offer has lost its reason; its slots are free again."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class CallRequested(_OfBooking):
    """The person is on the list of people to telephone."""


@dataclass(frozen=True, kw_only=True)
class CalledByPhone(_OfBooking):
    """An operator telephoned; `outcome` is a CallListEntry.Outcome."""

    topics: ClassVar[tuple[str, ...]] = ()
    outcome: str
    offline: bool = False


@dataclass(frozen=True, kw_only=True)
class CallPutOff(_OfBooking):
    """The call was put off until a moment in ISO format, for lack of a telephone number."""

    topics: ClassVar[tuple[str, ...]] = ()
    until: str


@dataclass(frozen=True, kw_only=True)
class _OfPerson(Event):
    """A request of a person: how many records, and how their identity was shown (a code)."""

    identity: str
    bookings: int
    entries: int
    invitations: int
    alerts: int


@dataclass(frozen=True, kw_only=True)
class PersonExported(_OfPerson):
    """The data held about a person were exported for them."""


@dataclass(frozen=True, kw_only=True)
class PersonCorrected(_OfPerson):
    """Name, e-mail address or telephone number were corrected; `fields` says which of them."""

    topics: ClassVar[tuple[str, ...]] = (SLOTS,)
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class PersonErased(_OfPerson):
    """A person was erased on request; `cancelled` of the bookings were to come."""

    topics: ClassVar[tuple[str, ...]] = (SLOTS,)
    followed_up = True
    cancelled: int


@dataclass(frozen=True, kw_only=True)
class PersonalDataErased(Event):
    """Names, contacts and PINs of visits long over were erased."""

    bookings: int  # how many
