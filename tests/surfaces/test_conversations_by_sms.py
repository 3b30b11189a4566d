"""Whole conversations by short message: our jobs, a real gateway, the telephone, and what it answers.

Once by SMPP, where the worker's receiver hears the answers, and once by a gateway on the web that
calls its secret address. Nothing between the booking and the socket is replaced.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Protocol

import pytest
from django.test import Client

from prepazka.booking import booking_lifecycle, scheduled
from prepazka.booking.models import Booking, BookingState, CallListEntry
from prepazka.config import work
from prepazka.core.contact import Contact
from prepazka.gateways.sms import smpp, smpp_receiver
from prepazka.jobs import tasks
from prepazka.messaging.models import Message, MessageState
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.callbacks import views
from prepazka.web.inbound_sms import callback_token
from tests import town
from tests.gateways import smpp_peer, web_peer
from tests.gateways.smpp_peer import Centre
from tests.gateways.web_peer import Peer
from tests.surfaces.test_offers_answered_by_sms import Worker, with_sms
from tests.usecases.test_owed_jobs import lose_all_jobs

pytestmark = pytest.mark.django_db(transaction=True)
NOW, PHONE = town.FRIDAY_BEFORE, "+420777123456"
INVALID_DESTINATION = 0x0B  # ESME_RINVDSTADR


class Telephone(Protocol):
    """The person's telephone behind a gateway."""

    def texts(self) -> list[str]:
        """What has reached it, oldest first."""

    def says(self, text: str) -> None:
        """Send a message to the office; returns once the office has taken it."""

    def refuse(self) -> None:
        """Let the gateway refuse the number for good from now on."""


class BySmpp:
    def __init__(self, centre: Centre) -> None:
        self.centre = centre

    def texts(self) -> list[str]:
        return [sent.text.decode("latin-1") for sent in self.centre.submitted]

    def says(self, text: str) -> None:
        assert self.centre.tell(smpp_peer.deliver(text.encode("ascii"))) == 0

    def refuse(self) -> None:
        self.centre.status = INVALID_DESTINATION


class ByWeb:
    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.answered = 0
        data = {"status": "accepted", "sms_id": "tr-1", "number": PHONE[1:]}
        peer.say((200, "application/json", json.dumps({"data": data})))

    def texts(self) -> list[str]:
        return [json.loads(body)["text"] for _path, _headers, body in self.peer.asked]

    def says(self, text: str) -> None:
        self.answered += 1
        reply = {"status": "10", "from": PHONE[1:], "text": text, "smsID": f"in-{self.answered}"}
        address = f"/zpravy/sms/bulkgate/{callback_token('bulkgate')}/"
        answer = Client().post(address, json.dumps([reply]), content_type="application/json")
        assert answer.status_code == 200

    def refuse(self) -> None:
        error = {"type": "invalid_phone_number", "code": 400, "error": "Invalid phone number"}
        self.peer.say((400, "application/json", json.dumps(error)))


class Clock:
    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: int) -> None:
        self.at += timedelta(**by)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (views, tasks, work):
        monkeypatch.setattr(module, "now", made)
    return made


@pytest.fixture(params=["smpp", "bulkgate"])
def telephone(
    request: pytest.FixtureRequest, settings: Any, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> Iterator[Telephone]:
    settings.SMS_GATEWAY, settings.SMS_CHANNEL = request.param, ""
    settings.SMS_USER, settings.SMS_PASSWORD = "1", "heslo"
    if request.param == "bulkgate":
        with web_peer.running() as peer:
            settings.SMS_URL = peer.url
            yield ByWeb(peer)
        return
    monkeypatch.setattr(smpp_receiver, "PAUSES", (0.05,))
    smpp.session.close()
    stop = threading.Event()
    with smpp_peer.running() as centre:
        settings.SMS_URL = f"smpp://{centre.address}"
        listener = work.start_sms_receiver(stop)
        assert listener
        try:
            yield BySmpp(centre)
        finally:
            stop.set()
            centre.hang_up()
            listener.join(5)
            smpp.session.close()
            assert not listener.is_alive()


@pytest.fixture
def lhota() -> OfficeSnapshot:
    lose_all_jobs()  # those of tests whose transactions were real
    return with_sms(town.office(max_open_per_contact=2))


def request(where: OfficeSnapshot, clock: Clock, at: str = "9:00") -> Booking:
    """A booking by telephone number alone, which waits for its confirmation."""
    held = booking_lifecycle.hold_slot(
        office=where, service=town.service(where), starts_at=town.at(at), now=clock.at
    )
    return booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name="Karel Vomáčka", phone=PHONE), now=clock.at
    )


def state_of(booking: Booking) -> str:
    return Booking.objects.get(pk=booking.pk).state


def test_a_number_refused_for_good_is_on_the_call_list(
    lhota: OfficeSnapshot, telephone: Telephone, clock: Clock
) -> None:
    worker, booking = Worker(), request(lhota, clock)
    worker.run()
    telephone.says("ANO")
    worker.run()
    assert state_of(booking) == BookingState.CONFIRMED
    telephone.refuse()
    booking_lifecycle.cancel_booking(
        booking=booking.pk, now=clock.at, by_office=True, reason="Porucha"
    )
    worker.run()
    message = Message.objects.get(booking=booking, kind="cancelled")
    assert (message.state, message.attempts) == (MessageState.FAILED, 1), "not tried again"
    entry = CallListEntry.objects.get(booking=booking)
    assert (entry.reason, entry.closed_at) == (CallListEntry.Reason.UNDELIVERED, None)


def test_a_late_yes_is_answered(lhota: OfficeSnapshot, telephone: Telephone, clock: Clock) -> None:
    worker, booking = Worker(), request(lhota, clock)
    worker.run()
    assert "potvrdte" in telephone.texts()[-1].lower()
    clock.forward(hours=3)
    scheduled.expire_day(office=lhota.office_id, day=booking.date, now=clock.at)
    assert state_of(booking) == BookingState.EXPIRED
    before = len(telephone.texts())
    telephone.says("ANO")
    worker.run()
    assert state_of(booking) == BookingState.EXPIRED
    (late,) = telephone.texts()[before:]
    assert "uz neplati" in late


def test_stop_ends_the_reminders_and_says_so(
    lhota: OfficeSnapshot, telephone: Telephone, clock: Clock
) -> None:
    worker, booking = Worker(), request(lhota, clock)
    worker.run()
    telephone.says("ANO")
    worker.run()
    telephone.says("STOP")
    worker.run()
    assert "pripom" in telephone.texts()[-1].lower(), telephone.texts()[-1]
    assert state_of(booking) == BookingState.CONFIRMED, "the booking stays"
    before = telephone.texts()
    clock.at = booking.starts_at - timedelta(hours=20)
    scheduled.remind_due(booking=booking.pk, now=clock.at)
    worker.run()
    assert telephone.texts() == before
    reminder = Message.objects.get(booking=booking, kind="reminder")
    assert (reminder.state, reminder.error) == ("failed", "no longer needed")


def test_storno_with_several_bookings_asks_which_and_takes_the_digit(
    lhota: OfficeSnapshot, telephone: Telephone, clock: Clock
) -> None:
    worker = Worker()
    bookings = []
    for at in ("9:00", "10:00"):
        bookings.append(request(lhota, clock, at))
        worker.run()
        telephone.says("ANO")
        worker.run()
        clock.forward(minutes=12)  # the same words sooner are a gateway that repeats itself
    assert [state_of(booking) for booking in bookings] == [BookingState.CONFIRMED] * 2
    telephone.says("STORNO")
    worker.run()
    assert [state_of(booking) for booking in bookings] == [BookingState.CONFIRMED] * 2
    assert "1) 23.11. 9:00, 2) 23.11. 10:00" in telephone.texts()[-1]
    telephone.says("2")
    worker.run()
    assert [state_of(booking) for booking in bookings] == [
        BookingState.CONFIRMED,
        BookingState.CANCELLED_BY_CITIZEN,
    ]
    assert "zrusena" in telephone.texts()[-1]
