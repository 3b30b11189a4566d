"""What a kiosk says when there is no ticket to hand over: each case in its own words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from prepazka.booking.models import Booking
from prepazka.core import calendar
from prepazka.core.pins import Outcome
from prepazka.looks import typography
from prepazka.offices.directory import Directory
from prepazka.offices.incidents import said_of
from prepazka.offices.models import Office
from prepazka.queueing.models import State, Ticket
from prepazka.queueing.tickets import CheckIn, issues_tickets
from prepazka.reporting.monitor import next_opening
from prepazka.web import missed

# The answer travels in the address, signed, so that a reload never tries the PIN again.
SALT, HOLDS = "kiosk:answer", 300


@dataclass(frozen=True)
class Said:
    """An answer as the address carries it; ids and moments, nothing personal."""

    outcome: str
    service: int | None = None
    office: int | None = None
    window: tuple[str, str] | None = None
    counts: tuple[str, str] | None = None
    ticket: int | None = None
    seconds: int = 0


def of_verdict(result: CheckIn) -> Said:
    """The answer to a PIN that gave no new ticket."""
    verdict, found = result.verdict, result.verdict.found
    if found is None or verdict.opens_at is None or verdict.closes_at is None:
        return Said(verdict.outcome.value)
    return Said(
        verdict.outcome.value,
        service=Booking.objects.values_list("service_id", flat=True).get(pk=found.booking),
        office=found.office,
        window=(found.window.start.isoformat(), found.window.end.isoformat()),
        counts=(verdict.opens_at.isoformat(), verdict.closes_at.isoformat()),
        ticket=result.ticket.pk if result.ticket else None,
    )


def page(said: Said) -> str:
    """The address of the screen with the answer."""
    token = signing.dumps(asdict(said), salt=SALT, compress=True)
    return reverse("kiosk:answer", args=[token])


def read(token: str) -> Said | None:
    """The answer of that address; None when it was changed or is old."""
    try:
        return Said(**signing.loads(token, salt=SALT, max_age=HOLDS))
    except signing.BadSignature:
        return None


def words(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    """Title, text and next step for the screen; `service` where one touch gives a ticket."""
    return {"kind": "info", "may_retry": False, "service": None} | _WORDS[said.outcome](
        said, office, now
    )


def _early(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    return {
        "title": _("You have come early"),
        "text": _(
            "Your booking is for %(window)s. Come to this kiosk between %(opens)s and"
            " %(closes)s and enter the PIN again."
        )
        % _times(said, office),
        "more": _("Your booking stays valid; there is nothing else you need to do now."),
    }


def _remote(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    return {
        "title": _("You need not come for this booking"),
        "text": _(
            "It is a meeting by video or by telephone on %(day)s, %(window)s. You can meet the"
            " official from home: the link and all details are in our e-mail."
        )
        % _times(said, office),
        "more": _("If you would rather talk here, please ask at the desk; they can change it."),
    }


def _void(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    service = office.services.get(said.service or 0)
    possible = service is not None and issues_tickets(office, service, now)
    ticket = _ticket(said, office)
    call = missed.to_holder(ticket, office) if ticket else ""
    return {
        "kind": "warning",
        "title": call or _("Your booked time has passed"),
        "text": _("The booking was for %(window)s and could be used until %(closes)s.")
        % _times(said, office),
        "more": _("With one touch you get an ordinary ticket for the same matter.")
        if possible
        else _("Please go to the desk; they will advise you."),
        "service": service if possible else None,
    }


def _missed(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    ticket = _ticket(said, office)
    return {
        "kind": "warning",
        "title": (missed.to_holder(ticket, office) if ticket else "") or _("We called you"),
        "number": ticket.label if ticket else "",
        "text": _("With this PIN you have come back into the queue once already. Your number is:"),
        "more": _("Please go to the desk; they can put you back into the queue."),
    }


def _ticket(said: Said, office: Directory) -> Ticket | None:
    return Ticket.objects.filter(pk=said.ticket or 0, office=office.office).first()


def _used(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    """Neither number nor counter: whoever entered the PIN need not be the ticket's holder."""
    ticket = _ticket(said, office)
    if ticket is None or ticket.state in {State.FINISHED, State.CANCELLED, State.NO_SHOW}:
        return {
            "title": _("You are already registered"),
            "text": _("This PIN has been used."),
            "more": _("That visit is over. If you need anything else, take an ordinary ticket."),
        }
    issued = typography.at_clock(ticket.issued_at.astimezone(office.tz), get_language() or "cs")
    return {
        "title": _("This PIN has a ticket already"),
        "text": _("It was given out %(at)s. Please watch the displays for its number.")
        % {"at": issued},
        "more": _(
            "If you do not have it, please ask at the desk. They check your name and print"
            " it again."
        ),
    }


def _changed(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "may_retry": True,
        "title": _("This PIN was changed"),
        "text": _("The new one is in our last message to you, by e-mail or SMS."),
        "more": _("If you do not have it, please ask at the desk; your booking is valid."),
    }


def _cancelled(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "title": _("This booking was cancelled"),
        "text": _("The booking for %(window)s is no longer valid.") % _times(said, office),
        "more": _("You can take an ordinary ticket, or ask at the desk what happened."),
    }


def _unconfirmed(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "title": _("This booking was not confirmed"),
        "text": _(
            "We held the time %(window)s for you, but the link in our e-mail was never opened,"
            " so the booking is not valid."
        )
        % _times(said, office),
        "more": _("Please take an ordinary ticket."),
    }


def _other_day(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    times = _times(said, office)
    over = said.counts is not None and datetime.fromisoformat(said.counts[1]) < now
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


def _other_office(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    other = Office.objects.filter(pk=said.office or 0).first()
    name = str(other.name) if other else ""
    address = str(other.address) if other else ""
    return {
        "kind": "warning",
        "title": _("Your booking is at another office"),
        "text": _("This PIN belongs to: %(office)s. The booking is for %(window)s.")
        % ({"office": ", ".join(filter(None, (name, address)))} | _times(said, office)),
        "more": _("Please use the kiosk there, between %(opens)s and %(closes)s.")
        % _times(said, office),
    }


def _unknown(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "may_retry": True,
        "title": _("We do not know this PIN"),
        "text": _("Please check the four digits in the confirmation e-mail and enter them again."),
        "more": _("If you have no PIN, take an ordinary ticket or ask at the desk."),
    }


def _short(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "may_retry": True,
        "title": _("The PIN has four digits"),
        "text": _("Please enter all four digits from the confirmation e-mail."),
        "more": "",
    }


def _paused(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "title": _("A short pause"),
        "text": _("The PIN was wrong five times. In a moment you can try again."),
        "more": _("You can still take an ordinary ticket, or ask at the desk."),
        "pause": said.seconds,
        "idle": said.seconds,
        "idle_to": reverse("kiosk:pin"),
    }


def _reception(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "title": _("Please go to the desk"),
        "text": _("Too many wrong PINs were entered here today, so the kiosk takes none for now."),
        "more": _("Your booking is valid. The desk will register you by your name."),
    }


def _no_telephone(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    return {
        "title": _("Please go to the desk"),
        "text": _("Without the telephone number the kiosk cannot tell that the booking is yours."),
        "more": _("Your booking is valid. The desk will register you by your name."),
    }


def _unknown_pair(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    return {
        "kind": "warning",
        "may_retry": True,
        "title": _("The PIN and the telephone do not belong together"),
        "text": _("Please check both in the confirmation of your booking and enter them again."),
        "more": _("If it does not work, please go to the desk; they will register you by name."),
    }


def _no_tickets(said: Said, office: Directory, now: datetime) -> dict[str, Any]:
    service = office.services.get(said.service or 0)
    if service and service.pk in office.stopped:
        return {
            "kind": "warning",
            "title": _("Tickets for this matter are not given out now"),
            "text": str(service.name),
            "more": said_of(office.stopped[service.pk], office),
        }
    opens = next_opening(office, now)
    more = ""
    if opens:
        local = opens.astimezone(office.tz)
        today = calendar.day_of(now, office.tz)
        when = typography.on_day_at(local, today, get_language() or "cs")
        more = _("We open %(when)s.") % {"when": when}
    return {
        "kind": "warning",
        "title": _("Tickets for this matter are not given out now"),
        "text": str(service.name) if service else "",
        "more": more,
    }


_WORDS: dict[str, Callable[[Said, Directory, datetime], dict[str, Any]]] = {
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


def _times(said: Said, office: Directory) -> dict[str, str]:
    if said.window is None or said.counts is None:
        return {"window": "", "opens": "", "closes": "", "day": ""}
    language = get_language() or "cs"
    start, end, opens, closes = (
        datetime.fromisoformat(moment).astimezone(office.tz)
        for moment in (*said.window, *said.counts)
    )
    return {
        "window": typography.span(start, end, language),
        "opens": typography.clock(opens),
        "closes": typography.clock(closes),
        "day": typography.long_date(start, language),
    }
