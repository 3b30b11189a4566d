"""An update under load: the release before goes on while the database is brought to this version.

By hand, PREPAZKA_RELEASE_BEFORE=COMMIT takes any commit for the release before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from prepazka.config import embedded
from tests import releases
from tests.faults import program
from tests.faults.program import measured, wait_for
from tests.faults.test_database_restart import (
    Load,
    every_answer_was_polite,
    nothing_is_lost_or_doubled,
)
from tests.ports import free_port
from tests.programs import COMMAND

LOAD_BEFORE, LOAD_AFTER = 1.0, 3.0  # seconds


def commit_before() -> str:
    if by_hand := os.environ.get("PREPAZKA_RELEASE_BEFORE"):
        return by_hand
    ours = releases.listed(releases.LIST.read_text())
    release = releases.before(ours, releases.current())
    if release is None:
        pytest.skip("deploy/releases.txt lists no release before this one")
    if not releases.in_history(release.commit):
        pytest.skip("the history lacks the commit of the release before")
    return release.commit


@pytest.mark.real_time
def test_the_release_before_works_on_the_new_tables(folder: Path, tmp_path: Path) -> None:
    commit = commit_before()
    database = embedded.start_server(folder)
    told = program.environment(database)
    port = free_port()
    with releases.checked_out(commit, tmp_path) as tree:
        old = told | {"PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}"}
        code = built_by(old, tree)
        with old_web(old, tree, tmp_path / "old.log", port) as web:
            load = Load(port, code)
            load.start()
            time.sleep(LOAD_BEFORE)
            before = load.count()
            began = time.monotonic()
            # Another process of this version, as the operator starts it.
            subprocess.run([*COMMAND, "migrate"], env=told, check=True, timeout=120)
            migrated = time.monotonic() - began
            answered = load.count() - before
            time.sleep(LOAD_AFTER)
            wait_for("the release before to give", lambda: load.count() > before + answered + 20)
            load.end()
            assert "Traceback" not in web.said, web.said[-3000:]
    measured.info(
        "migrated in %.1f s under load; %s",
        migrated,
        Counter((kind, answer.status_code) for kind, answer in load.answers),
    )
    every_answer_was_polite(load)
    nothing_is_lost_or_doubled(load, database)
    with program.web(told, tmp_path / "new.log", port) as web:
        assert "Traceback" not in web.said
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT count(*) FROM queueing_ticket").fetchone()
    assert row is not None
    assert row[0] > 0


def built_by(old: dict[str, str], tree: Path) -> str:
    """Migrate and build the town by the release before; the code that pairs its kiosk."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.build"],
        env=old,
        cwd=tree,
        check=True,
        capture_output=True,
        text=True,
    )
    return str(json.loads(done.stdout)["code"])


@contextmanager
def old_web(old: dict[str, str], tree: Path, log: Path, port: int) -> Iterator[program.Process]:
    where = subprocess.run(
        [sys.executable, "-c", "import prepazka; print(prepazka.__file__)"],
        env=old,
        cwd=tree,
        check=True,
        capture_output=True,
        text=True,
    )
    assert where.stdout.startswith(str(tree)), "the release before must be what runs"
    with program.web(old, log, port) as web:
        yield web
