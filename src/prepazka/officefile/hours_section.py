"""Reading and writing of weekly hours, `mon, wed: "7:30-11:30, 12:30-17:00"`, and exceptions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import yaml

from prepazka.core import interval
from prepazka.core.calendar import DayException, WeeklyHours
from prepazka.core.interval import Interval
from prepazka.core.slots import MOST_LANES
from prepazka.officefile import value_readers
from prepazka.officefile.declarations import (
    Field,
    FileContext,
    Kind,
    Right,
    declared,
    fields_of,
    read_fields,
    write_fields,
)
from prepazka.officefile.nodes import NOTHING, Section, Wrong, unknown_key
from prepazka.officefile.phrases import Phrase, listed
from prepazka.officefile.phrases import phrase as _
from prepazka.officefile.value_readers import Text

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
KINDS = ("closed", "extra", "instead", "reduced")
DAY_KEYS = _('weekdays such as "mon", "mon-fri" or "mon, wed", or "from" and "to"')

Validity = tuple[date | None, date | None]
Found = dict[tuple[Validity, int], list[Interval[int]]]


class Lines(dict[str, Any]):
    """A mapping that is always written on lines of its own."""


@dataclass(frozen=True)
class Exceptional:
    """Days on which the weekly hours do not apply, with the reason."""

    days: DayException
    reason: Text = field(default_factory=dict)


def read_times(
    section: Section,
    fields: tuple[Field[Any], ...],
    context: FileContext,
    expected: Phrase | None = None,
) -> Times:
    """The hours of the office or of a part of it, which are `expected` if it must have some."""
    times = Times(**read_fields(section, fields, context))
    if expected and not section.has("hours") and not times.mode_hours:
        section.wrong(section.node, expected, at="hours", value=NOTHING)
    return times


def write_times(times: Times, context: FileContext) -> dict[str, Any]:
    """The hours as `read_times` reads them."""
    return write_fields(times, fields_of(Times), context)


def _read_hours(section: Section, key: str, _context: FileContext) -> tuple[WeeklyHours, ...]:
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
                _('a week such as {mon: "8:00-12:00, 13:00-17:00"}'),
            ),
            by_day,
        )
    if not any(by_day.values()) and len(section.problems) == problems_before:
        section.wrong(node, _("the hours of one weekday at least"), at=key)
    return sorted_week(by_day)


def _read_week(week: Section, by_day: Found) -> None:
    valid = _validity(week)
    for key, node in week.values.items():
        if key in {"from", "to"}:
            continue
        weekdays = _weekdays(key)
        week.asked.append(key)
        if not weekdays:
            unknown = unknown_key(key)
            if ":" in key:
                unknown = _("%(key)s (times with commas need quotes)", key=unknown)
            week.wrong(week.keys[key], DAY_KEYS, value=unknown)
            continue
        try:
            spans = [] if _is_closed(node) else value_readers.spans(node)
        except Wrong as wrong:
            empty = isinstance(node, yaml.ScalarNode) and not node.value
            expected = wrong.expected
            if empty:
                expected = _(
                    '%(what)s (inside { } days with a comma need quotes: "mon, wed")',
                    what=expected,
                )
            week.wrong(wrong.node or node, expected, at=key)
            continue
        for weekday in weekdays:
            existing = by_day[valid, weekday]
            if any(span.overlaps(existing_span) for span in spans for existing_span in existing):
                expected = _("hours of %(day)s that do not overlap", day=WEEKDAYS[weekday])
                week.wrong(node, expected, at=key)
            existing.extend(spans)


def _validity(week: Section) -> Validity:
    first_day = week.take("from", value_readers.one_day, None)
    last_day = week.take("to", value_readers.one_day, None)
    if first_day and last_day and last_day < first_day:
        expected = _("a last day that does not come before the first")
        week.wrong(week.values["to"], expected, at="to")
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
    section: Section, key: str, context: FileContext, allowed: tuple[str, ...]
) -> tuple[Exceptional, ...]:
    expected = _("a list of days such as [{closed: 2026-12-24 to 2026-12-31}]")
    node = section.values[key]
    if not isinstance(node, yaml.SequenceNode):
        section.wrong(node, expected, at=key)
        return ()
    return tuple(
        exception
        for day_node in node.value
        for exception in _read_exception(
            Section(day_node, section.below(key), section.problems, expected), context, allowed
        )
    )


def _read_exception(
    section: Section, context: FileContext, allowed: tuple[str, ...]
) -> list[Exceptional]:
    kinds = [kind for kind in allowed if section.has(kind)]
    spans: list[Interval[int]] | None = section.take("times", value_readers.spans, None)
    nothing: Text = {}
    reason = section.take("reason", lambda n: value_readers.text(n, context), nothing)
    reduced = kinds == ["reduced"]
    places = (
        section.take("places", lambda node: PLACES.read(node, context), None) if reduced else None
    )
    section.done()
    if len(kinds) != 1:
        if section.values:
            section.wrong(
                section.node,
                _("days under exactly one of: %(kinds)s", kinds=listed(allowed)),
                value=" and ".join(kinds) or _("no days"),
            )
        return []
    (kind,) = kinds
    dates = section.take(kind, value_readers.days, None)
    if reduced and not section.has("places"):
        section.wrong(section.node, _("how many places are left"), at="places", value=NOTHING)
    optional = kind in {"closed", "reduced"}
    if not optional and not section.has("times"):
        section.wrong(
            section.node,
            _('times of the %(kind)s hours such as "9:00-12:00"', kind=kind),
            at="times",
            value=NOTHING,
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
            section.values[kind], _('days without times; hours stand under "times"'), at=kind
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


def _write_hours(rows: Iterable[WeeklyHours], _context: FileContext) -> Lines | list[Lines]:
    """The weeks as `_read_week` reads them, one per validity; equal days share a line."""
    weeks: dict[Validity, dict[int, list[Interval[int]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        weeks[row.valid_from, row.valid_to][row.weekday].append(Interval(row.opens, row.closes))
    lines = [Lines(_write_week(valid, week)) for valid, week in weeks.items()]
    return lines[0] if len(lines) == 1 else lines


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


def _write_exceptions(
    exceptions: Iterable[Exceptional], _context: FileContext
) -> list[dict[str, object]]:
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
        entry["places"] = str(exception.days.places)
    if spans:
        entry["times"] = value_readers.write_spans(spans)
    if exception.reason:
        entry["reason"] = value_readers.write_text(exception.reason)
    return entry


HEAD = Right.HEAD
PLACES = value_readers.number(0, MOST_LANES)
HOURS: Kind[tuple[WeeklyHours, ...]] = Kind("hours", write=_write_hours, nested=_read_hours)


def _exceptions(*allowed: str) -> Kind[tuple[Exceptional, ...]]:
    return Kind(
        "exceptions",
        write=_write_exceptions,
        bounds={"choices": allowed},
        nested=lambda section, key, context: _read_exceptions(section, key, context, allowed),
    )


def _of_mode(mode: str, title: Phrase) -> tuple[WeeklyHours, ...]:
    return declared(
        Field(f"{mode} hours", HOURS, default=(), right=HEAD, touches_people=True),
        title,
        _("Weekly hours for this mode of meeting only; they need not lie in the others."),
    )


@dataclass(frozen=True, kw_only=True)
class Times:
    """Hours of the office or of a part of it; a part without hours has the office's."""

    hours: tuple[WeeklyHours, ...] = declared(
        Field("hours", HOURS, default=(), right=HEAD, touches_people=True),
        _("Hours"),
        _("Weekly hours; they may be valid from one date to another."),
    )
    booking_hours: tuple[WeeklyHours, ...] = declared(
        Field("booking hours", HOURS, default=(), right=HEAD, touches_people=True),
        _("Booking hours"),
        _("The part of the hours in which people can be booked."),
    )
    person_hours: tuple[WeeklyHours, ...] = _of_mode("person", _("Hours in person"))
    phone_hours: tuple[WeeklyHours, ...] = _of_mode("phone", _("Hours by phone"))
    video_hours: tuple[WeeklyHours, ...] = _of_mode("video", _("Hours by video"))
    exceptions: tuple[Exceptional, ...] = declared(
        Field("exceptions", _exceptions(*KINDS), default=(), right=HEAD, touches_people=True),
        _("Exceptions"),
        _("Days on which the weekly hours do not apply, with the reason."),
    )

    @property
    def mode_hours(self) -> tuple[tuple[str, tuple[WeeklyHours, ...]], ...]:
        """The hours for a single mode, of the modes that have some."""
        by_mode = ((mode, getattr(self, f"{mode}_hours")) for mode in value_readers.MODES)
        return tuple((mode, rows) for mode, rows in by_mode if rows)


def _times_of(*, booking: bool = False, modes: bool = False) -> tuple[Field[Any], ...]:
    """The keys of a part; only where there are booking hours may a day be reduced."""
    keys = {"hours", "exceptions"} | ({"booking hours"} if booking else set())
    keys |= {f"{mode} hours" for mode in value_readers.MODES} if modes else set()
    fields = tuple(declaration for declaration in fields_of(Times) if declaration.key in keys)
    return fields if booking else (*fields[:-1], replace(fields[-1], kind=_exceptions(*KINDS[:-1])))


OFFICE_TIMES = _times_of(booking=True)
AGENDA_TIMES = _times_of(booking=True, modes=True)
PART_TIMES = _times_of()
OFFICIAL_TIMES = _times_of(modes=True)
