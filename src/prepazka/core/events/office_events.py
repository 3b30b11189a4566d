"""Events of counters, devices and the office."""

from dataclasses import dataclass
from typing import ClassVar

from prepazka.core.events.event_registry import DEVICES, QUEUE, SETUP, SLOTS, Event


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
    """The counter was closed by its clerk, or without an actor by itself."""


@dataclass(frozen=True, kw_only=True)
class CounterTakenOver(_OfCounter):
    """The actor works at the counter that `clerk` had left open.

    `ticket` is the client who was there, `fate` what became of them: a queueing.counters.Fate.
    """

    ticket: int | None = None
    fate: str = ""


@dataclass(frozen=True, kw_only=True)
class LeftCounterClosed(_OfCounter):
    """The actor closed the counter that `clerk` had left open; `ticket` and `fate` as above."""

    ticket: int | None = None
    fate: str = ""


@dataclass(frozen=True, kw_only=True)
class _OfDevice(Event):
    topics: ClassVar[tuple[str, ...]] = (DEVICES,)
    device: int


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
class KioskLost(_OfDevice):
    """The kiosk was reported lost or stolen; so many bookings have another PIN now."""

    bookings: int


@dataclass(frozen=True, kw_only=True)
class LogRefused(_OfDevice):
    """A device that was disconnected sent the log of its grant later: so many entries, none taken."""

    grant: int
    entries: int


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
class PinGuardRaised(_OfDevice):
    """After many wrong PINs the kiosk asks for more than the PIN: `digits_or_code` or `code`."""

    asks: str


@dataclass(frozen=True, kw_only=True)
class DayOfWrongPins(Event):
    """So many wrong PINs were entered today that all kiosks ask for more until midnight."""

    topics: ClassVar[tuple[str, ...]] = (DEVICES,)
    wrong: int


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
class StaffRenamed(Event):
    """The name of a member of staff was corrected."""

    user: int


@dataclass(frozen=True, kw_only=True)
class SecondFactorReset(Event):
    """A member of staff logs in by the password alone again; without an actor by a command."""

    user: int


@dataclass(frozen=True, kw_only=True)
class PeopleListed(Event):
    """A member of staff saw a list with names of clients (`list`), or searched for people."""

    list: str
    official: int | None = None  # whose diary it was


@dataclass(frozen=True, kw_only=True)
class LoggedIn(Event):
    """Somebody logged in; `factor` says whether by a second factor as well."""

    user: int
    factor: bool = False


@dataclass(frozen=True, kw_only=True)
class LogInFailed(Event):
    """A wrong password (or with `factor` a wrong code) was entered for an account."""

    user: int
    factor: bool = False


@dataclass(frozen=True, kw_only=True)
class LogInDelayed(Event):
    """After `failures` wrong log-ins for an account the next ones have to wait."""

    user: int
    failures: int


@dataclass(frozen=True, kw_only=True)
class LoggedOut(Event):
    """Somebody logged out."""

    user: int


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(Event):
    """Somebody changed their own password."""

    user: int


@dataclass(frozen=True, kw_only=True)
class SecondFactorSet(Event):
    """Somebody set up a second factor, or with `removed` gave up their own."""

    user: int
    removed: bool = False


@dataclass(frozen=True, kw_only=True)
class SecondFactorRequired(Event):
    """The roles that need a second factor were changed in the office's file."""

    roles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RecoveryCodesMade(Event):
    """Somebody made new recovery codes for their second factor."""

    user: int


@dataclass(frozen=True, kw_only=True)
class TokenMade(Event):
    """A program got a key that acts for a member of staff, or with `revoked` lost it."""

    user: int
    revoked: bool = False


@dataclass(frozen=True, kw_only=True)
class SessionEnded(Event):
    """The actor logged somebody, or themselves, out of another browser."""

    user: int


@dataclass(frozen=True, kw_only=True)
class TokenAllowed(Event):
    """Somebody with a second factor allowed a key of a program that waited for them."""

    user: int


@dataclass(frozen=True, kw_only=True)
class TokenEnded(Event):
    """The actor let keys of programs of somebody, or their own, open nothing any more."""

    user: int


@dataclass(frozen=True, kw_only=True)
class DiaryChanged(Event):
    """Somebody changed when an official takes people; `bookings` no longer fit the hours."""

    topics: ClassVar[tuple[str, ...]] = (SLOTS,)

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

    topics: ClassVar[tuple[str, ...]] = (SLOTS, QUEUE, SETUP)


@dataclass(frozen=True, kw_only=True)
class CrestSet(Event):
    """The office has another crest, named by its digest, or with an empty one none."""

    topics: ClassVar[tuple[str, ...]] = (SETUP,)
    digest: str


@dataclass(frozen=True, kw_only=True)
class QuotaSet(Event):
    """So many may book each window of an agenda; `reason` speaks of no person."""

    topics: ClassVar[tuple[str, ...]] = (SLOTS, QUEUE, SETUP)
    agenda: int
    before: int
    after: int
    stretch: str  # of a walk-in's wait, as it was shown
    reason: str
