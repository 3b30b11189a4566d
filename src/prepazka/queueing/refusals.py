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


class OnlyHeldOffline(NobodyWaiting):
    """Everybody who waits for you is on the list of counter %(number)s, silent since %(since)s. You can call them from %(until)s."""


class NotAtCounter(Refused):
    """This client is no longer at your counter."""


class NotWaiting(Refused):
    """This ticket is no longer waiting."""


class CannotPostpone(Refused):
    """A place in the queue can be put off only once."""


class NotServedHere(Refused):
    """This counter does not serve that."""


class NothingToUndo(Refused):
    """There is nothing to undo: the thirty seconds have passed or the state has changed."""


class DevicePaused(Refused):
    """Too many wrong PINs. Please wait %(seconds)s seconds, or ask at the desk."""


class HeldOffline(Refused):
    """Counter %(number)s has been silent since %(since)s and may be calling this client by itself. You can call them from %(until)s."""


class GrantUnknown(Refused):
    """This browser has no right to work off-line, or the office has taken it back."""


class SignatureWrong(Refused):
    """The log was not written by the browser that sends it."""
