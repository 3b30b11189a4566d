"""From the illness or the freed slot to the answer by SMS, through jobs, gateway and callback."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from procrastinate.contrib.django.models import ProcrastinateJob

from prepazka.booking import booking_lifecycle, waiting_list
from prepazka.booking.models import LIVE, Booking, BookingState, Offer
from prepazka.booking.slot_search import search_slots
from prepazka.booking.waiting_list import Wanted
from prepazka.core.contact import Contact
from prepazka.jobs import tasks
from prepazka.journal.record import FOLLOW_UP
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug, snapshot_of
from prepazka.surfaces.callbacks import views
from prepazka.surfaces.console import disruption_pages
from prepazka.web.inbound_sms import callback_token
from tests import officials, town
from tests.gateways import web_peer
from tests.gateways.web_peer import Peer

pytestmark = pytest.mark.django_db
NOW, PHONE = town.FRIDAY_BEFORE, "+420777123456"
SENT = (
    200,
    "application/json",
    json.dumps({"data": {"status": "accepted", "sms_id": "tr-1", "number": PHONE[1:]}}),
)
OUTAGE = {
    "what": "official:novakova",
    "kind": "closed",
    "from_date": "2026-11-23",
    "to_date": "",
    "opens": "",
    "closes": "",
    "places": "",
    "reason": "",
}


class Worker:
    """Runs the jobs that were deferred, in their order, each once, as the worker would."""

    def __init__(self) -> None:
        self.done: set[int] = set()

    def run(self) -> list[str]:
        ran = []
        while job := self._next():
            self.done.add(job.pk)
            getattr(tasks, job.task_name.split(".")[-1]).func(**job.args)
            ran.append(job.task_name)
        return ran

    def _next(self) -> ProcrastinateJob | None:
        known = ProcrastinateJob.objects.filter(task_name__in=(FOLLOW_UP, "deliver"))
        return known.exclude(pk__in=self.done).order_by("pk").first()


@pytest.fixture(autouse=True)
def _clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (views, disruption_pages, tasks):
        monkeypatch.setattr(module, "now", lambda: NOW)


@pytest.fixture
def peer(settings: Any) -> Iterator[Peer]:
    settings.SMS_GATEWAY, settings.BASE_URL = "bulkgate", "https://lhota.example"
    settings.SMS_USER, settings.SMS_PASSWORD, settings.SMS_CHANNEL = "1", "heslo", ""
    with web_peer.running() as found:
        settings.SMS_URL = found.url
        found.say(SENT)
        yield found


def texts(peer: Peer) -> list[str]:
    return [json.loads(body)["text"] for _path, _headers, body in peer.asked]


def answer(text: str) -> None:
    """The gateway brings the message of the telephone to its secret address."""
    said = [{"status": "10", "from": PHONE[1:], "text": text, "smsID": f"in-{text}"}]
    to = f"/zpravy/sms/bulkgate/{callback_token('bulkgate')}/"
    told = Client().post(to, json.dumps(said), content_type="application/json")
    assert told.status_code == 200


def with_sms(where: OfficeSnapshot) -> OfficeSnapshot:
    Office.objects.update(messages_data={"sms": True}, version=99)
    return snapshot_of(Office.objects.get(pk=where.office_id))


def test_an_illness_is_answered_by_a_number(peer: Peer) -> None:
    where = with_sms(officials.office())
    worker, head = Worker(), Client()
    head.force_login(town.clerk(where, "vedouci", "head"))
    held = officials.hold(where, "9:00", "novakova", service="povoleni")
    booking = booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name="Karel Vomáčka", phone=PHONE), now=NOW
    )
    worker.run()
    page = head.post("/pult/lhota/vypadek/", OUTAGE).content.decode()
    seen = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    head.post("/pult/lhota/vypadek/", OUTAGE | seen | {"apply": "all"})
    booking.refresh_from_db()
    assert booking.state == BookingState.DISPLACED
    worker.run()
    slots = list(Offer.objects.get().claims.order_by("starts_at"))
    assert len(slots) == 3
    assert all(slot.state == BookingState.HELD for slot in slots)
    asked = texts(peer)[-1]
    assert "Odpovezte 1-3" in asked
    for number, slot in enumerate(slots, start=1):
        local = slot.starts_at.astimezone(where.tz)
        assert f"{number}) {local.day}.{local.month}. {local.hour}:{local.minute:02}" in asked

    before = len(peer.asked)
    answer("2")
    answer("2")  # the gateway repeats itself
    booking.refresh_from_db()
    assert (booking.state, booking.starts_at) == (BookingState.CONFIRMED, slots[1].starts_at)
    assert Offer.objects.get().state == "accepted"
    live = Booking.objects.filter(state__in=LIVE)
    assert list(live) == [booking], "the other slots are free again"
    assert worker.run().count("deliver") == 1
    assert len(peer.asked) == before + 1
    assert "novy termin" in texts(peer)[-1]
    assert booking.pin in texts(peer)[-1]
    assert booking.messages.get(kind="moved").state == "sent"
    here = snapshot_by_slug("lhota")
    free = search_slots(office=here, service=town.service(here, "povoleni"), now=NOW)
    starts = {slot.starts_at for slot in free}
    assert slots[0].starts_at in starts
    assert slots[1].starts_at not in starts


@pytest.fixture
def waits(peer: Peer) -> tuple[Booking, Worker]:
    """Everything but one slot of Monday is taken; Jana waits, and that slot is freed."""
    where = with_sms(town.office(waiting_list=True, lead_min=60))
    mine = town.confirmed(where, "8:00")
    for clock in ("9:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00"):
        held = booking_lifecycle.hold_slot(
            office=where,
            service=town.service(where),
            starts_at=town.at(clock),
            now=NOW,
            channel="phone",
        )
        booking_lifecycle.request_confirmation(
            booking=held.pk, contact=Contact(name="Telefon"), now=NOW
        )
    entry = waiting_list.join_waiting_list(
        office=where,
        service=town.service(where),
        wish=Wanted(town.MONDAY, town.MONDAY),
        contact=Contact(name="Jana", phone=PHONE),
        now=NOW,
    )
    waiting_list.confirm_entry(entry=entry.pk, now=NOW)
    worker = Worker()
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(tasks.GATEWAYS, "email", lambda _mail: None)
        booking_lifecycle.cancel_booking(booking=mine.pk, now=NOW)
        worker.run()
    return mine, worker


def test_a_place_is_accepted(waits: tuple[Booking, Worker], peer: Peer) -> None:
    freed, worker = waits
    assert "Prepis vozidla, volny termin po 23.11. 8:00-9:00" in texts(peer)[-1]
    answer("ANO")
    booked = Booking.objects.get(phone=PHONE)
    assert (booked.state, booked.starts_at) == (BookingState.CONFIRMED, freed.starts_at)
    assert worker.run().count("deliver") == 1
    assert booked.pin in texts(peer)[-1]


def test_a_place_is_declined(waits: tuple[Booking, Worker], peer: Peer) -> None:
    freed, worker = waits
    answer("NE")
    offer = Offer.objects.get()
    assert offer.state == "declined"
    assert offer.entry
    assert offer.entry.state == "waiting", "who declines keeps their place"
    sent = len(peer.asked)
    worker.run()
    assert len(peer.asked) == sent, "the same slot is not offered again"
    assert not Booking.objects.filter(phone=PHONE).exists()
    back = NOW + timedelta(minutes=60)
    assert freed.starts_at in {t.starts_at for t in town.offered(snapshot_by_slug("lhota"), back)}
