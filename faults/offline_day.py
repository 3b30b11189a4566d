"""A day of kiosks and counters without the server, by the protocol of docs/offline.md."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx

from faults.checks import Findings
from faults.installation import Embedded, Installation, installed
from faults.names import OFFICE, SERVICES
from faults.trial import Outcome, Run
from prepazka.config.database import FOLDER
from tests.clock import real_now
from tests.faults.program import Kiosk

PRAGUE = ZoneInfo("Europe/Prague")
HOURS = 8  # without the server
ONLINE_TICKETS, LOST_ANSWERS = 12, 2
PART = 40  # entries of a message
SENT_TWICE = 0.2
KILLS = 3  # of the web, while logs come
ABSENT_EACH = 10
FIRST_OFFLINE = 500


@dataclass
class Browser:
    """One that is cut off: its grant, and the log that it signs."""

    grant: dict[str, Any]
    log: list[dict[str, Any]] = field(default_factory=list)
    merged: int = 0

    def write(self, kind: str, label: str, at: datetime, **more: Any) -> None:
        """Append an entry to the log."""
        body = json.dumps({"kind": kind, "label": label, "at": at.isoformat(), **more})
        seq = len(self.log) + 1
        said = f"{self.grant['grant']}.{seq}.{body}".encode()
        key = bytes.fromhex(self.grant["key"])
        sig = hmac.new(key, said, hashlib.sha256).hexdigest()
        self.log.append({"seq": seq, "body": body, "sig": sig})


@dataclass
class Day:
    """What people were shown and what clerks did, to be compared with the rows."""

    here: Installation
    kiosks: list[Browser] = field(default_factory=list)
    consoles: list[Browser] = field(default_factory=list)
    shown: dict[UUID, str] = field(default_factory=dict)  # touch: the last number that was shown
    issued: list[tuple[datetime, str]] = field(default_factory=list)
    ended: dict[str, str] = field(default_factory=dict)  # number: the state it must have


def offline_day(run: Run) -> list[Outcome]:
    """Eight hours alone; then the logs come in parts, repeated, while the web is killed."""
    outcome = Outcome("offline", f"{HOURS} hours off-line, logs in parts while the web is killed")
    began = time.monotonic()
    folder = run.folder / outcome.name
    morning = real_now().astimezone(PRAGUE).replace(hour=7, minute=0, second=0, microsecond=0)
    offset = round((morning - real_now()).total_seconds())
    try:
        with installed(folder, Embedded(folder / FOLDER), run.template, tree=run.tree) as here:
            here.more["PREPAZKA_TEST_CLOCK_OFFSET"] = str(offset)
            browsers = here.ask_town("cut-off")
            here.start_web()
            here.await_web()
            day = Day(here)
            _get_ready(day, browsers)
            here.kill_web()
            start = real_now() + timedelta(seconds=offset)
            _give_numbers(day, run.size.offline, start)
            _call(day, start)
            later = offset + round(timedelta(hours=HOURS).total_seconds())
            here.more["PREPAZKA_TEST_CLOCK_OFFSET"] = str(later)
            here.start_web()
            here.await_web()
            back = time.monotonic()
            outcome.faults = 1 + _bring_logs(day)
            outcome.settled = time.monotonic() - back
            _compare(day, outcome)
            outcome.tracebacks = here.tracebacks()
    except Exception as error:  # noqa: BLE001  # one campaign's end is not the others'
        outcome.broken_by(error)
    outcome.wrong += outcome.findings.lines()
    outcome.took = time.monotonic() - began
    return [outcome]


def _get_ready(day: Day, browsers: dict[str, list[str]]) -> None:
    """Kiosks get numbers, consoles their lists of people who took a ticket on-line."""
    here = day.here
    api = httpx.Client(base_url=here.base, timeout=30)
    token = {"Authorization": f"Bearer {here.tokens['kiosks'][0]}"}
    for number in range(ONLINE_TICKETS + LOST_ANSWERS):
        touch = uuid4()
        answer = api.post(
            "/api/v1/kiosk/tickets",
            json={"service": SERVICES[number % 2], "language": "cs"},
            headers=token | {"Idempotency-Key": str(touch)},
        )
        answer.raise_for_status()
        # The last ones never reach their kiosk, which gives a number of its own for the same touch.
        day.shown[touch] = answer.json()["number"]
    for code in browsers["codes"]:
        kiosk = Kiosk(here.port, code)
        pack = kiosk.client.post("/kiosk/zasoba/", json={"browser": uuid4().hex, "log": 0})
        pack.raise_for_status()
        day.kiosks.append(Browser(pack.json()))
        kiosk.client.close()
    names = [(session, uuid4().hex, uuid4().hex) for session in browsers["sessions"]]
    versions = [0] * len(names)
    lists: list[dict[str, Any]] = [{} for _ in names]
    for _ in range(4):  # until each has confirmed the list that it has
        for number, (session, browser, page) in enumerate(names):
            answer = api.post(
                f"/pult/{OFFICE}/bez-site/data/",
                json={"browser": browser, "page": page, "ack": versions[number]},
                headers={"Cookie": f"sessionid={session}"},
            )
            answer.raise_for_status()
            lists[number] = answer.json()
            versions[number] = lists[number]["version"]
    day.consoles = [Browser(one) for one in lists]
    api.close()


def _give_numbers(day: Day, many: int, start: datetime) -> None:
    """Kiosks give numbers of their blocks, two of them for touches that the server had answered."""
    lost = list(day.shown)[-LOST_ANSWERS:]
    for kiosk in day.kiosks:
        services = {one["code"]: one["letter"] for one in kiosk.grant["services"]}
        free = {
            letter: iter([n for first, last in blocks for n in range(first, last + 1)])
            for letter, blocks in kiosk.grant["numbers"].items()
        }
        for count in range(many):
            at = start + timedelta(hours=HOURS) * (count + 1) / (many + 2)
            code = SERVICES[count % len(SERVICES)]
            touch = lost.pop() if lost and count < 1 else uuid4()
            letter = services[code]
            if touch in day.shown:
                letter = day.shown[touch][0]
                code = next(one for one, of in services.items() if of == letter)
            label = f"{letter}{next(free[letter])}"
            kiosk.write("issue", label, at, service=code, language="cs", touch=str(touch))
            day.shown[touch] = label
            day.issued.append((at, label))


def _call(day: Day, start: datetime) -> None:
    """Each counter calls its own list, and then the kiosks' numbers of its share."""
    still_shown = set(day.shown.values())
    for console in day.consoles:
        at = start
        listed = [one["label"] for one in console.grant["tickets"]]
        # Who got another number at a kiosk is called by that one.
        waiting = [(start, label) for label in listed if label in still_shown]
        waiting += [(when, label) for when, label in sorted(day.issued) if _is_mine(console, label)]
        for calls, (when, label) in enumerate(waiting, 1):
            at = max(at, when) + timedelta(seconds=5)
            console.write("call", label, at)
            if calls % ABSENT_EACH == 0:
                console.write("absent", label, at + timedelta(seconds=40))
                day.ended[label] = "no_show"
            else:
                console.write("start", label, at + timedelta(seconds=10))
                console.write("finish", label, at + timedelta(seconds=50))
                day.ended[label] = "finished"
            at += timedelta(seconds=60)


def _is_mine(console: Browser, label: str) -> bool:
    for share in console.grant["shares"]:
        if share["letter"] == label[0]:
            return (int(label[1:]) - FIRST_OFFLINE) % share["step"] in share["mine"]
    return False


def _bring_logs(day: Day) -> int:
    """Send all logs in parts, in any order, some twice; kill the web meanwhile. How often it was."""
    here, kills = day.here, 0
    browsers = [*day.consoles, *day.kiosks]
    parts = sum(len(one.log) for one in browsers) // PART + len(browsers)
    kill_at = set(random.sample(range(1, max(parts, KILLS + 1)), KILLS))
    sent = 0
    with httpx.Client(base_url=here.base, timeout=60) as client:
        while left := [one for one in browsers if one.merged < len(one.log)]:
            browser = random.choice(left)
            part = browser.log[browser.merged : browser.merged + PART]
            message = {"grant": browser.grant["grant"], "events": part}
            sent += 1
            if sent in kill_at:
                # In the middle of the merge; whether it was committed, the browser cannot know.
                with suppress(httpx.TransportError):
                    client.post("/offline/log/", json=message, timeout=random.uniform(0.01, 0.2))
                here.kill_web()
                here.start_web()
                here.await_web()
                kills += 1
                continue
            for _ in range(1 + (random.random() < SENT_TWICE)):
                answer = client.post("/offline/log/", json=message)
                answer.raise_for_status()
                browser.merged = answer.json()["merged"]
    return kills


def _compare(day: Day, outcome: Outcome) -> None:
    """Each touch is one ticket under the number last shown, each call happened once."""
    books, findings = day.here.books, Findings()
    outcome.findings = findings
    rows = books.rows("SELECT id::text, touch, letter || number, state, calls FROM queueing_ticket")
    by_touch: dict[UUID, list[Any]] = {}
    for row in rows:
        by_touch.setdefault(row[1], []).append(row)
    for touch, label in day.shown.items():
        found = by_touch.get(touch, [])
        if len(found) != 1:
            (findings.lost if not found else findings.doubled).append(f"{label}: {found}")
        elif found[0][2] != label:
            findings.numbers.append(f"{label} was shown, {found[0][2]} is kept")
    findings.doubled += [
        f"{row[2]} that nobody asked for" for row in rows if row[1] not in day.shown
    ]
    labels = Counter(row[2] for row in rows)
    findings.numbers += [f"{label} {n} times" for label, n in labels.items() if n > 1]
    visits = {row[2]: (row[3], row[4]) for row in rows}
    for label, state in day.ended.items():
        kept_state, calls = visits.get(label, ("none", 0))
        if kept_state != state:
            findings.lost.append(f"the visit of {label} must be {state}, it is {kept_state}")
        elif calls != 1:
            findings.called_twice.append(f"{label}: {calls} calls")
    _look_at_journal(day, findings, {row[2]: row[0] for row in rows})
    (kept,) = books.rows("SELECT count(*) FROM queueing_offlineevent")[0]
    entries = sum(len(one.log) for one in [*day.kiosks, *day.consoles])
    if kept != entries:
        findings.lost.append(f"{entries} entries were written, {kept} are kept")
    outcome.acknowledged = entries + ONLINE_TICKETS + LOST_ANSWERS
    outcome.notes.append(
        f"{len(day.issued)} tickets and {len(day.ended)} calls off-line, {entries} entries of"
        f" {len(day.kiosks)} kiosks and {len(day.consoles)} counters"
    )


def _look_at_journal(day: Day, findings: Findings, ids: dict[str, str]) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for kind, ticket in day.here.books.rows(
        "SELECT kind, data->>'ticket' FROM journal_event WHERE data ? 'ticket' ORDER BY id"
    ):
        counts[kind, str(ticket)] += 1
        if kind in {"CalledTwice", "PinUsedTwice"}:
            findings.called_twice.append(f"{kind} of ticket {ticket}")
    for label, state in day.ended.items():
        kinds = ["TicketIssued", "TicketCalled"]
        kinds.append("TicketFinished" if state == "finished" else "TicketNoShow")
        for kind in kinds:
            if counts[kind, ids.get(label, "")] != 1:
                written = counts[kind, ids.get(label, "")]
                findings.journal.append(f"{kind} of {label} is written {written} times")
