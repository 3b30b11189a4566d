"""The real program in processes of its own, which a test may kill, and a real SMTP server."""

from __future__ import annotations

import logging
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from aiosmtpd.controller import Controller

from tests import programs
from tests.ports import free_port

STARTS_WITHIN = 60.0
# What was measured; shown with --log-cli-level=INFO.
measured = logging.getLogger("measured")
measured.setLevel(logging.INFO)


def wait_for(what: str, true: Callable[[], Any], within: float = 40.0) -> float:
    """Wait until it is true; the seconds it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within, f"waited {within} s for: {what}"
        time.sleep(0.02)
    return time.monotonic() - began


def environment(database: str = "", **more: str) -> dict[str, str]:
    """What the processes are told; without `database`, that of the running test."""
    if database:
        return programs.plain(database) | {"PREPAZKA_RATE_LIMITS": "0"} | more
    return programs.told() | more


class Process:
    """One process of the program."""

    def __init__(
        self,
        arguments: list[str],
        told: dict[str, str],
        log: Path,
        command: Sequence[str] = tuple(programs.COMMAND),
    ) -> None:
        self.log = log
        self.child = programs.start(arguments, told, log, command)

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def runs(self) -> bool:
        return self.child.poll() is None

    def kill(self) -> None:
        """As the power would: no handler runs, nothing is said goodbye to."""
        self.child.kill()
        self.child.wait()

    def end(self, number: int = signal.SIGTERM, within: float = 30.0) -> int:
        self.child.send_signal(number)
        try:
            return self.child.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@contextmanager
def running(arguments: list[str], told: dict[str, str], log: Path) -> Iterator[Process]:
    """Any process of the program, ended with the block unless the test ended it."""
    made = Process(arguments, told, log)
    try:
        yield made
    finally:
        if made.runs:
            made.end()


@contextmanager
def web(told: dict[str, str], log: Path, port: int) -> Iterator[Process]:
    """The web on this port, as soon as it answers."""
    with running(["web", "--port", str(port)], told, log) as made:
        wait_until_up(port, made)
        yield made


def wait_until_up(port: int, process: Process, within: float = STARTS_WITHIN) -> float:
    return wait_for(f"the web\n{process.said}", lambda: answers(port), within)


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://localhost:{port}/api/v1/offices", timeout=10).status_code == 200
    except httpx.TransportError:
        return False


class Stream(threading.Thread):
    """A screen that listens to an office; what it heard, with the time of each."""

    def __init__(self, port: int, slug: str = "lhota") -> None:
        super().__init__(daemon=True)
        self.address = f"http://localhost:{port}/zive/{slug}/"
        self.heard: list[tuple[float, str]] = []
        self.ended = False
        self.start()
        wait_for("the stream", lambda: self.heard)

    def run(self) -> None:
        try:
            with httpx.stream("GET", self.address, timeout=60) as answer:
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        self.heard.append((time.monotonic(), line[7:]))
        except httpx.TransportError:
            pass
        self.ended = True

    def changes_since(self, moment: float) -> list[float]:
        return [at for at, what in self.heard if what == "changed" and at >= moment]


class Kiosk:
    """A kiosk's browser without a browser: the paired cookie, and touches."""

    def __init__(self, port: int, code: str) -> None:
        self.client = httpx.Client(base_url=f"http://localhost:{port}", timeout=30)
        self._csrf(self.client.get("/kiosk/"))
        paired = self.client.post("/kiosk/parovani/", data=self._form(code=code))
        assert paired.status_code == 302, paired.text
        self._csrf(self.client.get("/kiosk/"))

    def _csrf(self, page: httpx.Response) -> None:
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert found, page.text
        self.token = found[1]

    def _form(self, **fields: str) -> dict[str, str]:
        return {"csrfmiddlewaretoken": self.token, **fields}

    def touch(self, touch: UUID, port: int = 0) -> httpx.Response:
        """Ask for a ticket; of another web process than the one that paired it, if so wished."""
        base = f"http://localhost:{port}" if port else ""
        return self.client.post(
            f"{base}/kiosk/listek/", data=self._form(service="prepis", touch=str(touch))
        )


class Mailbox(list[EmailMessage]):
    """A mail server that can be closed and opened again at the same address."""

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()
        self.controller: Controller | None = None
        self.answer = "250 Accepted"
        self.on_mail: Callable[[], None] = lambda: None

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("nobody"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.append(message_from_bytes(envelope.content, policy=policy.default))
        self.on_mail()
        return self.answer

    def open(self) -> None:
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def close(self) -> None:
        if self.controller:
            self.controller.stop()
            self.controller = None

    @property
    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self]
