"""What a display shows at a moment: calls with the way to them, notices, whether the office is open."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from prepazka.core import calendar
from prepazka.offices.directory import Directory
from prepazka.offices.displays import options_of
from prepazka.offices.models import Counter, Device, Service
from prepazka.offices.text import Texts
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Shift, State, Ticket
from prepazka.queueing.tickets import issues_tickets, tickets_ended
from prepazka.reporting.monitor import is_open, last_calls, next_opening
from prepazka.surfaces.display.heard import urls
from prepazka.web import door
from prepazka.web.incidents import Notice, notices

ROWS = 6
MOST_NOTICES = 3
FEW = 3  # services that can be named in a notice
LONGEST_WORD = 12  # before a counter's number; a longer name stands below it
LONG_NUMBER, LONG_PLACE = 4, 12  # beyond these letters are set smaller


def shown(display: Device, office: Directory, moment: datetime) -> dict[str, Any]:
    """Everything the templates need."""
    options = options_of(display.options)
    counters = _counters(display, office)
    shifts = _open_shifts(office, counters)
    calls = _calls(office, counters, options, moment)
    at_work = _somebody_called(office, counters) or (
        bool(shifts) and _somebody_waits(office, moment)
    )
    closed = not is_open(office, moment) and not at_work
    latest = None if closed else next(iter(calls), None)
    only = counters[0] if options["layout"] == "counter" and len(counters) == 1 else None
    if only and latest and latest["state"] not in AT_COUNTER:
        latest = None  # the counter is free: nobody is to come to it
    return {
        "office": office.office,
        "layout": options["layout"],
        "volume": options["volume"],
        "sound": options["sound"] != "off",
        "text": str(Texts(options["text"])),
        "calls": [] if closed else calls,
        "latest": latest,
        "closed": closed,
        "opens": next_opening(office, moment) if closed else None,
        "notices": []
        if closed or options["layout"] == "door"
        else _notices(office, counters, shifts, moment, alone=bool(only)),
        "above": only and _above(only, shifts),
        "mixed": len({call["word"] for call in calls}) > 1,
        "arrows": any(call["arrow"] for call in calls),
        "now": moment,
        "wall_clock": moment.astimezone(office.tz).isoformat(timespec="seconds"),
        "called": State.CALLED,
        "fault": display.fault,
        "door": _door(display, office, moment) if options["layout"] == "door" else None,
    }


def _door(display: Device, office: Directory, moment: datetime) -> dict[str, Any]:
    """The code by which a ticket is taken with a telephone, while there is any to take."""
    allowed = office.office.phone_tickets != "none"
    some = any(issues_tickets(office, s, moment) for s in office.offered_services())
    qr = door.qr_of(door.link_of(display, moment)) if allowed and some else ""
    return {"qr": qr, "allowed": allowed}


def _counters(display: Device, office: Directory) -> list[Counter]:
    """The counters this display is for; all of them where its options name none."""
    codes = display.options.get("counters")
    return [c for c in office.open_counters() if not codes or c.code in codes]


def _open_shifts(office: Directory, counters: list[Counter]) -> list[Shift]:
    wanted = [c.pk for c in counters]
    return list(Shift.objects.filter(office=office.office, closed_at=None, counter__in=wanted))


def _somebody_called(office: Directory, counters: list[Counter]) -> bool:
    return Ticket.objects.filter(
        office=office.office, counter__in=[c.pk for c in counters], state__in=AT_COUNTER
    ).exists()


def _somebody_waits(office: Directory, moment: datetime) -> bool:
    """Whether a counter that is open after hours is so for somebody."""
    today = calendar.day_of(moment, office.tz)
    waiting = Ticket.objects.filter(office=office.office, date=today, state__in=IN_QUEUE)
    return waiting.exists()


def _calls(
    office: Directory, counters: list[Counter], options: dict[str, Any], moment: datetime
) -> list[dict[str, Any]]:
    numbered = {c.number: c for c in counters}
    if not counters:
        return []
    calls = last_calls(office, now=moment, counters=[c.pk for c in counters], most=ROWS)
    for call in calls:
        counter = numbered[call["counter"]]
        arrow = options["arrows"].get(counter.code, "")
        call.update(where(counter))
        call["key"] = f"{call['ticket']}/{call['calls']}/{call['called_at']}"
        call["arrow"] = arrow
        call["direction"] = directions().get(arrow, "")
        call["say"] = " ".join(urls(call, counter, options))
        call["long"] = len(call["ticket"]) > LONG_NUMBER
        call["long_place"] = len(f"{call['word']} {call['counter']}") > LONG_PLACE
    return calls


def where(counter: Counter) -> dict[str, str]:
    """A counter's number with the word before it, and what is written below them.

    "Dveře 205" gives its own word. A name without the number, or a long one, stands below.
    """
    name, number = str(counter.name), counter.number
    word = name.removesuffix(number).strip()
    fits = name.endswith(number) and len(word) <= LONGEST_WORD and " " not in word
    notes = [str(Texts(counter.place))]
    if not fits:
        notes = [name, *notes]
    return {
        "word": word if fits and word else _("Counter"),
        "place": ", ".join(note for note in notes if note),
    }


def directions() -> dict[str, str]:
    """Arrows in words, for whoever does not see which way one points."""
    return {
        "left": _("to the left"),
        "right": _("to the right"),
        "ahead": _("straight ahead"),
        "upstairs": _("upstairs"),
        "downstairs": _("downstairs"),
    }


def _above(counter: Counter, shifts: list[Shift]) -> dict[str, Any]:
    """What is written above a counter at which nobody is."""
    shift = next(iter(shifts), None)
    if shift is None:
        state = _("Closed")
    elif shift.paused_at:
        state = _("Break")
    else:
        state = _("Please wait for your number")
    return {"number": counter.number, "state": state} | where(counter)


def _notices(
    office: Directory,
    counters: list[Counter],
    shifts: list[Shift],
    moment: datetime,
    *,
    alone: bool,
) -> list[str]:
    """What everybody in the hall should know, in words. Above one counter the rest is written large."""
    said = [_down(one) for one in notices(office, _here(office, counters))]
    if ended := _without_tickets(office, counters, moment):
        said.append(ended)
    if alone:
        return said
    if not shifts:
        said.append(_("No counter is open at the moment. Please wait."))
    numbers = {c.pk: c.number for c in counters}
    paused = [numbers[shift.counter_id] for shift in shifts if shift.paused_at]
    said += [_("Counter %(number)s has a break") % {"number": number} for number in paused]
    return said[:MOST_NOTICES]


def _down(one: Notice) -> str:
    """What is down, with the services before it where there are few."""
    return f"{one.names}: {one.text}" if len(one.services) <= FEW else one.text


def _here(office: Directory, counters: list[Counter]) -> list[Service]:
    served = set().union(*(office.serves[c.pk] for c in counters)) if counters else set()
    return [s for s in office.offered_services() if s.pk in served]


def _without_tickets(office: Directory, counters: list[Counter], moment: datetime) -> str:
    """Whole agendas by their name, since a line of the screen is soon full."""
    here = [s for s in _here(office, counters) if s.walk_in]
    ended = {s.pk for s in here if tickets_ended(office, s, moment)}
    if not ended:
        return ""
    if len(ended) == len(here):
        return _("No more tickets are issued today.")
    names = []
    by_agenda: dict[int, list[Service]] = {}
    for service in here:
        by_agenda.setdefault(service.agenda_id, []).append(service)
    for services in by_agenda.values():
        over = [s for s in services if s.pk in ended]
        if len(over) == len(services) > 1:
            names.append(str(office.agenda_of(services[0]).name))
        else:
            names += [str(s.name) for s in over]
    return _("No more tickets today: %(services)s") % {"services": ", ".join(names)}
