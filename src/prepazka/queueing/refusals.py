"""Refusals of the queue and its counters."""

from django.utils.translation import gettext_noop

from prepazka.core.refusal import Refused


class NoTicketsNow(Refused):
    """The service issues no tickets at this time, or none without a booking."""

    message = gettext_noop("Tickets for this service are not being issued now.")


class SystemDown(NoTicketsNow):
    """A system that the service needs is down; repeat when its incident is over."""

    message = gettext_noop(
        "No tickets for this service are issued until this works again: %(system)s."
    )


class NothingNeedsIt(Refused):
    """No service depends on the system, so declaring an incident would stop nothing."""

    message = gettext_noop("No service needs this system, so there is nothing to pause.")


class AlreadyDown(Refused):
    """The system has an open incident; change that one instead."""

    message = gettext_noop("This system is already reported as down.")


class IncidentOver(Refused):
    """The incident has ended; declare a new one if the system fails again."""

    message = gettext_noop("The system is already working again, so there is nothing to change.")


class CounterTaken(Refused):
    """A colleague has the counter open; choose another, or take it over explicitly."""

    message = gettext_noop("Somebody else already works at this counter.")


class CounterClosedAlready(Refused):
    """The shift at the counter has ended, so it cannot be closed or taken over."""

    message = gettext_noop("This counter is already closed.")


class CounterTakenOver(Refused):
    """`name` took over the clerk's counter at `at`; open another one."""

    message = gettext_noop(
        "%(name)s took over your counter at %(at)s. Choose another counter to continue."
    )


class CounterClosedByOther(Refused):
    """`name` closed the clerk's counter at `at`; open one again."""

    message = gettext_noop("%(name)s closed your counter at %(at)s. Open a counter to continue.")


class CounterClosedByItself(Refused):
    """The counter was closed automatically at `at`, after hours; open it again."""

    message = gettext_noop(
        "Your counter was closed automatically at %(at)s, after the office’s opening hours."
    )


class ClientChanged(Refused):
    """The counter's client or their state differs from what the actor saw; look and repeat."""

    message = gettext_noop(
        "Something has changed at this counter in the meantime. Check it and decide again."
    )


class FateMissing(Refused):
    """A client is at the counter to be closed; repeat with their `fate`."""

    message = gettext_noop("There is a client at this counter. Say what happened to them.")


class OtherServices(Refused):
    """The actor's counter shares no service with the counter; a manager can close it."""

    message = gettext_noop(
        "This counter and yours have no services in common. Ask the manager or the desk."
    )


class WaitingHereAlone(Refused):
    """Closing would leave `n` people whom no other counter serves; repeat with a confirmation."""

    message = gettext_noop(
        "People waiting who only this counter can serve: %(n)s. Confirm if you want to "
        "close it anyway."
    )


class CounterNotOpen(Refused):
    """The actor has no open counter; open one first."""

    message = gettext_noop("Open a counter first.")


class CounterBusy(Refused):
    """A client is at the counter; finish, transfer or release them first."""

    message = gettext_noop("Finish with the client at your counter first.")


class CounterPausedNow(Refused):
    """The counter is on a break and calls nobody; end the break first."""

    message = gettext_noop("The counter is paused. End the break first.")


class NobodyWaiting(Refused):
    """No ticket that this counter serves is waiting."""

    message = gettext_noop("Nobody is waiting for this counter.")


class OnlyHeldOffline(NobodyWaiting):
    """All waiting tickets are leased to an offline counter; repeat after `until`."""

    message = gettext_noop(
        "Everybody waiting for you is on the list of counter %(number)s, offline since "
        "%(since)s. You can call them from %(until)s."
    )


class NotAtCounter(Refused):
    """The ticket is not at the actor's counter any more; reload the counter."""

    message = gettext_noop("This client is no longer at your counter.")


class NotWaiting(Refused):
    """The ticket has left the queue, so it cannot be changed as a waiting one."""

    message = gettext_noop("This ticket is no longer waiting.")


class NotMissed(Refused):
    """The ticket's call was not missed, so it cannot be returned or ended as missed."""

    message = gettext_noop("This ticket is not one of those that were called and missed.")


class ReturnsOver(Refused):
    """The ticket's validity has ended with the day; the person has to come again."""

    message = gettext_noop(
        "The office is closed for today, so nobody can be put back into the queue."
    )


class CannotPostpone(Refused):
    """The ticket was postponed before, or not by one of the offered numbers of minutes."""

    message = gettext_noop("You can postpone your turn only once.")


class NotServedHere(Refused):
    """The counter, or the target of a transfer, does not serve the ticket's service."""

    message = gettext_noop("This counter does not provide that service.")


class NothingToUndo(Refused):
    """The last step is older than thirty seconds or was followed by another."""

    message = gettext_noop(
        "There is nothing to undo: the thirty seconds have passed or the state has changed."
    )


class DevicePaused(Refused):
    """The kiosk refuses PINs after too many wrong ones; repeat after `seconds`."""

    message = gettext_noop(
        "Too many wrong PINs. Please wait %(seconds)s seconds, or ask at the desk."
    )


class SecondAnswerNeeded(Refused):
    """The kiosk has seen many wrong PINs today; repeat with the phone's digits or the code."""

    message = gettext_noop(
        "There were too many wrong PINs today. Also enter the last three digits of the "
        "phone number on the booking, or the booking code, or go to the desk."
    )


class CodeNeeded(SecondAnswerNeeded):
    """As SecondAnswerNeeded, where the booking's code is the only second answer left."""

    message = gettext_noop(
        "There were too many wrong PINs today. Also enter the booking code, or go to the desk."
    )


class HeldOffline(Refused):
    """A silent counter that may call it offline has leased the ticket; repeat after `until`."""

    message = gettext_noop(
        "Counter %(number)s has been offline since %(since)s and may be calling this "
        "client on its own. You can call them from %(until)s."
    )


class GrantUnknown(Refused):
    """No grant for offline work has this id, or it is revoked; the device needs a new one."""

    message = gettext_noop(
        "This browser is not allowed to work offline, or the office has withdrawn its permission."
    )


class SignatureWrong(Refused):
    """An entry of the offline log is not signed by the grant's key; the whole log is refused."""

    message = gettext_noop("The log was not written by the browser that sent it.")
