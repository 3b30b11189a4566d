"""Busy time from published free and busy time (VFREEBUSY)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prepazka.core.external_times import Doubt, Times
from prepazka.gateways.calendars.ical_parser import Component, Property
from prepazka.gateways.calendars.ical_values import When, add_within_range, read_duration, to_utc
from prepazka.gateways.calendars.series import MARKED, Context, key_of, rest_of_day


@dataclass
class Found:
    """Times and doubts as in a `Reading`; each period counts as an event."""

    times: dict[str, Times] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)


def read_free_busy(components: list[Component], context: Context) -> Found:
    """The busy time of the components; a period with an unreadable end lasts to midnight."""
    collected = Found()
    for component in components:
        for periods in component.all("FREEBUSY"):
            kind = periods.parameters.get("FBTYPE", "BUSY").strip().upper()
            if kind == "FREE" or (kind == "BUSY-TENTATIVE" and not context.wishes.tentative):
                continue
            for text in filter(None, (piece.strip() for piece in periods.value.split(","))):
                _read_period(text, periods, component, context, collected)
        if not component.sound:
            _add_doubt(component, "torn", [], collected)
    return collected


def _read_period(
    text: str, periods: Property, component: Component, context: Context, collected: Found
) -> None:
    start_text, _, end_text = text.partition("/")
    zone = periods.parameters.get("TZID", "")
    try:
        start = context.zones.when(start_text, zone)
    except ValueError:
        _add_doubt(component, "start", [], collected, text)
        return
    try:
        end = _end(start, end_text, zone, context)
    except ValueError:
        tonight = add_within_range(start.instant, rest_of_day(start, context.zones))
        times = context.clipped(start.instant, tonight)
        _add_doubt(component, "end", times, collected, text)
    else:
        collected.times[key_of(f"FREEBUSY {start.instant} {end}")] = context.clipped(
            start.instant, end
        )


def _end(start: When, text: str, zone: str, context: Context) -> datetime:
    if "P" in text.upper():
        days, exact = read_duration(text)
        return add_within_range(to_utc(add_within_range(start.local, days), start.zone), exact)
    end = context.zones.when(text, zone).instant
    if end - start.instant < timedelta(0):
        raise ValueError(text)
    return end


def _add_doubt(
    component: Component, why: str, times: Times, collected: Found, text: str = ""
) -> None:
    lines = [text] if text else component.lines_of(MARKED)
    mark = key_of("\n".join(["FREEBUSY", why, *lines]))
    collected.doubts.append(Doubt(key_of(f"FREEBUSY {text}"), mark, why, times, keeps=True))
