"""Every command as its user meets it: the installed program, a bare shell, a real database.

Elsewhere commands run where pytest has set Django up; here nothing is set but PATH and HOME. One
embedded server serves all, and what does not depend on each other runs at the same time.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

from prepazka.config import embedded
from prepazka.config.cli import parser
from prepazka.gateways.voice import espeak
from tests.officefile.test_wrong_files import RIGHT
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent  # `prepazka` lies beside the interpreter
# All lines run before the first test looks at them; beside other work that takes its time.
pytestmark = pytest.mark.timeout(600)
AT_ONCE = 3
WITHIN = 120  # seconds; a busy machine included
UNREACHABLE = "postgresql://nobody:secret@127.0.0.1:9/none"
SECRET = "a secret of the tests, which is long enough to sign"


@dataclass(frozen=True)
class Run:
    """A line for the shell, and what it has to say."""

    line: str
    code: int = 0
    says: str = ""  # part of what it prints
    warns: str = ""  # part of what it says on standard error
    settings: dict[str, str] = field(default_factory=dict)


PASSWORD = {"PREPAZKA_PASSWORD": "modrá lavička u potoka"}
NO_DATABASE = {"DATABASE_URL": ""}
SPEAKS = bool(espeak.find_speaker())
# Each documented command with the line that runs it here; what its words stand for is put in.
DOCUMENTED = {
    "prepazka migrate": Run("prepazka migrate"),
    "prepazka office check FILE": Run("prepazka office check lhota.yaml", says="Office lhota"),
    "prepazka office load FILE": Run("prepazka office load lhota.yaml", says="Office lhota"),
    "prepazka office load /etc/prepazka/nas-urad.yaml": Run(
        "prepazka office load touzim", says="Office touzim is loaded, version 1."
    ),
    "prepazka office export OFFICE": Run("prepazka office export krumlov", says="code: krumlov"),
    "prepazka office export krumlov > krumlov.yaml": Run(
        "prepazka office export krumlov > krumlov.yaml && prepazka office check krumlov.yaml",
        says="krumlov.yaml: valid.",
    ),
    "prepazka staff OFFICE USERNAME --name NAME --role ROLE": Run(
        "prepazka staff krumlov cerny --name Černý --role clerk",
        says="is clerk in the office krumlov",
        settings=PASSWORD,
    ),
    'prepazka staff krumlov novakova --name "Jana Nováková" --role administrator': Run(
        'prepazka staff krumlov novakova --name "Jana Nováková" --role administrator',
        says="Jana Nováková (novakova) is administrator",
        settings=PASSWORD,
    ),
    "prepazka second-factor spravce": Run(
        "prepazka second-factor dvorak", code=1, warns="without a second factor"
    ),
    "prepazka password novakova": Run(
        "prepazka password dvorak", says="-", warns="valid for one log-in within a day"
    ),
    "prepazka seal-secrets": Run("prepazka seal-secrets", says="Sealed: 0"),
    "prepazka pair OFFICE DEVICE": Run("prepazka pair krumlov kiosk"),
    'prepazka token novakova.krumlov "counter terminal"': Run(
        'prepazka token dvorak "counter terminal"', says="prepazka_"
    ),
    'prepazka token novakova.krumlov "counter terminal" --days 90': Run(
        'prepazka token dvorak "counter of ninety days" --days 90', says="prepazka_"
    ),
    'prepazka token novakova.krumlov "counter terminal" --revoke': Run(
        'prepazka token dvorak "another program" --revoke', says="Revoked: 0"
    ),
    "prepazka callback bulkgate": Run(
        "prepazka callback bulkgate", says="http://localhost:8000/zpravy/sms/bulkgate/"
    ),
    "prepazka voice render": Run("prepazka voice render", code=0 if SPEAKS else 1),
    "prepazka voice check": Run("prepazka voice check --data silent", code=1, says="0 clips"),
    "prepazka voice names": Run("prepazka voice names", says="cs/number\tčíslo"),
    "prepazka backup /var/lib/prepazka/$(date +%F).dump": Run(
        "prepazka backup $(date +%F).dump", says="holds the whole database."
    ),
    "prepazka backup /var/lib/prepazka/before-update.dump": Run(
        "prepazka backup before-update.dump", says="holds the whole database."
    ),
    "prepazka restore /var/lib/prepazka/2026-11-20.dump": Run(
        "prepazka restore before-update.dump", says="is restored."
    ),
    "prepazka restore --replace /var/lib/prepazka/2026-11-20.dump": Run(
        "prepazka restore --replace before-update.dump", says="is restored."
    ),
    "prepazka simulate OFFICE [--days 100] [--what-if CHANGE]… [--html FILE [--language cs|en]]"
    " [--json FILE] [--log FOLDER]": Run(
        "prepazka simulate touzim --days 2 --what-if more=1 --html page.html --language en"
        " --json figures.json",
        says="2 days.",
    ),
    "prepazka simulate sample --days 58 --seed 11 --log office": Run(
        "prepazka simulate sample --days 6 --seed 11 --log office", says="6 days."
    ),
    "prepazka evaluate waits FILE [--counters FILE] [--train-to DATE] [--judge-from DATE]"
    " [--json FILE]": Run("prepazka evaluate waits none.csv", code=1, warns="none.csv"),
    "prepazka evaluate waits office/tickets.csv --counters office/counters.csv"
    " --train-to 2026-02-06": Run(
        "prepazka evaluate waits office/tickets.csv --counters office/counters.csv --replays 2",
        says="tickets of 6 days",
    ),
    "prepazka play-day krumlov --speed 60": Run(
        "prepazka play-day krumlov --speed 60 --url http://127.0.0.1:9",
        code=1,
        warns="Start the program first: prepazka run",
    ),
}
# Documented commands that run in other tests, or cannot run here.
ELSEWHERE = {
    "prepazka evaluate waits waits.csv.gz --train-to 2020-01-10 --judge-from 2020-01-13": (
        "somebody else's data; tests/studies/test_waits.py reads files of that form"
    ),
    "prepazka evaluate waits calls.csv.gz --train-to 990120 --judge-from 990121": (
        "somebody else's data; tests/studies/test_waits.py reads files of that form"
    ),
}
PROCESSES = ("run", "web", "worker")  # they end only when told to; each has its test below
MAKE = {
    "setup": "done before any test runs",
    "run": "tests/faults/test_run_command.py starts what it starts",
    "test": "runs this",
    "test-days": "runs a part of this on other days",
    "messages": "tests/looks/test_catalogue.py asks the same of the complete languages",
    "lock": "resolves all dependencies anew, by maintainers",
    "faults": "kills and cuts for minutes, before a release",
    "attack": "attacks for minutes; briefly in continuous integration",
    "advisories": "tests/test_advisories.py runs the program with files of its own",
    "check": "continuous integration",
    "bench": "measures for minutes; its parts are imported by tests",
    "validate": "a quarter of an hour; tests/validation",
}
# What else stands in shell blocks: each changes the machine, or is a program of others.
OTHER_PROGRAMS = (
    "adduser apt apt-get cd chmod chown chromium cp git install ln python3 su systemctl".split()
)

ON_DATABASE = {
    "migrate": "prepazka migrate",
    "office load": "prepazka office load touzim",
    "office export": "prepazka office export krumlov",
    "staff": "prepazka staff krumlov x --name X --role clerk",
    "password": "prepazka password dvorak",
    "seal-secrets": "prepazka seal-secrets",
    "second-factor": "prepazka second-factor dvorak",
    "token": "prepazka token dvorak x",
    "pair": "prepazka pair krumlov kiosk",
    "backup": "prepazka backup away.dump",
    "restore": "prepazka restore away.dump",
}
NOT_DONE = {
    "unknown office, export": Run(
        "prepazka office export nowhere", 1, warns='no office "nowhere"; there are: '
    ),
    "unknown office, pair": Run("prepazka pair nowhere kiosk", 1, warns='no office "nowhere"'),
    "unknown office, staff": Run(
        "prepazka staff nowhere x --name X --role clerk", 1, warns='no office "nowhere"'
    ),
    "unknown device": Run("prepazka pair krumlov kosik", 1, warns='no device "kosik"; it has: '),
    "unknown username": Run(
        "prepazka token nobody x", 1, warns='no active member of staff "nobody"'
    ),
    "unknown username, second factor": Run(
        "prepazka second-factor nobody", 1, warns='no member of staff "nobody"'
    ),
    "unknown role": Run(
        "prepazka staff krumlov x --name X --role boss", 1, warns="expected one of: clerk,"
    ),
    "no password": Run(
        "prepazka staff krumlov x --name X --role clerk", 1, warns="set PREPAZKA_PASSWORD"
    ),
    "long name of a program": Run(f"prepazka token dvorak {'x' * 81}", 1, warns="80"),
    "no file, check": Run(
        "prepazka office check none.yaml", 1, warns='no file or folder "none.yaml"'
    ),
    "no file, load": Run(
        "prepazka office load none.yaml", 1, warns='no file or folder "none.yaml"'
    ),
    "no file, simulate": Run(
        "prepazka simulate none.yaml", 1, warns='no file or folder "none.yaml"'
    ),
    "no file, restore": Run("prepazka restore none.dump", 1, warns='"none.dump" is not there'),
    "a folder, check": Run("prepazka office check .", 1, warns='"." is a folder'),
    "a folder, evaluate": Run("prepazka evaluate waits .", 1, warns='"." is a folder'),
    "a folder, backup": Run("prepazka backup .", 1, warns='"." is a folder'),
    "a folder, restore": Run("prepazka restore .", 1, warns='"." is a folder'),
    "no folder, backup": Run("prepazka backup none/x.dump", 1, warns='"none/x.dump"'),
    "no folder, simulate": Run(
        "prepazka simulate sample --days 1 --json none/x.json", 1, warns='"none/x.json"'
    ),
    "no such day": Run("prepazka simulate touzim --date 2026-13-01", 1, warns="2026-13-01"),
    "a full disk": Run("prepazka voice names > /dev/full", 1, warns="No space left"),
    "no database": Run("prepazka migrate --data none", 2, warns="There is no database: "),
    "no settings, web": Run("prepazka web", 2, warns="DATABASE_URL", settings=NO_DATABASE),
    "no settings, worker": Run("prepazka worker", 2, warns="DATABASE_URL", settings=NO_DATABASE),
    "no secret": Run("prepazka callback gosms --data none", 2, warns="PREPAZKA_SECRET_KEY_FILE"),
    "a short secret": Run(
        "prepazka pair krumlov kiosk",
        2,
        warns="it has 5.",
        settings={"PREPAZKA_SECRET_KEY": "krtek"},
    ),
    "a demo for the public": Run(
        "prepazka pair krumlov kiosk",
        2,
        warns="Unset PREPAZKA_DEMO",
        settings={"PREPAZKA_DEMO": "1", "PREPAZKA_URL": "https://objednavky.example"},
    ),
    "no port": Run("prepazka web --port 70000", 2, warns="from 1 to 65535"),
    "a wrong level": Run(
        "prepazka pair krumlov kiosk", 2, warns="PREPAZKA_LOG", settings={"PREPAZKA_LOG": "much"}
    ),
    "a wrong address": Run(
        "prepazka pair krumlov kiosk", 2, warns="PREPAZKA_URL", settings={"PREPAZKA_URL": "urad.cz"}
    ),
    "version": Run("prepazka --version", says="prepazka 0."),
    **{
        f"no address, {name}": Run(
            line, 2, warns="Set DATABASE_URL to an address", settings={"DATABASE_URL": "nonsense"}
        )
        for name, line in ON_DATABASE.items()
    },
    **{
        f"no server, {name}": Run(
            line,
            1,
            warns="The database cannot be reached: ",
            settings={"DATABASE_URL": UNREACHABLE},
        )
        for name, line in ON_DATABASE.items()
    },
}
# In this order; within a step at the same time.
EMPTY = ("not migrated", "prepazka restore /var/lib/prepazka/2026-11-20.dump")
STEPS = (
    ("prepazka migrate",),
    ("a first office",),
    ("a first clerk",),
    (
        *(key for key in DOCUMENTED if key != "prepazka migrate" and "restore" not in key),
        *NOT_DONE,
        "not migrated",
    ),
    ("prepazka restore /var/lib/prepazka/2026-11-20.dump",),
    ("not empty",),
    ("prepazka restore --replace /var/lib/prepazka/2026-11-20.dump",),
)
RUNS = (
    DOCUMENTED
    | NOT_DONE
    | {
        "a first office": Run("prepazka office load cesky-krumlov", says="krumlov is loaded"),
        "a first clerk": Run(
            "prepazka staff krumlov dvorak --name Dvořák --role clerk", settings=PASSWORD
        ),
        "not migrated": Run("prepazka office export krumlov", 1, warns="prepazka migrate"),
        "not empty": Run("prepazka restore before-update.dump", 1, warns="--replace"),
    }
)
LAST = "prepazka evaluate waits office/tickets.csv"  # needs the log that `simulate` writes


@dataclass(frozen=True)
class Town:
    """A folder with an embedded server, as the one of `prepazka run`, and its addresses."""

    folder: Path
    database: str
    empty: str

    @property
    def data(self) -> Path:
        """The folder of the server's data."""
        return self.folder / ".data" / "postgresql"

    def environment(self, settings: dict[str, str]) -> dict[str, str]:
        """PATH and HOME, and what is set on purpose."""
        path = f"{PROGRAMS}:/usr/local/bin:/usr/bin:/bin"
        told = {"PATH": path, "HOME": str(self.folder), **settings}
        return {name: value for name, value in told.items() if value}

    def shell(self, line: str, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """What the line does in a bare shell in the folder."""
        return subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=self.folder,
            env=self.environment(settings),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=WITHIN,
            check=False,
        )


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    folder = Path(tempfile.mkdtemp(prefix="prz-")).resolve()  # short, for the server's socket
    data = folder / ".data" / "postgresql"
    try:
        url = embedded.start_server(data, durable=False)
        with psycopg.connect(url, autocommit=True) as server:
            server.execute("CREATE DATABASE empty")
        (folder / ".data" / "secret.key").write_text(SECRET, encoding="ascii")
        (folder / "lhota.yaml").write_text(RIGHT, encoding="utf-8")
        yield Town(folder, url, url.replace("/prepazka?", "/empty?"))
    finally:
        embedded.stop_server(data)
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def done(town: Town) -> dict[str, subprocess.CompletedProcess[str]]:
    """What every line of `RUNS` did."""
    embedded.start_server(town.data, durable=False)  # the order of tests is drawn anew in every run
    answers: dict[str, subprocess.CompletedProcess[str]] = {}

    def run(key: str) -> None:
        wanted, settings = RUNS[key], {}
        if key in EMPTY or ("restore" in key and key in DOCUMENTED) or key == "not empty":
            settings = {"DATABASE_URL": town.empty}
        answers[key] = town.shell(wanted.line, settings | wanted.settings)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for step in STEPS:
            last = [key for key in step if key.startswith(LAST)]
            list(pool.map(run, [key for key in step if key not in last]))
            list(pool.map(run, last))
    return answers


@pytest.mark.parametrize("key", RUNS)
def test_it_does_or_says_what_it_should(
    key: str, done: dict[str, subprocess.CompletedProcess[str]]
) -> None:
    wanted, answer = RUNS[key], done[key]
    assert answer.returncode == wanted.code, answer.stdout + answer.stderr
    assert wanted.says in answer.stdout
    assert wanted.warns in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "secret@" not in answer.stderr  # no password of an address
    if key in NOT_DONE and not answer.stderr.startswith("usage:"):
        lines = answer.stderr.strip().splitlines()
        assert len(lines) == (0 if wanted.code == 0 else 1), lines


def test_a_closed_pipe_is_said_without_a_traceback(town: Town) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        answer = subprocess.run(
            [PROGRAMS / "prepazka", "voice", "names"],
            env=town.environment({}),
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=WITHIN,
            check=False,
        )
    finally:
        os.close(writing)
    assert answer.returncode == 1
    assert answer.stderr == "The output was closed before it was complete.\n"


# --- processes --------------------------------------------------------------------------------


def until(what: str, reached: Callable[[], object], child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        assert child.poll() is None, f"it ended before {what}"
        if reached():
            return
        time.sleep(0.1)
    pytest.fail(
        f"{what} did not come; the last was {LAST_ANSWER}\n{LOGS[child.pid].read_text()[-3000:]}"
    )


LOGS: dict[int, Path] = {}  # by process
LAST_ANSWER: list[object] = []


def answers(port: int) -> bool:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/offices", timeout=20)
    except httpx.TransportError as error:
        LAST_ANSWER[:] = [repr(error)]
        return False
    LAST_ANSWER[:] = [answer.status_code, answer.text[:500]]
    return answer.status_code == 200


@pytest.fixture
def started(town: Town, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    children: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            child = subprocess.Popen(
                [PROGRAMS / "prepazka", *arguments],
                cwd=town.folder,
                env=town.environment(settings),
                stdout=log,
                stderr=log,
            )
        children.append(child)
        LOGS[child.pid] = tmp_path / "log"
        return child

    yield start
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait()
    assert b"Traceback" not in (tmp_path / "log").read_bytes()


@pytest.fixture
def migrated(town: Town) -> None:
    """A server that runs; the test before may have ended it, as `prepazka run` does at its end."""
    embedded.start_server(town.data, durable=False)
    answer = town.shell("prepazka migrate", {})
    assert answer.returncode == 0, answer.stderr


@pytest.mark.usefixtures("migrated")
def test_web_and_worker_run_on_their_settings_alone(
    town: Town, started: Callable[..., subprocess.Popen[bytes]]
) -> None:
    settings = {"DATABASE_URL": town.database, "PREPAZKA_SECRET_KEY": SECRET}
    port = free_port()
    web = started("web", "--port", str(port), **settings)
    worker = started("worker", **settings)
    until("an answer", lambda: answers(port), web)

    def works() -> bool:
        with psycopg.connect(town.database) as server:
            return bool(server.execute("SELECT 1 FROM procrastinate_workers").fetchone())

    until("a worker", works, worker)
    for child in (web, worker):
        child.send_signal(signal.SIGTERM)
    assert worker.wait(WITHIN) == 0
    assert web.wait(WITHIN) in {0, -signal.SIGTERM}


@pytest.mark.usefixtures("migrated")
def test_run_starts_in_its_folder_and_says_that_a_port_is_taken(
    started: Callable[..., subprocess.Popen[bytes]], town: Town
) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        taken = town.shell(f"prepazka run --no-demo --port {port}", {})
    assert taken.returncode == 1
    assert f"port {port}" in taken.stderr
    assert len(taken.stderr.splitlines()) == 1
    child = started("run", "--no-demo", "--port", str(port))
    until("an answer", lambda: answers(port), child)
    child.send_signal(signal.SIGINT)
    assert child.wait(WITHIN) == 0


# --- nothing is forgotten ---------------------------------------------------------------------


def leaves(
    of: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command of the command line, with its parser."""
    branches = [a for a in of._actions if isinstance(a, argparse._SubParsersAction)]
    if not branches:
        yield " ".join(words), of
    for branch in branches:
        for word, under in branch.choices.items():
            yield from leaves(under, (*words, word))


COMMANDS = dict(leaves(parser()))


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """The language and the text of each block of code."""
    for block in re.finditer(r"^```(.*)\n((?:.*\n)*?)```$", text, re.MULTILINE):
        yield block[1], block[2]


def shell_lines() -> Iterator[tuple[str, str]]:
    """Where each command of a shell block stands, and the command without its explanation."""
    for document in documents():
        for language, text in blocks(document.read_text(encoding="utf-8")):
            if language != "sh":
                continue
            for line in text.replace("\\\n", " ").splitlines():
                bare = re.split(r"\s+#\s|\s{3,}(?=[a-z])", line)[0]
                bare = re.sub(r"^as_prepazka(_new)? ", "prepazka ", bare).replace(
                    ".venv/bin/prepazka", "prepazka"
                )
                for command in re.split(r"\s&&\s", bare):
                    if command.strip():
                        yield document.name, " ".join(command.split())


def test_every_block_says_its_language() -> None:
    for document in documents():
        assert all(language for language, _ in blocks(document.read_text("utf-8"))), document.name


def test_every_documented_command_runs_in_a_test() -> None:
    lines = list(shell_lines())
    assert len(lines) > 40
    unknown = []
    for document, command in lines:
        first, *rest = command.split()
        if first == "prepazka":
            known = command in DOCUMENTED or command in ELSEWHERE
        elif first == "make":
            known = rest[2 if rest[0] == "-C" else 0] in MAKE
        else:  # a function or a variable of the shell, or a program of others
            of_shell = re.match(r"as_prepazka(_new)?\(\)|BIN=|\$BIN/", first)
            known = first in OTHER_PROGRAMS or of_shell is not None
        if not known:
            unknown.append(f"{document}: {command}")
    assert not unknown


def test_what_is_documented_no_more_is_tested_no_more() -> None:
    """Or the list would vouch for lines that nobody reads."""
    lines = {command for _, command in shell_lines()}
    in_sentences = {"prepazka callback bulkgate", "prepazka voice names"}
    gone = {*DOCUMENTED, *ELSEWHERE} - lines - in_sentences
    assert not gone


def test_every_command_is_in_a_test() -> None:
    tested = {
        name
        for name in COMMANDS
        for run in RUNS.values()
        if run.code == 0 and re.match(rf"prepazka {name}\b", run.line)
    }
    said_only = {
        "play-day": "tests/system/test_play_day.py plays a day",
        "second-factor": "tests/surfaces/test_staff_accounts.py resets one; no command can set one up",
    }
    no_speech = {"voice render", "voice check"}  # where no espeak-ng is, they say so
    assert {*COMMANDS} - tested - no_speech == {*PROCESSES, *said_only}


def test_commands_in_sentences_exist() -> None:
    """`prepazka …` and `make …` between words: each is a command, or the beginning of some."""
    for document in documents():
        text = re.sub(
            r"^```.*?^```", "", document.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE
        )
        targets = set(
            re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
        )
        for span in re.findall(r"`((?:prepazka|make)(?: [^`]*)?)`", text):
            program, *words = span.split()
            if program == "make":
                assert not words or words[0] in targets, f"{document.name}: {span}"
                assert not words or words[0] in MAKE, f"{document.name}: {span}"
            elif words and words[0][0] != "-":
                known = {
                    " ".join(c.split()[: len(w)]) for c in COMMANDS for w in (words, words[:1])
                }
                said = " ".join(w for w in words if (w.islower() and w.isalpha()) or "-" in w)
                starts = any(f"{name} ".startswith(f"{words[0]} ") for name in COMMANDS)
                assert starts or said in known, f"{document.name}: {span}"


def test_every_module_of_a_command_is_imported_without_settings() -> None:
    modules = sorted({of.get_default("module") for of in COMMANDS.values()})
    assert all(modules)
    script = "\n".join(
        [
            *(f"import {module}" for module in modules),
            "from django.apps import apps",
            "from django.conf import settings",
            "assert not settings.configured and not apps.ready",
        ]
    )
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": "/usr/bin:/bin", "HOME": "/"},
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
