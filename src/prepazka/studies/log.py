"""Queue logs of tickets, and reading them from CSV files (docs/evaluation.md)."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

from prepazka.core.discipline import Policy
from prepazka.core.error_texts import sentence_of

MINUTE = timedelta(minutes=1)
Row = Mapping[str, str]


class LogError(Exception):
    """The file cannot be read as a queue log; the message says why."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One ticket; moments are minutes of its day."""

    ticket: int
    service: str
    arrived: float
    called: float | None = None
    ended: float | None = None
    counter: str | None = None
    clerk: str | None = None
    booked: tuple[float, float] | None = None
    late: bool = False
    gone: bool = False  # called in vain, or seen leaving at `ended`
    first: bool = False  # of a class that is drawn forward


@dataclass(frozen=True, slots=True)
class Planned:
    """A counter's day."""

    counter: str
    clerk: str | None
    serves: frozenset[str]
    opens: float
    closes: float | None
    breaks: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class LoggedDay:
    """A day's tickets by arrival, the plan of its counters if known, and booked no-shows."""

    date: str
    tickets: tuple[Logged, ...]
    plan: tuple[Planned, ...] = ()
    no_shows: tuple[tuple[str, tuple[float, float]], ...] = ()


@dataclass(frozen=True, slots=True)
class Log:
    """Days in order."""

    days: tuple[LoggedDay, ...]
    policy: Policy = field(default_factory=Policy)
    leaving_seen: bool = False
    in_seconds: bool = False  # how figures are shown
    agenda: Mapping[str, str] = field(default_factory=dict)
    skipped: int = 0


def rows_of(path: Path) -> tuple[list[str], Iterator[Row]]:
    """The header and the rows of a CSV file, gzipped or not."""
    with _open_text(path) as file:
        try:
            header = next(csv.reader(file), [])
        except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
            raise LogError(f"{path}: {error}") from error
    return header, _rows(path)


def _rows(path: Path) -> Iterator[Row]:
    with _open_text(path) as file:
        try:
            yield from csv.DictReader(file)
        except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
            raise LogError(f"{path}: {error}") from error


def _open_text(path: Path) -> TextIO:
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding="utf-8", newline="")
        return path.open(encoding="utf-8", newline="")
    except OSError as error:
        raise LogError(sentence_of(error, path)) from error


# --- tickets in the format that this program writes


def read_tickets(
    rows: Iterable[Row], plan: Iterable[Row] = (), policy: Policy | None = None
) -> Log:
    """The log of ticket rows; impossible ones, such as a call before the arrival, are skipped."""
    by_day: dict[str, dict[str, Logged]] = {}
    no_shows: dict[str, list[tuple[str, tuple[float, float]]]] = {}
    agenda, skipped = {}, 0
    for number, row in enumerate(rows, start=1):
        try:
            date, ticket = _ticket(number, row)
        except (ValueError, KeyError):
            skipped += 1
            continue
        agenda[ticket.service] = row.get("agenda") or ticket.service
        if row.get("outcome") == "no_show" and ticket.booked:
            no_shows.setdefault(date, []).append((ticket.service, ticket.booked))
        elif row["ticket"] in by_day.setdefault(date, {}):
            skipped += 1
        else:
            by_day[date][row["ticket"]] = ticket
    plans = _plans(plan)
    days = tuple(
        LoggedDay(
            date,
            tuple(sorted(tickets.values(), key=lambda t: (t.arrived, t.ticket))),
            tuple(plans.get(date, ())),
            tuple(no_shows.get(date, ())),
        )
        for date, tickets in sorted(by_day.items())
    )
    return Log(days, policy or Policy(), agenda=agenda, skipped=skipped)


def _ticket(number: int, row: Row) -> tuple[str, Logged]:
    booked = None
    if row.get("booked_from"):
        booked = (_minute(row["booked_from"]), _minute(row["booked_to"]))
    start = row["arrived_at"] or row["booked_from"]
    arrived = _minute(start)
    called, ended = (_minute(row[k]) if row.get(k) else None for k in ("called_at", "ended_at"))
    moments = [x for x in (arrived, called, ended) if x is not None]
    if moments != sorted(moments):
        raise ValueError("a ticket goes forward in time")
    return start[:10], Logged(
        number,
        row["service"],
        arrived,
        called,
        ended,
        row.get("counter") or None,
        row.get("clerk") or row.get("counter") or None,
        booked,
        late=booked is not None and arrived >= booked[1],
        gone=row.get("outcome") in ("gone", "left"),
    )


def _minute(text: str) -> float:
    at = datetime.fromisoformat(text)
    return (at - at.replace(hour=0, minute=0, second=0, microsecond=0)) / MINUTE


def _plans(rows: Iterable[Row]) -> dict[str, list[Planned]]:
    plans: dict[str, list[Planned]] = {}
    for row in rows:
        breaks: tuple[tuple[float, float], ...] = ()
        if row.get("break_from"):
            breaks = ((_minute(row["break_from"]), _minute(row["break_to"])),)
        plans.setdefault(row["opens_at"][:10], []).append(
            Planned(
                row["counter"],
                row.get("clerk") or row["counter"],
                frozenset(row["services"].split(";")),
                _minute(row["opens_at"]),
                _minute(row["closes_at"]) if row.get("closes_at") else None,
                breaks,
            )
        )
    return plans


# --- calls of a call centre: vru_entry, q_start, ser_start, server, … in H:MM:SS


def read_calls(rows: Iterable[Row]) -> Log:
    """The log of calls; a caller who has waited 90 s longer than a priority caller goes first."""
    by_day: dict[str, list[Logged]] = {}
    skipped = 0
    for number, row in enumerate(rows, start=1):
        if row["outcome"] == "PHANTOM":
            continue
        queued = _clock(row["q_time"], row["q_start"])
        start = queued if queued is not None else _clock(row["ser_time"], row["ser_start"])
        served = row["outcome"] == "AGENT"
        server = row["server"] if served and row["server"] != "NO_SERVER" else None
        if start is None or (not served and queued is None):
            skipped += row["outcome"] == "AGENT"
            continue
        waited, lasted = float(row["q_time"]) / 60, float(row["ser_time"]) / 60
        called = start + (waited if queued is not None else 0.0)
        by_day.setdefault(row["date"], []).append(
            Logged(
                number,
                row["type"],
                start,
                called if served else None,
                called + lasted if served else called,
                server,
                server,
                gone=not served,
                first=row["priority"] == "2",
            )
        )
    days = tuple(
        LoggedDay(date, tuple(sorted(calls, key=lambda t: (t.arrived, t.ticket))))
        for date, calls in sorted(by_day.items())
    )
    return Log(
        days,
        Policy(head_start=timedelta(seconds=90)),
        leaving_seen=True,
        in_seconds=True,
        skipped=skipped,
    )


def _clock(lasted: str, text: str) -> float | None:
    """Minutes of H:MM:SS; None for 0:00:00 without a duration, which stands for never."""
    hours, minutes, seconds = (int(digits) for digits in text.split(":"))
    minute_of_day = hours * 60 + minutes + seconds / 60
    return minute_of_day if minute_of_day or float(lasted) else None
