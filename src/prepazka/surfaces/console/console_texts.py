"""Texts of the console: verdicts of check-ins, states of bookings, undo, days and times."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from prepazka.booking.models import Booking, BookingState
from prepazka.core.calendar import DAY_MIN, DayException
from prepazka.core.pins import Outcome
from prepazka.looks.typography import DASH, clock, long_date
from prepazka.messaging.channels import ADAPTERS
from prepazka.messaging.message_delivery import NO_LONGER_NEEDED
from prepazka.messaging.models import Message, MessageState
from prepazka.offices.languages import active_language
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import TicketState
from prepazka.queueing.tickets import CheckIn
from prepazka.queueing.turns import LastStep
from prepazka.web import missed_call_texts

WITH_TICKET = (BookingState.ARRIVED, BookingState.NO_SHOW)

# Functions, so that texts are translated into the language of the request.
VERDICTS: dict[Outcome, Callable[[], str]] = {
    Outcome.INSIDE: lambda: _(
        "Checked in. Ticket %(number)s; it goes before clients without a booking."
    ),
    Outcome.REGISTERED_EARLY: lambda: _(
        "Checked in early. Ticket %(number)s; its turn starts at %(start)s."
    ),
    Outcome.LATE: lambda: _("Checked in late. Ticket %(number)s; it waits in order of arrival."),
    Outcome.EARLY: lambda: _("Too early: check-in for this booking opens at %(opens)s."),
    Outcome.UNCONFIRMED: lambda: _("The booking was never confirmed. Issue an ordinary ticket."),
    Outcome.RETURNED: lambda: _(
        "Ticket %(number)s is back in the queue; its turn comes after those who returned earlier."
    ),
    Outcome.MISSED: lambda: _("Ticket %(number)s was called and nobody came."),
    Outcome.AGAIN: lambda: _("Already checked in; the ticket is %(number)s."),
    Outcome.CHANGED: lambda: _("The booking now has another PIN."),
    Outcome.USED: lambda: _("Already checked in; the ticket is %(number)s."),
    Outcome.VOID: lambda: _("The booked time has passed. Issue an ordinary ticket."),
    Outcome.CANCELLED: lambda: _("The booking was cancelled. Issue an ordinary ticket."),
    Outcome.OTHER_DAY: lambda: _("The booking is for another day."),
    Outcome.OTHER_OFFICE: lambda: _("The booking is not for this office."),
    Outcome.UNKNOWN: lambda: _("The booking is not for this office."),
}


# By LastStep.kind; the page shows the remaining seconds beside it.
UNDO: dict[str, Callable[[], str]] = {
    "call": lambda: _("The call of %(number)s can be undone"),
    "by_hand": lambda: _("The call of %(number)s by hand can be undone"),
    "start": lambda: _("The start of %(number)s can be undone"),
    "finish": lambda: _("The end of %(number)s can be undone"),
    "absent": lambda: _("“Did not come” of %(number)s can be undone"),
    "return": lambda: _("The return of %(number)s to the queue can be undone"),
    "park": lambda: _("Putting %(number)s aside can be undone"),
    "transfer": lambda: _("Sending %(number)s on can be undone"),
}


def undo_in_words(step: LastStep) -> str:
    """The step that can be undone, as a sentence with the ticket's number."""
    return UNDO[step.kind]() % {"number": step.ticket.label}


def verdict_in_words(answer: CheckIn, office: OfficeSnapshot) -> str:
    """The verdict of a check-in as a sentence, with the ticket's number and times."""
    verdict, ticket = answer.verdict, answer.ticket
    start = verdict.found.window.start.astimezone(office.tz) if verdict.found else None
    opens = verdict.opens_at.astimezone(office.tz) if verdict.opens_at else None
    return VERDICTS[verdict.outcome]() % {
        "number": ticket.label if ticket else "",
        "start": clock(start) if start else "",
        "opens": clock(opens) if opens else "",
    }


def state_in_words(booking: Booking, office: OfficeSnapshot) -> str:
    """The booking's state; after a missed call also when and where it was called."""
    if booking.companion_of_id and booking.state == BookingState.HELD:
        return _("in a colleague’s video meeting")
    ticket = getattr(booking, "ticket", None) if booking.state in WITH_TICKET else None
    if ticket and ticket.state == TicketState.NO_SHOW and ticket.missed_call:
        return missed_call_texts.to_staff(ticket, office)
    return {
        BookingState.HELD: _("being filled in"),
        BookingState.UNCONFIRMED: _("waiting for the client to confirm"),
        BookingState.CONFIRMED: _("booked"),
        BookingState.ARRIVED: _("arrived"),
        BookingState.SERVED: _("served"),
        BookingState.EXPIRED: _("expired"),
        BookingState.NO_SHOW: _("did not come"),
        BookingState.DISPLACED: _("displaced by the office"),
        BookingState.CANCELLED_BY_CITIZEN: _("cancelled by the client"),
        BookingState.CANCELLED_BY_OFFICE: _("cancelled by the office"),
    }[BookingState(booking.state)]


def unsent_in_words(booking: Booking) -> str:
    """The failure of the last message to the client as a sentence; "" if it did not fail."""
    last_message = Message.objects.filter(booking=booking).exclude(error=NO_LONGER_NEEDED).last()
    if last_message is None or last_message.state != MessageState.FAILED:
        return ""
    return _("The last message could not be sent (%(why)s). Please tell the client yourself.") % {
        "why": _(last_message.error)
    }


def way_in_words(channel: Message.Channel | None) -> str:
    """How the client is informed of the booking, as a sentence."""
    if channel:
        return str(ADAPTERS[channel].announcement)
    return _("No message is sent: read the PIN aloud, or print the slip.")


def days_in_words(days: DayException) -> str:
    """The range of days, such as "Friday 20 November 2026 – …", with times where they are set."""
    language = active_language()
    beginning = long_date(days.from_date, language) + _time_of(days.begins)
    if days.to_date is None:
        return f"{beginning} …"
    if days.to_date == days.from_date:
        return beginning
    return f"{beginning} {DASH} {long_date(days.to_date, language)}{_time_of(days.ends)}"


def times_in_words(days: DayException) -> str:
    """The times within the days: "8:00–9:30", "all day" or "without a break"."""
    if days.begins is not None or days.ends is not None:
        return _("without a break")
    minutes = days.minutes_on(days.from_date)
    if minutes is None or (minutes.start, minutes.end) == (0, DAY_MIN):
        return _("all day")
    times = f"{_clock_of(minutes.start)}{DASH}{_clock_of(minutes.end)}"
    several = days.to_date != days.from_date
    return _("%(times)s on each day") % {"times": times} if several else times


def _time_of(minute: int | None) -> str:
    return "" if minute is None else f" {_clock_of(minute)}"


def _clock_of(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"
