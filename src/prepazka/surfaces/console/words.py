"""What the desk is told: the state of a booking, and the verdict when its client comes."""

from __future__ import annotations

from django.utils.translation import gettext as _

from prepazka.booking.models import Booking, State
from prepazka.core.pins import Outcome
from prepazka.looks.typography import clock
from prepazka.offices.directory import Directory
from prepazka.queueing.tickets import CheckIn


def told(answer: CheckIn, office: Directory) -> str:
    """The sentence for the verdict, with the time or number it speaks of."""
    verdict, ticket = answer.verdict, answer.ticket
    number = ticket.label if ticket else ""
    start = verdict.found.window.start.astimezone(office.tz) if verdict.found else None
    opens = verdict.opens_at.astimezone(office.tz) if verdict.opens_at else None
    filled = {
        "number": number, "start": clock(start) if start else "",
        "opens": clock(opens) if opens else "",
    }
    match verdict.outcome:
        case Outcome.INSIDE:
            text = _("Registered. Ticket %(number)s; it goes before clients without booking.")
        case Outcome.REGISTERED_EARLY:
            text = _("Registered early. Ticket %(number)s; its turn begins at %(start)s.")
        case Outcome.LATE:
            text = _("Registered late. Ticket %(number)s; it waits in order of arrival.")
        case Outcome.EARLY:
            text = _("Too early: arrivals for this booking are taken from %(opens)s.")
        case Outcome.UNCONFIRMED:
            text = _("The booking was never confirmed by e-mail. Issue an ordinary ticket.")
        case Outcome.USED:
            text = _("Already registered; the ticket is %(number)s.")
        case Outcome.VOID:
            text = _("The booked time has passed. Issue an ordinary ticket.")
        case Outcome.CANCELLED:
            text = _("The booking was cancelled. Issue an ordinary ticket.")
        case Outcome.OTHER_DAY:
            text = _("The booking is for another day.")
        case Outcome.OTHER_OFFICE | Outcome.UNKNOWN:
            text = _("The booking is not for this office.")
    return text % filled


def state_in_words(booking: Booking) -> str:
    """Where the booking is."""
    return {
        State.HELD: _("being filled in"),
        State.UNCONFIRMED: _("waits for the click in the e-mail"),
        State.CONFIRMED: _("booked"),
        State.ARRIVED: _("arrived"),
        State.SERVED: _("served"),
        State.EXPIRED: _("expired"),
        State.NO_SHOW: _("did not come"),
        State.DISPLACED: _("moved away by the office"),
        State.CANCELLED_BY_CITIZEN: _("cancelled by the client"),
        State.CANCELLED_BY_OFFICE: _("cancelled by the office"),
    }[State(booking.state)]
