"""The tables of booking, one module per subject."""

from prepazka.booking.models.busy_times import Busy, CalendarFeed, OutsideCalendar
from prepazka.booking.models.claims import (
    BY_STAFF,
    EXPIRING,
    FOLDED,
    LIVE,
    OPEN,
    RETURNING,
    WORDS_SEARCHED,
    Booking,
    BookingState,
    Channel,
    Lane,
    OfficeDay,
    ReplacedPin,
)
from prepazka.booking.models.substitutes import (
    CallListEntry,
    DisruptedBooking,
    Disruption,
    Offer,
    OfferState,
)
from prepazka.booking.models.waiting_entries import WaitingListEntry, WaitingListState

__all__ = [
    "BY_STAFF",
    "EXPIRING",
    "FOLDED",
    "LIVE",
    "OPEN",
    "RETURNING",
    "WORDS_SEARCHED",
    "Booking",
    "BookingState",
    "Busy",
    "CalendarFeed",
    "CallListEntry",
    "Channel",
    "DisruptedBooking",
    "Disruption",
    "Lane",
    "Offer",
    "OfferState",
    "OfficeDay",
    "OutsideCalendar",
    "ReplacedPin",
    "WaitingListEntry",
    "WaitingListState",
]
