"""Busy times from iCalendar texts; titles, places and people are not read."""

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
from prepazka.gateways.calendars.ical_parser import OF_EVENTS, Component, File, parse_calendar
from prepazka.gateways.calendars.ical_values import Zones
from prepazka.gateways.calendars.series import Context, Series
from prepazka.gateways.calendars.unreadable import Unreadable

LEAST = 0.5  # seconds for the plain times of a series with too many repeats


def read_texts(
    texts: Iterable[bytes],
    window: Interval[datetime],
    tz: ZoneInfo,
    wishes: Preferences | None = None,
) -> Reading:
    """The busy time and doubts within the window. Raises Unreadable if no text is a calendar.

    Times without a zone are in `tz`.
    """
    files = [parse_calendar(text) for text in texts]
    if files and not any(file.calendars for file in files):
        raise Unreadable("garbage")
    components = [component for file in files for component in file.components]
    zones = Zones(tz, [component for component in components if component.name == "VTIMEZONE"])
    context = Context(window, zones, wishes or Preferences(), Budget())
    times: dict[str, Times] = {}
    doubts: list[Doubt] = []
    uids: dict[str, str] = {}
    for uid, events in _by_uid(components).items():
        series = _read_series(uid, events, context)
        for key, event_times in series.times.items():
            times[key] = union([*times.get(key, []), *event_times])
        doubts += series.doubts
        uids |= dict.fromkeys([*series.times, *(doubt.event for doubt in series.doubts)], uid)
    free_busy = read_free_busy(
        [component for component in components if component.name == "VFREEBUSY"], context
    )
    return Reading(times | free_busy.times, doubts + free_busy.doubts, _is_damaged(files), uids)


def _by_uid(components: list[Component]) -> dict[str, list[Component]]:
    """The events by their UID, or by the lines of their times if they have none."""
    by_uid: dict[str, list[Component]] = defaultdict(list)
    for component in components:
        if not _is_event(component):
            continue
        uid = next(
            (
                uid_property.value.strip()
                for uid_property in component.all("UID")
                if uid_property.value.strip()
            ),
            "",
        )
        by_uid[uid or "\n".join(component.lines_of(OF_EVENTS))].append(component)
    return by_uid


def _is_event(component: Component) -> bool:
    """Whether it is an event, or may have been one before its BEGIN or END was damaged."""
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
    return any(file.damaged or not file.calendars for file in files)
