"""One campaign: an installation under load, what fails in it, and whether everything held."""

from __future__ import annotations

import shutil
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import psycopg

from faults.checks import Books, Findings, check
from faults.installation import Debian, Embedded, Installation, installed
from faults.load import Ledger, Load
from prepazka.config.database import FOLDER
from tests.faults.program import wait_for
from tests.programs import ROOT

OWED_WITHIN = 120.0  # seconds after the servers are back
SETTLES_WITHIN = 150.0
RECOVERS_WITHIN = 60.0
POLITE_WITHIN = 10.0
HEALTH_WITHIN = 2.0
LATENESS = 0.5  # seconds that the driver itself may add on a busy machine
SURELY_QUIET = 2  # looks that find nothing owed, half a second apart
MINUTE_STEPS = ["rescue", "defer_lost", "expire_claims", "mark_no_shows", "remind", "judge_waits"]


@dataclass
class Outcome:
    """A line of the table."""

    name: str
    title: str
    faults: int = 0
    acknowledged: int = 0
    repeated: int = 0
    polite: int = 0
    findings: Findings = field(default_factory=Findings)
    recoveries: list[float] = field(default_factory=list)
    oldest_owed: float = 0.0
    settled: float | None = None  # seconds from the return of the servers to nothing owed
    slowest: float = 0.0
    slowest_health: float = 0.0
    tracebacks: int = 0
    notes: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    not_tried: str = ""
    is_control: bool = False
    broke: bool = False  # it could not be brought to its end
    trace: str = ""  # why, for the terminal; with paths of this machine
    took: float = 0.0

    def broken_by(self, error: BaseException) -> None:
        """Note what ended it early."""
        self.broke = True
        self.wrong.append(
            f"it broke: {type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"
        )
        self.trace = "".join(traceback.format_exception(error)[-6:])[-3000:]

    @property
    def good(self) -> bool:
        """Whether all held; a control is good when it shows what its net prevents."""
        if self.is_control:
            return bool(self.wrong) and not self.broke
        return not self.wrong


class Broken(Exception):
    """A campaign that could not be brought to its end; its outcome says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.name)
        self.outcome = outcome


@dataclass
class Size:
    """How many of each fault, and how long."""

    web: int = 100
    worker: int = 50
    database: int = 20
    connections: int = 40
    stopped_s: float = 20.0
    disk: int = 3
    smtp_s: float = 45.0
    greylisted: int = 2  # times that a mail is refused for now
    update_s: float = 8.0
    offline: int = 120  # tickets of a kiosk
    load_s: float = 12.0


@dataclass
class Run:
    """What all campaigns share."""

    folder: Path
    template: Path | None
    size: Size
    tree: Path = ROOT
    keep: bool = False  # the folders of campaigns, with their logs


class Trial:
    """The campaign while it runs: its installation, its load, and what is noted."""

    def __init__(self, run: Run, here: Installation, load: Load, outcome: Outcome) -> None:
        self.run, self.here, self.load, self.outcome = run, here, load, outcome
        self.size = run.size
        self.look_at_rounds = False
        self.tending = False  # restart a worker that ended by itself, as systemd does
        self.over = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    @property
    def ledger(self) -> Ledger:
        """What the clients were answered."""
        return self.load.ledger

    @property
    def books(self) -> Books:
        """The rows of the installation."""
        return self.here.books

    def fault(self, kill: float, *, down: float | None = None) -> None:
        """Count a fault of that moment; wait until clients are given what they ask for again.

        `down` is the moment from which an acknowledgement shows the return, where what failed went
        on for a little after `kill`.
        """
        self.outcome.faults += 1
        since = down or kill
        wait_for(
            "an acknowledged request",
            lambda: self.ledger.first_good_since(since) is not None,
            RECOVERS_WITHIN,
        )
        back = self.ledger.first_good_since(since) or since
        self.outcome.recoveries.append(back - kill)

    def settle(self) -> None:
        """Wait until nothing is owed and the steps of the minute have run; note how long it took."""
        began = time.monotonic()
        (now,) = self.books.rows("SELECT clock_timestamp()")[0]
        quiet = 0
        while quiet < SURELY_QUIET:
            if time.monotonic() - began > SETTLES_WITHIN:
                owed, age = self.books.owed()
                self.outcome.wrong.append(
                    f"{owed} things are still owed {SETTLES_WITHIN:.0f} s after the servers were"
                    f" back, the oldest for {age:.0f} s"
                )
                return
            time.sleep(0.5)
            with suppress(psycopg.OperationalError):
                owed, _age = self.books.owed()
                quiet = quiet + 1 if owed == 0 and self.load.has_read_all else 0
        self.outcome.settled = time.monotonic() - began
        if self.look_at_rounds:
            self._await_rounds(began, now)

    def _await_rounds(self, began: float, since: datetime) -> None:
        sql = (
            "SELECT count(DISTINCT step) FROM journal_steprun WHERE step = ANY(%s)"
            " AND last_good_at > %s AND failures = 0"
        )

        def have_run() -> bool:
            done = self.books.rows(sql, [MINUTE_STEPS, since])[0][0]
            return bool(done == len(MINUTE_STEPS))

        try:
            wait_for("the steps", have_run, OWED_WITHIN - (time.monotonic() - began))
        except AssertionError:
            self.outcome.wrong.append("the steps of every minute do not run well again")
        except psycopg.errors.UndefinedTable:
            self.outcome.notes.append("this release keeps no note of its steps")
        else:
            took = time.monotonic() - began
            self.outcome.notes.append(f"all steps of the minute ran again within {took:.0f} s")

    def _watch(self) -> None:
        """Sample what is owed and what health answers, each second."""
        with httpx.Client(base_url=self.here.base, timeout=10) as client:
            while not self.over.wait(1.0):
                with suppress(psycopg.Error, OSError):
                    age = self.books.owed()[1]
                    self.outcome.oldest_owed = max(self.outcome.oldest_owed, age)
                began = time.monotonic()
                with suppress(httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError):
                    with suppress(httpx.TimeoutException):
                        client.get("/api/v1/health")
                    took = time.monotonic() - began
                    self.outcome.slowest_health = max(self.outcome.slowest_health, took)
                worker = self.here.worker
                if self.tending and worker and not worker.runs:
                    self.outcome.notes.append("the worker ended by itself and was started again")
                    self.here.start_worker()


@contextmanager
def on_trial(
    run: Run,
    outcome: Outcome,
    *,
    debian: bool = False,
    supervised: bool = False,
    processes: int = 1,
    at: Path | None = None,
    weakness: str = "",
    base: Callable[[Installation], str] = lambda here: here.base,
    prepare: Callable[[Installation], object] = lambda _here: None,
    afterwards: Callable[[Trial], None] = lambda _trial: None,
    pause: float = 0.25,
) -> Iterator[Trial]:
    """An installation under load for the block; then all is answered, settled and checked.

    `supervised`: by `prepazka run`. `at`: the folder of the database's data, where it is not the
    campaign's own.
    """
    began = time.monotonic()
    folder = run.folder / outcome.name
    folder.mkdir(parents=True)
    database = Debian(folder / "debian") if debian else Embedded((at or folder) / FOLDER)
    try:
        with installed(folder, database, run.template, tree=run.tree) as here:
            here.weakness = weakness
            prepare(here)
            if supervised:
                database.stop()
                here.start_supervisor(at or folder)
            else:
                here.start_web(processes, here.tree)
                here.start_worker(here.tree)
            here.await_web()
            load = Load(base(here), here.tokens, here.sink, pause=pause)
            trial = Trial(run, here, load, outcome)
            load.start()
            trial.watcher.start()
            try:
                wait_for("the first answers", lambda: load.ledger.good > 10)
                yield trial
                load.stop()
                trial.settle()
                afterwards(trial)
                load.finish()
            finally:
                trial.over.set()
                load.stopping.set()
                trial.watcher.join(30)
            _judge(trial)
    except Exception as error:
        outcome.broken_by(error)
        raise Broken(outcome) from error
    finally:
        outcome.took = time.monotonic() - began
        if outcome.good and not run.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _judge(trial: Trial) -> None:
    outcome, ledger = trial.outcome, trial.ledger
    outcome.acknowledged, outcome.repeated = ledger.good, ledger.repeated
    outcome.polite, outcome.slowest = ledger.polite, ledger.slowest
    outcome.findings = check(trial.books, ledger, trial.here.sink)
    outcome.wrong += outcome.findings.lines()
    outcome.tracebacks = trial.here.tracebacks()
    if outcome.settled is not None and outcome.settled > OWED_WITHIN:
        outcome.wrong.append(f"something was owed until {outcome.settled:.0f} s after the return")
    if outcome.slowest_health > HEALTH_WITHIN + LATENESS:
        outcome.wrong.append(f"health took {outcome.slowest_health:.1f} s")
    if outcome.slowest > POLITE_WITHIN + LATENESS:
        outcome.wrong.append(f"an answer took {outcome.slowest:.1f} s")
