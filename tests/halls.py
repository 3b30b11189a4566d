"""Devices of the fixture town as a browser has them, a clock that stands, and a printer."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from prepazka.offices import devices
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot

# Every module of the hall's surfaces that reads the clock, by its own name for it.
READERS = (
    "prepazka.surfaces.api.ticket_resources.now",
    "prepazka.surfaces.api.counter_resources.now",
    "prepazka.surfaces.api.auth.now",
    "prepazka.web.device_access.now",
    "prepazka.surfaces.kiosk.views.now",
    "prepazka.surfaces.kiosk.pin_screens.now",
    "prepazka.surfaces.kiosk.screen_frame.now",
    "prepazka.surfaces.kiosk.kiosk_offline_pack.now",
    "prepazka.surfaces.display.views.now",
    "prepazka.surfaces.ticket.views.now",
    "prepazka.surfaces.ticket.alert_pages.now",
    "prepazka.surfaces.ticket.door_pages.now",
)


class Clock:
    """The time of all surfaces; `clock.set(...)` moves it."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def set(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment


def stop_clocks(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> Clock:
    """Let every surface of the hall read this clock."""
    clock = Clock(moment)
    for reader in READERS:
        monkeypatch.setattr(reader, clock)
    return clock


def paired(office: OfficeSnapshot, code: str, now: datetime, **options: Any) -> Client:
    """A browser that is the device."""
    device = Device.objects.get(office=office.row, code=code)
    if options:
        device.options = options
        device.save(update_fields=["options"])
    secret = devices.make_pairing_code(device=device, now=now)
    client = Client()
    where = "kiosk" if device.kind == Device.Kind.KIOSK else "panel"
    answer = client.post(f"/{where}/parovani/", {"code": secret})
    assert answer.status_code == 302, answer.content.decode()
    return client


def text_of(answer: Any) -> str:
    """The words of a page without markup, with ordinary spaces."""
    bare = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", answer.content.decode(), flags=re.DOTALL)
    words = re.sub(r"<[^>]+>", " ", bare).replace("&nbsp;", " ").replace("\u00a0", " ")
    return " ".join(words.split())


QUESTION = re.compile(b"\x10\x04[\x01-\x04]")


class Printer:
    """A TCP sink that behaves as a receipt printer: it keeps jobs and answers for its paper."""

    def __init__(self, *, paper: bool = True, answers: bool = True, deaf: bool = False) -> None:
        self.door_open = False
        self.paper, self.answers, self.deaf = paper, answers, deaf
        self.silent = False  # takes connections, and neither reads nor answers
        self.held: list[socket.socket] = []
        self.jobs: list[bytes] = []
        self.done = threading.Semaphore(0)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.server.getsockname()[1]}"
        self.option = {
            "kind": "escpos",
            "host": "127.0.0.1",
            "port": self.server.getsockname()[1],
        }
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            if self.silent:
                self.held.append(connection)
                continue
            with connection:
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        if self.deaf:
            return  # hangs up at once
        job = b""
        while part := connection.recv(4096):
            # The real-time questions of ESC/POS are answered wherever they stand in the data.
            for question in QUESTION.findall(part):
                if self.answers:
                    connection.sendall(bytes([self._status(question[2])]))
            job += QUESTION.sub(b"", part)
        if job:
            self.jobs.append(job)
            self.done.release()

    def _status(self, asked: int) -> int:
        """DLE EOT 1-4: the printer, why it is off-line, errors, paper."""
        no_paper, is_open = not self.paper, self.door_open
        said = {
            1: 0x08 if no_paper or is_open else 0,
            2: (0x20 if no_paper else 0) | (0x04 if is_open else 0),
            3: 0,
            4: 0x60 if no_paper else 0,
        }
        return 0x12 | said[asked]

    def job(self) -> bytes:
        """The next job, as soon as it is whole."""
        assert self.done.acquire(timeout=5), "nothing came to the printer"
        return self.jobs[-1]


@contextmanager
def printer(**behaviour: bool) -> Iterator[Printer]:
    """A printer for the time of a test."""
    made = Printer(**behaviour)
    try:
        yield made
    finally:
        # Closing alone would leave the thread that waits in accept() listening once more.
        made.server.shutdown(socket.SHUT_RDWR)
        made.server.close()
        for connection in made.held:
            connection.close()


# What an ESC/POS command takes: the number of bytes after the command itself.
_FIXED = {
    b"\x1b@": 0,
    b"\x1bt": 1,
    b"\x1b!": 1,
    b"\x1bE": 1,
    b"\x1ba": 1,
    b"\x1bM": 1,
    b"\x1b-": 1,
    b"\x1bd": 1,
    b"\x1d!": 1,
    b"\x1dB": 1,
    b"\x1b{": 1,
    b"\x1b2": 0,
    b"\x1b3": 1,
}


class Paper:
    """What a job leaves on the paper: lines of (text, height), QR contents, cuts, code pages."""

    def __init__(self, job: bytes) -> None:
        self.lines: list[tuple[str, int]] = []
        self.qr: list[str] = []
        self.cuts = 0
        self.pages: set[int] = set()
        self._height, self._text = 1, b""
        self._read(job)

    def _read(self, job: bytes) -> None:
        at = 0
        while at < len(job):
            if job[at : at + 1] in {b"\x1b", b"\x1d"}:
                at = self._command(job, at)
            else:
                self._character(job[at : at + 1])
                at += 1
        assert not self._text, "text that was never printed"

    def _character(self, one: bytes) -> None:
        if one == b"\n":
            self.lines.append((self._text.decode("cp852"), self._height))
            self._text = b""
        else:
            assert one >= b" ", f"a control byte {one!r} in the text"
            self._text += one

    def _command(self, job: bytes, at: int) -> int:
        name = job[at : at + 2]
        if name == b"\x1d(":
            length = int.from_bytes(job[at + 3 : at + 5], "little")
            body = job[at + 5 : at + 5 + length]
            if job[at + 2 : at + 3] == b"k" and body[:2] == b"1P":
                self.qr.append(body[3:].decode())
            return at + 5 + length
        if name == b"\x1dV":
            self.cuts += 1
            return at + (3 if job[at + 2] in {0, 1, 48, 49} else 4)
        assert name in _FIXED, f"unknown command {name!r}"
        value = job[at + 2] if _FIXED[name] else 0
        if name == b"\x1bt":
            self.pages.add(value)
        elif name == b"\x1b!":
            self._height = 2 if value & 0x10 else 1
        elif name == b"\x1d!":
            self._height = (value & 7) + 1
        return at + 2 + _FIXED[name]

    @property
    def text(self) -> str:
        return "\n".join(line for line, _ in self.lines)

    def height_of(self, line: str) -> float:
        """Millimetres: a plain character of such a printer is 24 dots of 1/8 mm high."""
        return next(height for text, height in self.lines if text == line) * 3.0
