"""The campaigns: what fails, how often, and what must hold afterwards."""

from __future__ import annotations

import random
import re
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Self
from zoneinfo import ZoneInfo

import httpx
import psutil
import psycopg

from faults.installation import Debian, Embedded, Installation, installed
from faults.mail import ACCEPTED, Letter
from faults.names import OFFICE, OTHER_OFFICE
from faults.offline_day import offline_day
from faults.proxy import Wire
from faults.trial import OWED_WITHIN, Outcome, Run, Trial, on_trial
from prepazka.config.database import FOLDER
from tests import papers, releases
from tests.clock import real_now
from tests.faults.program import wait_for
from tests.faults.test_processes import stopped
from tests.gateways import calendar_peer
from tests.programs import COMMAND, ROOT

PRAGUE = ZoneInfo("Europe/Prague")
MEETINGS, PAGES = 4, 12  # meetings whose citizens bring documents, and pages of a document
MANY_KILLS = 10  # of the worker, from which on calendars are waited for
CALENDARS_WITHIN = 300.0  # seconds: a round of five minutes spreads its readings over four
WITHIN_ROUNDS = 4.0  # seconds of a minute in which its steps run
DISK, DISK_MB = "full", 500
MEETS_WITHIN = 90.0  # seconds in which the control without the lock must show its race
EXCLUSION = "lane_holds_one_person_at_a_time"
TAMPERING = (
    (
        "UPDATE queueing_ticket SET touch = gen_random_uuid(), number = number + 300"
        " WHERE id = (SELECT min(id) FROM queueing_ticket)"
    ),
    (
        "INSERT INTO journal_event (office, kind, at, actor, data) SELECT office, kind, at, actor, data"
        " FROM journal_event WHERE kind = 'TicketCalled' LIMIT 1"
    ),
    f"ALTER TABLE booking_booking DROP CONSTRAINT {EXCLUSION}",
    (
        "UPDATE booking_booking b SET lane_id = a.lane_id, starts_at = a.starts_at, ends_at = a.ends_at"
        " FROM (SELECT * FROM booking_booking WHERE state = 'confirmed' ORDER BY id LIMIT 1) a"
        " WHERE b.id = (SELECT max(id::text)::uuid FROM booking_booking WHERE state = 'confirmed')"
    ),
    (
        "UPDATE messaging_message SET state = 'failed', error = 'spilled'"
        " WHERE id = (SELECT min(id) FROM messaging_message)"
    ),
    "DELETE FROM messaging_message WHERE id = (SELECT max(id) FROM messaging_message)",
)
OLDER = "HEAD~40"  # stands in for the release before while none is listed


class Calendars:
    """A slow server of calendars, and whether the worker still reads them after the kills."""

    def __init__(self) -> None:
        self.server = calendar_peer.running()
        self.being_read = 0
        self.are_there = False
        self.url = ""

    def __enter__(self) -> Self:
        peer = self.server.__enter__()
        peer.body, peer.drip = _calendar(), 0.004
        self.url = peer.url
        answer = peer.answer

        def counted(handler: BaseHTTPRequestHandler) -> None:
            self.being_read += 1
            try:
                answer(handler)
            finally:
                self.being_read -= 1

        peer.answer = counted  # type: ignore[method-assign]  # only looked at, not changed
        return self

    def __exit__(self, *error: object) -> None:
        self.server.__exit__(None, None, None)

    def are_read(self, trial: Trial) -> None:
        """Note whether calendars are read again, and whether each document was checked."""
        if not self.are_there:
            return
        states = dict(
            trial.books.rows("SELECT state, count(*) FROM meetings_document GROUP BY state")
        )
        if set(states) - {"ready"}:
            trial.outcome.wrong.append(f"documents are {states}")
        if trial.size.worker < MANY_KILLS:
            return
        (now,) = trial.books.rows("SELECT clock_timestamp()")[0]
        trial.here.ask_town("read-calendars", "0.1")
        sql = "SELECT count(*) FROM booking_outsidecalendar WHERE refreshed_at > %s IS NOT TRUE"
        try:
            took = wait_for(
                "calendars", lambda: trial.books.rows(sql, [now])[0][0] == 0, CALENDARS_WITHIN
            )
        except AssertionError:
            trial.outcome.wrong.append("a calendar is not read any more")
        else:
            trial.outcome.notes.append(f"all calendars were read again within {took:.0f} s")


def kill_web(run: Run) -> list[Outcome]:
    """The web as one process, then as two of which one dies, or both."""
    single = Outcome("web", "web killed (one process)")
    with on_trial(run, single) as trial:
        for _ in range(run.size.web - run.size.web // 2):
            time.sleep(random.uniform(0.1, 0.8))
            moment = time.monotonic()
            trial.here.kill_web()
            down = time.monotonic()
            trial.here.start_web()
            trial.fault(moment, down=down)
    return [single]


def kill_one_of_two(run: Run) -> list[Outcome]:
    """One of two processes of the web dies, each fourth time both."""
    outcome = Outcome("web-2", "web killed (one of two processes, each fourth time both)")
    with on_trial(run, outcome, processes=2) as trial:
        for number in range(1, run.size.web // 2 + 1):
            time.sleep(random.uniform(0.1, 2.5))
            moment = time.monotonic()
            children = trial.here.web_children()
            if number % 4 == 0 or not children:
                trial.here.kill_web()
                trial.here.start_web(2)
            else:
                with suppress(psutil.NoSuchProcess):
                    random.choice(children).kill()
            trial.fault(moment, down=time.monotonic())
    return [outcome]


def kill_worker(run: Run) -> list[Outcome]:
    """The worker killed within its work: mails, rounds, documents, calendars."""
    outcome = Outcome("worker", "worker killed (also in rounds, document checks, calendars)")
    with (
        Calendars() as calendars,
        on_trial(run, outcome, afterwards=calendars.are_read, pause=0.4) as trial,
    ):
        trial.look_at_rounds = True
        hits: Counter[str] = Counter()
        with _papers_and_calendars(trial, calendars):
            for _ in range(run.size.worker):
                _await_work(trial)
                hits.update(_at_work(trial, calendars))
                trial.here.kill_worker()
                trial.outcome.faults += 1
                trial.here.start_worker()
        trial.outcome.notes.append(
            "killed while " + ", ".join(f"{what} {n} times" for what, n in sorted(hits.items()))
        )
    return [outcome]


def _await_work(trial: Trial) -> None:
    """Wait until the worker has begun to work, and then a little; often until a round."""
    arrived = trial.here.sink.arrived
    arrived.clear()
    arrived.wait(25)  # on a busy machine it takes long to start
    time.sleep(random.uniform(0.0, 1.0))
    second = time.time() % 60
    if second > 60 - WITHIN_ROUNDS:
        time.sleep(60 - second + random.uniform(0.2, 1.5))


def _at_work(trial: Trial, calendars: Calendars) -> list[str]:
    """What the worker does at this moment, as far as it can be seen."""
    checking = "SELECT count(*) FROM meetings_document WHERE state = 'checking'"
    seen = {
        "a document waited for its check": trial.books.rows(checking)[0][0] > 0,
        "a calendar was read": calendars.being_read > 0,
        "the steps of the minute ran": time.time() % 60 < WITHIN_ROUNDS,
    }
    return [what for what, is_so in seen.items() if is_so]


@contextmanager
def _papers_and_calendars(trial: Trial, calendars: Calendars) -> Iterator[None]:
    """People bring documents, and calendars are read again and again, for the block."""
    try:
        pages = trial.here.ask_town("meetings", str(MEETINGS), calendars.url)["pages"]
    except RuntimeError as error:
        trial.outcome.notes.append(f"without documents and calendars: {str(error)[-200:]}")
        yield
        return
    over = threading.Event()
    brought: list[str] = []
    bringing = threading.Thread(
        target=_bring_documents, args=(trial, pages, brought, over), daemon=True
    )
    bringing.start()
    reading = subprocess.Popen(
        [*COMMAND[:2], "faults.town", "read-calendars", "3600"],
        env=trial.here.environment(),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        reading.terminate()
        reading.wait(20)
        over.set()
        bringing.join(40)
    calendars.are_there = True
    (count,) = trial.books.rows("SELECT count(*) FROM meetings_document")[0]
    trial.outcome.notes.append(f"{len(brought)} documents brought")
    if count < len(brought):
        trial.outcome.wrong.append(f"lost: {len(brought) - count} documents that were taken")


def _bring_documents(
    trial: Trial, pages: list[str], brought: list[str], over: threading.Event
) -> None:
    content = papers.pdf("Faults", pages=PAGES)
    with httpx.Client(base_url=trial.here.base, timeout=30) as client:
        while not over.wait(0.7):
            page = pages[len(brought) % len(pages)]
            with suppress(httpx.TransportError, KeyError):
                client.get(page)
                guard = {
                    "X-CSRFToken": client.cookies["csrftoken"],
                    "Accept": "application/json",
                }
                files = {"file": ("plan.pdf", content, "application/pdf")}
                answer = client.post(f"{page}soubory/", files=files, headers=guard)
                if not answer.is_success:
                    return  # the meeting has as many as it may
                brought.append(answer.text)


def kill_database(run: Run) -> list[Outcome]:
    """The embedded server under `prepazka run`, which must start it again by itself."""
    outcome = Outcome("database", "embedded PostgreSQL killed under `prepazka run`")
    with on_trial(run, outcome, supervised=True) as trial:
        trial.look_at_rounds = True
        for _ in range(run.size.database):
            time.sleep(random.uniform(0.5, 2.0))
            moment = time.monotonic()
            trial.here.database.kill()
            trial.fault(moment, down=time.monotonic())
    return [outcome]


def kill_debian(run: Run) -> list[Outcome]:
    """Debian's server killed and started again, as its unit would."""
    outcome = Outcome("debian", "Debian's PostgreSQL killed")
    if not Debian.is_there():
        outcome.not_tried = "needs Debian's package postgresql, and root"
        return [outcome]
    with on_trial(run, outcome, debian=True) as trial:
        trial.look_at_rounds = trial.tending = True
        for _ in range(run.size.database):
            time.sleep(random.uniform(0.5, 2.0))
            moment = time.monotonic()
            trial.here.database.kill()
            down = time.monotonic()
            time.sleep(random.uniform(0.1, 0.8))
            trial.here.database.start()
            trial.fault(moment, down=down)
    return [outcome]


def cut_connections(run: Run) -> list[Outcome]:
    """In turn those of the clients, between the deed and its answer, and those to the database."""
    outcome = Outcome("connections", "connections cut (clients', the database's)")
    with ExitStack() as stack:
        wires: list[Wire] = []

        def through_a_wire(here: Installation) -> str:
            wires.append(stack.enter_context(Wire(here.port)))
            return f"http://localhost:{wires[0].port}"

        with on_trial(run, outcome, base=through_a_wire) as trial:
            trial.look_at_rounds = trial.tending = True
            for number in range(run.size.connections):
                time.sleep(random.uniform(0.2, 1.0))
                moment = time.monotonic()
                if number % 2:
                    trial.books.rows(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                else:
                    wires[0].mute = True  # what was done meanwhile is never answered
                    time.sleep(random.uniform(0.02, 0.15))
                    wires[0].cut()
                    wires[0].mute = False
                trial.fault(moment, down=time.monotonic())
    return [outcome]


def stop_database(run: Run) -> list[Outcome]:
    """All processes of the server get SIGSTOP, as when a virtual machine is held."""
    outcome = Outcome("stopped", f"database stopped (SIGSTOP) for {run.size.stopped_s:.0f} s")
    with on_trial(run, outcome) as trial:
        trial.look_at_rounds = trial.tending = True
        time.sleep(2)
        database = trial.here.database
        assert isinstance(database, Embedded)  # noqa: S101  # for mypy
        with stopped(database.cluster):
            time.sleep(run.size.stopped_s)
        moment = time.monotonic()
        trial.fault(moment)
        time.sleep(3)
        trial.outcome.notes.append(
            f"slowest answer {trial.ledger.slowest:.1f} s, health"
            f" {trial.outcome.slowest_health:.1f} s"
        )
    return [outcome]


def fill_disk(run: Run) -> list[Outcome]:
    """The disk of the database fills up under `prepazka run`, and is freed again."""
    outcome = Outcome("disk", "disk of the database full")
    disk = run.folder / DISK
    disk.mkdir()
    size = f"size={DISK_MB}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        outcome.not_tried = "a small disk of its own cannot be mounted here"
        return [outcome]
    try:
        with on_trial(run, outcome, supervised=True, at=disk) as trial:
            trial.look_at_rounds = True
            for _ in range(run.size.disk):
                time.sleep(2)
                full_until = time.monotonic() + random.uniform(4, 7)
                _fill(disk / "filling")
                time.sleep(1.5)
                with suppress(psycopg.Error):
                    # As after hours: the log of the database needs a new segment, and has no room.
                    trial.books.execute("SELECT pg_switch_wal()")
                while time.monotonic() < full_until:
                    _fill(disk / "filling")
                    time.sleep(0.2)
                (disk / "filling").unlink()
                trial.fault(time.monotonic())
            said = trial.here.supervisor.said if trial.here.supervisor else ""
            trial.outcome.notes.append(
                f"the database ended {said.count('The database ended')} times"
            )
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)
    return [outcome]


def _fill(file: Path) -> None:
    with suppress(OSError), file.open("ab", buffering=0) as growing:
        while True:
            growing.write(bytes(65536))


def mail_server(run: Run) -> list[Outcome]:
    """The mail server is slow, refuses for now, refuses for good, and is away for a while."""
    outcome = Outcome("smtp", "SMTP slow, 451, 554, 550, away")
    kinds = ("pomaly", "odlozeny", "odmitnuty", "nikdo")

    def address(citizen: int, count: int) -> str:
        number = count % 12
        return f"{kinds[number] if number < len(kinds) else 'obcan'}{citizen}-{count}@example.cz"

    def answer(to: str, attempt: int) -> str:
        if to.startswith("odlozeny") and attempt <= run.size.greylisted:
            return "451 4.7.1 Greylisted"
        if to.startswith("odmitnuty"):
            return "554 5.7.1 Service refused"
        return ACCEPTED

    def failed_once(trial: Trial) -> None:
        rows = trial.books.rows(
            "SELECT b.email, m.state FROM messaging_message m"
            " JOIN booking_booking b ON b.id = m.booking_id"
            " WHERE b.email LIKE 'nikdo%%' OR b.email LIKE 'odmitnuty%%'"
        )
        trial.outcome.notes.append(f"{len(rows)} mails refused for good: not repeated")
        sink = trial.here.sink
        trial.outcome.wrong += [
            f"a mail to {email}: {state}, tried {sink.attempts[email]} times"
            for email, state in rows
            if state != "failed" or sink.attempts[email] > 1
        ]

    with on_trial(run, outcome, afterwards=failed_once, pause=0.5) as trial:
        trial.load.address = address
        sink = trial.here.sink
        sink.answers = answer
        sink.pause = lambda to: 4.0 if to.startswith("pomaly") else 0.0
        time.sleep(run.size.smtp_s / 2)
        sink.close()
        time.sleep(min(15.0, run.size.smtp_s / 3))
        sink.open()
        time.sleep(run.size.smtp_s / 4)
        kinds_met = Counter(re.split(r"\d", to)[0] for to in sink.attempts)
        trial.outcome.faults = 1 + sum(kinds_met[kind] for kind in kinds)
    return [outcome]


def night(run: Run, weakness: str = "") -> list[Outcome]:
    """A PC that sleeps at night erases in the morning, though another office has a bad row."""
    outcome = Outcome(
        f"night-{weakness}" if weakness else "night",
        f"control: no {weakness}" if weakness else "asleep at night, a bad row in another office",
        faults=2,
        is_control=bool(weakness),
    )
    began = time.monotonic()
    folder = run.folder / outcome.name
    evening = real_now().astimezone(PRAGUE).replace(hour=22, minute=0, second=0, microsecond=0)
    offset = (evening - real_now()).total_seconds()
    try:
        with installed(folder, Embedded(folder / FOLDER), run.template, tree=run.tree) as here:
            here.weakness = weakness
            here.more["PREPAZKA_TEST_CLOCK_OFFSET"] = str(round(offset))
            booking = here.ask_town("visits", "5")[OFFICE]  # at 3:00 it must be forgotten
            here.books.execute(
                "UPDATE offices_office SET timezone = 'Europe/Nikde', version = version + 1"
                " WHERE slug = %s",
                [OTHER_OFFICE],
            )
            here.start_worker()
            _await_evening(here)
            if here.worker:
                here.worker.end()
            erased = "SELECT erased_at FROM booking_booking WHERE id = %s"
            if here.books.rows(erased, [booking])[0][0] is not None:
                outcome.wrong.append("a visit was forgotten before its retention had ended")
            here.more["PREPAZKA_TEST_CLOCK_OFFSET"] = str(
                round(offset + timedelta(hours=10).total_seconds())
            )
            here.start_worker()
            try:
                took = wait_for(
                    "erasing",
                    lambda: here.books.rows(erased, [booking])[0][0] is not None,
                    90 if weakness else OWED_WITHIN,
                )
            except AssertionError:
                outcome.wrong.append("in the morning nothing is erased")
            else:
                outcome.settled = took
                outcome.notes.append(f"erased {took:.0f} s after the start in the morning")
            outcome.tracebacks = here.tracebacks()
    except Exception as error:  # noqa: BLE001  # one campaign's end is not the others'
        outcome.broken_by(error)
    outcome.took = time.monotonic() - began
    return [outcome]


def _await_evening(here: Installation) -> None:
    """Wait until the worker has made its rounds of the evening, as far as the release notes them."""
    try:
        round_ran = "SELECT count(*) FROM journal_steprun WHERE step = 'rescue'"
        wait_for("a round", lambda: here.books.rows(round_ran)[0][0] > 0, 90)
        erased = (
            "SELECT count(*) FROM journal_steprun run JOIN offices_office office"
            " ON office.id = run.office WHERE run.step = 'erase' AND office.slug = %s"
        )
        with suppress(AssertionError):
            wait_for("erasing", lambda: here.books.rows(erased, [OFFICE])[0][0] > 0, 10)
    except Exception:  # noqa: BLE001  # a release before that keeps no notes
        time.sleep(20)


def update(run: Run) -> list[Outcome]:
    """The release before works under load while the database is brought to this version."""
    listed = releases.listed(releases.LIST.read_text())
    release = releases.before(listed, releases.current())
    commit, name = (release.commit, release.version) if release else (OLDER, "")
    outcome = Outcome("update", f"update under load from {name or 'an older commit'}")
    if not releases.in_history(commit):
        outcome.not_tried = "the history lacks the commit of the release before"
        return [outcome]
    outcome.notes.append(f"from commit {releases.short_name(commit)}")
    (run.folder / "release").mkdir()
    with releases.checked_out(commit, run.folder / "release") as tree:
        before = Run(run.folder, None, run.size, tree, run.keep)
        with on_trial(before, outcome) as trial:
            trial.look_at_rounds = True
            _bring_up_to_date(trial)
    return [outcome]


def _bring_up_to_date(trial: Trial) -> None:
    here, wait = trial.here, trial.size.update_s / 2
    time.sleep(wait)
    began, before = time.monotonic(), trial.ledger.good
    subprocess.run(
        [*COMMAND, "migrate"], env=here.environment(ROOT), cwd=ROOT, check=True, timeout=240
    )
    trial.outcome.notes.append(
        f"migrated in {time.monotonic() - began:.1f} s, meanwhile"
        f" {trial.ledger.good - before} requests were acknowledged"
    )
    time.sleep(wait)
    here.tree = ROOT
    if here.worker:
        here.worker.end()
    here.start_worker()
    moment = time.monotonic()
    if here.web:
        here.web.end()
    down = time.monotonic()
    here.start_web()
    trial.fault(moment, down=down)
    time.sleep(wait)


def without_lock(run: Run) -> list[Outcome]:
    """Control: no lock of the day, and no constraint beneath it; bookings overlap."""
    outcome = Outcome("no-lock", "control: no lock of the day", is_control=True)

    def drop(here: Installation) -> None:
        here.books.execute(f"ALTER TABLE booking_booking DROP CONSTRAINT {EXCLUSION}")

    with on_trial(run, outcome, prepare=drop, weakness="lock", pause=0.0) as trial:
        # Two have to meet; on a busy machine that may take a while.
        ends = time.monotonic() + MEETS_WITHIN
        while not trial.books.overlaps() and time.monotonic() < ends:
            time.sleep(0.5)
    outcome.wrong = [line for line in outcome.wrong if "overlap" in line]
    return [outcome]


def tampered(run: Run) -> list[Outcome]:
    """Control of the checks themselves: rows and mails are changed behind the program's back."""
    outcome = Outcome("tampered", "control: rows tampered with after the load", is_control=True)

    def tamper(trial: Trial) -> None:
        for statement in TAMPERING:
            trial.books.execute(statement)
        trial.here.sink.letters.append(Letter("<x.999999@localhost>", "a@b.cz", 0.0, ""))

    with on_trial(run, outcome, afterwards=tamper, pause=0.1):
        time.sleep(run.size.load_s)
    found = outcome.findings
    seen = {
        "a lost ticket": found.lost,
        "one nobody asked for": found.doubled,
        "an overlap": found.overlaps,
        "a gap": found.numbers,
        "a second call": found.called_twice,
        "a second event": found.journal,
        "a mail of no row": [one for one in found.messages if "of no row" in one],
        "a message given up": [one for one in found.messages if "was given up" in one],
        "an event without its message": [one for one in found.messages if "no message" in one],
    }
    missing = [what for what, lines in seen.items() if not lines]
    outcome.notes += [f"not seen: {what}" for what in missing]
    outcome.wrong = [] if missing else [f"seen: {', '.join(seen)}"]
    return [outcome]


def without_rescue(run: Run) -> list[Outcome]:
    """Control: nobody looks for jobs that a dead worker left; messages stay owed."""
    outcome = Outcome("no-rescue", "control: no look for lost work", is_control=True)
    with on_trial(run, outcome, weakness="rescue") as trial:
        for _ in range(4):
            # Between the server's word and ours: the job is surely lost.
            trial.here.sink.pause = lambda _to: 1.0
            time.sleep(3)
            trial.here.kill_worker()
            trial.outcome.faults += 1
            trial.here.sink.pause = lambda _to: 0.0
            trial.here.start_worker()
    outcome.wrong = [line for line in outcome.wrong if "owed" in line]
    return [outcome]


def _calendar() -> bytes:
    lines = (
        *("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//faults//CS", "BEGIN:VEVENT"),
        *("UID:porada@example.cz", "DTSTAMP:20260101T080000Z", "DTSTART:20260101T080000Z"),
        *("DTEND:20260101T090000Z", "RRULE:FREQ=WEEKLY", "SUMMARY:Porada"),
        *("END:VEVENT", "END:VCALENDAR", ""),
    )
    return "\r\n".join(lines).encode()


# Those that take longest come first, so that the others fill the time beside them.
CAMPAIGNS: dict[str, Callable[[Run], list[Outcome]]] = {
    "worker": kill_worker,
    "debian": kill_debian,
    "database": kill_database,
    "web": kill_web,
    "web-2": kill_one_of_two,
    "smtp": mail_server,
    "update": update,
    "connections": cut_connections,
    "stopped": stop_database,
    "disk": fill_disk,
    "night": night,
    "offline": offline_day,
    "no-rescue": without_rescue,
    "no-isolation": lambda run: night(run, "isolation"),
    "no-catch-up": lambda run: night(run, "catch-up"),
    "no-lock": without_lock,
    "tampered": tampered,
}
