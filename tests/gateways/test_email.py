"""Mail over a real SMTP server: connections are kept, and what leaves says that a machine sent it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from prepazka.gateways import email
from prepazka.messaging.message_types import ADDRESS_REFUSED, Mail, Undeliverable

MAIL = Mail(
    to="jana@example.cz",
    sender="Lhota <lhota@example.cz>",
    subject="Č",
    text="Dobrý den",
    html="<p>Dobrý den</p>",
    message_id="<1@lhota>",
    headers={"Auto-Submitted": "auto-generated"},
)


class Server:
    """Keeps what came, and whom it came from by the envelope."""

    def __init__(self) -> None:
        self.sessions: set[int] = set()
        self.envelopes: list[Any] = []
        self.hangs_up = False
        self.answers = ""  # to DATA, instead of taking it

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.sessions.add(id(server))
        if self.answers:
            return self.answers
        self.envelopes.append(envelope)
        return "250 OK"

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.hangs_up and self.envelopes:
            self.hangs_up = False
            server.transport.abort()
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address.startswith("nikdo"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    found = Server()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(found, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.MAIL_RETURN_PATH = ""
    email.kept.close_all()
    yield found
    email.kept.close_all()
    controller.stop()


def test_many_mails_over_one_connection(server: Server) -> None:
    for _ in range(5):
        email.send_mail(MAIL)
    assert len(server.envelopes) == 5
    assert len(server.sessions) == 1


def test_a_connection_the_server_has_left_costs_no_mail(server: Server) -> None:
    email.send_mail(MAIL)
    server.hangs_up = True
    email.send_mail(MAIL)
    assert len(server.envelopes) == 2
    assert len(server.sessions) == 2


def test_after_a_refused_address_the_next_mail_leaves(server: Server) -> None:

    email.send_mail(MAIL)
    with pytest.raises(Undeliverable) as refused:
        email.send_mail(replace(MAIL, to="nikdo@example.cz"))
    assert refused.value.permanent
    email.send_mail(MAIL)
    assert len(server.envelopes) == 2


@pytest.mark.parametrize(
    ("setting", "envelope"),
    [("", "lhota@example.cz"), ("vratky@example.cz", "vratky@example.cz"), ("none", "")],
)
def test_whom_a_lost_mail_goes_back_to(
    server: Server, settings: Any, setting: str, envelope: str
) -> None:
    settings.MAIL_RETURN_PATH = setting
    email.send_mail(MAIL)
    assert server.envelopes[0].mail_from.strip("<>") == envelope
    read = message_from_bytes(server.envelopes[0].content, policy=policy.default)
    assert read["From"] == "Lhota <lhota@example.cz>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["Subject"] == "Č"


@pytest.mark.parametrize(
    ("answer", "permanent"), [("554 no", True), ("552 full", True), ("451 later", False)]
)
def test_what_is_refused_after_the_mail_was_read(
    server: Server, answer: str, *, permanent: bool
) -> None:
    server.answers = answer
    with pytest.raises(Undeliverable) as failure:
        email.send_mail(MAIL)
    assert failure.value.permanent is permanent
    server.answers = ""
    email.send_mail(MAIL)
    assert len(server.envelopes) == 1


@pytest.mark.parametrize(
    "to",
    ["jan@exa\u202cmple..cz", "háček@example.cz", "jan", "", "jan@", "jan@" + "a" * 64 + ".cz"],
)
def test_an_address_that_cannot_be_written_to_is_refused_for_good(server: Server, to: str) -> None:
    with pytest.raises(Undeliverable) as failure:
        email.send_mail(replace(MAIL, to=to))
    assert failure.value.permanent
    assert str(failure.value) == ADDRESS_REFUSED
    assert server.envelopes == []


def test_a_domain_in_letters_leaves_in_punycode(server: Server) -> None:
    email.send_mail(replace(MAIL, to="jan@příklad.cz"))
    assert server.envelopes[0].rcpt_tos == ["jan@xn--pklad-zsa96e.cz"]
