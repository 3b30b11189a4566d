"""Hours in the file: `mon, wed: "7:30-11:30, 12:30-17:00"`, and the days that differ."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

import yaml

from prepazka.core import interval
from prepazka.core.calendar import DayException, WeeklyHours
from prepazka.core.interval import Interval
from prepazka.core.slots import MOST_LANES
from prepazka.officefile import values
from prepazka.officefile.nodes import Section, Wrong, show
from prepazka.officefile.plan import Exceptional, Text, Times

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KINDS = ("closed", "extra", "instead", "reduced")
DAY_KEYS = 'weekdays such as "mon", "mon-fri" or "mon, wed", or "from" and "to"'

Validity = tuple[date | None, date | None]
Found = dict[tuple[Validity, int], list[Interval[int]]]


def read_times(
    section: Section, languages: tuple[str, ...], *, booking: bool = False, modes: bool = False
) -> Times:
    """The hours of the office or of a part.

    `booking` says whether it can have booking hours, `modes` whether hours for one mode only.
    """
    return Times(
        hours=_read_hours(section, "hours"),
        booking_hours=_read_hours(section, "booking hours") if booking else (),
        mode_hours=_read_mode_hours(section) if modes else (),
        exceptions=_read_exceptions(section, languages, reduced=booking),
    )


def _read_mode_hours(section: Section) -> tuple[tuple[str, tuple[WeeklyHours, ...]], ...]:
    found = ((mode, _read_hours(section, f"{mode} hours")) for mode in values.MODES)
    return tuple((mode, rows) for mode, rows in found if rows)


def _read_hours(section: Section, key: str) -> tuple[WeeklyHours, ...]:
    if not section.has(key):
        return ()
    node = section.values[key]
    blocks = node.value if isinstance(node, yaml.SequenceNode) else [node]
    found: Found = defaultdict(list)
    before = len(section.problems)
    for block in blocks:
        _read_week(
            Section(
                block,
                section.below(key),
                section.problems,
                'a week such as {mon: "8:00-12:00, 13:00-17:00"}',
            ),
            found,
        )
    if not any(found.values()) and len(section.problems) == before:
        section.wrong(node, "the hours of one weekday at least", at=key)
    return weekly(found)


def _read_week(week: Section, found: Found) -> None:
    valid = _validity(week)
    for key, node in week.values.items():
        if key in {"from", "to"}:
            continue
        weekdays = _weekdays(key)
        week.asked.append(key)
        if not weekdays:
            week.wrong(week.keys[key], DAY_KEYS, value=f"unknown key {show(key)}{_comma(key)}")
            continue
        try:
            spans = [] if _is_closed(node) else values.spans(node)
        except Wrong as wrong:
            empty = isinstance(node, yaml.ScalarNode) and not node.value
            hint = ' (inside { } days with a comma need quotes: "mon, wed")' if empty else ""
            week.wrong(wrong.node or node, wrong.expected + hint, at=key)
            continue
        for weekday in weekdays:
            known = found[valid, weekday]
            if any(one.overlaps(other) for one in spans for other in known):
                week.wrong(node, f"hours of {WEEKDAYS[weekday]} that do not overlap", at=key)
            known.extend(spans)


def _comma(key: str) -> str:
    return " (times with commas need quotes)" if ":" in key else ""


def _validity(week: Section) -> Validity:
    first = week.take("from", values.one_day, None)
    last = week.take("to", values.one_day, None)
    if first and last and last < first:
        week.wrong(week.values["to"], "a last day that does not come before the first", at="to")
        return None, None
    return first, last


def _is_closed(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value.strip() == "closed"


def _weekdays(key: str) -> list[int]:
    """The weekdays of `mon-fri` or `mon, wed`; none if it says anything else."""
    found: list[int] = []
    for part in key.split(","):
        ends = [end.strip() for end in part.split("-")]
        if len(ends) not in {1, 2} or any(end not in WEEKDAYS for end in ends):
            return []
        found += range(WEEKDAYS.index(ends[0]), WEEKDAYS.index(ends[-1]) + 1)
    return found


def weekly(found: Found) -> tuple[WeeklyHours, ...]:
    """The rows in one order, touching ones joined, so that equal hours compare equal."""
    rows = [
        WeeklyHours(weekday, one.start, one.end, *valid)
        for (valid, weekday), spans in found.items()
        for one in interval.union(spans)
    ]
    return tuple(sorted(rows, key=_order))


def _order(row: WeeklyHours) -> tuple[date, date, int, int]:
    return row.valid_from or date.min, row.valid_to or date.max, row.weekday, row.opens


def _read_exceptions(
    section: Section, languages: tuple[str, ...], *, reduced: bool
) -> tuple[Exceptional, ...]:
    expected = "a list of days such as [{closed: 2026-12-24 to 2026-12-31}]"
    if not section.has("exceptions"):
        return ()
    node = section.values["exceptions"]
    if not isinstance(node, yaml.SequenceNode):
        section.wrong(node, expected, at="exceptions")
        return ()
    return tuple(
        exception
        for one in node.value
        for exception in _read_exception(
            Section(one, section.below("exceptions"), section.problems, expected),
            languages,
            KINDS if reduced else KINDS[:-1],
        )
    )


def _read_exception(
    item: Section, languages: tuple[str, ...], allowed: tuple[str, ...]
) -> list[Exceptional]:
    kinds = [kind for kind in allowed if item.has(kind)]
    spans: list[Interval[int]] | None = item.take("times", values.spans, None)
    nothing: Text = {}
    reason = item.take("reason", values.text_in(languages), nothing)
    reduced = kinds == ["reduced"]
    places = item.take("places", values.number(0, MOST_LANES), None) if reduced else None
    item.done()
    if len(kinds) != 1:
        if item.values:
            item.wrong(
                item.node,
                f"days under exactly one of: {', '.join(allowed)}",
                value=" and ".join(kinds) or "no days",
            )
        return []
    (kind,) = kinds
    dates = item.take(kind, values.days, None)
    if reduced and not item.has("places"):
        item.wrong(item.node, "how many places are left", at="places", value="nothing")
    optional = kind in {"closed", "reduced"}
    if not optional and not item.has("times"):
        item.wrong(
            item.node,
            f'times of the {kind} hours such as "9:00-12:00"',
            at="times",
            value="nothing",
        )
    if dates is None or (reduced and places is None):
        return []
    if spans is None and (not optional or item.has("times")):
        return []
    if dates.has_times:
        return _without_break(item, kind, dates, reason, places)
    whole_days: list[Interval[int] | None] = [None]
    return [
        exceptional(kind, dates.start, dates.end, one, reason, places)
        for one in spans or whole_days
    ]


def _without_break(
    item: Section, kind: str, dates: values.Days, reason: Text, places: int | None
) -> list[Exceptional]:
    """Days that begin and end at times of day."""
    if kind not in {"closed", "reduced"} or item.has("times"):
        item.wrong(item.values[kind], 'days without times; hours stand under "times"', at=kind)
        return []
    days = DayException.without_break(*dates, kind, places)  # type: ignore[arg-type]
    if days.begins is None and days.ends is None:
        times = days.minutes_on(days.from_date)
        return [exceptional(kind, days.from_date, days.to_date, times, reason, places)]
    return [Exceptional(days, reason)]


def exceptional(
    kind: str,
    start: date,
    end: date | None,
    span: Interval[int] | None,
    reason: Text,
    places: int | None = None,
) -> Exceptional:
    """An exception; a whole day closed or reduced has no times."""
    if span == Interval(0, values.DAY_MIN) and kind in {"closed", "reduced"}:
        span = None
    opens, closes = (span.start, span.end) if span else (None, None)
    days = DayException(start, end, opens, closes, kind, places)  # type: ignore[arg-type]
    return Exceptional(days, reason)


def write_hours(rows: Iterable[WeeklyHours]) -> list[dict[str, str]]:
    """The weeks as `_read_week` reads them, one for each validity; equal days share a line."""
    weeks: dict[Validity, dict[int, list[Interval[int]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        weeks[row.valid_from, row.valid_to][row.weekday].append(Interval(row.opens, row.closes))
    return [_write_week(valid, week) for valid, week in weeks.items()]


def _write_week(valid: Validity, week: dict[int, list[Interval[int]]]) -> dict[str, str]:
    written = {key: str(day) for key, day in zip(("from", "to"), valid, strict=True) if day}
    shared: dict[str, list[int]] = defaultdict(list)
    for weekday, spans in week.items():
        shared[values.write_spans(spans)].append(weekday)
    return written | {_write_weekdays(days): spans for spans, days in shared.items()}


def _write_weekdays(days: list[int]) -> str:
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):  # noqa: PLR2004  # mon-wed
        return f"{WEEKDAYS[days[0]]}-{WEEKDAYS[days[-1]]}"
    return ", ".join(WEEKDAYS[day] for day in days)


def write_exceptions(found: Iterable[Exceptional]) -> list[dict[str, object]]:
    """The exceptions as `_read_exception` reads them; several times of the same days are one."""
    items: list[tuple[Exceptional, list[Interval[int]]]] = []
    for one in found:
        spans = _times_of_day(one.days)
        if (
            items
            and spans
            and _same_days(items[-1][0], one)
            and items[-1][1]
            and (items[-1][1][-1].end <= spans[0].start)
        ):
            items[-1][1].extend(spans)
        else:
            items.append((one, spans))
    return [_write_exception(one, spans) for one, spans in items]


def _times_of_day(days: DayException) -> list[Interval[int]]:
    """The times that hold on each of the days; none where they are whole, or have no break."""
    if days.opens is None and days.closes is None:
        return []
    times = days.minutes_on(days.from_date)
    return [times] if times else []


def _same_days(one: Exceptional, other: Exceptional) -> bool:
    a, b = one.days, other.days
    return (a.kind, a.places, a.from_date, a.to_date, one.reason) == (
        b.kind,
        b.places,
        b.from_date,
        b.to_date,
        other.reason,
    )


def _write_exception(one: Exceptional, spans: list[Interval[int]]) -> dict[str, object]:
    written: dict[str, object] = {
        one.days.kind: values.write_days(
            one.days.from_date, one.days.to_date, one.days.begins, one.days.ends
        )
    }
    if one.days.places is not None:
        written["places"] = one.days.places
    if spans:
        written["times"] = values.write_spans(spans)
    if one.reason:
        written["reason"] = one.reason
    return written
