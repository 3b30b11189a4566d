"""From iCalendar texts to busy times; titles, places and people are left where they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from prepazka.core.external_times import Doubt, Reading, Times
from prepazka.core.interval import Interval, union
from prepazka.gateways.calendars.attendance import Preferences
from prepazka.gateways.calendars.budget import Budget, OutOfBudget
from prepazka.gateways.calendars.free_busy import read_free_busy
from prepazka.gateways.calendars.series import Context, Series
from prepazka.gateways.calendars.text import OF_EVENTS, Component, File, parse
from prepazka.gateways.calendars.unreadable import Unreadable
from prepazka.gateways.calendars.values import Zones

LEAST = 0.5  # seconds for the plain times of a series whose repeats were too many


def read_texts(
    texts: Iterable[bytes],
    window: Interval[datetime],
    tz: ZoneInfo,
    wishes: Preferences | None = None,
) -> Reading:
    """When somebody is busy within the window. Raises Unreadable if nothing is a calendar.

    Times without a zone are those of `tz`.
    """
    files = [parse(text) for text in texts]
    if files and not any(one.calendars for one in files):
        raise Unreadable("garbage")
    components = [component for one in files for component in one.components]
    zones = Zones(tz, [one for one in components if one.name == "VTIMEZONE"])
    context = Context(window, zones, wishes or Preferences(), Budget())
    times: dict[str, Times] = {}
    doubts: list[Doubt] = []
    uids: dict[str, str] = {}
    for uid, events in _by_uid(components).items():
        series = _read_series(uid, events, context)
        for key, taken in series.times.items():
            times[key] = union([*times.get(key, []), *taken])
        doubts += series.doubts
        uids |= dict.fromkeys([*series.times, *(one.event for one in series.doubts)], uid)
    found = read_free_busy([one for one in components if one.name == "VFREEBUSY"], context)
    return Reading(times | found.times, doubts + found.doubts, _is_damaged(files), uids)


def _by_uid(components: list[Component]) -> dict[str, list[Component]]:
    """The events by their UID; one without is known by its time, which no other place names."""
    by_uid: dict[str, list[Component]] = defaultdict(list)
    for component in components:
        if not _is_event(component):
            continue
        uid = next((one.value.strip() for one in component.all("UID") if one.value.strip()), "")
        by_uid[uid or "\n".join(component.lines_of(OF_EVENTS))].append(component)
    return by_uid


def _is_event(component: Component) -> bool:
    """An event, or what may have been one before its first or last line was spoilt."""
    return component.name == "VEVENT" or not (
        component.sound or component.name in {"VTIMEZONE", "VFREEBUSY"}
    )


def _read_series(uid: str, events: list[Component], context: Context) -> Series:
    series = Series(uid, context)
    try:
        with context.budget.series():
            series.read(events)
    except OutOfBudget:
        _give_up(series, events, "budget")
    except Exception:  # noqa: BLE001  # a stranger's event may be wrong in any way
        _give_up(series, events, "event")
    return series


def _give_up(series: Series, events: list[Component], why: str) -> None:
    try:
        with series.context.budget.series(at_least=LEAST):
            series.give_up(events, why)
    except OutOfBudget:
        series.without_times(events, why)


def _is_damaged(files: list[File]) -> bool:
    return any(one.damaged or not one.calendars for one in files)
