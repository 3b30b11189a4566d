"""An official's own clients: seen, booked, moved and cancelled from the diary, the message first."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from prepazka.booking import booking_lifecycle, booking_links, scheduled
from prepazka.booking.models import Booking, BookingState
from prepazka.core.contact import Contact
from prepazka.journal.models import Event
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.message_delivery import compose_messages
from prepazka.messaging.models import Message
from prepazka.messaging.sms import compose_sms
from prepazka.offices.models import Membership, Office, Official
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.citizen import booking_pages
from prepazka.surfaces.console import diary as diaries
from prepazka.surfaces.console import own_clients
from tests import officials, refusals, town

pytestmark = pytest.mark.django_db
MINE = "/pult/lhota/diar/novakova/"
REASON = "onemocněla jsem"
AT, LATER = town.at("9:00").isoformat(), town.at("9:30").isoformat()


@pytest.fixture
def lhota(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    for module in (own_clients, diaries, booking_pages):
        monkeypatch.setattr(module, "now", lambda: town.FRIDAY_BEFORE)
    return officials.office()


@pytest.fixture
def official(lhota: OfficeSnapshot, client: Client) -> Client:
    """The browser of Jana Nováková, who is a clerk otherwise."""
    user = town.clerk(lhota)
    Official.objects.filter(code="novakova").update(user=user)
    lhota.row.version += 1
    lhota.row.save()
    client.force_login(user)
    return client


def booked(
    where: OfficeSnapshot, clock: str = "9:00", code: str = "novakova", **who: Any
) -> Booking:
    held = officials.hold(where, clock, code)
    contact = Contact(**{"name": "Karel Vomáčka", "email": "karel@example.cz"} | who)
    return booking_lifecycle.request_confirmation(
        booking=held.pk, now=town.FRIDAY_BEFORE, contact=contact
    )


def of(booking: Booking, step: str = "") -> str:
    return f"{MINE}klient/{booking.pk}/{step}"


def text(answer: Any) -> str:
    said = re.sub(r"(?s)<svg.*?</svg>|<head>.*?</head>", "", answer.content.decode())
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", said)).replace("\xa0", " ")


def kinds() -> list[str]:
    return list(Event.objects.order_by("pk").values_list("kind", flat=True))


def mail_of(kind: str) -> str:
    """What the worker sends for the event."""
    event = Event.objects.get(kind=kind)
    (message,) = compose_messages(event=event.pk, now=town.FRIDAY_BEFORE)
    return compose_mail(message, now=town.FRIDAY_BEFORE).text


def without(said: str) -> str:
    """Words alone: addresses and PINs differ, spaces do not matter."""
    said = re.sub(r"https?://\S+|\b\d\d ?\d\d\b(?!:)|__ ?__", "", said.replace("\xa0", " "))
    return " ".join(said.split())


def test_the_diary_leads_to_the_client(official: Client, lhota: OfficeSnapshot) -> None:
    booking = booked(lhota)
    day = official.get(f"{MINE}?den=2026-11-23").content.decode()
    assert of(booking) in day
    assert f"{MINE}objednat/" in day
    said = text(official.get(of(booking)))
    assert "Karel Vomáčka" in said
    assert "karel@" not in said
    assert "ContactShown" not in kinds()
    assert "karel@example.cz" in text(official.post(of(booking, "osoba/")))
    shown = Event.objects.get(kind="ContactShown")
    assert shown.actor == Membership.objects.get().user_id


def test_a_move_shows_the_mail_and_then_sends_it(official: Client, lhota: OfficeSnapshot) -> None:
    booking = booked(lhota)
    before = kinds()
    assert (
        'value="2026-11-23T08:00:00+00:00"' in official.get(of(booking, "presun/")).content.decode()
    )
    asked = official.post(of(booking, "presun/"), {"starts_at": LATER})
    said = text(asked)
    assert "Přesunout objednávku?" in said
    assert "karel@example.cz" in said
    assert "9:30" in said
    booking.refresh_from_db()
    assert booking.starts_at == town.at("9:00"), "nothing is moved yet"
    assert kinds() == [*before, "ContactShown"]
    assert not Message.objects.exists()
    assert "/objednavka/" not in said, "the client's own links are cut short"

    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked.content.decode()))
    hidden.pop("csrfmiddlewaretoken", None)
    done = official.post(of(booking, "presun/"), {**hidden, "sure": "1"}, follow=True)
    assert "Objednání je přesunuté" in text(done)
    booking.refresh_from_db()
    assert booking.starts_at == town.at("9:30")
    moved = Event.objects.get(kind="BookingMoved")
    assert (moved.actor, moved.data["by"]) == (Membership.objects.get().user_id, "office")
    assert without(mail_of("BookingMoved")) in without(said)


def test_the_office_cancels_with_a_reason_that_the_client_reads(
    official: Client, lhota: OfficeSnapshot
) -> None:
    booking = booked(lhota)
    assert "Napište důvod" in text(official.post(of(booking, "zrusit/"), {"reason": " "}))
    asked = official.post(of(booking, "zrusit/"), {"reason": REASON})
    said = text(asked)
    assert "Odejde tento mail" in said
    assert f"Důvod: {REASON}" in said
    booking.refresh_from_db()
    assert (booking.state, booking.cancel_reason) == (BookingState.CONFIRMED, "")
    again = official.post(of(booking, "zrusit/"), {"reason": REASON, "change": "1"})
    assert f'value="{REASON}"' in again.content.decode()

    official.post(of(booking, "zrusit/"), {"reason": REASON, "sure": "1"})
    booking.refresh_from_db()
    assert (booking.state, booking.cancel_reason) == (BookingState.CANCELLED_BY_OFFICE, REASON)
    assert Event.objects.get(kind="BookingCancelled").actor == Membership.objects.get().user_id
    assert REASON not in str(list(Event.objects.values())), "the journal holds no words"
    mail = mail_of("BookingCancelled")
    assert f"Důvod: {REASON}" in mail
    assert without(mail) in without(said)
    personal = Client().get(f"/objednavka/{booking_links.sign_token(booking.pk, 'personal')}/")
    assert f"Důvod: {REASON}" in text(personal)
    scheduled.erase_personal_data(office=lhota.row, now=town.FRIDAY_BEFORE + timedelta(days=2))
    booking.refresh_from_db()
    assert booking.cancel_reason == ""


def test_the_reason_stands_under_the_offices_own_words(
    official: Client, lhota: OfficeSnapshot
) -> None:
    row = Office.objects.get()
    row.messages_data = {
        **row.messages_data,
        "texts": {"cancelled_by_office": {"text": {"cs": "Rušíme {when}, omlouváme se. {link}"}}},
    }
    row.version += 1
    row.save()
    booking = booked(lhota)
    said = text(official.post(of(booking, "zrusit/"), {"reason": REASON}))
    assert "Rušíme" in said
    assert f"Důvod: {REASON}" in said


def test_somebody_who_calls_is_booked(official: Client, lhota: OfficeSnapshot) -> None:
    page = text(official.get(f"{MINE}objednat/"))
    assert "Stavební povolení" in page
    assert "Rodný list" not in page, "no topic of this official"
    wanted = {"service": "ohlaseni", "persons": "1", "channel": "phone"}
    slots = official.get(f"{MINE}objednat/", wanted)["Location"]
    assert 'value="2026-11-23T08:00:00+00:00"' in official.get(slots).content.decode()
    contact = official.post(slots, {"starts_at": AT, "key": ""})["Location"]
    held = Booking.objects.get()
    assert (held.state, officials.whose(held)) == (BookingState.HELD, "novakova")
    assert official.get(of(held)).status_code == 404
    who = {"name": "Eva Malá", "email": "eva@example.cz", "phone": ""}
    assert "Napište jméno" in text(official.post(contact, {**who, "name": ""}))
    said = text(official.post(contact, who))
    assert "Objednat klienta?" in said
    assert "eva@example.cz" in said
    assert "PIN se vylosuje" in said
    assert not re.search(r"PIN\D{0,40}\b\d\d ?\d\d\b", said), "it is drawn anew"
    held.refresh_from_db()
    assert (held.state, held.name) == (BookingState.HELD, "")
    assert 'value="Eva Malá"' in official.post(contact, {**who, "change": "1"}).content.decode()
    done = official.post(contact, {**who, "sure": "1"}, follow=True)
    assert "Klient je objednaný" in text(done)
    held.refresh_from_db()
    assert (held.state, held.channel) == (BookingState.CONFIRMED, "phone")
    assert Event.objects.get(kind="BookingConfirmed").actor == Membership.objects.get().user_id
    assert without(mail_of("BookingConfirmed")) in without(said)
    assert official.get(contact)["Location"] == of(held)


def test_a_held_time_is_given_back(official: Client, lhota: OfficeSnapshot) -> None:
    slots = f"{MINE}objednat/ohlaseni/?kanal=desk"
    official.post(slots, {"starts_at": AT})
    held = Booking.objects.get()
    assert official.post(of(held, "vratit/"))["Location"] == MINE
    assert Booking.objects.get().state == BookingState.EXPIRED
    late = official.get(of(held, "kontakt/"), follow=True)
    assert late.redirect_chain[-1][0] == f"{MINE}objednat/"
    assert "gov-message" in late.content.decode(), "it is said"


def test_a_short_message_is_shown_as_it_goes(
    official: Client, lhota: OfficeSnapshot, settings: Any
) -> None:
    settings.SMS_GATEWAY = "file"
    Office.objects.update(messages_data={"sms": True})
    lhota.row.refresh_from_db()
    Office.objects.update(version=lhota.row.version + 1)
    booking = booked(lhota, email="", phone="+420777123456")
    said = text(official.post(of(booking, "presun/"), {"starts_at": LATER}))
    assert "Odejde tato SMS" in said
    assert "777 123 456" in said
    official.post(of(booking, "presun/"), {"starts_at": LATER, "sure": "1"})
    (message,) = compose_messages(
        event=Event.objects.get(kind="BookingMoved").pk, now=town.FRIDAY_BEFORE
    )
    assert without(compose_sms(message, now=town.FRIDAY_BEFORE).text) in without(said)


def test_without_a_contact_the_official_tells_them(official: Client, lhota: OfficeSnapshot) -> None:
    booking = booked(lhota, email="")
    for step, said in (("presun/", {"starts_at": LATER}), ("zrusit/", {"reason": REASON})):
        page = text(official.post(of(booking, step), said))
        assert "Žádná zpráva neodejde" in page
    assert "ContactShown" not in kinds()


@pytest.mark.parametrize("step", ["", "osoba/", "presun/", "zrusit/", "kontakt/", "vratit/"])
def test_a_colleagues_client_does_not_exist(
    official: Client, lhota: OfficeSnapshot, step: str
) -> None:
    other = booked(lhota, code="dvorak")
    said = {"starts_at": LATER, "reason": REASON, "sure": "1", "name": "X"}
    assert official.get(of(other, step)).status_code in {404, 405}
    assert official.post(of(other, step), said).status_code in {404, 405}
    theirs = of(other, step).replace("novakova", "dvorak")
    assert official.post(theirs, said).status_code in {403, 405}
    other.refresh_from_db()
    assert (other.state, other.name) == (BookingState.CONFIRMED, "Karel Vomáčka")


@pytest.mark.parametrize("role", ["clerk", "operator", "head", "administrator"])
def test_nobody_else_opens_them_here(lhota: OfficeSnapshot, client: Client, role: str) -> None:
    booking = booked(lhota)
    client.force_login(town.clerk(lhota, "jiny", role))
    assert client.get(of(booking)).status_code == 403
    assert client.post(of(booking, "zrusit/"), {"reason": REASON, "sure": "1"}).status_code == 403
    assert client.get(f"{MINE}objednat/").status_code == 403


def test_after_the_removal_the_diary_is_closed(official: Client, lhota: OfficeSnapshot) -> None:
    booking = booked(lhota)
    Membership.objects.all().delete()
    assert official.get(of(booking)).status_code == 404


def test_what_is_over_is_not_changed(
    official: Client, lhota: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    booking = booked(lhota)
    same = official.post(of(booking, "presun/"), {"starts_at": AT}, follow=True)
    assert "už v tomto čase je" in text(same)
    assert official.post(of(booking, "presun/"), {"starts_at": "x"}).status_code == 404
    booking_lifecycle.cancel_booking(booking=booking.pk, now=town.FRIDAY_BEFORE)
    for step, said in (("presun/", {"starts_at": LATER}), ("zrusit/", {"reason": REASON})):
        page = text(official.post(of(booking, step), said, follow=True))
        assert "už změnit nejde" in page


def test_a_time_taken_meanwhile_is_said(official: Client, lhota: OfficeSnapshot) -> None:
    booking = booked(lhota)
    official.post(of(booking, "presun/"), {"starts_at": LATER})
    booked(lhota, "9:30", email="jina@example.cz")
    page = text(official.post(of(booking, "presun/"), {"starts_at": LATER, "sure": "1"}))
    assert "Přesunout objednávku?" not in page
    booking.refresh_from_db()
    assert booking.starts_at == town.at("9:00")
    assert refusals.says(page, "term_taken")
