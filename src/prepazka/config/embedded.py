"""The embedded PostgreSQL: start it in a folder, stop it, run a temporary one for tests.

One process, the supervisor, calls `start` and in the end `stop`; its children get the address by
DATABASE_URL and never call either. `start` is safe to repeat, also after everything was killed.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from prepazka.config.postmaster import (
    NEW_CLUSTERS,
    PORT,
    Cluster,
    EmbeddedServerError,
    choose_socket_folder,
    let_account_reach,
    let_account_run,
    wait_until,
)

DATABASE = "prepazka"
ROLE = "prepazka"
STARTS_WITHIN = 300.0  # seconds; recovery after a kill reads the log of what was not yet stored
STOPS_WITHIN = 60.0
LARGEST_LOG = 10_000_000  # bytes; a longer one is put aside at the next start
TEMPORARY = "prepazka-temporary-"

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# Children must be waited for, or a killed server stays in the process table as a zombie.
_started_here: dict[Path, subprocess.Popen[bytes]] = {}

__all__ = [
    "EmbeddedServerError",
    "postgresql_programs_folder",
    "start_server",
    "start_temporary_server",
    "stop_server",
]


def start_server(folder: Path, *, durable: bool = True) -> str:
    """Start the server of this folder unless it runs, and return its database's URL.

    Raises EmbeddedServerError with a sentence saying what to do.
    """
    cluster = Cluster(folder.absolute().resolve())
    cluster.folder.mkdir(parents=True, exist_ok=True)
    _check_owner(cluster)
    with _alone(cluster):
        let_account_reach(cluster.data)
        let_account_run(cluster.bin())
        _reap(cluster)
        _await_end_of_stopping(cluster)
        if not cluster.data.exists():
            _create(cluster)
        settings = SETTINGS if durable else SETTINGS | FORGETFUL
        if not _joined(cluster):
            cluster.clear_after_kill()
            _reap(cluster)
            _launch(cluster, settings)
            _await_ready(cluster)
        _create_database(cluster)
        return _url(cluster, DATABASE)


def stop_server(folder: Path) -> None:
    """Stop the server of this folder, if it runs; what was committed stays."""
    cluster = Cluster(folder.absolute().resolve())
    if not cluster.folder.exists():
        return
    _check_owner(cluster)
    with _alone(cluster):
        socket_folder = cluster.socket_folder()
        # SIGINT is PostgreSQL's fast shutdown: clients are cut off, everything is stored.
        # SIGQUIT leaves the storing to the next start.
        for number, limit in ((signal.SIGINT, STOPS_WITHIN), (signal.SIGQUIT, 10.0)):
            _reap(cluster)
            server = cluster.server()
            if server is None:
                break
            with contextlib.suppress(psutil.NoSuchProcess):
                server.send_signal(number)
            wait_until(lambda: _gone(cluster), limit=limit)
        if not _gone(cluster):
            msg = f"The PostgreSQL server in {cluster.folder} does not stop; see {cluster.log}."
            raise EmbeddedServerError(msg)
        if socket_folder is not None and socket_folder != cluster.data:
            with contextlib.suppress(OSError):
                socket_folder.rmdir()


@contextlib.contextmanager
def start_temporary_server(*, durable: bool = False) -> Iterator[str]:
    """Run a server in a temporary folder for the block; not durable: faster, lost with the power."""
    _sweep_temporary()
    folder = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY}{os.getpid()}-")).resolve()
    try:
        yield start_server(folder, durable=durable)
    finally:
        stop_server(folder)
        shutil.rmtree(folder)


def postgresql_programs_folder(folder: Path) -> Path:
    """Return the folder with pg_dump, psql and the like of the version this folder's data need."""
    return Cluster(folder.absolute().resolve()).bin()


@contextlib.contextmanager
def _alone(cluster: Cluster) -> Iterator[None]:
    """Keep other processes from starting or stopping the same server meanwhile."""
    with (cluster.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _check_owner(cluster: Cluster) -> None:
    uid = os.geteuid()
    if uid == 0 or not cluster.data.exists() or cluster.data.stat().st_uid == uid:
        return
    msg = (
        f"The data in {cluster.data} belong to another user (number {cluster.data.stat().st_uid}). "
        "Run this as root or as that user, or choose another data folder."
    )
    raise EmbeddedServerError(msg)


def _create(cluster: Cluster) -> None:
    """Make an empty data directory, under another name until finished, in case it is killed."""
    half = cluster.folder / "data.new"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700)
    account = cluster.account()
    os.chown(half, account.pw_uid, account.pw_gid)
    # The built-in locale is the same on every machine: no index breaks when the system's changes.
    command = [
        str(cluster.bin() / "initdb"),
        f"--pgdata={half}",
        f"--username={ROLE}",
        "--auth=trust",  # whoever can enter the 0700 folder of the socket owns the data anyway
        "--encoding=UTF8",
        "--no-locale",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    ]
    completed = subprocess.run(
        command, check=False, capture_output=True, text=True, **cluster.run_as()
    )
    if completed.returncode:
        msg = f"PostgreSQL {NEW_CLUSTERS} could not prepare {half}: {completed.stderr.strip()}"
        raise EmbeddedServerError(msg)
    half.rename(cluster.data)


def _launch(cluster: Cluster, settings: dict[str, str]) -> None:
    cluster_settings = {
        "cluster_name": cluster.mark,
        "unix_socket_directories": str(choose_socket_folder(cluster)),
    }
    command = [str(cluster.bin() / "postgres"), "-D", str(cluster.data)]
    for name, value in (settings | cluster_settings).items():
        command += ["-c", f"{name}={value}"]
    if cluster.log.exists() and cluster.log.stat().st_size > LARGEST_LOG:
        cluster.log.replace(cluster.log.with_suffix(".log.old"))
    if killed := _started_here.pop(cluster.data, None):
        killed.wait(STOPS_WITHIN)  # it is dead, but perhaps only since `_reap` looked
    with cluster.log.open("ab") as log:
        _started_here[cluster.data] = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, **cluster.run_as()
        )


def _joined(cluster: Cluster) -> bool:
    """Return whether a server runs already and answers; a dying one may still look alive."""
    wait_until(lambda: _gone(cluster) or _answers(cluster), limit=STARTS_WITHIN)
    if _gone(cluster):
        return False
    if not _answers(cluster):  # never take a living server for a killed one
        msg = f"The PostgreSQL server in {cluster.folder} is running but does not respond; see {cluster.log}."
        raise EmbeddedServerError(msg)
    return True


def _await_ready(cluster: Cluster) -> None:
    child = _started_here[cluster.data]
    wait_until(lambda: child.poll() is not None or _answers(cluster), limit=STARTS_WITHIN)
    if child.poll() is not None or not _answers(cluster):
        lines = cluster.log.read_text(errors="replace").splitlines() if cluster.log.exists() else []
        msg = f"The PostgreSQL server in {cluster.folder} did not start:\n" + "\n".join(lines[-10:])
        raise EmbeddedServerError(msg)


def _await_end_of_stopping(cluster: Cluster) -> None:
    if cluster.server() is not None and cluster.status() == "stopping":
        wait_until(lambda: _gone(cluster), limit=STOPS_WITHIN)


def _answers(cluster: Cluster) -> bool:
    if cluster.status() != "ready" or cluster.server() is None:
        return False
    try:
        psycopg.connect(_url(cluster, "postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(cluster: Cluster) -> None:
    with psycopg.connect(_url(cluster, "postgres"), autocommit=True) as connection:
        existing = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if existing.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _url(cluster: Cluster, database: str) -> str:
    # The port too, or PGPORT of the environment would change the name of the socket.
    host = quote(str(cluster.socket_folder()), safe="")
    return f"postgresql://{ROLE}@/{database}?host={host}&port={PORT}"


def _gone(cluster: Cluster) -> bool:
    _reap(cluster)
    return cluster.server() is None


def _reap(cluster: Cluster) -> None:
    child = _started_here.get(cluster.data)
    if child is not None and child.poll() is not None:
        del _started_here[cluster.data]


def _sweep_temporary() -> None:
    """Remove the servers of test runs that were killed before they could."""
    for folder in Path(tempfile.gettempdir()).glob(f"{TEMPORARY}*"):
        owner = folder.name.removeprefix(TEMPORARY).split("-")[0]
        # Only folders of this user: links in another user's folder could lead root to other files.
        mine = not folder.is_symlink() and folder.stat().st_uid == os.geteuid()
        if mine and owner.isdigit() and not psutil.pid_exists(int(owner)):
            with contextlib.suppress(EmbeddedServerError, OSError):
                stop_server(folder)
                shutil.rmtree(folder)
