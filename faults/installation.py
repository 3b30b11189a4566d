"""An installation of its own for each campaign: database, web, worker, mail server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import psutil
import psycopg

from faults.checks import Books
from faults.mail import Sink
from prepazka.config import embedded
from prepazka.config.database import FOLDER
from prepazka.config.postmaster import Cluster
from tests.faults import program
from tests.faults.program import Process, wait_for
from tests.ports import free_port
from tests.programs import COMMAND, ROOT

DEBIAN = Path("/usr/lib/postgresql")
STARTS_WITHIN = 90.0  # seconds, on a busy machine
# Those that run, to be ended when the driver itself is told to end.
running: set[Installation] = set()
WEAKENED = [sys.executable, "-m", "faults.weakened"]


class Database(Protocol):
    """A PostgreSQL server that can be killed and started again."""

    @property
    def url(self) -> str:
        """Where clients connect."""

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers."""

    def kill(self) -> None:
        """End it as the power would."""

    def stop(self) -> None:
        """End it in good order."""


class Embedded:
    """The server that comes with the program."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._url = ""

    @property
    def url(self) -> str:
        """Where clients connect."""
        return self._url

    @property
    def cluster(self) -> Cluster:
        """Its data and processes."""
        return Cluster(self.folder.absolute().resolve())

    def start(self) -> None:
        """Start it unless it runs."""
        self._url = embedded.start_server(self.folder)

    def kill(self) -> None:
        """End the postmaster, and wait until its processes have noticed."""
        server = self.cluster.server()
        if server:
            family = [server, *server.children(recursive=True)]
            server.kill()
            psutil.wait_procs(family, 10)

    def stop(self) -> None:
        """End it in good order."""
        embedded.stop_server(self.folder)


class Debian:
    """The server of Debian's packages, in a cluster of its own; the driver must be root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = max(DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name))
        self.child: subprocess.Popen[bytes] | None = None
        if not (folder / "data").exists():
            folder.mkdir(parents=True)
            shutil.chown(folder, "postgres", "postgres")
            self._run(str(self.programs / "initdb"), "-D", str(folder / "data"), "-U", "prepazka")

    @staticmethod
    def is_there() -> bool:
        """Whether Debian's server is installed, and may be run."""
        return os.geteuid() == 0 and any(DEBIAN.glob("*/bin/postgres"))

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"postgresql://prepazka@/postgres?host={self.folder}"

    def start(self) -> None:
        """Start it unless it runs, and wait until it answers."""
        if self.child and self.child.poll() is None:
            return
        settings = ["-c", "listen_addresses=", "-c", "max_connections=200"]
        where = ["-D", str(self.folder / "data"), "-k", str(self.folder)]
        with (self.folder / "server.log").open("ab") as log:
            self.child = subprocess.Popen(
                [str(self.programs / "postgres"), *where, *settings],
                user="postgres",
                group="postgres",
                cwd="/",
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_for("Debian's PostgreSQL", self._answers, STARTS_WITHIN)

    def kill(self) -> None:
        """End all its processes at once."""
        if self.child:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()

    def stop(self) -> None:
        """End it in good order."""
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGINT)
            self.child.wait(60)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, *command: str) -> None:
        subprocess.run(
            [*command, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"],
            check=True,
            capture_output=True,
            user="postgres",
            group="postgres",
            cwd="/",
        )


class Installation:
    """The program's processes on one database; `tree` is the checkout whose code they run."""

    def __init__(self, folder: Path, database: Database, *, tree: Path = ROOT, **more: str) -> None:
        self.folder, self.database, self.tree = folder, database, tree
        self.port = free_port()
        self.sink = Sink()
        self.more = more
        self.books = Books(database.url)
        self.tokens: dict[str, list[str]] = {}
        self.web: Process | None = None
        self.worker: Process | None = None
        self.supervisor: Process | None = None
        self.weakness = ""  # of web and worker, by faults.weakened; for controls

    @property
    def base(self) -> str:
        """The web's address."""
        return f"http://localhost:{self.port}"

    def environment(self, tree: Path | None = None) -> dict[str, str]:
        """What its processes are told."""
        tree = tree or self.tree
        told = program.environment(
            self.database.url,
            SMTP_HOST="127.0.0.1",
            SMTP_PORT=str(self.sink.port),
            PREPAZKA_URL=self.base,
            PREPAZKA_FILES=str(self.folder / "files"),
            PREPAZKA_VOICE=str(self.folder / "voice"),
            PREPAZKA_CALENDAR_NETWORKS="127.0.0.0/8",
            PYTHONPATH=f"{tree / 'src'}{os.pathsep}{_builders(tree)}",
        )
        return told | self.more

    def ask_town(
        self, *arguments: str, tree: Path | None = None, module: str = "faults.town"
    ) -> Any:
        """What `python -m MODULE ARGUMENTS` builds and answers."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=self.environment(tree),
            cwd=_builders(tree or self.tree),
            check=False,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode:
            raise RuntimeError(f"{module} {arguments}: {done.stderr[-3000:]}")
        return json.loads(done.stdout.splitlines()[-1])

    def start(self, name: str, arguments: Sequence[str], tree: Path | None = None) -> Process:
        """A process of the program, with its log in the folder."""
        command = [*WEAKENED, self.weakness] if self.weakness else COMMAND
        log = self.folder / f"{name}.log"
        return Process(list(arguments), self.environment(tree), log, command)

    def start_web(self, processes: int = 1, tree: Path | None = None) -> None:
        """Start the web; it may not answer yet."""
        arguments = ["web", "--port", str(self.port), "--workers", str(processes)]
        self.web = self.start("web", arguments, tree)

    def start_worker(self, tree: Path | None = None) -> None:
        """Start the worker."""
        self.worker = self.start("worker", ["worker"], tree)

    def start_supervisor(self, data: Path) -> None:
        """Start all by `prepazka run`, on the embedded database in this folder's data."""
        arguments = ["run", "--no-demo", "--port", str(self.port), "--data", str(data)]
        log = self.folder / "run.log"
        told = {k: v for k, v in self.environment().items() if k != "DATABASE_URL"}
        self.supervisor = Process(arguments, told, log)
        wait_for("prepazka run", lambda: "Running" in self.supervisor.said, STARTS_WITHIN)  # type: ignore[union-attr]

    def await_web(self) -> None:
        """Wait until the web answers."""
        wait_for("the web", lambda: program.answers(self.port), STARTS_WITHIN)

    def kill_web(self) -> None:
        """End the web with all its processes as the power would."""
        kill_family(self.web)

    def kill_worker(self) -> None:
        """End the worker as the power would."""
        kill_family(self.worker)

    def web_children(self) -> list[psutil.Process]:
        """The processes of a web of several that answer."""
        living: list[psutil.Process] = []
        if self.web is None:
            return living
        for child in psutil.Process(self.web.child.pid).children():
            with suppress(psutil.Error):
                if "resource_tracker" not in " ".join(child.cmdline()):
                    living.append(child)
        return living

    def tracebacks(self) -> int:
        """How many tracebacks the logs hold."""
        logs = self.folder.glob("*.log")
        return sum(log.read_text(errors="replace").count("Traceback (most") for log in logs)

    def end(self) -> None:
        """End everything."""
        for process in (self.worker, self.web, self.supervisor):
            if process and process.runs:
                try:
                    process.end(within=40)
                except subprocess.TimeoutExpired:
                    kill_family(process)
        self.sink.close()
        self.database.stop()


def kill_family(process: Process | None) -> None:
    """Kill a process with all of its session."""
    if process is None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.child.pid, signal.SIGKILL)
    process.child.wait()


def _builders(tree: Path) -> Path:
    """The checkout whose `faults.town` knows the names of that release's code."""
    return tree if (tree / "faults" / "town.py").exists() else ROOT


@contextmanager
def installed(
    folder: Path, database: Database, template: Path | None, *, tree: Path = ROOT, **more: str
) -> Iterator[Installation]:
    """An installation with its offices built; of the template where there is one for its database."""
    folder.mkdir(parents=True, exist_ok=True)
    if template and isinstance(database, Embedded):
        copy_cluster(template, database.folder)
    database.start()
    here = Installation(folder, database, tree=tree, **more)
    running.add(here)
    here.sink.open()
    try:
        if template and isinstance(database, Embedded):
            here.tokens = json.loads((template / "tokens.json").read_text())
        else:
            here.tokens = here.ask_town("build")
        yield here
    finally:
        here.end()
        running.discard(here)


def kill_all() -> None:
    """End every process of every installation at once."""
    for here in list(running):
        for process in (here.supervisor, here.worker, here.web):
            children: list[psutil.Process] = []
            if process and process.runs:
                children = psutil.Process(process.child.pid).children(recursive=True)
            kill_family(process)
            for child in children:  # of `prepazka run`, in sessions of their own
                with suppress(psutil.NoSuchProcess):
                    child.kill()
        here.database.kill()


def copy_cluster(template: Path, folder: Path) -> None:
    """Copy a stopped server's data, with their owners."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(template / "data"), str(folder / "data")], check=True)


def make_template(folder: Path, tree: Path) -> Path:
    """A stopped embedded server with the offices built, to be copied for each campaign."""
    database = Embedded(folder / FOLDER)
    database.start()
    here = Installation(folder, database, tree=tree)
    running.add(here)
    try:
        tokens = here.ask_town("build")
    finally:
        database.stop()
        running.discard(here)
    (database.folder / "tokens.json").write_text(json.dumps(tokens))
    return database.folder
