"""Reading and writing of weekly hours, `mon, wed: "7:30-11:30, 12:30-17:00"`, and exceptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

import yaml

from prepazka.core import interval
from prepazka.core.calendar import DayException, WeeklyHours
from prepazka.core.interval import Interval
from prepazka.core.slots import MOST_LANES
from prepazka.officefile import value_readers
from prepazka.officefile.file_plan import Exceptional, Text, Times
from prepazka.officefile.nodes import Section, Wrong, quote_value

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KINDS = ("closed", "extra", "instead", "reduced")
DAY_KEYS = 'weekdays such as "mon", "mon-fri" or "mon, wed", or "from" and "to"'

Validity = tuple[date | None, date | None]
Found = dict[tuple[Validity, int], list[Interval[int]]]


def read_times(
    section: Section, languages: tuple[str, ...], *, booking: bool = False, modes: bool = False
) -> Times:
    """The hours of the office or of a part of it.

    `booking` allows booking hours and reduced days, `modes` allows hours for a single mode.
    """
    return Times(
        hours=_read_hours(section, "hours"),
        booking_hours=_read_hours(section, "booking hours") if booking else (),
        mode_hours=_read_mode_hours(section) if modes else (),
        exceptions=_read_exceptions(section, languages, reduced=booking),
    )


def _read_mode_hours(section: Section) -> tuple[tuple[str, tuple[WeeklyHours, ...]], ...]:
    by_mode = ((mode, _read_hours(section, f"{mode} hours")) for mode in value_readers.MODES)
    return tuple((mode, rows) for mode, rows in by_mode if rows)


def _read_hours(section: Section, key: str) -> tuple[WeeklyHours, ...]:
    if not section.has(key):
        return ()
    node = section.values[key]
    blocks = node.value if isinstance(node, yaml.SequenceNode) else [node]
    by_day: Found = defaultdict(list)
    problems_before = len(section.problems)
    for block in blocks:
        _read_week(
            Section(
                block,
                section.below(key),
                section.problems,
                'a week such as {mon: "8:00-12:00, 13:00-17:00"}',
            ),
            by_day,
        )
    if not any(by_day.values()) and len(section.problems) == problems_before:
        section.wrong(node, "the hours of one weekday at least", at=key)
    return sorted_week(by_day)


def _read_week(week: Section, by_day: Found) -> None:
    valid = _validity(week)
    for key, node in week.values.items():
        if key in {"from", "to"}:
            continue
        weekdays = _weekdays(key)
        week.asked.append(key)
        if not weekdays:
            week.wrong(
                week.keys[key], DAY_KEYS, value=f"unknown key {quote_value(key)}{_quotes_hint(key)}"
            )
            continue
        try:
            spans = [] if _is_closed(node) else value_readers.spans(node)
        except Wrong as wrong:
            empty = isinstance(node, yaml.ScalarNode) and not node.value
            hint = ' (inside { } days with a comma need quotes: "mon, wed")' if empty else ""
            week.wrong(wrong.node or node, wrong.expected + hint, at=key)
            continue
        for weekday in weekdays:
            existing = by_day[valid, weekday]
            if any(span.overlaps(existing_span) for span in spans for existing_span in existing):
                week.wrong(node, f"hours of {WEEKDAYS[weekday]} that do not overlap", at=key)
            existing.extend(spans)


def _quotes_hint(key: str) -> str:
    return " (times with commas need quotes)" if ":" in key else ""


def _validity(week: Section) -> Validity:
    first_day = week.take("from", value_readers.one_day, None)
    last_day = week.take("to", value_readers.one_day, None)
    if first_day and last_day and last_day < first_day:
        week.wrong(week.values["to"], "a last day that does not come before the first", at="to")
        return None, None
    return first_day, last_day


def _is_closed(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value.strip() == "closed"


def _weekdays(key: str) -> list[int]:
    """The weekdays of `mon-fri` or `mon, wed`, 0 is Monday; empty if it is neither."""
    weekdays: list[int] = []
    for range_text in key.split(","):
        ends = [end.strip() for end in range_text.split("-")]
        if len(ends) not in {1, 2} or any(end not in WEEKDAYS for end in ends):
            return []
        weekdays += range(WEEKDAYS.index(ends[0]), WEEKDAYS.index(ends[-1]) + 1)
    return weekdays


def sorted_week(by_day: Found) -> tuple[WeeklyHours, ...]:
    """The hours as sorted rows with adjoining ones joined, so that equal hours compare equal."""
    rows = [
        WeeklyHours(weekday, span.start, span.end, *valid)
        for (valid, weekday), spans in by_day.items()
        for span in interval.union(spans)
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
        for day_node in node.value
        for exception in _read_exception(
            Section(day_node, section.below("exceptions"), section.problems, expected),
            languages,
            KINDS if reduced else KINDS[:-1],
        )
    )


def _read_exception(
    section: Section, languages: tuple[str, ...], allowed: tuple[str, ...]
) -> list[Exceptional]:
    kinds = [kind for kind in allowed if section.has(kind)]
    spans: list[Interval[int]] | None = section.take("times", value_readers.spans, None)
    nothing: Text = {}
    reason = section.take("reason", value_readers.text_in(languages), nothing)
    reduced = kinds == ["reduced"]
    places = section.take("places", value_readers.number(0, MOST_LANES), None) if reduced else None
    section.done()
    if len(kinds) != 1:
        if section.values:
            section.wrong(
                section.node,
                f"days under exactly one of: {', '.join(allowed)}",
                value=" and ".join(kinds) or "no days",
            )
        return []
    (kind,) = kinds
    dates = section.take(kind, value_readers.days, None)
    if reduced and not section.has("places"):
        section.wrong(section.node, "how many places are left", at="places", value="nothing")
    optional = kind in {"closed", "reduced"}
    if not optional and not section.has("times"):
        section.wrong(
            section.node,
            f'times of the {kind} hours such as "9:00-12:00"',
            at="times",
            value="nothing",
        )
    if dates is None or (reduced and places is None):
        return []
    if spans is None and (not optional or section.has("times")):
        return []
    if dates.has_times:
        return _exception_with_times(section, kind, dates, reason, places)
    whole_days: list[Interval[int] | None] = [None]
    return [
        exception_plan(kind, dates.start, dates.end, span, reason, places)
        for span in spans or whole_days
    ]


def _exception_with_times(
    section: Section, kind: str, dates: value_readers.Days, reason: Text, places: int | None
) -> list[Exceptional]:
    """The exception of days that begin or end at a time of day."""
    if kind not in {"closed", "reduced"} or section.has("times"):
        section.wrong(
            section.values[kind], 'days without times; hours stand under "times"', at=kind
        )
        return []
    days = DayException.without_break(*dates, kind, places)  # type: ignore[arg-type]
    if days.begins is None and days.ends is None:
        times = days.minutes_on(days.from_date)
        return [exception_plan(kind, days.from_date, days.to_date, times, reason, places)]
    return [Exceptional(days, reason)]


def exception_plan(
    kind: str,
    start: date,
    end: date | None,
    span: Interval[int] | None,
    reason: Text,
    places: int | None = None,
) -> Exceptional:
    """An exception; times are dropped where a whole day is closed or reduced."""
    if span == Interval(0, value_readers.DAY_MIN) and kind in {"closed", "reduced"}:
        span = None
    opens, closes = (span.start, span.end) if span else (None, None)
    days = DayException(start, end, opens, closes, kind, places)  # type: ignore[arg-type]
    return Exceptional(days, reason)


def write_hours(rows: Iterable[WeeklyHours]) -> list[dict[str, str]]:
    """The weeks as `_read_week` reads them, one per validity; equal days share a line."""
    weeks: dict[Validity, dict[int, list[Interval[int]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        weeks[row.valid_from, row.valid_to][row.weekday].append(Interval(row.opens, row.closes))
    return [_write_week(valid, week) for valid, week in weeks.items()]


def _write_week(valid: Validity, week: dict[int, list[Interval[int]]]) -> dict[str, str]:
    entry = {key: str(day) for key, day in zip(("from", "to"), valid, strict=True) if day}
    shared: dict[str, list[int]] = defaultdict(list)
    for weekday, spans in week.items():
        shared[value_readers.write_spans(spans)].append(weekday)
    return entry | {_write_weekdays(days): spans for spans, days in shared.items()}


def _write_weekdays(days: list[int]) -> str:
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):  # noqa: PLR2004  # mon-wed
        return f"{WEEKDAYS[days[0]]}-{WEEKDAYS[days[-1]]}"
    return ", ".join(WEEKDAYS[day] for day in days)


def write_exceptions(exceptions: Iterable[Exceptional]) -> list[dict[str, object]]:
    """The exceptions as `_read_exception` reads them; those of the same days are joined."""
    groups: list[tuple[Exceptional, list[Interval[int]]]] = []
    for exception in exceptions:
        spans = _times_of_day(exception.days)
        if (
            groups
            and spans
            and _same_days(groups[-1][0], exception)
            and groups[-1][1]
            and (groups[-1][1][-1].end <= spans[0].start)
        ):
            groups[-1][1].extend(spans)
        else:
            groups.append((exception, spans))
    return [_write_exception(exception, spans) for exception, spans in groups]


def _times_of_day(days: DayException) -> list[Interval[int]]:
    """The times of each of the days; empty for whole days and for days without a break."""
    if days.opens is None and days.closes is None:
        return []
    times = days.minutes_on(days.from_date)
    return [times] if times else []


def _same_days(exception: Exceptional, following: Exceptional) -> bool:
    a, b = exception.days, following.days
    return (a.kind, a.places, a.from_date, a.to_date, exception.reason) == (
        b.kind,
        b.places,
        b.from_date,
        b.to_date,
        following.reason,
    )


def _write_exception(exception: Exceptional, spans: list[Interval[int]]) -> dict[str, object]:
    entry: dict[str, object] = {
        exception.days.kind: value_readers.write_days(
            exception.days.from_date,
            exception.days.to_date,
            exception.days.begins,
            exception.days.ends,
        )
    }
    if exception.days.places is not None:
        entry["places"] = exception.days.places
    if spans:
        entry["times"] = value_readers.write_spans(spans)
    if exception.reason:
        entry["reason"] = exception.reason
    return entry
