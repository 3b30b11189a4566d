"""The attacks: who comes, what must hold meanwhile, and what it shows without the limit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import quantiles

import httpx

from attack.people import Guesser, Guessers, Person, Visitor
from faults.installation import Embedded, Installation, installed
from faults.load import Load
from faults.names import OFFICE
from prepazka.config.database import FOLDER
from prepazka.core import pin_guard
from tests.faults.program import wait_for
from tests.programs import ROOT

HONEST_WITHIN = 60.0  # seconds in which somebody in a hurry has a time of the town
HALL_WITHIN = 5.0  # seconds that a press or a ticket may take meanwhile
PAGE_WITHIN = 2.0  # seconds of a citizen's page, 95 of 100, while passwords are checked
MOST_TAKEN = 0.67  # of the town's times
ALONE = 10  # PINs that one kiosk takes without a second question
LIVE_PINS = 50  # for which the expected hits are computed
FREE_GUESSES, FREE_WITHIN = 40, 180.0  # tries before the delays are judged, and seconds for them
GUESSED, GUESSED_PER_MINUTE = 5, 10  # passwords of one name that may be looked at from then on
OF_THE_DRIVER = ("DATABASE_URL", "PREPAZKA_DEMO")
LIMITS = {"PREPAZKA_RATE_LIMITS": "1", "PREPAZKA_TRUSTED_PROXIES": "1"}


@dataclass
class Size:
    """How many, and how long."""

    addresses: int = 30
    flood_s: float = 300.0
    guesses: int = 200  # at each kiosk
    guessing_s: float = 150.0
    log_in_s: float = 60.0


SHORT = Size(addresses=10, flood_s=40.0, guesses=30, guessing_s=35.0, log_in_s=15.0)


@dataclass
class Result:
    """One line of the table: what was tried, and what came of it."""

    name: str
    attack: str
    figures: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    is_control: bool = False
    took: float = 0.0

    @property
    def good(self) -> bool:
        """Whether it held; a control is good when it shows what the limit prevents."""
        return bool(self.wrong) == self.is_control


@dataclass
class Run:
    """What all share."""

    folder: Path
    template: Path
    size: Size


@contextmanager
def attacked(run: Run, name: str, weakness: str) -> Iterator[tuple[Installation, dict[str, str]]]:
    """An installation of two web processes with its limits on, and its clerks' passwords."""
    folder = run.folder / name
    with installed(folder, Embedded(folder / FOLDER), run.template, tree=ROOT, **LIMITS) as here:
        here.weakness = weakness
        clerks = here.ask_town(module="attack.town")["clerks"]
        here.start_web(2)
        here.start_worker()
        here.await_web()
        yield here, clerks


def flood(run: Run, result: Result, weakness: str = "") -> None:
    """Robots take all times they can, while the hall works and somebody wants one of them."""
    size = run.size
    with attacked(run, result.name, weakness) as (here, _clerks):
        all_times = len(Person(here.base, "198.51.100.1").free_times())
        hall = Load(here.base, {**here.tokens, "clerks": here.tokens["clerks"][:1]}, here.sink)
        over = threading.Event()
        robots = [Person(here.base, f"203.0.113.{n}") for n in range(1, size.addresses + 1)]
        waits: list[float | None] = []
        hall.start()
        with ThreadPoolExecutor(size.addresses) as pool:
            ends = time.monotonic() + size.flood_s
            for robot in robots:
                pool.submit(robot.rob, over)
            try:
                time.sleep(size.flood_s / 4)
                while time.monotonic() < ends or not waits:
                    person = Person(here.base, f"198.51.100.{2 + len(waits)}")
                    waits.append(person.book(HONEST_WITHIN))
            finally:
                over.set()
        hall.finish()
        free = len(Person(here.base, "198.51.100.1").free_times())
        robbed = sum(len(robot.holds) for robot in robots)
        answers = sum((robot.answers for robot in robots), Counter())
    told = ", ".join(f"{count} × {name}" for name, count in answers.most_common(4))
    came = [wait for wait in waits if wait is not None]
    result.figures += [
        f"{size.addresses} addresses for {size.flood_s:.0f} s kept {robbed} of {all_times} times at the end ({told})",
        f"{len(came)} of {len(waits)} honest people had a time, the slowest after {max(came, default=0):.1f} s",
        f"hall meanwhile: {hall.ledger.good} tickets and presses, the slowest {hall.ledger.slowest:.1f} s",
    ]
    if robbed > MOST_TAKEN * all_times or not free:
        result.wrong.append(f"robots kept {robbed} of {all_times} times")
    if len(came) < len(waits):
        result.wrong.append(
            f"{len(waits) - len(came)} honest people had no time in {HONEST_WITHIN:.0f} s"
        )
    if hall.ledger.impolite or hall.ledger.slowest > HALL_WITHIN:
        result.wrong.append(
            f"the hall was disturbed: {hall.ledger.slowest:.1f} s {hall.ledger.impolite[:2]}"
        )


def guessing(run: Run, result: Result, weakness: str = "") -> None:
    """One PIN after another at the kiosks of an office."""
    with attacked(run, result.name, weakness) as (here, _clerks):
        guessers = [Guesser(here.base, token) for token in here.tokens["kiosks"]]
        with ThreadPoolExecutor(len(guessers)) as pool:
            for one in guessers:
                pool.submit(one.guess, run.size.guesses, run.size.guessing_s)
    alone = [one.outcomes["unknown"] for one in guessers]
    said: Counter[str] = sum((one.outcomes for one in guessers), Counter())
    told = ", ".join(f"{count} × {name}" for name, count in said.most_common())
    result.figures += [
        (
            f"two kiosks, at most {run.size.guessing_s:.0f} s, one's own PIN in between:"
            f" {alone[0]} and {alone[1]} PINs were looked at without a second question ({told})"
        ),
        (
            f"expected hits among {LIVE_PINS} live PINs by that:"
            f" {pin_guard.expected_hits(sum(alone), LIVE_PINS):.3f}"
        ),
    ]
    if max(alone) > ALONE:
        result.wrong.append(f"a kiosk took {max(alone)} PINs without a second question")


def log_in(run: Run, result: Result, weakness: str = "") -> None:
    """Many addresses guess one clerk's password, while that clerk and a colleague log in."""
    size = run.size
    with attacked(run, result.name, weakness) as (here, clerks):
        target, colleague = f"{OFFICE}-0", f"{OFFICE}-1"
        known = Visitor(here.base, "198.51.100.7")
        own = Counter({f"clerk {known.log_in(target, clerks[target])}": 1})
        known.come_back()
        crowd = Guessers(here.base, target)
        with ThreadPoolExecutor(size.addresses + 1) as pool:
            for number in range(1, size.addresses + 1):
                pool.submit(crowd.guess, number)
            pool.submit(crowd.read_pages)
            try:
                # The first tries of everybody are free; what counts is what comes after them.
                wait_for("guesses", lambda: crowd.outcomes.total() > FREE_GUESSES, FREE_WITHIN)
                free = crowd.outcomes.copy()
                ends = time.monotonic() + size.log_in_s
                while time.monotonic() < ends:
                    time.sleep(size.log_in_s / 6)
                    own[f"clerk {known.log_in(target, clerks[target])}"] += 1
                    known.come_back()
                    other = Visitor(here.base, "198.51.100.9")
                    own[f"colleague {other.log_in(colleague, clerks[colleague])}"] += 1
            finally:
                crowd.over.set()
    slow = quantiles(crowd.pages, n=20)[-1] if len(crowd.pages) > 1 else float("inf")
    after = crowd.outcomes - free
    looked_at = after["wrong"]
    told = ", ".join(f"{count} × {name}" for name, count in sorted(own.items()))
    result.figures += [
        (
            f"{size.addresses} addresses guessed one name; after {free.total()} tries, in {size.log_in_s:.0f} s, {looked_at}"
            f" passwords were looked at, {after['delayed']} tries refused"
        ),
        f"own log-ins meanwhile: {told}",
        f"a citizen's page: 95 of 100 within {slow:.2f} s",
    ]
    if any(not name.endswith(" in") for name in own):
        result.wrong.append(f"somebody with the right password did not get in: {told}")
    if looked_at > GUESSED + GUESSED_PER_MINUTE * size.log_in_s / 60:
        result.wrong.append(f"{looked_at} passwords of one name were looked at")
    if slow > PAGE_WITHIN:
        result.wrong.append(f"a citizen's page took {slow:.1f} s")


def of_the_suite(*paths: str, **told: str) -> Callable[[Run, Result], None]:
    """A campaign that the suite holds; here it runs alone, the fuzzers with all their values."""

    def campaign(_run: Run, result: Result) -> None:
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", *paths]
        # The suite starts a database of its own.
        env = {name: value for name, value in os.environ.items() if name not in OF_THE_DRIVER}
        done = subprocess.run(
            command, cwd=ROOT, env=env | told, check=False, capture_output=True, text=True
        )
        lines = done.stdout.strip().splitlines() or [done.stderr[-300:]]
        result.figures.append(re.sub(r" in [\d.]+s.*", "", lines[-1].strip("= ")))
        if done.returncode:
            result.wrong += [
                line for line in lines if line.startswith(("FAILED", "ERROR"))
            ] or lines[-3:]

    return campaign


@dataclass(frozen=True)
class Campaign:
    """How an attack is run, and whether it is in the short form; `weakness` makes it a control."""

    attack: str
    run: Callable[..., None]
    weakness: str = ""
    short: bool = True

    def __call__(self, run: Run, name: str) -> Result:
        """Run it, and judge."""
        result = Result(name, self.attack, is_control=bool(self.weakness))
        began = time.monotonic()
        try:
            if self.weakness:  # a control needs no more than to show it
                self.run(replace(run, size=SHORT), result, self.weakness)
            else:
                self.run(run, result)
        except (httpx.HTTPError, RuntimeError, AssertionError, OSError) as error:
            result.is_control = False  # it shows nothing
            result.wrong.append(f"it broke: {type(error).__name__}: {error}")
        result.took = time.monotonic() - began
        return result


CAMPAIGNS: dict[str, Campaign] = {
    "flood": Campaign("many addresses take a small town's times", flood),
    "flood-unlimited": Campaign("the same without limits", flood, "hold-limits"),
    "guessing": Campaign("PINs are guessed", guessing),
    "guessing-unguarded": Campaign("the same without the second question", guessing, "pin-guard"),
    "log-in": Campaign("many addresses guess a clerk's password", log_in),
    "log-in-undelayed": Campaign("the same without delays", log_in, "delays"),
    "log-in-unknown": Campaign("the same where no device is known", log_in, "known-devices"),
    "roles": Campaign(
        "every address as nobody, kiosk and each role, of this office and another",
        of_the_suite("tests/surfaces/test_strangers.py"),
        short=False,
    ),
    "requests": Campaign(
        "every form and every operation of the API sent wrongly",
        of_the_suite(
            "tests/surfaces/test_fuzzed_forms.py",
            "tests/surfaces/test_fuzzed_api.py",
            "tests/surfaces/test_unreadable_requests.py",
            PREPAZKA_FUZZ="1",
        ),
        short=False,
    ),
    "networks": Campaign(
        "addresses inside the installation's own network as calendars, push services, gateways",
        of_the_suite("tests/gateways/test_calendars.py", "tests/gateways/test_push.py"),
        short=False,
    ),
    "meetings": Campaign(
        "rooms, documents and minutes by people of the lobby, of other meetings, and after the end",
        of_the_suite(
            "tests/surfaces/test_room.py",
            "tests/surfaces/test_papers.py",
            "tests/usecases/test_room.py",
            "tests/usecases/test_documents.py",
            "tests/usecases/test_participants.py",
        ),
        short=False,
    ),
}


def run_all(names: Sequence[str], run: Run) -> Iterator[Result]:
    """One after another: each measures how quickly others are served."""
    for name in names:
        yield CAMPAIGNS[name](run, name)
