"""Servers that show a certificate nobody vouches for get nothing from us."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from aiosmtpd.controller import Controller

from prepazka.core.interval import Interval
from prepazka.gateways import email
from prepazka.gateways.calendars import Source, Unreadable, read_busy_time
from prepazka.gateways.sms import sms_http
from prepazka.messaging.message_types import Mail, Undeliverable
from tests.certificates import self_signed
from tests.ports import free_port

pytestmark = pytest.mark.real_time  # certificates
WINDOW = Interval(datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC))
MAIL = Mail(
    to="jana@example.cz",
    sender="urad@example.cz",
    subject="x",
    text="x",
    html="<p>x</p>",
    message_id="<1@lhota>",
    headers={},
)


@pytest.fixture
def unknown(tmp_path: Path) -> ssl.SSLContext:
    """What a server needs to show a certificate that it has made itself."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*self_signed(tmp_path, "localhost"))
    return context


class Noted(http.server.BaseHTTPRequestHandler):
    """Notes each request, and answers with nothing."""

    asked: list[str]

    def do_GET(self) -> None:  # the library's name
        self.asked.append(self.path)
        self.send_response(204)
        self.end_headers()

    do_POST = do_GET  # noqa: N815  # the library's name

    def log_message(self, *_: object) -> None:
        """Nothing on the screen."""


class Quiet(http.server.ThreadingHTTPServer):
    """Says nothing of clients that hang up in the handshake."""

    def handle_error(self, *_: object) -> None:
        """What this test is about."""


@pytest.fixture
def secure(unknown: ssl.SSLContext) -> Iterator[tuple[str, list[str]]]:
    """The address of such a web server, and what it was asked for."""
    asked: list[str] = []
    server = Quiet(("127.0.0.1", free_port()), type("Own", (Noted,), {"asked": asked}))
    server.socket = unknown.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"https://localhost:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_outside_calendar_that_nobody_vouches_for_is_not_read(
    secure: tuple[str, list[str]], settings: Any
) -> None:
    url, asked = secure
    settings.CALENDAR_NETWORKS = [ip_network("127.0.0.0/8"), ip_network("::1/128")]
    source = Source(f"{url}/a.ics", username="jana", password="heslo")
    with pytest.raises(Unreadable) as refusal:
        read_busy_time(source, mark="", window=WINDOW, tz=ZoneInfo("Europe/Prague"))
    assert refusal.value.reason == "unreachable"
    assert asked == []
    httpx.get(url, verify=False)  # noqa: S501  # the control: it does answer
    assert asked == ["/"]


def test_a_gateway_that_nobody_vouches_for_gets_nothing(secure: tuple[str, list[str]]) -> None:
    url, asked = secure
    with pytest.raises(Undeliverable, match="cannot be reached"):
        sms_http.post_to_gateway([url], "/send", data={"password": "heslo"})
    assert asked == []


class Kept:
    """Keeps the mails that come."""

    def __init__(self) -> None:
        self.mails: list[object] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(envelope)
        return "250 OK"


def test_a_mail_server_that_nobody_vouches_for_gets_nothing(
    unknown: ssl.SSLContext, settings: Any
) -> None:
    kept, port = Kept(), free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=port, tls_context=unknown)
    controller.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", port, True
    settings.MAIL_RETURN_PATH = ""
    email.kept.close_all()
    try:
        with pytest.raises(Undeliverable, match="SSLCertVerificationError") as refusal:
            email.send_mail(MAIL)
        assert not refusal.value.permanent, "its people may mend it"
        assert kept.mails == []
        settings.EMAIL_USE_TLS = False
        email.send_mail(MAIL)  # the control: it does take mails
        assert len(kept.mails) == 1
    finally:
        email.kept.close_all()
        controller.stop()
