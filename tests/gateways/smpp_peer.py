"""A message centre that speaks SMPP 3.4 over TCP, read and written byte by byte from the standard."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

BIND, BIND_RESP = 0x00000002, 0x80000002
BIND_RECEIVER, BIND_RECEIVER_RESP = 0x00000001, 0x80000001
DELIVER, DELIVER_RESP = 0x00000005, 0x80000005
SUBMIT, SUBMIT_RESP = 0x00000004, 0x80000004
UNBIND, UNBIND_RESP = 0x00000006, 0x80000006
PAUSE = 0.01
ENQUIRE_LINK, ENQUIRE_LINK_RESP = 0x00000015, 0x80000015


@dataclass
class Submitted:
    """What stood in a submit_sm."""

    source: tuple[int, int, str]
    destination: tuple[int, int, str]
    esm_class: int
    coding: int
    text: bytes


@dataclass
class Centre:
    """What was asked, and how to answer."""

    address: str = ""
    password: str = "heslo"
    binds: int = 0
    submitted: list[Submitted] = field(default_factory=list)
    status: int = 0
    behaviour: str = ""  # "silent", "garbage", "huge", "drop", "talk first"
    let_go: threading.Event = field(default_factory=threading.Event)
    # What the receiver is to be told once it binds, and what it answered: sequence -> status.
    to_tell: list[bytes] = field(default_factory=list)
    told: dict[int, int] = field(default_factory=dict)
    receiver: socket.socket | None = None  # the session that was bound last

    def hang_up(self) -> None:
        """Close the receiver's session."""
        if self.receiver:
            self.receiver.shutdown(socket.SHUT_RDWR)

    def tell(self, body: bytes, within_s: float = 10.0) -> int:
        """Hand a message to the bound receiver; the status that it answers."""
        deadline = time.monotonic() + within_s
        while self.receiver is None:
            assert time.monotonic() < deadline, "nobody has bound as a receiver"
            time.sleep(0.01)
        sequence = 1000 + len(self.told)
        self.receiver.sendall(pdu(DELIVER, sequence, body))
        while sequence not in self.told:
            assert time.monotonic() < deadline, "the receiver does not answer"
            time.sleep(0.01)
        return self.told[sequence]


def pdu(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def text_at(body: bytes, start: int) -> tuple[str, int]:
    end = body.index(b"\0", start)
    return body[start:end].decode("ascii"), end + 1


def deliver(
    text: bytes, *, number: str = "420777123456", esm_class: int = 0, coding: int = 0
) -> bytes:
    """The body of a deliver_sm."""
    ends = b"\x01\x01" + number.encode() + b"\0" + b"\x01\x01" + b"420900\0"
    return (
        b"\0"
        + ends
        + bytes([esm_class, 0, 0])
        + b"\0\0"
        + bytes([0, 0, coding, 0, len(text)])
        + text
    )


def read_submit(body: bytes) -> Submitted:
    _, at = text_at(body, 0)
    ends = []
    for _ in range(2):
        ton, npi = body[at], body[at + 1]
        address, at = text_at(body, at + 2)
        ends.append((ton, npi, address))
    esm_class, at = body[at], at + 3
    for _ in range(2):
        _, at = text_at(body, at)
    coding, length = body[at + 2], body[at + 4]
    return Submitted(ends[0], ends[1], esm_class, coding, body[at + 5 : at + 5 + length])


class Connection(socketserver.BaseRequestHandler):
    server: Server

    def handle(self) -> None:
        while header := self._read(16):
            length, command, status, sequence = struct.unpack(">IIII", header)
            body = self._read(length - 16)
            if command == DELIVER_RESP:
                self.server.centre.told[sequence] = status
            if not self._answer(command, sequence, body):
                return

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            try:
                part = self.request.recv(size - len(found))
            except OSError:
                return b""
            if not part:
                return b""
            found += part
        return found

    def _answer(self, command: int, sequence: int, body: bytes) -> bool:
        centre, say = self.server.centre, self.request.sendall
        if command == BIND:
            centre.binds += 1
            _, at = text_at(body, 0)
            password, _ = text_at(body, at)
            wrong = 0 if password == centre.password else 0x0E
            say(pdu(BIND_RESP, sequence, b"" if wrong else b"centre\0", wrong))
        elif command == BIND_RECEIVER:
            centre.binds += 1
            say(pdu(BIND_RECEIVER_RESP, sequence, b"centre\0"))
            centre.receiver = self.request
            for number, one in enumerate(centre.to_tell, start=1):
                say(pdu(DELIVER, number, one))
        elif command == SUBMIT:
            return self._submit(sequence, body)
        elif command == UNBIND:
            say(pdu(UNBIND_RESP, sequence))
            return False
        return True

    def _submit(self, sequence: int, body: bytes) -> bool:
        centre, say = self.server.centre, self.request.sendall
        centre.submitted.append(read_submit(body))
        if centre.behaviour == "silent":
            centre.let_go.wait(30)
            return False
        if centre.behaviour == "drop":
            return False
        if centre.behaviour == "garbage":
            say(pdu(0x7777, sequence))
        elif centre.behaviour == "huge":
            say(struct.pack(">IIII", 0xFFFFFFF0, SUBMIT_RESP, 0, sequence))
        elif centre.status:
            say(pdu(SUBMIT_RESP, sequence, b"", centre.status))
        else:
            if centre.behaviour == "talk first":
                say(pdu(ENQUIRE_LINK, 1))
                say(pdu(SUBMIT_RESP, sequence + 1000, b"of-another\0"))
            name = f"m{len(centre.submitted)}".encode()
            answer = pdu(SUBMIT_RESP, sequence, name + b"\0")
            if PAUSE:
                say(answer[:7])
                time.sleep(PAUSE)  # in two pieces, as networks do
                answer = answer[7:]
            say(answer)
        return True


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    centre: Centre


@contextmanager
def running() -> Iterator[Centre]:
    centre = Centre()
    with Server(("127.0.0.1", 0), Connection) as server:
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.centre = centre
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        centre.address = f"127.0.0.1:{server.server_address[1]}"
        try:
            yield centre
        finally:
            centre.let_go.set()
            server.shutdown()
