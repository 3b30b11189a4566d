"""A real SMTP server that keeps what it was sent, and that can be slow or refuse."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import Any

from tests.faults.program import Mailbox

CONFIRM = re.compile(r"/potvrzeni/([\w:.-]+)/")
PERSONAL = re.compile(r"/objednavka/([\w:.-]+)/")
OF_MESSAGE = re.compile(r"<([0-9a-f-]+)\.(\d+)@")  # what it is about, and the message's row
ACCEPTED = "250 Accepted"


@dataclass(frozen=True)
class Letter:
    """A mail that the server accepted."""

    message_id: str
    to: str
    at: float  # time.monotonic()
    text: str

    @property
    def message(self) -> int:
        """The id of the message's row; 0 where the Message-ID is none of ours."""
        match = OF_MESSAGE.match(self.message_id)
        return int(match[2]) if match else 0

    @property
    def about(self) -> str:
        """The booking it is about."""
        match = OF_MESSAGE.match(self.message_id)
        return match[1] if match else ""


class Sink(Mailbox):
    """The mail server; `answers` and `pause` say how it treats a recipient.

    `answers(address, attempt)` is the reply to DATA at so many mails to the address, as greylisting
    counts them; `pause(address)` the seconds before it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[Letter] = []
        self.attempts: Counter[str] = Counter()
        self.answers: Callable[[str, int], str] = lambda _address, _attempt: ACCEPTED
        self.pause: Callable[[str], float] = lambda _address: 0.0
        self.arrived = threading.Event()

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("nikdo"):
            self.attempts[address] += 1
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        address = envelope.rcpt_tos[0]
        mail = message_from_bytes(envelope.content, policy=policy.default)
        message_id = str(mail["Message-ID"])
        self.attempts[address] += 1
        attempt = self.attempts[address]
        await asyncio.sleep(self.pause(address))
        answer = self.answers(address, attempt)
        if answer == ACCEPTED:
            body = mail.get_body(("plain",))
            text = str(body.get_content()) if body else ""
            self.letters.append(Letter(message_id, address, time.monotonic(), text))
            self.arrived.set()
        return answer
