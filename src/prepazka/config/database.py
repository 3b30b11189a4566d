"""Which database a single command works on: the one of DATABASE_URL, else the embedded one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prepazka.config import embedded
from prepazka.config.env import SettingError
from prepazka.config.postmaster import Cluster

FOLDER = "postgresql"  # within the folder of data


@contextmanager
def reached(data: Path) -> Iterator[str]:
    """The database's address, also in DATABASE_URL meanwhile.

    The embedded server is joined where it runs; where it does not, it runs only for this command.
    Raises SettingError, also where neither was ever set up: a command that is typed in the wrong
    folder must not make an empty database there.
    """
    if known := os.environ.get("DATABASE_URL", "").strip():
        yield known
        return
    folder = data.absolute().resolve() / FOLDER
    if not (folder / "data").exists():
        msg = (
            f"There is no database: DATABASE_URL is not set, and the folder {data} holds none. "
            "Set DATABASE_URL, or name the folder with --data; prepazka run makes one."
        )
        raise SettingError(msg)
    ran_before = Cluster(folder).server() is not None
    try:
        os.environ["DATABASE_URL"] = embedded.start(folder)
    except embedded.EmbeddedServerError as error:
        raise SettingError(str(error)) from error
    key = data.absolute() / "secret.key"
    if key.exists() and not os.environ.get("PREPAZKA_SECRET_KEY"):
        os.environ.setdefault("PREPAZKA_SECRET_KEY_FILE", str(key))
    try:
        yield os.environ["DATABASE_URL"]
    finally:
        del os.environ["DATABASE_URL"]
        if not ran_before:
            embedded.stop(folder)
