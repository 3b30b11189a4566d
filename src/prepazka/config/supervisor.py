"""`prepazka run`: the whole system in one command, on the embedded database unless told otherwise."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from prepazka.config import embedded, mailbox
from prepazka.config.command_errors import check_port_free
from prepazka.config.database import FOLDER
from prepazka.config.postmaster import Cluster
from prepazka.looks.compile_messages import compile_messages

if TYPE_CHECKING:
    from prepazka.config.player import Player

STOPS_WITHIN = 15.0  # seconds for a child to finish what it is doing
RESTART_AFTER = 2.0
LOOK_EVERY = 0.5
TRY_AGAIN_AFTER = 5.0  # for a database that cannot be started now, such as on a full disk


def run(arguments: argparse.Namespace) -> int:
    """Start everything, wait for Ctrl-C (or SIGTERM), stop everything; nothing committed is lost."""
    data_folder = Path(arguments.data).absolute()
    data_folder.mkdir(parents=True, exist_ok=True)
    # Otherwise the web would end at once, and be restarted for ever.
    check_port_free(arguments.host, arguments.port)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    own_database = not os.environ.get("DATABASE_URL")
    new_database = own_database and not (data_folder / FOLDER / "data").exists()
    _prepare_environment(arguments, data_folder)
    try:
        if own_database:
            print("Starting the embedded PostgreSQL …", flush=True)
            os.environ["DATABASE_URL"] = embedded.start_server(data_folder / FOLDER)
        with mailbox.open_unless_configured(data_folder / "mail"):
            _prepare_database(arguments, is_new=new_database)
            if not stopping.is_set():
                database = _database_kept(data_folder / FOLDER) if own_database else nullcontext()
                with database:
                    _serve(arguments, stopping)
    finally:
        if own_database:
            embedded.stop_server(data_folder / FOLDER)
        _say("Stopped; nothing is lost.")
    return 0


def _prepare_environment(arguments: argparse.Namespace, data_folder: Path) -> None:
    os.environ.setdefault("PREPAZKA_URL", f"http://localhost:{arguments.port}")
    os.environ.setdefault("PREPAZKA_VOICE", str(data_folder / "voice"))
    os.environ.setdefault("PREPAZKA_FILES", str(data_folder / "files"))
    if not arguments.no_demo:
        os.environ.setdefault("PREPAZKA_DEMO", "1")
        os.environ["PREPAZKA_PLAYER"] = "1"  # counts in a demo that is not public
    if not (os.environ.get("PREPAZKA_SECRET_KEY") or os.environ.get("PREPAZKA_SECRET_KEY_FILE")):
        key = data_folder / "secret.key"
        if not key.exists():
            key.touch(mode=0o600)
            key.write_text(secrets.token_urlsafe(50), encoding="ascii")
        os.environ["PREPAZKA_SECRET_KEY_FILE"] = str(key)


def _prepare_database(arguments: argparse.Namespace, *, is_new: bool) -> None:
    import django  # noqa: PLC0415  # only now does the environment name the database

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from prepazka.config.meetings_switch import check_meetings_switch  # noqa: PLC0415
    from prepazka.config.serve import prepare_database  # noqa: PLC0415

    print("Preparing the database …", flush=True)
    compile_messages()
    check_meetings_switch()
    prepare_database()
    if not arguments.no_demo:
        from prepazka.config import demo_setup  # noqa: PLC0415
        from prepazka.offices import clock  # noqa: PLC0415

        passwords = demo_setup.load_presets()
        # In an existing database the clock shows what somebody has set.
        if is_new and not settings.DEMO_PUBLIC:
            demo_setup.move_to_next_morning(clock.now())
        print(demo_setup.demo_addresses(os.environ["PREPAZKA_URL"], passwords), flush=True)
    connection.close()


@contextlib.contextmanager
def _database_kept(folder: Path) -> Iterator[None]:
    """Restart the embedded server whenever it has ended, until the end of the block."""
    leaving = threading.Event()
    keeper = threading.Thread(target=_keep_database, args=(folder, leaving), name="database")
    keeper.start()
    try:
        yield
    finally:
        leaving.set()
        keeper.join()  # or it would restart the server after it is stopped


def _keep_database(folder: Path, leaving: threading.Event) -> None:
    cluster = Cluster(folder.absolute().resolve())
    reason = ""
    while not leaving.wait(TRY_AGAIN_AFTER if reason else LOOK_EVERY):
        if not reason and cluster.server() is not None:
            continue
        if not reason:
            _say("The database ended; it starts again.")
        try:
            embedded.start_server(folder)
        except (embedded.EmbeddedServerError, psycopg.Error, OSError) as error:
            if not reason:
                _say(f"It does not start, and is tried every {TRY_AGAIN_AFTER:.0f} s: {error}")
            reason = str(error)
        else:
            _say("The database runs again.")
            reason = ""


def _say(sentence: str) -> None:
    """Print, and ignore errors such as a full disk, which must not end the supervisor."""
    with contextlib.suppress(OSError):
        print(sentence, flush=True)


def _serve(arguments: argparse.Namespace, stopping: threading.Event) -> None:
    commands = {
        "web": ["web", "--port", str(arguments.port), "--host", arguments.host],
        "worker": ["worker"],
    }
    children = {name: _start(command) for name, command in commands.items()}
    player = None if arguments.no_demo else _player(stopping)
    if _listens(arguments, children["web"], stopping):
        print("Running; Ctrl-C stops everything.", flush=True)
    # Not waited for: until its clips exist, and where it fails, displays only chime.
    voice = _start(["voice", "render", "--quietly"])
    threading.Thread(target=voice.wait, daemon=True).start()  # leaves no zombie
    while not stopping.wait(LOOK_EVERY):
        for name, child in children.items():
            if child.poll() is not None:
                _say(f"The {name} ended ({child.returncode}); it starts again.")
                stopping.wait(RESTART_AFTER)
                children[name] = _start(commands[name])
    _say("\nStopping …")
    if player:
        player.join()
    children["voice"] = voice
    for child in children.values():
        child.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOPS_WITHIN
    for child in children.values():
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _player(stopping: threading.Event) -> Player:
    from prepazka.config.player import Player  # noqa: PLC0415  # needs Django set up

    player = Player(stopping)
    player.start()
    return player


def _listens(
    arguments: argparse.Namespace, web: subprocess.Popen[bytes], stopping: threading.Event
) -> bool:
    """Wait until the web listens; False when it ended or everything stops."""
    while web.poll() is None and not stopping.wait(0.1):
        with (
            contextlib.suppress(OSError),
            socket.create_connection((arguments.host, arguments.port), 1),
        ):
            return True
    return False


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches only the supervisor, which stops the children in order.
    return subprocess.Popen(
        [sys.executable, "-m", "prepazka.config.cli", *command], start_new_session=True
    )
