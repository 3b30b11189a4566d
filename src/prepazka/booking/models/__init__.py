"""The tables of booking, one module per subject."""

from prepazka.booking.models.claims import (
    EXPIRING,
    FOLDED,
    LIVE,
    OPEN,
    RETURNING,
    WORDS_SEARCHED,
    Booking,
    Channel,
    Lane,
    OfficeDay,
    State,
    quoted,
)
from prepazka.booking.models.diaries import Busy, CalendarFeed, OutsideCalendar
from prepazka.booking.models.replaced_pins import ReplacedPin
from prepazka.booking.models.substitutes import (
    CallListEntry,
    DisruptedBooking,
    Disruption,
    Offer,
)
from prepazka.booking.models.waiting import WaitingListEntry

__all__ = [
    "EXPIRING",
    "FOLDED",
    "LIVE",
    "OPEN",
    "RETURNING",
    "WORDS_SEARCHED",
    "Booking",
    "Busy",
    "CalendarFeed",
    "CallListEntry",
    "Channel",
    "DisruptedBooking",
    "Disruption",
    "Lane",
    "Offer",
    "OfficeDay",
    "OutsideCalendar",
    "ReplacedPin",
    "State",
    "WaitingListEntry",
    "quoted",
]
