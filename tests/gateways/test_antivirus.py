"""The antivirus: Debian's clamd with one signature of its own, and what happens when it is away."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prepazka.gateways import antivirus
from prepazka.jobs import document_jobs, owed_work
from prepazka.meetings import documents
from prepazka.meetings.models import Document
from tests import needs, papers, town
from tests.meetings_town import Held, held

NOW = town.at("8:58")
INFECTED = papers.pdf(more=b"%" + papers.EICAR + b"\n")


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real clamd whose whole database is one signature: the files of this test."""
    home = tmp_path_factory.mktemp("c")
    (home / "db").mkdir()
    known = hashlib.md5(INFECTED, usedforsecurity=False).hexdigest()
    (home / "db" / "own.hdb").write_text(f"{known}:{len(INFECTED)}:Own.Test.File\n")
    line = home / "s"
    (home / "conf").write_text(
        f"DatabaseDirectory {home / 'db'}\nLocalSocket {line}\nForeground yes\n"
        f"TemporaryDirectory {home}\nStreamMaxLength 1M\nMaxThreads 2\nConcurrentDatabaseReload no\n"
    )
    command = [needs.path("clamd"), "--config-file", str(home / "conf")]
    with (home / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as run:
        try:
            _wait_for(line, run, home / "log")
            yield str(line)
        finally:
            run.terminate()
            run.wait(10)


def _wait_for(line: Path, run: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        assert run.poll() is None, log.read_text()
        if line.exists():
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.fixture
def here(files: Path) -> Held:
    return held()


def brought(here: Held, content: bytes) -> Document:
    return documents.add_document(
        participant=here.citizen.pk, link=1, name="a.pdf", file=papers.file(content), now=NOW
    )


def after_check(one: Document) -> tuple[str, str]:
    document_jobs.inspect_document(document=one.pk, now=NOW)
    one.refresh_from_db()
    return one.state, one.refusal


@needs.mark("clamd")
@pytest.mark.django_db
def test_clamd_decides(here: Held, clamd: str, settings: Any) -> None:
    settings.CLAMD = clamd
    assert after_check(brought(here, INFECTED)) == ("refused", "infected")
    assert after_check(brought(here, papers.pdf())) == ("ready", "")
    # More than clamd takes is no verdict: the file waits and nobody sees it.
    assert after_check(brought(here, papers.pdf(more=bytes(2 << 20)))) == ("checking", "")


def _close_one(silent: socket.socket) -> None:
    silent.accept()[0].close()


@pytest.mark.django_db
def test_while_it_is_away_nobody_sees_the_file(here: Held, settings: Any, tmp_path: Path) -> None:
    one = brought(here, papers.pdf())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        closing = threading.Thread(target=_close_one, args=(silent,))
        closing.start()
        for where in (f"127.0.0.1:{port}", str(tmp_path / "nothing"), "127.0.0.1:1", "nonsense"):
            settings.CLAMD = where
            assert after_check(one) == ("checking", "")
        closing.join(5)
    assert owed_work.documents_to_check() == [one.pk], "the next round tries again"
    assert not documents.documents_seen_by(here.chair).filter(state="ready").exists()
    settings.CLAMD = ""
    assert after_check(one) == ("ready", "")


def test_an_answer_of_another_kind_is_no_verdict(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings.CLAMD = f"127.0.0.1:{other.getsockname()[1]}"

        def answer() -> None:
            line, _ = other.accept()
            with line:
                while not line.recv(65536).endswith(b"\0\0\0\0"):
                    pass
                line.sendall(b"HTTP/1.1 200 OK FOUND it\0")

        served = threading.Thread(target=answer)
        served.start()
        with pytest.raises(antivirus.Away):
            antivirus.is_clean(papers.file(b"x").file)
        served.join(5)
