"""The kiosk's answers that give no ticket: title, text and next step for each outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext as _

from prepazka.booking.models import Booking
from prepazka.core import calendar
from prepazka.core.pins import Outcome
from prepazka.looks import typography
from prepazka.offices.incident_texts import incident_in_words
from prepazka.offices.languages import active_language
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket, TicketState
from prepazka.queueing.tickets import CheckIn, issues_tickets
from prepazka.reporting.monitor import next_opening
from prepazka.web import missed_call_texts

# The answer is signed into the address, so that reloading the page does not try the PIN again.
SALT, HOLDS = "kiosk:answer", 300


@dataclass(frozen=True)
class KioskAnswer:
    """An answer as its signed address carries it: ids and instants, no personal data."""

    outcome: str
    service: int | None = None
    office: int | None = None
    window: tuple[str, str] | None = None
    counts: tuple[str, str] | None = None
    ticket: int | None = None
    seconds: int = 0


def answer_of_verdict(checkin: CheckIn) -> KioskAnswer:
    """The answer to a PIN for which no new ticket was issued."""
    verdict, booking_pin = checkin.verdict, checkin.verdict.found
    if booking_pin is None or verdict.opens_at is None or verdict.closes_at is None:
        return KioskAnswer(verdict.outcome.value)
    return KioskAnswer(
        verdict.outcome.value,
        service=Booking.objects.values_list("service_id", flat=True).get(pk=booking_pin.booking),
        office=booking_pin.office,
        window=(booking_pin.window.start.isoformat(), booking_pin.window.end.isoformat()),
        counts=(verdict.opens_at.isoformat(), verdict.closes_at.isoformat()),
        ticket=checkin.ticket.pk if checkin.ticket else None,
    )


def answer_address(answer: KioskAnswer) -> str:
    """The address of the screen that shows the answer."""
    token = signing.dumps(asdict(answer), salt=SALT, compress=True)
    return reverse("kiosk:answer", args=[token])


def read_answer(token: str) -> KioskAnswer | None:
    """The answer in the token; None if it was tampered with or is older than `HOLDS` seconds."""
    try:
        return KioskAnswer(**signing.loads(token, salt=SALT, max_age=HOLDS))
    except signing.BadSignature:
        return None


def answer_context(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    """Template context: title, text, next step; `service` where one touch issues a ticket."""
    return {"kind": "info", "may_retry": False, "service": None} | _WORDS[answer.outcome](
        answer, office, now
    )


def _early(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    return {
        "title": _("You are early"),
        "text": _(
            "Your booking is for %(window)s. Come to this kiosk between %(opens)s and"
            " %(closes)s and enter the PIN again."
        )
        % _times(answer, office),
        "more": _("Your booking is still valid; you do not need to do anything else now."),
    }


def _remote(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    return {
        "title": _("You do not need to come for this booking"),
        "text": _(
            "It is a video or phone meeting on %(day)s, %(window)s. You can meet the "
            "official from home: the link and all details are in our e-mail."
        )
        % _times(answer, office),
        "more": _("If you would rather talk here, please ask at the desk; they can change it."),
    }


def _void(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    service = office.services.get(answer.service or 0)
    possible = service is not None and issues_tickets(office, service, now)
    ticket = _ticket(answer, office)
    call = missed_call_texts.to_holder(ticket, office) if ticket else ""
    return {
        "kind": "warning",
        "title": call or _("Your booked time has passed"),
        "text": _("The booking was for %(window)s and could be used until %(closes)s.")
        % _times(answer, office),
        "more": _("You can get an ordinary ticket for the same service with one touch.")
        if possible
        else _("Please go to the desk; they will help you."),
        "service": service if possible else None,
    }


def _missed(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    ticket = _ticket(answer, office)
    return {
        "kind": "warning",
        "title": (missed_call_texts.to_holder(ticket, office) if ticket else "")
        or _("We called you"),
        "number": ticket.label if ticket else "",
        "text": _("You have already used this PIN once to rejoin the queue. Your number is:"),
        "more": _("Please go to the desk; they can put you back in the queue."),
    }


def _ticket(answer: KioskAnswer, office: OfficeSnapshot) -> Ticket | None:
    return Ticket.objects.filter(pk=answer.ticket or 0, office=office.row).first()


def _used(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    """Shows neither number nor counter, as the person may not be the ticket's holder."""
    ticket = _ticket(answer, office)
    if ticket is None or ticket.state in {
        TicketState.FINISHED,
        TicketState.CANCELLED,
        TicketState.NO_SHOW,
    }:
        return {
            "title": _("You have already checked in"),
            "text": _("This PIN has been used."),
            "more": _("That visit has ended. If you need anything else, take an ordinary ticket."),
        }
    issued = typography.at_clock(ticket.issued_at.astimezone(office.tz), active_language())
    return {
        "title": _("This PIN already has a ticket"),
        "text": _("It was issued %(at)s. Please watch the displays for its number.")
        % {"at": issued},
        "more": _(
            "If you do not have it, please ask at the desk. They will check your name and "
            "print it again."
        ),
    }


def _changed(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "may_retry": True,
        "title": _("This PIN was changed"),
        "text": _("The new one is in our last message to you, by e-mail or text message."),
        "more": _("If you do not have it, please ask at the desk; your booking is valid."),
    }


def _cancelled(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "title": _("This booking was cancelled"),
        "text": _("The booking for %(window)s is no longer valid.") % _times(answer, office),
        "more": _("You can take an ordinary ticket, or ask at the desk what happened."),
    }


def _unconfirmed(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "title": _("This booking was not confirmed"),
        "text": _(
            "We held the time %(window)s for you, but the link in our e-mail was never opened,"
            " so the booking is not valid."
        )
        % _times(answer, office),
        "more": _("Please take an ordinary ticket."),
    }


def _other_day(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    times = _times(answer, office)
    over = answer.counts is not None and datetime.fromisoformat(answer.counts[1]) < now
    if over:
        return {
            "kind": "warning",
            "title": _("Your booking was for another day"),
            "text": _("It was for %(day)s, %(window)s.") % times,
            "more": _("Please take an ordinary ticket, or book again on the web."),
        }
    return {
        "title": _("Your booking is for another day"),
        "text": _(
            "It is for %(day)s, %(window)s. Come to this kiosk on that day between"
            " %(opens)s and %(closes)s."
        )
        % times,
        "more": _("If you need it sooner, you can take an ordinary ticket today."),
    }


def _other_office(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    other_office = Office.objects.filter(pk=answer.office or 0).first()
    name = str(other_office.name) if other_office else ""
    address = str(other_office.address) if other_office else ""
    return {
        "kind": "warning",
        "title": _("Your booking is at another office"),
        "text": _("This PIN belongs to: %(office)s. The booking is for %(window)s.")
        % ({"office": ", ".join(filter(None, (name, address)))} | _times(answer, office)),
        "more": _("Please use the kiosk there, between %(opens)s and %(closes)s.")
        % _times(answer, office),
    }


def _unknown(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "may_retry": True,
        "title": _("This PIN is not valid"),
        "text": _("Please check the four digits in the confirmation e-mail and enter them again."),
        "more": _("If you do not have a PIN, take an ordinary ticket or ask at the desk."),
    }


def _short(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "may_retry": True,
        "title": _("The PIN has four digits"),
        "text": _("Please enter all four digits from the confirmation e-mail."),
        "more": "",
    }


def _paused(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "title": _("Please wait a moment"),
        "text": _("The PIN was wrong five times. In a moment you can try again."),
        "more": _("You can still take an ordinary ticket, or ask at the desk."),
        "pause": answer.seconds,
        "idle": answer.seconds,
        "idle_to": reverse("kiosk:pin"),
    }


def _reception(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "title": _("Please go to the desk"),
        "text": _(
            "Too many wrong PINs were entered here today, so the kiosk is not "
            "accepting PINs for now."
        ),
        "more": _("Your booking is valid. You can check in at the desk with your name."),
    }


def _no_telephone(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    return {
        "title": _("Please go to the desk"),
        "text": _("Without the phone number the kiosk cannot tell that the booking is yours."),
        "more": _("Your booking is valid. You can check in at the desk with your name."),
    }


def _unknown_pair(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "may_retry": True,
        "title": _("The PIN and the phone number do not match"),
        "text": _("Please check both in the confirmation of your booking and enter them again."),
        "more": _(
            "If it does not work, please go to the desk; you can check in there with your name."
        ),
    }


def _no_tickets(answer: KioskAnswer, office: OfficeSnapshot, now: datetime) -> dict[str, Any]:
    service = office.services.get(answer.service or 0)
    if service and service.pk in office.stopped:
        return {
            "kind": "warning",
            "title": _("Tickets for this service are not being issued"),
            "text": str(service.name),
            "more": incident_in_words(office.stopped[service.pk], office),
        }
    opens = next_opening(office, now)
    next_step = ""
    if opens:
        local = opens.astimezone(office.tz)
        today = calendar.day_of(now, office.tz)
        opens_in_words = typography.on_day_at(local, today, active_language())
        next_step = _("We open %(when)s.") % {"when": opens_in_words}
    return {
        "kind": "warning",
        "title": _("Tickets for this service are not being issued"),
        "text": str(service.name) if service else "",
        "more": next_step,
    }


_WORDS: dict[str, Callable[[KioskAnswer, OfficeSnapshot, datetime], dict[str, Any]]] = {
    Outcome.EARLY.value: _early,
    Outcome.REMOTE.value: _remote,
    Outcome.VOID.value: _void,
    Outcome.USED.value: _used,
    Outcome.MISSED.value: _missed,
    Outcome.CANCELLED.value: _cancelled,
    Outcome.CHANGED.value: _changed,
    Outcome.UNCONFIRMED.value: _unconfirmed,
    Outcome.OTHER_DAY.value: _other_day,
    Outcome.OTHER_OFFICE.value: _other_office,
    Outcome.UNKNOWN.value: _unknown,
    "short": _short,
    "paused": _paused,
    "reception": _reception,
    "no_telephone": _no_telephone,
    "unknown_pair": _unknown_pair,
    "no_tickets": _no_tickets,
}


def _times(answer: KioskAnswer, office: OfficeSnapshot) -> dict[str, str]:
    if answer.window is None or answer.counts is None:
        return {"window": "", "opens": "", "closes": "", "day": ""}
    language = active_language()
    start, end, opens, closes = (
        datetime.fromisoformat(moment).astimezone(office.tz)
        for moment in (*answer.window, *answer.counts)
    )
    return {
        "window": typography.span(start, end, language),
        "opens": typography.clock(opens),
        "closes": typography.clock(closes),
        "day": typography.long_date(start, language),
    }
