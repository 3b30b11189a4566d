"""The waiting list through the pages: joining, confirming, the place, the offer, leaving."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from prepazka.booking import (
    booking_lifecycle,
    booking_links,
    slot_search,
    waiting_list,
    waiting_list_offers,
)
from prepazka.booking.models import Booking, BookingState, Offer, WaitingListEntry
from prepazka.core.contact import Contact
from prepazka.jobs.rounds import offer_after
from prepazka.journal.models import Event
from prepazka.messaging import message_delivery
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.models import Message
from prepazka.messaging.sms import compose_sms
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import town
from tests.citizen import DAYS, Clock, personal_url, words
from tests.halls import stop_clocks

pytestmark = pytest.mark.django_db
WISH = f"{DAYS}poradnik/"
NOW = town.FRIDAY_BEFORE


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def lhota() -> OfficeSnapshot:
    """Everything is booked but by whom we know."""
    office = town.office(waiting_list=True, horizon_days=3)
    town.confirmed(office, "8:00")
    service = town.service(office)
    for slot in slot_search.search_slots(office=office, service=service, now=NOW, channel="phone"):
        held = booking_lifecycle.hold_slot(
            office=office, service=service, starts_at=slot.starts_at, now=NOW, channel="phone"
        )
        booking_lifecycle.request_confirmation(
            booking=held.pk, contact=Contact(name="Telefon"), now=NOW
        )
    return office


def said(**changes: Any) -> dict[str, Any]:
    return {
        "first": "2026-11-23",
        "last": "23. 11. 2026",
        "weekdays": ["0", "1"],
        "since": "8:00",
        "until": "",
        "persons": "1",
        "name": "Jana Nováková",
        "email": "jana@example.cz",
    } | changes


def join(client: Client, **changes: Any) -> WaitingListEntry:
    answer = client.post(WISH, said(**changes))
    assert answer.status_code == 302, words(answer)
    return WaitingListEntry.objects.latest("created_at")


def message(kind: str) -> Message:
    """What the last event of the kind causes."""
    event = Event.objects.filter(kind=kind).latest("pk")
    (found,) = message_delivery.compose_messages(event=event.pk, now=NOW)
    return Message.objects.get(pk=found.pk)


def paths(text: str) -> list[str]:
    """The addresses of a mail, without our host."""
    return [
        "/" + line.split("//", 1)[1].split("/", 1)[1]
        for line in text.splitlines()
        if line.startswith("http")
    ]


def test_from_a_full_calendar_to_a_booked_slot(client: Client, lhota: OfficeSnapshot) -> None:
    full = client.get(DAYS)
    assert "Pořadník" in words(full)
    assert f'href="{WISH}"' in full.content.decode()
    form = words(client.get(WISH))
    assert "Které termíny by se Vám hodily?" in form
    assert "Další termíny uvolníme" in form

    entry = join(client)
    sent = words(client.get(f"{WISH}?odeslano=email"))
    assert "stiskněte Ano, budu čekat" in sent
    assert entry.state == "unconfirmed"

    mail = compose_mail(message("ListJoined"), now=NOW)
    assert "potvrďte prosím, že chcete čekat" in mail.text.lower()
    page = client.get(paths(mail.text)[0], follow=True)
    assert "Chcete na termín čekat?" in words(page)
    assert "no-store" in page["Cache-Control"]
    address = page.redirect_chain[-1][0]
    entry.refresh_from_db()
    assert entry.state == "unconfirmed"  # a look confirms nothing
    page = client.post(address, {"confirm": "1"}, follow=True)
    assert "Jste v pořadníku" in words(page)
    assert "Nikdo před Vámi není" in words(page)

    booking_lifecycle.cancel_booking(
        booking=Booking.objects.get(starts_at=town.at("8:00"), state="confirmed").pk, now=NOW
    )
    event = Event.objects.filter(kind="BookingCancelled").latest("pk")
    offer_after(event=event.pk, now=NOW)
    mail = compose_mail(message("PlaceOffered"), now=NOW)
    assert "Uvolnil se pro Vás termín" in mail.subject
    assert "8:00–9:00" in mail.text
    place = client.get(paths(mail.text)[0], follow=True)
    address = place.redirect_chain[-1][0]
    assert "Máme pro Vás termín" in words(place)
    assert "Držíme ho pro Vás do: pátek 20. listopadu 2026, 10:00" in words(place)
    assert Offer.objects.get().state == "open"
    done = client.post(address, {"accept": "1"}, follow=True)
    assert "PIN pro kiosek" in words(done)
    assert Booking.objects.get(email="jana@example.cz").state == BookingState.CONFIRMED
    again = client.post(address, {"accept": "1"}, follow=True)
    assert again.redirect_chain[-1][0] == done.redirect_chain[-1][0]
    declined = client.post(address, {"decline": "1"})
    assert declined.status_code == 409
    assert "už přijali" in words(declined)


def test_declining_and_leaving(client: Client, lhota: OfficeSnapshot) -> None:
    entry = join(client)
    booking_lifecycle.cancel_booking(
        booking=Booking.objects.get(starts_at=town.at("8:00"), state="confirmed").pk, now=NOW
    )
    mine = f"/poradnik/{booking_links.sign_token(entry.pk, 'list')}/"
    client.post(mine, {"confirm": "1"})
    waiting_list_offers.offer_freed_slots(office=lhota.row, now=NOW)
    offer = Offer.objects.get()
    assert "Zobrazit termín" in words(client.get(mine))
    place = f"/misto/{booking_links.sign_token(offer.pk, 'place')}/"
    page = client.post(place, {"decline": "1"}, follow=True)
    assert "Jste v pořadníku" in words(page)
    assert "odmítli" in words(client.get(place))
    assert client.post(place, {"accept": "1"}).status_code == 409
    page = client.post(mine, {"leave": "1"}, follow=True)
    assert "Odhlásili jste se" in words(page)
    late = client.post(mine, {"confirm": "1"})
    assert late.status_code == 409
    assert "skončil" in words(late)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"first": "x"}, "Vyplňte datum, například"),
        ({"last": "2026-11-20"}, "Poslední den nesmí být před prvním"),
        ({"weekdays": []}, "alespoň jeden den v týdnu"),
        ({"since": "25:00"}, "Vyplňte čas, například 14:30"),
        ({"since": "9:00", "until": "8:00"}, "Konec musí být po začátku"),
        ({"name": ""}, "Vyplňte jméno"),
        ({"email": "jana"}, "Vyplňte e-mail"),
        ({"weekdays": ["5", "6"]}, "úřad žádné termíny nemá"),
        ({"email": "jana800@example.cz"}, "víc jich tu být nemůže"),
    ],
)
def test_wrong_answers_get_a_sentence(
    client: Client, lhota: OfficeSnapshot, changes: dict[str, Any], sentence: str
) -> None:
    answer = client.post(WISH, said(**changes))
    assert answer.status_code in {409, 422}
    assert sentence in words(answer), words(answer)
    assert "Jana Nováková" in answer.content.decode() or changes.get("name") == ""
    assert not WaitingListEntry.objects.exists()


def test_sooner_than_my_booking(client: Client, lhota: OfficeSnapshot) -> None:
    booking = Booking.objects.get(starts_at=town.at("8:00"), state="confirmed")
    mine = personal_url(booking)
    assert "Čekat na dřívější termín" in words(client.get(mine))
    assert client.get(f"{mine}drive/").status_code == 200
    page = client.post(f"{mine}drive/", follow=True)
    assert "Jste v pořadníku" in words(page)
    assert "Dříve než" in words(page)
    assert "Čekáte na dřívější termín" in words(client.get(mine))
    again = client.post(f"{mine}drive/")
    assert again.status_code == 409


def test_no_list_no_page(client: Client) -> None:
    town.office()
    assert client.get(WISH).status_code == 404
    assert "poradnik" not in client.get(DAYS).content.decode()


def test_sms_of_an_offer(lhota: OfficeSnapshot) -> None:
    entry = WaitingListEntry.objects.create(
        office=lhota.row,
        service=town.service(lhota),
        state="waiting",
        from_date=town.MONDAY,
        to_date=town.MONDAY,
        weekdays=[0],
        from_min=0,
        to_min=1440,
        name="Jana",
        phone="+420777123456",
        short_code="abcdefghijkm",
        queued_at=NOW,
        created_at=NOW,
    )
    booking_lifecycle.cancel_booking(
        booking=Booking.objects.get(starts_at=town.at("8:00"), state="confirmed").pk, now=NOW
    )
    waiting_list_offers.offer_freed_slots(office=lhota.row, now=NOW)
    offer = Offer.objects.get()
    for kind, words_of in (("on_list", "poradnik"), ("place", "po 23.11. 8:00-9:00")):
        made = Message(
            office=lhota.row,
            entry=entry,
            offer=offer if kind == "place" else None,
            kind=kind,
            channel="sms",
            event=1,
            created_at=NOW,
        )
        made.save()
        text = compose_sms(made, now=NOW).text
        assert words_of in text.lower(), text
        assert len(text) <= 160


@pytest.mark.parametrize("for_a_sooner_slot", [False, True])
def test_who_is_dropped_is_told_and_can_join_again(
    client: Client, lhota: OfficeSnapshot, *, for_a_sooner_slot: bool
) -> None:
    entry, again = join(client), WISH
    waiting_list.confirm_entry(entry=entry.pk, now=NOW)
    changes: dict[str, Any] = {"unanswered": 2}
    if for_a_sooner_slot:
        booked = Booking.objects.filter(starts_at=town.at("9:00"), state="confirmed")[0]
        changes["booking"] = booked
        again = f"/objednavka/{booking_links.sign_token(booked.pk, 'personal')}/drive/"
    WaitingListEntry.objects.filter(pk=entry.pk).update(**changes)
    booking_lifecycle.cancel_booking(
        booking=Booking.objects.get(starts_at=town.at("8:00"), state="confirmed").pk, now=NOW
    )
    waiting_list_offers.offer_freed_slots(office=lhota.row, now=NOW)
    assert waiting_list_offers.expire_waiting_list_offer(
        Offer.objects.get().pk, Offer.objects.get().expires_at
    )
    made = message("ListDropped")
    mail = compose_mail(made, now=NOW)
    assert mail.to == "jana@example.cz"
    assert again in paths(mail.text)
    assert ("Vaše objednávka platí" in mail.text) == for_a_sooner_slot
    assert not message_delivery.is_pointless(made, NOW)
    page = client.get(f"/poradnik/{booking_links.sign_token(entry.pk, 'list')}/")
    assert "V pořadníku už nejste" in words(page)
    assert f'href="{again}"' in page.content.decode()


def test_the_head_sees_the_order_and_no_names(
    client: Client, lhota: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_clocks(monkeypatch, NOW)
    entry = join(client)
    waiting_list.confirm_entry(entry=entry.pk, now=NOW)
    booking_lifecycle.cancel_booking(
        booking=Booking.objects.get(starts_at=town.at("8:00"), state="confirmed").pk, now=NOW
    )
    waiting_list_offers.offer_freed_slots(office=lhota.row, now=NOW)
    client.force_login(town.clerk(lhota, "vedouci", "head"))
    page = words(client.get("/sprava/lhota/poradnik/"))
    assert entry.pk.hex[:6].upper() in page
    assert "rozhoduje se" in page
    assert "23. 11. 2026 8:00" in page
    assert "Jana" not in page
    assert "jana@" not in page
