"""`prepazka simulate OFFICE`: simulated days of an office, and the effect of changes on them."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from prepazka.core import whatif
from prepazka.core.interval import Interval
from prepazka.core.whatif import Change, Difference, NotPossible, Simulated
from prepazka.officefile import presets
from prepazka.officefile.check import check
from prepazka.officefile.nodes import WrongFile
from prepazka.officefile.workday import Named, NoSuchDay, plan_of
from prepazka.studies import sample_office
from prepazka.studies.results_page import render_results
from prepazka.studies.results_words import WORDS

SAMPLE = "sample"
LABELS = {
    "clients": "clients a day",
    "walk_in_mean": "walk-ins wait on average [min]",
    "walk_in_p80": "80 % of walk-ins wait at most [min]",
    "walk_in_over_60": "walk-ins over an hour [share]",
    "booked_mean": "booked wait on average [min]",
    "booked_within_15": "booked within 15 min [share]",
    "booked_in_window": "booked called in their window [share]",
    "all_mean": "everybody waits on average [min]",
    "gone": "walk-ins gone when called [share]",
    "unserved": "clients left unserved",
    "overtime": "overtime [min]",
    "use": "use of the counters [share]",
}


def simulate(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    try:
        _check(arguments)
        named = _plan_named(arguments)
        changes = [(text, change_of(text, named)) for text in arguments.what or ()]
        plans = [(text, change(named.plan)) for text, change in changes]
    except WrongFile as wrong:
        print("\n".join(f"{arguments.office}: {p}" for p in wrong.problems), file=sys.stderr)
        return 1
    except (NotPossible, NoSuchDay, presets.NoSuchFile) as problem:
        print(problem, file=sys.stderr)
        return 1
    if arguments.log:
        sample_office.write_log(Path(arguments.log), arguments.days, arguments.seed, named.plan)
    base = whatif.simulate_days(named.plan, days=arguments.days, seed=arguments.seed)
    print(_summary(base, named))
    report: dict[str, Any] = {"days": arguments.days, "seed": arguments.seed, "now": _values(base)}
    scenarios = [(WORDS["as_is"][arguments.language], base)]
    for text, plan in plans:
        after = whatif.simulate_days(plan, days=arguments.days, seed=arguments.seed)
        scenarios.append((text, after))
        differences = whatif.compare_figures(base, after)
        print(f"\n## {text}\n\n{_table(differences)}")
        report.setdefault("what if", {})[text] = [asdict(d) for d in differences]
    if arguments.json:
        text = json.dumps(report, ensure_ascii=False, indent=1)
        Path(arguments.json).write_text(text + "\n", "utf-8")
    if arguments.html:
        html = render_results(arguments.office, scenarios, arguments.language)
        Path(arguments.html).write_text(html, "utf-8")
    return 0


MOST_DAYS, MOST_CLIENTS = 10_000, 20_000


def _check(arguments: argparse.Namespace) -> None:
    if not 1 <= arguments.days <= MOST_DAYS:
        raise NotPossible(f"--days is from 1 to {MOST_DAYS}, not {arguments.days}")
    clients = arguments.clients
    if clients is not None and not 0 < clients <= MOST_CLIENTS:
        raise NotPossible(f"--clients is more than 0 and at most {MOST_CLIENTS}, not {clients:g}")


def _plan_named(arguments: argparse.Namespace) -> Named:
    if arguments.office == SAMPLE:
        numbers = {str(n): n for n in range(1, 9)}
        return Named(sample_office.sample_plan(), numbers, numbers)
    office = check(presets.text_of(arguments.office))
    day = _day(arguments.date) if arguments.date else None
    if day:
        return plan_of(office, day, clients=arguments.clients)
    for after in range(14):  # without a date: an ordinary week, the first day that is open
        try:
            return plan_of(office, ORDINARY + timedelta(days=after), clients=arguments.clients)
        except NoSuchDay:
            continue
    raise NoSuchDay("The office is closed for two weeks from 12 January 2026; give a --date.")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotPossible(f"--date is a day such as 2026-01-12, not {text}") from None


ORDINARY = date(2026, 1, 12)  # a Monday far from holidays


def change_of(text: str, named: Named) -> Change:
    """The change that a text such as `quota=passports:2` names. Raises NotPossible."""
    kind, _, argument = text.partition("=")
    if kind not in READERS:
        raise NotPossible(f"{text}: a change is one of {', '.join(READERS)}")
    try:
        return READERS[kind](argument, named)
    except (KeyError, ValueError) as wrong:
        if isinstance(wrong, NotPossible):
            raise
        raise NotPossible(f"{text}: see `prepazka simulate --help`") from wrong


def _minutes(text: str) -> Interval[int]:
    match = re.fullmatch(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})", text)
    if not match:
        raise ValueError(text)
    a, b, c, d = (int(x) for x in match.groups())
    return Interval(a * 60 + b, c * 60 + d)


def _counter_and_minutes(argument: str, named: Named) -> tuple[int, Interval[int]]:
    counter, _, minutes = argument.partition("@")
    return named.counters[counter], _minutes(minutes)


def _times(argument: str) -> float:
    """The factor of `1.2`, `+20%` or `-10%`."""
    if argument.endswith("%"):
        return 1 + float(argument[:-1]) / 100
    return float(argument)


def _quota(argument: str, named: Named) -> Change:
    agenda, _, per_window = argument.partition(":")
    return whatif.change_quota(named.agendas[agenda], int(per_window))


READERS: dict[str, Callable[[str, Named], Change]] = {
    "more": lambda argument, named: whatif.add_counter(named.counters[argument]),
    "sick": lambda argument, named: whatif.close_all_day(named.counters[argument]),
    "away": lambda argument, named: whatif.close_part_of_day(
        *_counter_and_minutes(argument, named)
    ),
    "lunch": lambda argument, named: whatif.move_breaks(*_counter_and_minutes(argument, named)),
    "quota": _quota,
    "window": lambda argument, _: whatif.change_window_length(int(argument)),
    "demand": lambda argument, _: whatif.scale_demand(_times(argument)),
    "reminder": lambda argument, _: whatif.scale_no_shows(_times(argument)),
}


def _values(s: Simulated) -> dict[str, float]:
    means = {name: s.mean(name) for name in LABELS}
    return means | {f"walk_in_p{share}": s.walk_in(share / 100) for share in (50, 80, 95)}


def _summary(s: Simulated, named: Named) -> str:
    lines = [f"{len(s.days)} days.", "", "| figure | a day |", "|---|---|"]
    lines += [f"| {label} | {s.mean(name):.3g} |" for name, label in LABELS.items()]
    waits = " / ".join(f"{s.walk_in(p):.0f}" for p in (0.5, 0.8, 0.95))
    lines.append(f"| walk-ins wait at most, 50 / 80 / 95 % of them [min] | {waits} |")
    codes = {number: code for code, number in named.agendas.items()}
    lines += [
        f"| stretch of a walk-in's wait by bookings, {codes[b.agenda]} | "
        f"{whatif.stretch_with_places(named.plan, b.agenda):.2f} |"
        for b in named.plan.bookable
    ]
    return "\n".join(lines)


def _table(differences: list[Difference]) -> str:
    lines = ["| figure | now | then | change, 95 % interval |", "|---|---|---|---|"]
    lines += [
        f"| {LABELS[d.name]} | {d.before:.3g} | {d.after:.3g} | {d.change:+.3g} ± {d.half:.2g}"
        f"{' (may be chance)' if d.half and not d.sure else ''} |"
        for d in differences
    ]
    return "\n".join(lines)
