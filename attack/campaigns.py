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
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import httpx

from attack.door import (
    ATTACKERS,
    OUTER_NETWORK,
    PROXIED,
    READERS,
    Door,
    is_inside,
    opened,
    outside,
)
from attack.people import Guesser, Guessers, Laggard, Person, Reader, Visitor
from faults.installation import Embedded, Installation, installed
from faults.load import Load
from faults.names import OFFICE
from prepazka.config.database import FOLDER
from prepazka.core import pin_guard
from tests.faults.program import wait_for
from tests.programs import ROOT

HONEST_TRIES = 20  # in which somebody in a hurry has a time of the town
HONEST_WITHIN = 60.0  # seconds that this may take
HALL_WITHIN = 5.0  # seconds that a press or a ticket may take meanwhile
PAGE_WITHIN = 2.0  # seconds of a citizen's page, 95 of 100, while passwords are checked
MOST_TAKEN = 0.67  # of the town's times
ALONE = 10  # PINs that one kiosk takes without a second question
LIVE_PINS = 50  # for which the expected hits are computed
JUDGED_GUESSES = 40  # by which the delays are judged
GUESSED, GUESSED_PER_MINUTE = 5, 10  # passwords of one name that may be looked at from then on
ENDED_WITHIN = 40.0  # seconds after which a connection that does not go on is closed
# Until something has happened that happens in seconds on a quiet machine.
GENEROUS = 600.0
OF_NGINX = "nginx-timeouts"  # a weakness of the proxy, not of the program
OF_THE_DRIVER = ("DATABASE_URL", "PREPAZKA_DEMO", OUTER_NETWORK)
LIMITS = {"PREPAZKA_RATE_LIMITS": "1", "PREPAZKA_TRUSTED_PROXIES": "1"}


@dataclass(frozen=True)
class Size:
    """How many, how long at least, and whether seconds are judged or only counts."""

    addresses: int = 30
    flood_s: float = 300.0
    guesses: int = 200  # at each kiosk
    log_in_s: float = 60.0
    free_guesses: int = 40  # before the delays are judged
    log_ins: int = 6  # of the clerk and of a colleague, meanwhile
    judges_speed: bool = True


# Where several campaigns share two cores, and in continuous integration, seconds prove nothing.
SHORT = Size(addresses=10, flood_s=15.0, guesses=14, log_in_s=10.0, log_ins=2, judges_speed=False)


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
    is_short: bool


@dataclass(frozen=True)
class Target:
    """An installation under attack, where visitors connect, and its clerks' passwords."""

    here: Installation
    door: Door
    clerks: dict[str, str]


@contextmanager
def attacked(run: Run, name: str, weaknesses: Sequence[str]) -> Iterator[Target]:
    """An installation of two web processes with its limits on, without the nets that are named."""
    folder = run.folder / name
    told = LIMITS | (PROXIED if is_inside() else {})
    of_program = [name for name in weaknesses if name != OF_NGINX]
    with installed(folder, Embedded(folder / FOLDER), run.template, tree=ROOT, **told) as here:
        here.weakness = ",".join(of_program)
        clerks = here.ask_town(module="attack.town")["clerks"]
        here.start_web(2)
        here.start_worker()
        here.await_web()
        with opened(folder, here.port, is_patient=OF_NGINX in weaknesses) as door:
            wait_for("the door", lambda: _is_open(door), GENEROUS)
            yield Target(here, door, clerks)


def _is_open(door: Door) -> bool:
    try:
        return bool(Person(door, f"{READERS}.1").free_times())
    except httpx.TransportError:
        return False


def flood(target: Target, size: Size, result: Result) -> None:
    """Robots take all times they can, while the hall works and somebody wants one of them."""
    here, door = target.here, target.door
    onlooker = Person(door, f"{READERS}.1")
    all_times = len(onlooker.free_times())
    tokens = {**here.tokens, "clerks": here.tokens["clerks"][:1]}
    hall = Load(door.base, tokens, here.sink, transport=lambda: door.transport(f"{READERS}.250"))
    over = threading.Event()
    robots = [Person(door, f"{ATTACKERS}.{n}") for n in range(1, size.addresses + 1)]
    waits: list[float | None] = []

    def have_all_they_get() -> bool:
        time.sleep(0.5)
        for work in working:
            if work.done():
                work.result()  # raises what ended it
        return all(robot.is_refused for robot in robots) or not onlooker.free_times()

    hall.start()
    with ThreadPoolExecutor(size.addresses) as pool:
        ends = time.monotonic() + size.flood_s
        working = [pool.submit(robot.rob, over) for robot in robots]
        try:
            wait_for("the robots to have all they get", have_all_they_get, GENEROUS)
            while time.monotonic() < ends or not waits:
                person = Person(door, f"{READERS}.{2 + len(waits) % 200}")
                waits.append(person.book(HONEST_TRIES))
            robbed = sum(len(robot.holds) for robot in robots)
            free = len(onlooker.free_times())
        finally:
            over.set()
    hall.finish()
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
            f"{len(waits) - len(came)} honest people had no time by {HONEST_TRIES} tries"
        )
    if hall.ledger.impolite or hall.ledger.never_answered or not hall.ledger.good:
        result.wrong.append(
            f"the hall was disturbed: {hall.ledger.impolite[:2]} {hall.ledger.never_answered[:2]}"
        )
    if size.judges_speed and hall.ledger.slowest > HALL_WITHIN:
        result.wrong.append(f"the hall was slow: {hall.ledger.slowest:.1f} s")
    if size.judges_speed and came and max(came) > HONEST_WITHIN:
        result.wrong.append(f"somebody honest waited {max(came):.1f} s for a time")


def guessing(target: Target, size: Size, result: Result) -> None:
    """One PIN after another at the kiosks of an office."""
    guessers = [Guesser(target.door, token) for token in target.here.tokens["kiosks"]]
    with ThreadPoolExecutor(len(guessers)) as pool:
        for work in [pool.submit(one.guess, size.guesses, GENEROUS) for one in guessers]:
            work.result()
    alone = [guesser.outcomes["unknown"] for guesser in guessers]
    outcomes: Counter[str] = sum((guesser.outcomes for guesser in guessers), Counter())
    told = ", ".join(f"{count} × {name}" for name, count in outcomes.most_common())
    result.figures += [
        (
            "two kiosks, one's own PIN in between:"
            f" {alone[0]} and {alone[1]} PINs were looked at without a second question ({told})"
        ),
        (
            f"expected hits among {LIVE_PINS} live PINs by that:"
            f" {pin_guard.expected_hits(sum(alone), LIVE_PINS):.3f}"
        ),
    ]
    if outcomes.total() < size.guesses * len(guessers):
        raise RuntimeError(f"only {outcomes.total()} PINs could be typed")
    if max(alone) > ALONE:
        result.wrong.append(f"a kiosk took {max(alone)} PINs without a second question")


def log_in(target: Target, size: Size, result: Result) -> None:
    """Many addresses guess one clerk's password, while that clerk and a colleague log in."""
    door, clerks = target.door, target.clerks
    name, colleague = f"{OFFICE}-0", f"{OFFICE}-1"
    known = Visitor(door, f"{READERS}.7")
    own = Counter({f"clerk {known.log_in(name, clerks[name])}": 1})
    known.come_back()
    crowd = Guessers(door, name)
    reader = Reader(door, f"{READERS}.8")

    def may_be_looked_at(seconds: float) -> float:
        return GUESSED + GUESSED_PER_MINUTE * seconds / 60

    def is_decided(free: Counter[str], began: float) -> bool:
        after = crowd.outcomes - free
        too_many = after["wrong"] > may_be_looked_at(time.monotonic() - began)
        return after.total() >= JUDGED_GUESSES or too_many

    with ThreadPoolExecutor(size.addresses + 1) as pool:
        working = [pool.submit(crowd.guess, n) for n in range(1, size.addresses + 1)]
        working.append(pool.submit(reader.read))
        try:
            # The first tries of everybody are free; what counts is what comes after them.
            wait_for("guesses", lambda: crowd.outcomes.total() > size.free_guesses, GENEROUS)
            free, began = crowd.outcomes.copy(), time.monotonic()
            for _ in range(size.log_ins):
                time.sleep(size.log_in_s / size.log_ins)
                own[f"clerk {known.log_in(name, clerks[name])}"] += 1
                known.come_back()
                other = Visitor(door, f"{READERS}.9")
                own[f"colleague {other.log_in(colleague, clerks[colleague])}"] += 1
            wait_for("more guesses", lambda: is_decided(free, began), GENEROUS)
            after, seconds = crowd.outcomes - free, time.monotonic() - began
        finally:
            crowd.over.set()
            reader.over.set()
    for work in working:
        work.result()
    slow = quantiles(reader.seconds, n=20)[-1] if len(reader.seconds) > 1 else float("inf")
    looked_at = after["wrong"]
    told = ", ".join(f"{count} × {name}" for name, count in sorted(own.items()))
    result.figures += [
        (
            f"{size.addresses} addresses guessed one name; after {free.total()} tries, in {seconds:.0f} s, {looked_at}"
            f" passwords were looked at, {after['delayed']} tries refused"
        ),
        f"own log-ins meanwhile: {told}",
        f"a citizen's page: 95 of 100 within {slow:.2f} s",
    ]
    if any(not name.endswith(" in") for name in own):
        result.wrong.append(f"somebody with the right password did not get in: {told}")
    if looked_at > may_be_looked_at(seconds):
        result.wrong.append(f"{looked_at} passwords of one name were looked at")
    if reader.failures or not reader.seconds:
        result.wrong.append(f"a citizen's page failed: {Counter(reader.failures)}")
    if size.judges_speed and slow > PAGE_WITHIN:
        result.wrong.append(f"a citizen's page took {slow:.1f} s")


def slow(target: Target, size: Size, result: Result) -> None:
    """Many addresses begin requests and do not end them, while somebody reads a page."""
    door = target.door
    reader = Reader(door, f"{READERS}.8")
    with ThreadPoolExecutor(size.addresses + 1) as pool:
        addresses = [f"{ATTACKERS}.{number}" for number in range(1, size.addresses + 1)]
        laggards = list(pool.map(lambda address: Laggard(door, address), addresses))
        reading = pool.submit(reader.read)
        left = sum(pool.map(lambda laggard: laggard.wait(ENDED_WITHIN), laggards))
        reader.over.set()
    reading.result()
    lasted = [seconds for laggard in laggards for seconds in laggard.lasted]
    begun = len(Laggard.HALVES) * len(laggards)
    result.figures += [
        (
            f"{begun} heads and bodies begun from {size.addresses} addresses: {len(lasted)} were ended,"
            f" the last after {max(lasted, default=0):.0f} s"
        ),
        f"{len(reader.seconds)} pages were read meanwhile",
    ]
    if left:
        result.wrong.append(f"{left} of {begun} were not ended within {ENDED_WITHIN:.0f} s")
    if reader.failures or not reader.seconds:
        result.wrong.append(f"a citizen's page failed: {Counter(reader.failures)}")


@dataclass(frozen=True)
class OfTheSuite:
    """An attack that the suite holds; here it runs alone, the fuzzers with all their values."""

    paths: Sequence[str]
    settings: dict[str, str] = field(default_factory=dict)

    def __call__(self, result: Result) -> None:
        """Run these files, in the machine's own network."""
        command, descriptors = outside(
            [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", *self.paths]
        )
        # The suite starts a database of its own.
        env = {name: value for name, value in os.environ.items() if name not in OF_THE_DRIVER}
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=env | self.settings,
            check=False,
            capture_output=True,
            text=True,
            pass_fds=descriptors,
        )
        lines = done.stdout.strip().splitlines() or [done.stderr[-300:]]
        result.figures.append(re.sub(r" in [\d.]+s.*", "", lines[-1].strip("= ")))
        if done.returncode:
            result.wrong += [
                line for line in lines if line.startswith(("FAILED", "ERROR"))
            ] or lines[-3:]


OnTarget = Callable[[Target, Size, Result], None]


@dataclass(frozen=True)
class Campaign:
    """How an attack is run; `weakness` makes it a control. The short form leaves out the suite's."""

    attack: str
    run: OnTarget | OfTheSuite
    weakness: str = ""

    @property
    def is_short(self) -> bool:
        """Whether the short form has it."""
        return not isinstance(self.run, OfTheSuite)

    @property
    def needs_nginx(self) -> bool:
        """Whether it can be run only where nginx stands in front."""
        return self.weakness == OF_NGINX

    def __call__(self, name: str, target: Target | None, size: Size) -> Result:
        """Run it, and judge."""
        result = Result(name, self.attack, is_control=bool(self.weakness))
        began = time.monotonic()
        try:
            if isinstance(self.run, OfTheSuite):
                self.run(result)
            elif target:  # a control needs no more than to show it
                self.run(target, SHORT if self.weakness else size, result)
        except BROKEN as error:
            _note_broken(result, error)
        result.took = time.monotonic() - began
        return result


BROKEN = (httpx.HTTPError, RuntimeError, AssertionError, OSError, ExceptionGroup)


def _note_broken(result: Result, error: Exception) -> None:
    result.is_control = False  # it shows nothing
    result.wrong.append(f"it broke: {type(error).__name__}: {error}")


CAMPAIGNS: dict[str, Campaign] = {
    "flood": Campaign("many addresses take a small town's times", flood),
    "flood-unlimited": Campaign("the same without limits", flood, "hold-limits"),
    "guessing": Campaign("PINs are guessed", guessing),
    "guessing-unguarded": Campaign("the same without the second question", guessing, "pin-guard"),
    "log-in": Campaign("many addresses guess a clerk's password", log_in),
    "log-in-undelayed": Campaign("the same without delays", log_in, "delays"),
    "log-in-unknown": Campaign("the same where no device is known", log_in, "known-devices"),
    "slow": Campaign("heads and bodies of requests do not come to their end", slow),
    "slow-unlimited": Campaign("the same where nginx waits for an hour", slow, OF_NGINX),
    "roles": Campaign(
        "every address as nobody, kiosk and each role, of this office and another",
        OfTheSuite(["tests/surfaces/test_strangers.py"]),
    ),
    "requests": Campaign(
        "every form and every operation of the API sent wrongly",
        OfTheSuite(
            [
                "tests/surfaces/test_fuzzed_forms.py",
                "tests/surfaces/test_fuzzed_api.py",
                "tests/surfaces/test_unreadable_requests.py",
            ],
            {"PREPAZKA_FUZZ": "1"},
        ),
    ),
    "networks": Campaign(
        "addresses inside the installation's own network as calendars, push services, gateways",
        OfTheSuite(["tests/gateways/test_calendars.py", "tests/gateways/test_push.py"]),
    ),
    "meetings": Campaign(
        "rooms, documents and minutes by people of the lobby, of other meetings, and after the end",
        OfTheSuite(
            [
                "tests/surfaces/test_room.py",
                "tests/surfaces/test_papers.py",
                "tests/usecases/test_room.py",
                "tests/usecases/test_documents.py",
                "tests/usecases/test_participants.py",
            ]
        ),
    ),
}


def run_all(names: Sequence[str], run: Run) -> Iterator[Result]:
    """One after another, for each measures how quickly others are served; in short several at once."""
    if not run.is_short:
        for name in names:
            yield from _run_group([name], run)
        return
    with ThreadPoolExecutor(2) as pool:
        for results in pool.map(lambda group: _run_group(group, run), grouped(names)):
            yield from results


def grouped(names: Sequence[str]) -> list[list[str]]:
    """Which campaigns share an installation: each attack once, and controls with their likes."""
    groups: list[list[str]] = []
    for name in names:
        campaign = CAMPAIGNS[name]
        for group in groups:
            others = [CAMPAIGNS[other] for other in group]
            if bool(others[0].weakness) == bool(campaign.weakness) and all(
                other.run != campaign.run for other in others
            ):
                group.append(name)
                break
        else:
            groups.append([name])
    return groups


def _run_group(names: Sequence[str], run: Run) -> list[Result]:
    """Run the campaigns at once, against an installation without any of the nets that they take away."""
    campaigns = {name: CAMPAIGNS[name] for name in names}
    weaknesses = [campaign.weakness for campaign in campaigns.values() if campaign.weakness]
    if not any(campaign.is_short for campaign in campaigns.values()):
        return [campaign(name, None, run.size) for name, campaign in campaigns.items()]
    try:
        with (
            attacked(run, names[0], weaknesses) as target,
            ThreadPoolExecutor(len(names)) as pool,
        ):
            return list(
                pool.map(
                    lambda name: campaigns[name](name, target, run.size),
                    names,
                )
            )
    except BROKEN as error:
        results = [Result(name, campaign.attack) for name, campaign in campaigns.items()]
        for result in results:
            _note_broken(result, error)
        return results
