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


class CounterClosedAlready(Refused):
    """This counter is closed already."""


class CounterTakenOver(Refused):
    """%(name)s took your counter over at %(at)s. Choose another one to go on."""


class CounterClosedByOther(Refused):
    """%(name)s closed your counter at %(at)s. Open one to go on."""


class CounterClosedByItself(Refused):
    """Your counter closed by itself at %(at)s, after the office's hours."""


class ClientChanged(Refused):
    """Something has changed at this counter meanwhile. Look at it once more and decide again."""


class FateMissing(Refused):
    """A client is at this counter. Say what became of them."""


class OtherServices(Refused):
    """This counter serves nothing that your counter serves; ask the head or the desk."""


class WaitingHereAlone(Refused):
    """People who wait for this counter alone: %(n)s. To close it all the same, confirm it."""


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


class SecondAnswerNeeded(Refused):
    """There were too many wrong PINs today. Enter also the last three digits of the telephone number of the booking or the code of the booking, or go to the desk."""


class CodeNeeded(SecondAnswerNeeded):
    """There were too many wrong PINs today. Enter also the code of the booking, or go to the desk."""


class HeldOffline(Refused):
    """Counter %(number)s has been silent since %(since)s and may be calling this client by itself. You can call them from %(until)s."""


class GrantUnknown(Refused):
    """This browser has no right to work off-line, or the office has taken it back."""


class SignatureWrong(Refused):
    """The log was not written by the browser that sends it."""
