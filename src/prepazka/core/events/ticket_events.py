"""Events of tickets: `ticket`, `counter`, `clerk` and `service` are ids."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from prepazka.core.events.event_registry import ALERTS, QUEUE, SETUP, Event


@dataclass(frozen=True, kw_only=True)
class _OfTicket(Event):
    topics: ClassVar[tuple[str, ...]] = (QUEUE,)
    ticket: int
    offline: bool = False  # it happened on a device off line, and came in its log
    device: int | None = None  # the kiosk; None at the desk, by telephone, or at a counter


@dataclass(frozen=True, kw_only=True)
class _AtCounter(_OfTicket):
    counter: int
    clerk: int | None = None


@dataclass(frozen=True, kw_only=True)
class TicketIssued(_OfTicket):
    """Somebody took a ticket."""

    service: int
    booking: str | None = None


@dataclass(frozen=True, kw_only=True)
class TicketCalled(_AtCounter):
    """The ticket was invited to a counter; `reason` is a discipline.Reason as payload."""

    reason: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TicketRecalled(_AtCounter):
    """The ticket was invited once more."""


@dataclass(frozen=True, kw_only=True)
class ServingStarted(_AtCounter):
    """The citizen sat down at the counter."""


@dataclass(frozen=True, kw_only=True)
class TicketFinished(_AtCounter):
    """The citizen has been served."""


@dataclass(frozen=True, kw_only=True)
class TicketNoShow(_AtCounter):
    """The ticket was called and nobody came."""


@dataclass(frozen=True, kw_only=True)
class MissedReturned(_OfTicket):
    """A ticket that was called in vain to `counter` is back in the queue, by its PIN or by staff."""

    counter: int | None
    by: Literal["pin", "staff"]


@dataclass(frozen=True, kw_only=True)
class TicketParked(_AtCounter):
    """The ticket was put aside until a moment, in ISO format."""

    until: str


@dataclass(frozen=True, kw_only=True)
class TicketPostponed(_OfTicket):
    """The citizen let others go first until a moment, in ISO format."""

    until: str


@dataclass(frozen=True, kw_only=True)
class TicketCodeReplaced(_OfTicket):
    """Staff gave the ticket another page; paper printed before opens none."""


@dataclass(frozen=True, kw_only=True)
class AlertAsked(_OfTicket):
    """The citizen wants to be told when the turn is near."""

    topics: ClassVar[tuple[str, ...]] = (ALERTS,)


@dataclass(frozen=True, kw_only=True)
class AlertDropped(_OfTicket):
    """The citizen no longer wants to be told."""

    topics: ClassVar[tuple[str, ...]] = (ALERTS,)


@dataclass(frozen=True, kw_only=True)
class TurnNear(_OfTicket):
    """The turn is near, and its holder is told."""

    topics: ClassVar[tuple[str, ...]] = ()
    followed_up = True
    alert: str


@dataclass(frozen=True, kw_only=True)
class TurnCalled(_OfTicket):
    """The holder is told that the ticket was called."""

    topics: ClassVar[tuple[str, ...]] = ()
    followed_up = True
    alert: str


@dataclass(frozen=True, kw_only=True)
class TicketTransferred(_AtCounter):
    """The ticket was sent from `counter` on to another service or to one counter."""

    to_service: int | None = None
    to_counter: int | None = None


@dataclass(frozen=True, kw_only=True)
class TicketCancelled(_OfTicket):
    """The ticket is no longer valid."""

    by: Literal["citizen", "office"] = "office"


@dataclass(frozen=True, kw_only=True)
class TicketRenumbered(_OfTicket):
    """The ticket now has the number that its holder was last shown; `was` is the one before."""

    was: str


@dataclass(frozen=True, kw_only=True)
class CalledTwice(_AtCounter):
    """A counter off line called somebody whom another had called; the first call counts."""


@dataclass(frozen=True, kw_only=True)
class PinUsedTwice(_OfTicket):
    """A PIN was taken at two kiosks; the later number `void` counts for the booking's ticket."""

    void: str


@dataclass(frozen=True, kw_only=True)
class StepUndone(_AtCounter):
    """A clerk took back a wrong press; `step` is the kind of the event undone."""

    step: str


@dataclass(frozen=True, kw_only=True)
class TicketsStopped(Event):
    """No more walk-in tickets of the service are issued today; `by` is estimate or head."""

    topics: ClassVar[tuple[str, ...]] = (QUEUE, SETUP)
    service: int
    by: str


@dataclass(frozen=True, kw_only=True)
class TicketsOpened(Event):
    """Walk-in tickets of the service are issued again; `by` is estimate or head."""

    topics: ClassVar[tuple[str, ...]] = (QUEUE, SETUP)
    service: int
    by: str


@dataclass(frozen=True, kw_only=True)
class _OfIncident(Event):
    topics: ClassVar[tuple[str, ...]] = (QUEUE, SETUP)
    incident: int
    system: int


@dataclass(frozen=True, kw_only=True)
class IncidentDeclared(_OfIncident):
    """A system is down: how many tickets wait for it, and how many bookings were warned at once."""

    waiting: int
    bookings: int


@dataclass(frozen=True, kw_only=True)
class IncidentChanged(_OfIncident):
    """An incident was corrected: `was` is the earlier system, `bookings` how many were warned again."""

    was: int
    expected: str  # when it should work again, ISO 8601; empty: nobody knows
    bookings: int


@dataclass(frozen=True, kw_only=True)
class IncidentEnded(_OfIncident):
    """The system works again: how many bookings were told so."""

    bookings: int


@dataclass(frozen=True, kw_only=True)
class BookingWarned(Event):
    """A booked person is warned that a system needed for the visit is down."""

    followed_up = True
    booking: str
    incident: int


@dataclass(frozen=True, kw_only=True)
class WarningChanged(Event):
    """A booked person who was warned is told that it should work again at another time."""

    followed_up = True
    booking: str
    incident: int
    expected: str  # as in IncidentChanged


@dataclass(frozen=True, kw_only=True)
class WarningLifted(Event):
    """A booked person who was warned is told that it works again."""

    followed_up = True
    booking: str
    incident: int
    system: int | None = None  # which one was meant, where the incident is of another one now
