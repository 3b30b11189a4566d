"""A thousand messages through one connection, beside what a bare client gets from the same peer."""

from __future__ import annotations

import multiprocessing
import smtplib
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP

from django.conf import settings
from smpplib import consts
from smpplib.client import Client

from bench import peers, town
from bench.report import Report
from prepazka.booking.booking_links import random_short_code
from prepazka.booking.models import Booking
from prepazka.gateways import email
from prepazka.gateways.sms import smpp
from prepazka.jobs.tasks import GATEWAYS
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.message_delivery import deliver_message
from prepazka.messaging.models import Message
from prepazka.offices.models import Office

MANY = 1000


def smtp(report: Report) -> None:
    """`deliver` of a thousand confirmations, and the first of them sent a thousand times."""
    with _peer(peers.smtp) as port:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        rows = _messages("mail", "email")
        content = EmailMessage()
        content["From"], content["To"], content["Subject"] = "a@b.cz", "c@d.cz", "x"
        content.set_content(compose_mail(rows[0], now=datetime.now(UTC)).html * 2, cte="base64")
        limit = _rate(lambda: _bare_smtp(port, content.as_bytes(policy=SMTP)))
        rate = _deliver(rows)
        email.kept.close_all()
    _add(report, "mails through one SMTP connection", rate, limit, rows)


def smpp_(report: Report) -> None:
    """`deliver` of a thousand short messages, and a bare submit_sm a thousand times."""
    with _peer(peers.smpp) as port:
        settings.SMS_GATEWAY, settings.SMS_URL = "smpp", f"smpp://127.0.0.1:{port}"
        settings.SMS_USER, settings.SMS_PASSWORD, settings.SMS_CHANNEL = "jmeno", "heslo", ""
        rows = _messages("sms", "sms")
        limit = _rate(lambda: _bare_smpp(port))
        rate = _deliver(rows)
        smpp.session.close()
    _add(report, "short messages through one SMPP session", rate, limit, rows)


def _add(report: Report, what: str, rate: float, limit: float, rows: list[Message]) -> None:
    sent = Message.objects.filter(office=rows[0].office, state="sent").count()
    report.add(
        f"1,000 {what}: composed, sent and written down",
        f"{rate:.0f}/s = {rate / limit:.0%} of the peer's own limit; {sent} sent once",
        f"a bare client to the same peer: {limit:.0f}/s",
        "each sent once; the rate beside the limit",
        reached=sent == MANY,
    )


def _rate(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return MANY / (time.perf_counter() - started)


def _deliver(rows: list[Message]) -> float:
    def all_of_them() -> None:
        for row in rows:
            deliver_message(message=row.pk, gateways=GATEWAYS, now=datetime.now(UTC))

    return _rate(all_of_them)


def _messages(name: str, channel: str) -> list[Message]:
    """Confirmed bookings of tomorrow and after, each with a message that waits."""
    now = datetime.now(UTC)
    where = town.office(f"messages-{name}", lanes=20)
    Office.objects.filter(pk=where.office.pk).update(messages_data={"sms": True})
    town.fill(where, MANY * 2, now)
    coming = Booking.objects.filter(office=where.office, starts_at__gt=now + timedelta(hours=1))
    rows = list(coming.order_by("starts_at")[:MANY])
    for number, one in enumerate(rows):
        one.state, one.pin = "confirmed", ""
        one.email = f"obcan{number}@example.cz" if channel == "email" else ""
        one.phone, one.short_code = f"+420777{number:06}", random_short_code()
    Booking.objects.bulk_update(rows, ["state", "pin", "email", "phone", "short_code"])
    made = Message.objects.bulk_create(
        Message(
            office_id=where.office.pk,
            booking=one,
            kind="confirmed",
            channel=channel,
            event=-number - 1 - MANY * (channel == "sms"),
            parts=1,
            created_at=now,
        )
        for number, one in enumerate(rows)
    )
    if len(made) < MANY:
        raise RuntimeError(f"only {len(made)} bookings to write about")
    return made


def _bare_smtp(port: int, content: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        for _ in range(MANY):
            client.sendmail("a@b.cz", ["c@d.cz"], content)


def _bare_smpp(port: int) -> None:
    client = Client("127.0.0.1", port, allow_unknown_opt_params=True)
    client.set_message_sent_handler(lambda **_: None)
    client.connect()
    client.bind_transmitter(system_id="jmeno", password="heslo")  # noqa: S106  # of our own peer
    for _ in range(MANY):
        client.send_message(
            source_addr_ton=consts.SMPP_TON_UNK,
            source_addr="",
            dest_addr_ton=consts.SMPP_TON_INTL,
            destination_addr="420777123456",
            short_message=b"x" * 120,
        )
        client.read_once()
    client.unbind()
    client.disconnect()


@contextmanager
def _peer(serve: Callable[[int], None]) -> Iterator[int]:
    """The peer in a process of its own, so that it does not share our interpreter."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(port,), daemon=True)
    process.start()
    try:
        _await(port)
        yield port
    finally:
        process.terminate()
        process.join()


def _await(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the peer did not start")
