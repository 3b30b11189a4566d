"""What has happened, as the journal keeps it: ids and moments, never personal data."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, Literal

REGISTRY: dict[str, type["Event"]] = {}

TERMS, QUEUE, DEVICES, SETUP = "terms", "queue", "devices", "setup"
MEETINGS = "meetings"


@dataclass(frozen=True, kw_only=True)
class Event:
    """A thing that happened at an office; `actor` is the staff user, None for citizen or rule."""

    topics: ClassVar[tuple[str, ...]] = ()  # which screens look again
    followed_up: ClassVar[bool] = False  # whether a job must react, for example send a message

    office: int
    at: datetime
    actor: int | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__name__.startswith("_"):
            return  # a group of kinds, not a kind
        if cls.__name__ in REGISTRY:
            raise TypeError(f"there is an event {cls.__name__} already")
        REGISTRY[cls.__name__] = cls

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError(f"at must be an aware instant, not {self.at}")

    @property
    def kind(self) -> str:
        """The name of the class, as the journal stores it."""
        return type(self).__name__

    def payload(self) -> dict[str, Any]:
        """What the kind adds to office, moment and actor, as JSON can carry it."""
        return {
            one.name: getattr(self, one.name) for one in fields(self) if one.name not in _COMMON
        }


_COMMON = frozenset(one.name for one in fields(Event))


def from_journal(
    kind: str, *, office: int, at: datetime, actor: int | None, payload: dict[str, Any]
) -> Event:
    """The event that a journal row was written from; KeyError for an unknown kind."""
    return REGISTRY[kind](office=office, at=at, actor=actor, **payload)


# --- bookings: `booking` is the UUID as text -------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _OfBooking(Event):
    topics: ClassVar[tuple[str, ...]] = (TERMS,)
    booking: str


@dataclass(frozen=True, kw_only=True)
class BookingHeld(_OfBooking):
    """A term is kept for somebody who is filling in the form."""


@dataclass(frozen=True, kw_only=True)
class HoldExtended(_OfBooking):
    """Somebody needed more time for the form."""

    topics: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, kw_only=True)
class HoldReleased(_OfBooking):
    """Somebody gave the held term back, for example by choosing another one."""


@dataclass(frozen=True, kw_only=True)
class ConfirmationRequested(_OfBooking):
    """The form is complete; a mail with the link for the click is due."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class BookingConfirmed(_OfBooking):
    """The term is booked and has its PIN."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class BookingMoved(_OfBooking):
    """The booking has another term now."""

    followed_up = True
    by: Literal["citizen", "office"] = "citizen"


@dataclass(frozen=True, kw_only=True)
class BookingModeChanged(_OfBooking):
    """The booking keeps its term and is in another mode: in person, by telephone or by video."""

    followed_up = True
    by: Literal["citizen", "office"] = "citizen"


@dataclass(frozen=True, kw_only=True)
class BookingCancelled(_OfBooking):
    """The booking was given up by the citizen or withdrawn by the office."""

    followed_up = True
    by: Literal["citizen", "office"]


@dataclass(frozen=True, kw_only=True)
class BookingExpired(_OfBooking):
    """A hold ran out, or nobody clicked in time; the term is free again."""


@dataclass(frozen=True, kw_only=True)
class BookingArrived(_OfBooking):
    """The booked client is here and has a ticket."""

    topics: ClassVar[tuple[str, ...]] = (TERMS, QUEUE)
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
    """The client asked by a short message when the term is."""

    topics: ClassVar[tuple[str, ...]] = ()
    followed_up = True


@dataclass(frozen=True, kw_only=True)
class ReplyNotUnderstood(_OfBooking):
    """The client sent a short message that we can do nothing about."""

    topics: ClassVar[tuple[str, ...]] = ()
    followed_up = True


@dataclass(frozen=True, kw_only=True)
class ContactShown(_OfBooking):
    """A member of staff looked at the name and the contact of a booked client."""

    topics: ClassVar[tuple[str, ...]] = ()


# --- substitutes: time taken back from people, and what they are given for it ------------------


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
class PersonalDataErased(Event):
    """Names, contacts and PINs of visits long over were erased."""

    bookings: int  # how many


# --- the waiting list: `entry`, `offer` and `booking` are UUIDs as text -------------------------


@dataclass(frozen=True, kw_only=True)
class _OfList(Event):
    entry: str


@dataclass(frozen=True, kw_only=True)
class ListJoined(_OfList):
    """Somebody waits for a term that suits them; a message with the link is due."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class ListConfirmed(_OfList):
    """The contact of somebody on the list has answered, so terms may be offered."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class ListLeft(_OfList):
    """Somebody waits no longer: of their own will, or because the days have passed."""

    why: Literal["citizen", "past"]


@dataclass(frozen=True, kw_only=True)
class ListDropped(_OfList):
    """Somebody left too many offers in a row unanswered; a message says how to join again."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class _OfPlace(_OfList):
    topics: ClassVar[tuple[str, ...]] = (TERMS,)
    offer: str


@dataclass(frozen=True, kw_only=True)
class PlaceOffered(_OfPlace):
    """A term is kept for somebody on the list until they answer."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class PlaceAccepted(_OfPlace):
    """The offered term is booked, or the booking has moved to it."""

    booking: str


@dataclass(frozen=True, kw_only=True)
class PlaceDeclined(_OfPlace):
    """The offered term did not suit; the next person is asked."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class PlaceUnanswered(_OfPlace):
    """Nobody answered the offer in time; the next person is asked."""

    followed_up = True


# --- meetings by video: `booking`, `meeting` and `participant` are UUIDs as text ---------------


@dataclass(frozen=True, kw_only=True)
class _OfMeeting(_OfBooking):
    meeting: str


@dataclass(frozen=True, kw_only=True)
class _OfInvitation(_OfMeeting):
    participant: str


@dataclass(frozen=True, kw_only=True)
class ParticipantInvited(_OfInvitation):
    """Somebody may come to the meeting, or got a new link; a message with the link is due."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class ParticipantRevoked(_OfInvitation):
    """Somebody may not come to the meeting any more; their link opens nothing."""

    followed_up = True


@dataclass(frozen=True, kw_only=True)
class MeetingLate(_OfMeeting):
    """The official is late; whoever meets them in this one is told by how much."""

    followed_up = True
    topics: ClassVar[tuple[str, ...]] = (TERMS, MEETINGS)
    minutes: int


@dataclass(frozen=True, kw_only=True)
class MeetingMissed(_OfMeeting):
    """Nobody came to the meeting, or nobody took the call; a message offers another term."""

    followed_up = True
    topics: ClassVar[tuple[str, ...]] = (TERMS, MEETINGS)


# --- tickets: `ticket`, `counter`, `clerk` and `service` are ids ------------------------------


@dataclass(frozen=True, kw_only=True)
class _OfTicket(Event):
    topics: ClassVar[tuple[str, ...]] = (QUEUE,)
    ticket: int
    offline: bool = False  # it happened on a device that was cut off, and came in its log
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
class TicketParked(_AtCounter):
    """The ticket was put aside until a moment, in ISO format."""

    until: str


@dataclass(frozen=True, kw_only=True)
class TicketPostponed(_OfTicket):
    """The citizen let others go first until a moment, in ISO format."""

    until: str


@dataclass(frozen=True, kw_only=True)
class AlertAsked(_OfTicket):
    """The citizen wants to be told when the turn is near."""

    topics: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, kw_only=True)
class AlertDropped(_OfTicket):
    """The citizen no longer wants to be told."""

    topics: ClassVar[tuple[str, ...]] = ()


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
    """A counter that was cut off called somebody whom another had called; the first call counts."""


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
    """A system is down; so many people wait for it, and so many bookings are told at once."""

    waiting: int
    bookings: int


@dataclass(frozen=True, kw_only=True)
class IncidentEnded(_OfIncident):
    """The system works again; so many bookings are told."""

    bookings: int


@dataclass(frozen=True, kw_only=True)
class BookingWarned(Event):
    """A booked person is told that what the visit needs is down."""

    followed_up = True
    booking: str
    incident: int


@dataclass(frozen=True, kw_only=True)
class WarningLifted(Event):
    """A booked person who was warned is told that it works again."""

    followed_up = True
    booking: str
    incident: int


# --- rooms of meetings: `meeting` and `participant` are UUIDs as text --------------------------


@dataclass(frozen=True, kw_only=True)
class _InRoom(Event):
    topics: ClassVar[tuple[str, ...]] = (MEETINGS,)
    meeting: str


@dataclass(frozen=True, kw_only=True)
class _OfParticipant(_InRoom):
    participant: str


@dataclass(frozen=True, kw_only=True)
class MeetingStarted(_InRoom):
    """The official who leads the meeting is in the room."""


@dataclass(frozen=True, kw_only=True)
class MeetingEnded(_InRoom):
    """The official ended the meeting for everybody."""


@dataclass(frozen=True, kw_only=True)
class MeetingJoined(_OfParticipant):
    """Somebody came: an official into the room, anybody else to the lobby."""


@dataclass(frozen=True, kw_only=True)
class MeetingAdmitted(_OfParticipant):
    """The official let somebody in from the lobby."""


@dataclass(frozen=True, kw_only=True)
class MeetingPutBack(_OfParticipant):
    """The official asked somebody to wait in the lobby again."""


@dataclass(frozen=True, kw_only=True)
class MeetingRemoved(_OfParticipant):
    """The official ended somebody's part in the meeting."""


@dataclass(frozen=True, kw_only=True)
class MeetingMuted(_OfParticipant):
    """The official asked somebody's browser to be silent."""


@dataclass(frozen=True, kw_only=True)
class MeetingLeft(_OfParticipant):
    """Somebody went away of their own will."""


@dataclass(frozen=True, kw_only=True)
class MeetingProviderChanged(_InRoom):
    """The meeting goes on in another room, or by telephone; `why`: pressed, or a server away."""

    provider: str
    was: str
    why: Literal["chosen", "unavailable"]


@dataclass(frozen=True, kw_only=True)
class _OfDocument(_InRoom):
    document: str


@dataclass(frozen=True, kw_only=True)
class DocumentAdded(_OfDocument):
    """Somebody brought a document; the worker checks it before others may see it."""

    followed_up = True
    participant: str


@dataclass(frozen=True, kw_only=True)
class DocumentRefused(_OfDocument):
    """The check found something in the document that must not be passed on."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class DocumentRemoved(_OfDocument):
    """Who brought the document, or the official, took it away for good."""

    participant: str


@dataclass(frozen=True, kw_only=True)
class MinutesSaved(_OfParticipant):
    """An official began to write the minutes, or went on writing them after another."""

    version: int


@dataclass(frozen=True, kw_only=True)
class MinutesCommented(_OfParticipant):
    """A participant remarked on the draft of the minutes."""


@dataclass(frozen=True, kw_only=True)
class MinutesClosed(_OfParticipant):
    """The official closed the minutes; the worker makes a PDF of them."""

    followed_up = True
    version: int


@dataclass(frozen=True, kw_only=True)
class MinutesReady(_InRoom):
    """The PDF of the minutes is there and goes to everybody of the meeting."""

    followed_up = True
    booking: str


# --- counters, devices, the office ------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _OfCounter(Event):
    topics: ClassVar[tuple[str, ...]] = (QUEUE,)
    counter: int
    clerk: int | None = None


@dataclass(frozen=True, kw_only=True)
class CounterOpened(_OfCounter):
    """A clerk began to serve at the counter."""


@dataclass(frozen=True, kw_only=True)
class CounterPaused(_OfCounter):
    """The counter has a break."""


@dataclass(frozen=True, kw_only=True)
class CounterResumed(_OfCounter):
    """The break is over."""


@dataclass(frozen=True, kw_only=True)
class CounterClosed(_OfCounter):
    """The clerk left the counter."""


@dataclass(frozen=True, kw_only=True)
class _OfDevice(Event):
    topics: ClassVar[tuple[str, ...]] = (DEVICES,)
    device: int


@dataclass(frozen=True, kw_only=True)
class ListTakenBack(_OfCounter):
    """A silent counter's people may be called by others again."""


@dataclass(frozen=True, kw_only=True)
class OfflineMerged(Event):
    """The log of a kiosk (`device`) or a counter that was cut off was merged: so many entries."""

    topics: ClassVar[tuple[str, ...]] = (QUEUE, DEVICES)

    grant: int
    entries: int
    device: int | None = None
    counter: int | None = None


@dataclass(frozen=True, kw_only=True)
class DevicePaired(_OfDevice):
    """A kiosk or display now belongs to the office."""


@dataclass(frozen=True, kw_only=True)
class DeviceRevoked(_OfDevice):
    """A kiosk or display may no longer speak for the office."""


@dataclass(frozen=True, kw_only=True)
class DeviceFault(_OfDevice):
    """A device cannot do its work, for example a printer without paper."""

    followed_up = True
    fault: str


@dataclass(frozen=True, kw_only=True)
class DeviceMended(_OfDevice):
    """The fault of a device is over."""


@dataclass(frozen=True, kw_only=True)
class NumbersLeased(_OfDevice):
    """A kiosk may give the numbers `first` to `last` of the letter while it is cut off."""

    topics: ClassVar[tuple[str, ...]] = ()
    letter: str
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class NumberRefused(_OfDevice):
    """A kiosk gave, while cut off, a number that was not its own or was given already."""

    label: str


@dataclass(frozen=True, kw_only=True)
class ReloadAsked(_OfDevice):
    """Staff had the screen of the device loaded anew."""


@dataclass(frozen=True, kw_only=True)
class PinTried(_OfDevice):
    """A PIN was entered; the PIN itself is not kept. `outcome` is a pins.Outcome value."""

    topics: ClassVar[tuple[str, ...]] = ()
    outcome: str
    offline: bool = False


@dataclass(frozen=True, kw_only=True)
class StaffChanged(Event):
    """Somebody was added to the staff, given another role (`role`), or removed (no role)."""

    user: int
    role: str = ""


@dataclass(frozen=True, kw_only=True)
class PasswordGiven(Event):
    """A member of staff was given a new one-time password."""

    user: int


@dataclass(frozen=True, kw_only=True)
class DiaryChanged(Event):
    """Somebody changed when an official takes people; `bookings` no longer fit the hours."""

    topics: ClassVar[tuple[str, ...]] = (TERMS,)

    official: int
    bookings: int = 0


@dataclass(frozen=True, kw_only=True)
class FeedMade(Event):
    """Somebody made an address at which a calendar program reads bookings, with `names` or not."""

    feed: int
    names: bool = False


@dataclass(frozen=True, kw_only=True)
class FeedRevoked(Event):
    """An address at which a calendar program read bookings was closed."""

    feed: int


@dataclass(frozen=True, kw_only=True)
class OfficialLinked(Event):
    """An account (`user`; None: nobody's) now looks after an official's diary."""

    official: int
    user: int | None = None


@dataclass(frozen=True, kw_only=True)
class OfficeLoaded(Event):
    """The office was set up anew from its file or in the manager's screens."""

    topics: ClassVar[tuple[str, ...]] = (TERMS, QUEUE, SETUP)


@dataclass(frozen=True, kw_only=True)
class QuotaSet(Event):
    """So many may book each window of an agenda; `reason` speaks of no person."""

    topics: ClassVar[tuple[str, ...]] = (TERMS, QUEUE, SETUP)
    agenda: int
    before: int
    after: int
    stretch: str  # of a walk-in's wait, as it was shown
    reason: str
