"""Which database a single command works on: the one of DATABASE_URL, else the embedded one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from prepazka.config import embedded
from prepazka.config.command_errors import CommandFailed, explain_unreachable_server
from prepazka.config.env import SettingError, env_database, env_secret, env_str
from prepazka.config.postmaster import Cluster

FOLDER = "postgresql"  # within the folder of data
ANSWERS_WITHIN = 5  # seconds


def require_settings(*, database: bool) -> None:
    """Raise SettingError unless the settings that a process of an installation needs are set.

    A process that began without them would only fail at its first visitor.
    """
    if database:
        env_str("DATABASE_URL")
    from prepazka.config import settings  # noqa: PLC0415  # reads, and so checks, all the others

    if not settings.SECRET_KEY:
        env_secret("PREPAZKA_SECRET_KEY")


def lend_secret(data_folder: Path) -> None:
    """Point the settings to the secret that `prepazka run` made, unless one is set."""
    key = data_folder.absolute() / "secret.key"
    if key.exists() and not os.environ.get("PREPAZKA_SECRET_KEY"):
        os.environ.setdefault("PREPAZKA_SECRET_KEY_FILE", str(key))


@contextmanager
def database_address(data_folder: Path) -> Iterator[str]:
    """The database's address, also in DATABASE_URL for the block.

    A running embedded server is used; otherwise it is started for the block only.
    Raises SettingError, also where neither was ever set up: a command that is typed in the wrong
    folder must not make an empty database there. Raises CommandFailed where no server answers.
    """
    if url := os.environ.get("DATABASE_URL", "").strip():
        env_database("DATABASE_URL")
        _must_answer(url)
        yield url
        return
    folder = data_folder.absolute().resolve() / FOLDER
    if not (folder / "data").exists():
        msg = (
            f"There is no database: DATABASE_URL is not set, and the folder {data_folder} holds none. "
            "Set DATABASE_URL, or give the folder with --data; prepazka run creates one."
        )
        raise SettingError(msg)
    ran_before = Cluster(folder).server() is not None
    try:
        os.environ["DATABASE_URL"] = embedded.start_server(folder)
    except embedded.EmbeddedServerError as error:
        raise CommandFailed(str(error)) from error
    lend_secret(data_folder)
    try:
        yield os.environ["DATABASE_URL"]
    finally:
        del os.environ["DATABASE_URL"]
        if not ran_before:
            embedded.stop_server(folder)


def _must_answer(url: str) -> None:
    """Raise CommandFailed unless the server answers.

    Checked before Django is loaded: a second sooner, and with our own message.
    """
    try:
        psycopg.connect(url, connect_timeout=ANSWERS_WITHIN).close()
    except psycopg.OperationalError as error:
        raise CommandFailed(explain_unreachable_server(error)) from error
