"""Events of bookings: `booking` is the UUID as text."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from prepazka.core.events.event_registry import QUEUE, SLOTS, Event


@dataclass(frozen=True, kw_only=True)
class _OfBooking(Event):
    topics: ClassVar[tuple[str, ...]] = (SLOTS,)
    booking: str


@dataclass(frozen=True, kw_only=True)
class BookingHeld(_OfBooking):
    """A slot is held for somebody who is filling in the form."""


@dataclass(frozen=True, kw_only=True)
class HoldExtended(_OfBooking):
    """Somebody needed more time for the form."""

    topics: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, kw_only=True)
class HoldReleased(_OfBooking):
    """Somebody gave the held slot back, for example by choosing another one."""


@dataclass(frozen=True, kw_only=True)
class ConfirmationRequested(_OfBooking):
    """The form is complete; a mail with the link for the click is due."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class BookingConfirmed(_OfBooking):
    """The slot is booked and has its PIN."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class PinChanged(_OfBooking):
    """The booking has another PIN, because the kiosk that held the old one was lost."""

    followed_up = True
    by: Literal["office"]


@dataclass(frozen=True, kw_only=True)
class BookingMoved(_OfBooking):
    """The booking has another slot now."""

    followed_up = True
    by: Literal["citizen", "office"] = "citizen"


@dataclass(frozen=True, kw_only=True)
class BookingModeChanged(_OfBooking):
    """The booking keeps its slot and is in another mode: in person, by telephone or by video."""

    followed_up = True
    by: Literal["citizen", "office"] = "citizen"


@dataclass(frozen=True, kw_only=True)
class BookingCancelled(_OfBooking):
    """The booking was given up by the citizen or withdrawn by the office."""

    followed_up = True
    by: Literal["citizen", "office"]


@dataclass(frozen=True, kw_only=True)
class BookingExpired(_OfBooking):
    """A hold ran out, or nobody clicked in time; the slot is free again."""


@dataclass(frozen=True, kw_only=True)
class BookingArrived(_OfBooking):
    """The booked client is here and has a ticket."""

    topics: ClassVar[tuple[str, ...]] = (SLOTS, QUEUE)
    ticket: int | None = None


@dataclass(frozen=True, kw_only=True)
class BookingServed(_OfBooking):
    """The booked client has been served."""


@dataclass(frozen=True, kw_only=True)
class BookingNoShow(_OfBooking):
    """The booked client did not come in time."""


@dataclass(frozen=True, kw_only=True)
class ReminderDue(_OfBooking):
    """It is time to remind the client of the booking."""

    topics: ClassVar[tuple[str, ...]] = ()
    followed_up = True


@dataclass(frozen=True, kw_only=True)
class SoonReminderDue(_OfBooking):
    """The client is expected in two hours."""

    topics: ClassVar[tuple[str, ...]] = ()
    followed_up = True


@dataclass(frozen=True, kw_only=True)
class WhenAsked(_OfBooking):
    """The client asked by a short message when the appointment is."""

    topics: ClassVar[tuple[str, ...]] = ()
    followed_up = True


@dataclass(frozen=True, kw_only=True)
class ReplyNotUnderstood(_OfBooking):
    """The client sent a short message that was not understood."""

    topics: ClassVar[tuple[str, ...]] = ()
    followed_up = True


@dataclass(frozen=True, kw_only=True)
class ReplyAmbiguous(_OfBooking):
    """The client answered by a short message that fits several bookings; we ask which one.

    `bookings` are their ids in the order in which they are numbered, `word` the wanted action.
    """

    topics: ClassVar[tuple[str, ...]] = ()
    followed_up = True
    word: Literal["cancel", "confirm"]
    bookings: list[str]


@dataclass(frozen=True, kw_only=True)
class ReplyTooLate(_OfBooking):
    """The client answered about a booking that no longer holds."""

    topics: ClassVar[tuple[str, ...]] = ()
    followed_up = True


@dataclass(frozen=True, kw_only=True)
class RemindersStopped(_OfBooking):
    """The client wants no more reminders by short message."""

    topics: ClassVar[tuple[str, ...]] = ()
    followed_up = True


@dataclass(frozen=True, kw_only=True)
class ContactShown(_OfBooking):
    """A member of staff viewed the name and the contact of a booked client."""

    topics: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, kw_only=True)
class OfficeCrowded(Event):
    """So many slots are held and unconfirmed that somebody may be blocking the office."""

    times: int


@dataclass(frozen=True, kw_only=True)
class NetworkReleased(Event):
    """The head released all slots that one network held; confirmed bookings stay."""

    topics: ClassVar[tuple[str, ...]] = (SLOTS,)
    times: int
