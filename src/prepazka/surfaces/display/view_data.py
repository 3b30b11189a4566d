"""Template context of a hall display: calls with directions, notices, opening."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from prepazka.core import calendar
from prepazka.offices.display_options import options_of
from prepazka.offices.models import Counter, Device, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.offices.text import Texts
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Shift, Ticket, TicketState
from prepazka.queueing.tickets import issues_tickets, tickets_ended
from prepazka.reporting.monitor import is_open, last_calls, next_opening
from prepazka.surfaces.display.audio import clip_urls
from prepazka.web import door_passes
from prepazka.web.incident_banners import Notice, notices_of_incidents

ROWS = 6
MOST_NOTICES = 3
FEW = 3  # at most so many services are named in a notice
LONGEST_WORD = 12  # letters before a counter's number; a longer name is written below it
LONG_NUMBER, LONG_PLACE = 4, 12  # longer texts are set in smaller letters


def display_context(display: Device, office: OfficeSnapshot, moment: datetime) -> dict[str, Any]:
    """Template context of the display at the given moment."""
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
        latest = None  # the counter is free, so nobody should come to it
    return {
        "office": office.row,
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
        "above": only and _free_counter(only, shifts),
        "mixed": len({call["word"] for call in calls}) > 1,
        "arrows": any(call["arrow"] for call in calls),
        "now": moment,
        "wall_clock": moment.astimezone(office.tz).isoformat(timespec="seconds"),
        "called": TicketState.CALLED,
        "fault": display.fault,
        "door": _door(display, office, moment) if options["layout"] == "door" else None,
    }


def _door(display: Device, office: OfficeSnapshot, moment: datetime) -> dict[str, Any]:
    """The QR code for taking a ticket by telephone; empty while no tickets are issued."""
    allowed = office.row.phone_tickets != "none"
    issuing = any(issues_tickets(office, s, moment) for s in office.offered_services())
    qr = door_passes.qr_of(door_passes.link_of(display, moment)) if allowed and issuing else ""
    return {"qr": qr, "allowed": allowed}


def _counters(display: Device, office: OfficeSnapshot) -> list[Counter]:
    """The counters shown on this display; all of them if its options name none."""
    codes = display.options.get("counters")
    return [c for c in office.open_counters() if not codes or c.code in codes]


def _open_shifts(office: OfficeSnapshot, counters: list[Counter]) -> list[Shift]:
    counter_ids = [c.pk for c in counters]
    return list(Shift.objects.filter(office=office.row, closed_at=None, counter__in=counter_ids))


def _somebody_called(office: OfficeSnapshot, counters: list[Counter]) -> bool:
    return Ticket.objects.filter(
        office=office.row, counter__in=[c.pk for c in counters], state__in=AT_COUNTER
    ).exists()


def _somebody_waits(office: OfficeSnapshot, moment: datetime) -> bool:
    """Whether anybody waits, so that a counter open after hours still counts."""
    today = calendar.day_of(moment, office.tz)
    waiting = Ticket.objects.filter(office=office.row, date=today, state__in=IN_QUEUE)
    return waiting.exists()


def _calls(
    office: OfficeSnapshot, counters: list[Counter], options: dict[str, Any], moment: datetime
) -> list[dict[str, Any]]:
    numbered = {c.number: c for c in counters}
    if not counters:
        return []
    calls = last_calls(office, now=moment, counters=[c.pk for c in counters], limit=ROWS)
    for call in calls:
        counter = numbered[call["counter"]]
        arrow = options["arrows"].get(counter.code, "")
        call.update(place_of_counter(counter))
        call["key"] = f"{call['ticket']}/{call['calls']}/{call['called_at']}"
        call["arrow"] = arrow
        call["direction"] = directions_in_words().get(arrow, "")
        call["say"] = " ".join(clip_urls(call, counter, options))
        call["long"] = len(call["ticket"]) > LONG_NUMBER
        call["long_place"] = len(f"{call['word']} {call['counter']}") > LONG_PLACE
    return calls


def place_of_counter(counter: Counter) -> dict[str, str]:
    """The word before a counter's number (`word`) and the text below them (`place`).

    "Dveře 205" gives its own word. A name without the number, or a long one, goes below.
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


def directions_in_words() -> dict[str, str]:
    """Arrows in words, for people who do not see them."""
    return {
        "left": _("to the left"),
        "right": _("to the right"),
        "ahead": _("straight ahead"),
        "upstairs": _("upstairs"),
        "downstairs": _("downstairs"),
    }


def _free_counter(counter: Counter, shifts: list[Shift]) -> dict[str, Any]:
    """The display above a free counter: its number, state and place."""
    shift = next(iter(shifts), None)
    if shift is None:
        state = _("Closed")
    elif shift.paused_at:
        state = _("Break")
    else:
        state = _("Please wait for your number")
    return {"number": counter.number, "state": state} | place_of_counter(counter)


def _notices(
    office: OfficeSnapshot,
    counters: list[Counter],
    shifts: list[Shift],
    moment: datetime,
    *,
    alone: bool,
) -> list[str]:
    """Notices for everybody in the hall; a display above one counter omits counters' states."""
    texts = [
        _incident_text(notice)
        for notice in notices_of_incidents(office, _served_services(office, counters))
    ]
    if ended := _without_tickets(office, counters, moment):
        texts.append(ended)
    if alone:
        return texts
    if not shifts:
        texts.append(_("No counter is open at the moment. Please wait."))
    numbers = {c.pk: c.number for c in counters}
    paused = [numbers[shift.counter_id] for shift in shifts if shift.paused_at]
    texts += [_("Counter %(number)s is on a break") % {"number": number} for number in paused]
    return texts[:MOST_NOTICES]


def _incident_text(notice: Notice) -> str:
    """An incident's text, preceded by its services where they are few."""
    return f"{notice.names}: {notice.text}" if len(notice.services) <= FEW else notice.text


def _served_services(office: OfficeSnapshot, counters: list[Counter]) -> list[Service]:
    served = set().union(*(office.serves[c.pk] for c in counters)) if counters else set()
    return [s for s in office.offered_services() if s.pk in served]


def _without_tickets(office: OfficeSnapshot, counters: list[Counter], moment: datetime) -> str:
    """The notice of services without tickets; whole agendas are named instead of services."""
    served = [s for s in _served_services(office, counters) if s.walk_in]
    ended = {s.pk for s in served if tickets_ended(office, s, moment)}
    if not ended:
        return ""
    if len(ended) == len(served):
        return _("No more tickets are issued today.")
    names = []
    by_agenda: dict[int, list[Service]] = {}
    for service in served:
        by_agenda.setdefault(service.agenda_id, []).append(service)
    for services in by_agenda.values():
        over = [s for s in services if s.pk in ended]
        if len(over) == len(services) > 1:
            names.append(str(office.agenda_of(services[0]).name))
        else:
            names += [str(s.name) for s in over]
    return _("No more tickets today: %(services)s") % {"services": ", ".join(names)}
