"""Reasons of calls as texts for clerks, heads and citizens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prepazka.core.discipline import Reason
from prepazka.looks.typography import at_clock, clock, span, to_the_second
from prepazka.offices.languages import active_language
from prepazka.offices.office_snapshot import OfficeSnapshot

# Functions, so that texts are translated into the language of the request.
SENTENCES: dict[str, Callable[[], str]] = {
    "booked_in_window": lambda: _("booked for %(window)s, arrived %(arrived)s"),
    "booked_kept_place": lambda: _(
        "booked for %(window)s, arrived on time at %(arrived)s and keeps the place"
    ),
    "booked_before_window": lambda: _("booked for %(window)s, arrived early %(arrived)s"),
    "late_for_window": lambda: _(
        "booked for %(window)s, came after that %(arrived)s: in order of arrival"
    ),
    "waited_long": lambda: _(
        "waiting since %(arrival)s, longer than %(cap)s minutes, so goes before people "
        "with bookings"
    ),
    "statutory": lambda: _("priority required by law (disability card), waiting since %(arrival)s"),
    "walk_in": lambda: _("without a booking, waiting since %(arrival)s"),
    "returned": lambda: _("returned to the queue %(returned)s, so goes first"),
    "parked": lambda: _("on hold until %(until)s"),
    "offline": lambda: _("called while the counter was cut off from the server"),
    "by_hand": lambda: _("chosen manually by the clerk"),
}


def reason_for_public(payload: Mapping[str, Any], office: OfficeSnapshot) -> str:
    """The reason for other people waiting, without hints about anybody's health."""
    if payload.get("code") == "statutory":
        return _("priority required by law")
    return reason_in_words(payload, office)


def reason_in_words(payload: Mapping[str, Any], office: OfficeSnapshot) -> str:
    """The stored reason of a call as a translated phrase, with times in the office's time zone."""
    if not payload:
        return ""
    reason = Reason.from_payload(payload)
    if reason.code not in SENTENCES:
        return reason.code
    text = SENTENCES[reason.code]() % _filled(reason, office)
    counter = office.counters.get(reason.params.get("for_counter"))  # type: ignore[arg-type]
    if counter:
        text = _("%(reason)s; sent to %(counter)s") % {"reason": text, "counter": counter.name}
    return _with_passed_over(text, reason, office)


def _with_passed_over(text: str, reason: Reason, office: OfficeSnapshot) -> str:
    """The phrase with a note on tickets passed over because a silent counter held them."""
    count, since = reason.params.get("held"), reason.params.get("held_since")
    if not isinstance(count, int) or not isinstance(since, datetime):
        return text
    filled = {"reason": text, "n": count, "since": to_the_second(since.astimezone(office.tz))}
    counter = office.counters.get(reason.params.get("held_counter"))  # type: ignore[arg-type]
    if counter is None:
        return (
            ngettext(
                "%(reason)s; %(n)s person whose turn was earlier was on the list of another counter,"
                " silent since %(since)s",
                "%(reason)s; %(n)s people whose turn was earlier were on the lists of other counters,"
                " silent since %(since)s",
                count,
            )
            % filled
        )
    return ngettext(
        "%(reason)s; %(n)s person whose turn was earlier was on the list of counter %(counter)s,"
        " silent since %(since)s",
        "%(reason)s; %(n)s people whose turn was earlier were on the list of counter %(counter)s,"
        " silent since %(since)s",
        count,
    ) % {**filled, "counter": counter.number}


def _filled(reason: Reason, office: OfficeSnapshot) -> dict[str, str]:
    local = {
        name: instant.astimezone(office.tz)
        for name, instant in reason.params.items()
        if isinstance(instant, datetime)
    }
    language = active_language()
    moments = {"arrived": "arrived_at", "returned": "returned_at"}  # formatted as "at 9:05"
    filled = {
        word: at_clock(local[name], language) for word, name in moments.items() if name in local
    }
    clocks = {"arrival": "arrived_at", "until": "until"}
    filled |= {word: clock(local[name]) for word, name in clocks.items() if name in local}
    if "cap_min" in reason.params:
        filled["cap"] = str(reason.params["cap_min"])
    if "window_start" in local:
        language = active_language()
        filled["window"] = span(local["window_start"], local["window_end"], language)
    return filled
