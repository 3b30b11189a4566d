"""What the queue must sometimes refuse; each docstring is the sentence the person reads."""

from prepazka.core.refusal import Refused


class NoTicketsNow(Refused):
    """Tickets for this service are not issued now."""


class SystemDown(NoTicketsNow):
    """Tickets for this service are not issued until this works again: %(system)s."""


class NothingNeedsIt(Refused):
    """No service needs this system, so there is nothing to pause."""


class AlreadyDown(Refused):
    """This system is said to be down already."""


class IncidentOver(Refused):
    """It works again already, so there is nothing to change."""


class CounterTaken(Refused):
    """Somebody else already works at this counter."""


class CounterNotOpen(Refused):
    """Open a counter first."""


class CounterBusy(Refused):
    """Finish with the client at your counter first."""


class CounterPausedNow(Refused):
    """The counter is paused. End the break first."""


class NobodyWaiting(Refused):
    """Nobody is waiting for this counter."""


class NotAtCounter(Refused):
    """This client is no longer at your counter."""


class NotWaiting(Refused):
    """This ticket is no longer waiting."""


class NotMissed(Refused):
    """This ticket is not among those who were called and did not come."""


class ReturnsOver(Refused):
    """The office is closed for today, so nobody can be put back into the queue."""


class CannotPostpone(Refused):
    """A place in the queue can be put off only once."""


class NotServedHere(Refused):
    """This counter does not serve that."""


class NothingToUndo(Refused):
    """There is nothing to undo: the thirty seconds have passed or the state has changed."""


class DevicePaused(Refused):
    """Too many wrong PINs. Please wait %(seconds)s seconds, or ask at the desk."""


class HeldOffline(Refused):
    """Counter %(number)s is cut off and may be calling this client by itself."""


class GrantUnknown(Refused):
    """This browser has no right to work off-line, or the office has taken it back."""


class SignatureWrong(Refused):
    """The log was not written by the browser that sends it."""
