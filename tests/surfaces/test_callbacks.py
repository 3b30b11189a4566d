"""What gateways call: receipts and replies, once, with a secret, and never at a stranger's word."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from prepazka.booking.models import Booking, BookingState, CallListEntry
from prepazka.journal.models import Event
from prepazka.messaging.models import Message
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.surfaces.callbacks import views
from prepazka.web.inbound_sms import callback_token
from tests import town

pytestmark = pytest.mark.django_db
PHONE, NOW = "+420777123456", town.FRIDAY_BEFORE


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(views, "now", lambda: NOW)
    settings.SMS_GATEWAY = "bulkgate"


@pytest.fixture
def lhota() -> OfficeSnapshot:
    office = town.office(quota=4).row
    Office.objects.filter(pk=office.pk).update(messages_data={"sms": True}, version=2)
    return snapshot_of(Office.objects.get(pk=office.pk))


def address(gateway: str = "bulkgate") -> str:
    return f"/zpravy/sms/{gateway}/{callback_token(gateway)}/"


def tell(client: Client, what: object, gateway: str = "bulkgate") -> int:
    said = json.dumps(what)
    return client.post(address(gateway), said, content_type="application/json").status_code


def sent(booking: Booking, name: str = "tr-1") -> Message:
    return Message.objects.create(
        office=booking.office,
        booking=booking,
        kind="confirmed",
        event=7,
        channel="sms",
        state="sent",
        gateway_id=name,
        created_at=NOW,
        sent_at=NOW,
    )


def test_a_receipt_is_written_down_once(client: Client, lhota: OfficeSnapshot) -> None:
    message = sent(town.confirmed(lhota, email="", phone=PHONE))
    for status in ("2", "1", "1", "3"):
        assert tell(client, [{"status": status, "smsID": "tr-1", "price": "0.7"}]) == 200
    message.refresh_from_db()
    assert (message.state, message.delivered_at) == ("sent", NOW)
    assert not CallListEntry.objects.exists(), "what arrived is never on the call list"


@pytest.mark.parametrize(
    ("gateway", "told"),
    [
        ("bulkgate", [{"status": "3", "smsID": "tr-1"}]),
        (
            "smsmanager",
            [{"request_id": "tr-1", "type": "outgoing", "result": "undelivered", "to": {}}],
        ),
        ("gosms", {"link": "messages/tr-1", "status": "FAILED"}),
    ],
)
def test_one_that_never_arrives_is_given_to_the_operators(
    client: Client, lhota: OfficeSnapshot, gateway: str, told: object
) -> None:
    message = sent(town.confirmed(lhota, email="", phone=PHONE))
    for _ in range(2):
        assert tell(client, told, gateway) == 200
    message.refresh_from_db()
    assert message.state == "failed"
    entry = CallListEntry.objects.get()
    assert (entry.booking_id, entry.reason, entry.created_at) == (
        message.booking_id,
        "undelivered",
        NOW,
    )


def test_by_get_and_in_xml_too(client: Client, lhota: OfficeSnapshot) -> None:
    message = sent(town.confirmed(lhota, email="", phone=PHONE))
    assert client.get(address(), {"status": "1", "smsID": "tr-1"}).status_code == 200
    message.refresh_from_db()
    assert message.delivered_at
    xml = f"<result><inbox><delivery_sms><item><number>{PHONE}</number><time>x</time>"
    xml += "<message>STORNO</message></item></delivery_sms></inbox></result>"
    assert client.post(address("smsbrana"), xml, content_type="text/xml").status_code == 200
    assert Booking.objects.get().state == BookingState.CANCELLED_BY_CITIZEN


def test_a_receipt_before_its_message_is_looked_at_again(
    client: Client, lhota: OfficeSnapshot
) -> None:
    assert tell(client, [{"status": "1", "smsID": "early"}]) == 200
    job = ProcrastinateJob.objects.get(task_name="receipt")
    assert job.args == {"gateway_id": "early", "delivered": True}


def test_a_reply_acts_once_however_often_it_comes(client: Client, lhota: OfficeSnapshot) -> None:
    booking = town.requested(lhota, email="", phone=PHONE)
    said = [{"status": "10", "from": PHONE[1:], "text": "Áno", "smsID": "in-1"}]
    for _ in range(3):
        assert tell(client, said) == 200
    booking.refresh_from_db()
    assert booking.state == BookingState.CONFIRMED
    assert Event.objects.filter(kind="BookingConfirmed").count() == 1
    assert not Event.objects.filter(kind="WhenAsked").exists()


def test_strangers_and_nonsense(client: Client, lhota: OfficeSnapshot) -> None:
    town.confirmed(lhota, email="", phone=PHONE)
    before = Event.objects.count()
    storno = {"status": "10", "from": PHONE, "text": "STORNO"}
    assert client.get("/zpravy/sms/bulkgate/wrong/", storno).status_code == 404
    assert client.get(f"/zpravy/sms/gosms/{callback_token('bulkgate')}/", storno).status_code == 404
    assert client.get("/zpravy/sms/nobody/x/", storno).status_code == 404
    for body in ("", "[", "[1, null]", "{}", '{"status": {"a": []}}', "<item></item>", "[" * 9000):
        answer = client.post(address(), body, content_type="application/json")
        assert answer.status_code in {200, 400}, body[:20]
    assert tell(client, [{"status": "10", "from": "+420608111222", "text": "STORNO"}]) == 200
    assert Event.objects.count() == before
    assert client.delete(address()).status_code == 405


def test_a_flood_from_one_number_is_not_listened_to(
    client: Client, lhota: OfficeSnapshot, settings: Any
) -> None:
    settings.RATE_LIMITS = True
    town.confirmed(lhota, email="", phone=PHONE)
    flood = [{"status": "10", "from": PHONE, "text": f"bla {n}"} for n in range(150)]
    assert tell(client, flood) == 200
    assert Event.objects.filter(kind="ReplyNotUnderstood").count() == 1
    assert tell(client, [{"status": "10", "from": PHONE, "text": "STORNO"}]) == 200
    assert Booking.objects.get().state == BookingState.CONFIRMED
