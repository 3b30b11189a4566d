"""What the campaigns showed, as text and as docs/faults.md."""

from __future__ import annotations

import json
import platform
import re
from pathlib import Path

import psutil

from faults.trial import Outcome, Size
from tests.clock import real_now

SHORT = Size(
    web=6,
    worker=3,
    database=2,
    connections=4,
    stopped_s=8.0,
    disk=1,
    smtp_s=12.0,
    greylisted=1,
    update_s=4.0,
    offline=30,
    load_s=6.0,
)
# Controls that wait long for what must not come.
LEFT_OUT = {"no-rescue", "no-isolation", "no-catch-up"}
MOST_SHOWN = 8
# What an earlier commit did in the same campaigns, for the column beside ours.
BEFORE = Path(__file__).parent / "before.json"
NUMBERS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]+|\d+")  # ids and counts
HEAD = """\
# Faults

`make faults` breaks the program in every way that we know of, while three citizens book, confirm and cancel, two kiosks
give tickets and three clerks call, all by the public interface. A request without an answer is repeated with the same
key until it has one; what was answered 2xx counts as acknowledged. Afterwards our own rows (bookings, tickets, events,
messages) are compared with what was acknowledged, and with the mails that a real SMTP server took. Each campaign has an
installation of its own; some run at once, for they wait more than they work.

The code is in `faults/`; `make faults ARGS=--write` writes this page in less than twenty minutes on a quiet machine of
two cores. `ARGS="web disk --web 10"` runs some of them, with another number of faults; `ARGS=--short` a few of each;
`ARGS="--program COMMIT"` tries another commit. A full disk needs root, who mounts a small
one; Debian's PostgreSQL needs its package and root.
"""
LEGEND = """
- **answered**: requests that were acknowledged; **again**: requests sent again because there was no answer, or a polite 503.
- **lost**: acknowledged steps that the rows lack; **doubled**: steps with an effect twice, or that nobody asked for.
- **overlaps**: pairs of live bookings of a lane that overlap. **numbers**: series of tickets with gaps or a number twice.
  **calls**: tickets called twice, counters with two clients.
- **journal**: acknowledged steps without exactly one event, lives of bookings and tickets whose events are out of order.
- **mails**: messages that left, and of them again under the same Message-ID (a worker that dies after the server took
  the mail cannot know it). Each must have left; one that differs, or is still owed, is a fault.
- **back**: seconds from a fault to the next acknowledged request, the middle one and the longest.
- **owed**: the age of the oldest thing owed (message, follow-up, document) that was ever seen, while servers were away,
  too; **nothing owed**: seconds after the last fault until nothing was owed any more. More than 120 is a fault.
"""
COLUMNS = (
    "what fails",
    "faults",
    "answered",
    "again",
    "lost",
    "doubled",
    "overlaps",
    "numbers",
    "calls",
    "journal",
    "mails",
    "back (s)",
    "owed (s)",
    "nothing owed (s)",
    "held",
    "before",
)


def write_before(outcomes: list[Outcome], commit: str) -> Path:
    """Keep what did not hold at an earlier commit, for later pages; returns the file's path."""
    lines = {one.name: _kinds_of(one) for one in outcomes if not one.not_tried}
    kept = {"commit": commit, "campaigns": lines}
    BEFORE.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return BEFORE


def _kinds_of(outcome: Outcome) -> list[str]:
    """What went wrong, each kind once with its number."""
    kinds: dict[str, list[str]] = {}
    for line in outcome.wrong:
        kinds.setdefault(NUMBERS.sub("", line)[:60], []).append(line)
    return [
        _plain(lines[0])[:120] + (f" (and {len(lines) - 1} more)" if len(lines) > 1 else "")
        for lines in kinds.values()
    ][:MOST_SHOWN]


def text_of(outcome: Outcome) -> str:
    """The campaign in some lines, for the terminal."""
    found = outcome.findings
    sign = "not tried" if outcome.not_tried else "held" if outcome.good else "DID NOT HOLD"
    if outcome.is_control:
        sign = "shown" if outcome.good else "NOT SHOWN"
    heading = f"* {outcome.title}: {sign}, {outcome.took:.0f} s {outcome.not_tried}"
    clients = (
        f"    {outcome.faults} faults, {outcome.acknowledged} acknowledged, {outcome.repeated} sent"
        f" again ({outcome.polite} polite 503); back after {_back(outcome)} s; slowest answer"
        f" {outcome.slowest:.1f} s, health {outcome.slowest_health:.1f} s"
    )
    rows = (
        f"    lost {len(found.lost)}, doubled {len(found.doubled)}, overlaps {found.overlaps},"
        f" numbers {len(found.numbers)}, calls {len(found.called_twice)}, journal"
        f" {len(found.journal)}, messages {len(found.messages)}; {found.sent} left, {found.repeats}"
        f" repeats; oldest owed {outcome.oldest_owed:.0f} s, nothing owed after {_settled(outcome)} s;"
        f" {outcome.tracebacks} tracebacks"
    )
    lines = [heading, clients, rows]
    lines += [f"    . {note}" for note in outcome.notes]
    lines += [f"    ! {fault}" for fault in outcome.wrong[:MOST_SHOWN]]
    if len(outcome.wrong) > MOST_SHOWN:
        lines.append(f"    ! and {len(outcome.wrong) - MOST_SHOWN} more")
    if outcome.trace:
        lines.append(outcome.trace)
    return "\n".join(lines)


def summary(outcomes: list[Outcome]) -> str:
    """How many campaigns held, in one sentence."""
    tried = [outcome for outcome in outcomes if not outcome.not_tried]
    good = sum(outcome.good for outcome in tried)
    missing = len(outcomes) - len(tried)
    return f"{good} of {len(tried)} campaigns were as they must be, {missing} were not tried;"


def write(outcomes: list[Outcome], path: Path, minutes: float, *, short: bool) -> Path:
    """Write the page; returns its path."""
    machine = (
        f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}"
    )
    size = "the short version" if short else "all of it"
    when = f"Measured {real_now():%Y-%m-%d} on {machine}: {size}, in {minutes:.0f} minutes."
    table = [
        "| " + " | ".join(COLUMNS) + " |",
        "|---|" + "---:|" * (len(COLUMNS) - 3) + "---|---|",
        *(_row(one) for one in outcomes if not one.is_control),
    ]
    controls = [
        "",
        "## Controls",
        "",
        "The same campaigns with one safety net taken away (`faults/weakened.py`); each must show what the net prevents.",
        "",
        "| net that is gone | what came of it | shown |",
        "|---|---|---|",
        *(
            f"| {one.title.removeprefix('control: no ').removeprefix('control: ')} |"
            f" {_plain(one.wrong[0]) if one.wrong else 'nothing'} | {'yes' if one.good else '**no**'} |"
            for one in outcomes
            if one.is_control
        ),
    ]
    notes = [
        f"- {one.title}: {'; '.join(map(_plain, [*one.notes, *one.wrong[:MOST_SHOWN]]))}."
        for one in outcomes
        if (one.notes or one.wrong) and not one.is_control
    ]
    text = [
        HEAD,
        when,
        "",
        *table,
        LEGEND,
        "## Notes",
        "",
        *notes,
        *_before_in_words(),
        *controls,
        "",
    ]
    path.write_text("\n".join(text), encoding="utf-8")
    return path


def _row(outcome: Outcome) -> str:
    if outcome.not_tried:
        return f"| {outcome.title} |" + " |" * (len(COLUMNS) - 3) + f" {outcome.not_tried} | |"
    found = outcome.findings
    mails = f"{found.sent}" + (f" + {found.repeats}" if found.repeats else "")
    cells = [
        outcome.title,
        outcome.faults,
        f"{outcome.acknowledged:,}",
        outcome.repeated,
        len(found.lost),
        len(found.doubled),
        found.overlaps,
        len(found.numbers),
        len(found.called_twice),
        len(found.journal),
        mails,
        _back(outcome),
        f"{outcome.oldest_owed:.0f}",
        _settled(outcome),
        "yes" if outcome.good else "**no**",
        _before_of(outcome),
    ]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _before() -> tuple[str, dict[str, list[str]]]:
    """An earlier commit, and what did not hold there by campaign."""
    if not BEFORE.exists():
        return "", {}
    kept = json.loads(BEFORE.read_text(encoding="utf-8"))
    return kept["commit"], kept["campaigns"]


def _before_of(outcome: Outcome) -> str:
    wrong = _before()[1].get(outcome.name)
    if wrong is None:
        return "–"
    return f"no: {len(wrong)} kinds of fault" if wrong else "yes"


def _before_in_words() -> list[str]:
    commit, campaigns = _before()
    if not commit:
        return []
    return [
        "",
        "## Before",
        "",
        f"The same campaigns, with fewer faults each, on the program as of {commit}:",
        "",
        *(
            f"- {name}: {'; '.join(wrong) if wrong else 'everything held'}"
            for name, wrong in campaigns.items()
        ),
    ]


def _back(outcome: Outcome) -> str:
    ranked = sorted(outcome.recoveries)
    return f"{ranked[len(ranked) // 2]:.1f}, {ranked[-1]:.1f}" if ranked else "–"


def _settled(outcome: Outcome) -> str:
    return "–" if outcome.settled is None else f"{outcome.settled:.0f}"


def _plain(text: str) -> str:
    """In one line, without what would end a cell."""
    return " ".join(text.split()).replace("|", "/")[:300]
