"""Published free and busy time (VFREEBUSY): what shows when people are busy, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prepazka.core.external_times import Doubt, Times
from prepazka.gateways.calendars.series import MARKED, Context, key_of, rest_of_day
from prepazka.gateways.calendars.text import Component, Property
from prepazka.gateways.calendars.values import When, length, plus, to_utc


@dataclass
class Found:
    """As a `Reading` has them; each period is an event of its own."""

    times: dict[str, Times] = field(default_factory=dict)
    doubts: list[Doubt] = field(default_factory=list)


def read_free_busy(components: list[Component], context: Context) -> Found:
    """What the components take; a period whose end is not understood lasts the rest of its day."""
    found = Found()
    for component in components:
        for one in component.all("FREEBUSY"):
            kind = one.parameters.get("FBTYPE", "BUSY").strip().upper()
            if kind == "FREE" or (kind == "BUSY-TENTATIVE" and not context.wishes.tentative):
                continue
            for text in filter(None, (part.strip() for part in one.value.split(","))):
                _read_period(text, one, component, context, found)
        if not component.sound:
            _note(component, "torn", [], found)
    return found


def _read_period(
    text: str, one: Property, component: Component, context: Context, found: Found
) -> None:
    first, _, last = text.partition("/")
    zone = one.parameters.get("TZID", "")
    try:
        start = context.zones.when(first, zone)
    except ValueError:
        _note(component, "start", [], found, text)
        return
    try:
        end = _end(start, last, zone, context)
    except ValueError:
        tonight = plus(start.instant, rest_of_day(start, context.zones))
        times = context.clipped(start.instant, tonight)
        _note(component, "end", times, found, text)
    else:
        found.times[key_of(f"FREEBUSY {start.instant} {end}")] = context.clipped(start.instant, end)


def _end(start: When, text: str, zone: str, context: Context) -> datetime:
    if "P" in text.upper():
        days, rest = length(text)
        return plus(to_utc(plus(start.local, days), start.zone), rest)
    end = context.zones.when(text, zone).instant
    if end - start.instant < timedelta(0):
        raise ValueError(text)
    return end


def _note(component: Component, why: str, times: Times, found: Found, text: str = "") -> None:
    lines = [text] if text else component.lines_of(MARKED)
    mark = key_of("\n".join(["FREEBUSY", why, *lines]))
    found.doubts.append(Doubt(key_of(f"FREEBUSY {text}"), mark, why, times, keeps=True))
