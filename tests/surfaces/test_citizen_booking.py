"""The whole way of one booking through the pages, and everything that may go wrong on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.booking import booking_links
from prepazka.booking.models import Booking, BookingState
from prepazka.journal.models import Event
from prepazka.messaging.message_delivery import compose_messages
from prepazka.messaging.models import Message
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web import limits
from prepazka.web.limits import HOLDS, REQUESTS
from tests import citizen, refusals, town
from tests.citizen import DAYS, TIMES, Clock, fill_in, take, title, words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def lhota() -> OfficeSnapshot:
    return town.office()


def test_from_the_office_to_the_pin(client: Client, lhota: OfficeSnapshot) -> None:
    assert "Městský úřad Lhota" in words(client.get("/"))
    assert 'href="/lhota/objednat/"' in client.get("/lhota/").content.decode()
    assert f'href="{DAYS}"' in client.get("/lhota/objednat/").content.decode()
    assert f'href="{TIMES}"' in client.get(DAYS).content.decode()

    contact = take(client)
    page = client.get(contact)
    assert "Termín pro Vás držíme do 9:10" in words(page)
    assert page["X-Robots-Tag"] == "noindex"
    assert "no-store" in page["Cache-Control"]
    answer = fill_in(client, contact)
    assert answer["Location"] == f"{contact}kontrola/"

    page = client.get(answer["Location"])
    assert "Jana Nováková" in words(page)
    assert page.content.decode().count("Změnit<") == 4
    assert (
        Booking.objects.get().state == BookingState.HELD
    )  # nothing is booked before the final button

    answer = client.post(f"{contact}kontrola/")
    assert answer["Location"] == f"{contact}odeslano/"
    seen = words(client.get(answer["Location"]))
    assert "jana@example.cz" in seen
    assert "držíme do 9:15" in seen

    booking = Booking.objects.get()
    assert booking.state == BookingState.UNCONFIRMED
    answer = client.post(citizen.confirm_url(booking))
    seen = words(client.get(answer["Location"]))
    booking.refresh_from_db()
    assert " ".join(booking.pin) in seen
    assert "8:30–10:00" in seen
    assert "Náměstí 1, Lhota" in seen
    sent = words(client.get(f"{contact}odeslano/"))
    assert not town.shows_pin(sent, booking.pin), "the mailbox proves the person, not a form"


def test_without_confirmation_the_pin_comes_at_once(client: Client) -> None:
    town.office(confirm_min=0)
    contact = take(client)
    fill_in(client, contact)
    page = client.get(f"{contact}kontrola/")
    assert "Objednávka platí hned" in words(page)
    answer = client.post(f"{contact}kontrola/", follow=True)
    assert "Objednávka je potvrzená" in words(answer)
    assert " ".join(Booking.objects.get().pin) in words(answer)


def test_pressed_twice_it_is_one_booking(client: Client, lhota: OfficeSnapshot) -> None:
    said = {"request_key": str(uuid4()), "starts_at": town.at("9:00").isoformat()}
    first, again = client.post(TIMES, said), client.post(TIMES, said)
    assert first["Location"] == again["Location"]
    fill_in(client, first["Location"])
    check = f"{first['Location']}kontrola/"
    assert client.post(check)["Location"] == client.post(check)["Location"]
    assert Booking.objects.get().state == BookingState.UNCONFIRMED


def test_back_and_another_slot_from_the_same_form(client: Client, lhota: OfficeSnapshot) -> None:
    said = {"request_key": str(uuid4()), "starts_at": town.at("9:00").isoformat()}
    first = client.post(TIMES, said)["Location"]
    other = client.post(TIMES, said | {"starts_at": town.at("10:00").isoformat()})["Location"]
    assert first != other
    assert "10:00–11:00" in words(client.get(other))


def test_a_hold_that_ran_out_is_taken_anew_by_the_same_form(
    client: Client, lhota: OfficeSnapshot, clock: Clock
) -> None:
    said = {"request_key": str(uuid4()), "starts_at": town.at("9:00").isoformat()}
    first = client.post(TIMES, said)["Location"]
    clock.forward(minutes=11)
    again = client.post(TIMES, said)["Location"]
    assert first != again
    assert "držíme do 9:21" in words(client.get(again))


def test_the_loser_of_a_race_is_offered_the_three_nearest(
    client: Client, lhota: OfficeSnapshot
) -> None:
    form = client.get(TIMES)
    town.confirmed(lhota, "9:00")
    answer = client.post(
        TIMES,
        {
            "request_key": citizen.hidden(form, "request_key"),
            "starts_at": town.at("9:00").isoformat(),
        },
    )
    assert answer.status_code == 409
    assert refusals.says(words(answer), "term_taken")
    assert citizen.buttons(answer) == [town.at(c).isoformat() for c in ("8:00", "10:00", "11:00")]


@pytest.mark.parametrize(
    "said",
    [
        "2026-11-23T08:07:00+00:00",
        "2020-01-06T08:00:00+00:00",
        "2026-11-23T08:00:00",
        "yesterday",
        "",
    ],
)
def test_a_foreign_or_past_slot_is_refused_politely(
    client: Client, lhota: OfficeSnapshot, said: str
) -> None:
    answer = client.post(TIMES, {"request_key": "tampered", "starts_at": said})
    assert answer.status_code == 409
    assert refusals.says(words(answer), "term_not_offered")
    assert len(citizen.buttons(answer)) == 3


@pytest.mark.parametrize(
    ("said", "errors"),
    [
        ({"name": "", "email": "jana@example.cz"}, ["Vyplňte jméno osoby, která přijde."]),
        ({"name": "Jana", "email": ""}, ["Vyplňte svou e-mailovou adresu."]),
        ({"name": "Jana", "email": "jana@"}, ["Vyplňte e-mailovou adresu ve tvaru"]),
        ({"name": "J" * 121, "email": "jana@example.cz"}, ["Zkraťte jméno na nejvýše 120 znaků."]),
        ({"name": "", "email": "x"}, ["Vyplňte jméno", "Vyplňte e-mailovou adresu ve tvaru"]),
    ],
)
def test_each_field_says_what_is_wrong(
    client: Client, lhota: OfficeSnapshot, said: dict[str, str], errors: list[str]
) -> None:
    answer = client.post(take(client), said)
    assert answer.status_code == 422
    assert title(answer).startswith("Chyba: ")
    for error in errors:
        assert words(answer).count(error) == 2  # in the summary and at the field
    assert f'value="{said["email"]}"' in answer.content.decode() or not said["email"]


def test_names_are_taken_as_they_are(client: Client, lhota: OfficeSnapshot) -> None:
    name = "Ing. Nguyễn Thị O'Hara-Ørsted, <b>Ph.D.</b>"
    contact = take(client)
    fill_in(client, contact, name=name)
    assert name in words(client.get(f"{contact}kontrola/"))


def test_more_time_on_request(client: Client, lhota: OfficeSnapshot, clock: Clock) -> None:
    contact = take(client)
    clock.forward(minutes=8)
    answer = client.post(contact, {"name": "Jana", "email": "ja", "extend": "1"}, follow=True)
    assert "držíme do 9:18" in words(answer)
    assert 'value="ja"' in answer.content.decode()  # what was typed stays
    for _ in range(9):
        client.post(contact, {"name": "Jana", "email": "ja", "extend": "1"})
    answer = client.post(contact, {"name": "Jana", "email": "ja", "extend": "1"})
    assert answer.status_code == 409
    assert refusals.says(words(answer), "cannot_extend")


@pytest.mark.parametrize("where", ["", "kontrola/"])
def test_a_hold_that_ran_out_keeps_the_answers(
    client: Client, lhota: OfficeSnapshot, clock: Clock, where: str
) -> None:
    contact = take(client)
    if where:
        fill_in(client, contact)
    clock.forward(minutes=11)
    answer = client.post(contact + where, {"name": "Jana Nováková", "email": "jana@example.cz"})
    assert answer.status_code == 410
    assert refusals.says(words(answer), "hold_expired")
    times = citizen.action(answer)
    again = client.post(
        times,
        {
            "request_key": citizen.hidden(answer, "request_key"),
            "starts_at": citizen.buttons(answer)[0],
        },
    )["Location"]
    assert 'value="jana@example.cz"' in client.get(again).content.decode()


def test_changing_the_slot_keeps_the_answers_and_frees_the_old_one(
    client: Client, lhota: OfficeSnapshot
) -> None:
    contact = take(client)
    fill_in(client, contact)
    token = contact.split("/")[2]
    new = take(client, "10:00", f"{TIMES}?misto={token}")
    assert 'value="Jana Nováková"' in client.get(new).content.decode()
    assert Booking.objects.filter(state=BookingState.HELD).count() == 1
    # The slot one already holds is offered as well, and choosing it changes nothing.
    assert take(client, "10:00", f"{TIMES}?misto={new.split('/')[2]}") == new


def test_another_open_booking_is_said_at_the_email(client: Client, lhota: OfficeSnapshot) -> None:
    Office.objects.update(phone="380123456", version=2)
    town.confirmed(lhota, "9:00", email="jana@example.cz")
    contact = take(client, "11:00")
    fill_in(client, contact, email="Jana+urad@example.cz")
    answer = client.post(f"{contact}kontrola/")
    assert answer.status_code == 409
    assert title(answer).startswith("Chyba: ")
    said = "Na tento e-mail už je objednaný jeden termín, víc jich tu být nemůže. Změníte ho odkazem v e-mailu. Další Vám objednáme na tel. 380 123 456."
    assert words(answer).count(said) == 2


def test_who_asked_and_did_not_confirm_may_ask_once_more(
    client: Client, lhota: OfficeSnapshot
) -> None:
    for clock in ("9:00", "11:00"):
        citizen.request_booking(client, clock, email="jana@example.cz")
    first, second = Booking.objects.order_by("starts_at")
    assert client.post(citizen.confirm_url(second)).status_code == 302
    answer = client.post(citizen.confirm_url(first))
    assert answer.status_code == 409
    assert "Na tento e-mail už je objednaný jeden termín" in words(answer)
    first.refresh_from_db()
    assert first.state == BookingState.UNCONFIRMED


def test_a_contact_cannot_keep_many_slots_without_confirming(
    client: Client, lhota: OfficeSnapshot
) -> None:
    for clock in ("8:00", "9:00", "10:00"):
        citizen.request_booking(client, clock, email="jana@example.cz")
    contact = take(client, "11:00")
    fill_in(client, contact, email="jana@example.cz")
    answer = client.post(f"{contact}kontrola/")
    assert answer.status_code == 409
    assert words(answer).count("Několik objednávek na tento kontakt čeká na potvrzení.") == 2


def test_the_message_is_sent_again_and_the_deadline_starts_anew(
    client: Client, lhota: OfficeSnapshot, clock: Clock
) -> None:
    booking = citizen.request_booking(client)
    sent = f"/termin/{booking_links.sign_token(booking.pk, 'hold')}/odeslano/"
    clock.forward(minutes=10)
    answer = client.post(sent, {"again": "1"}, follow=True)
    assert "Zprávu jsme poslali znovu." in words(answer)
    assert "Termín pro Vás držíme do 9:25." in words(answer)
    asked = Event.objects.filter(kind="ConfirmationRequested")
    for event in asked.order_by("pk"):
        compose_messages(event=event.pk, now=clock.at)
    assert Message.objects.filter(booking=booking, kind="confirm").count() == 2
    for _ in range(9):
        clock.forward(minutes=14)
        client.post(sent, {"again": "1"})
    booking.refresh_from_db()
    assert booking.expires_at == town.FRIDAY_BEFORE + timedelta(minutes=75)  # no later than that
    assert "Objednávku jste včas nepotvrdili." in words(client.get(sent))


def test_a_mistyped_address_is_corrected_and_the_slot_stays(
    client: Client, lhota: OfficeSnapshot
) -> None:
    booking = citizen.request_booking(client, email="jana@sezna.cz")
    sent = f"/termin/{booking_links.sign_token(booking.pk, 'hold')}/odeslano/"
    assert "Nemysleli jste jana@seznam.cz?" in words(client.get(sent))
    contact = client.post(sent, {"correct": "1"})["Location"]
    assert client.post(sent, {"correct": "1"}, follow=True).redirect_chain[-1][0] == contact
    assert 'value="jana@sezna.cz"' in client.get(contact).content.decode()
    fill_in(client, contact, email="jana@seznam.cz")
    answer = client.post(f"{contact}kontrola/", follow=True)
    assert "Na adresu jana@seznam.cz jsme poslali e-mail." in words(answer)
    corrected = Booking.objects.get(state=BookingState.UNCONFIRMED)
    assert (corrected.starts_at, corrected.lane) == (booking.starts_at, booking.lane)
    # Whoever got the first mail by mistake cannot open the booking with it.
    assert client.post(citizen.confirm_url(booking)).status_code == 410
    assert "seznam.cz" not in words(client.get(citizen.personal_url(booking)))
    corrected.refresh_from_db()
    assert corrected.state == BookingState.UNCONFIRMED
    # And who goes back to the first page is led to where it goes on.
    assert client.get(sent, follow=True).redirect_chain[-1][0].endswith("/odeslano/")


def test_a_probably_mistyped_domain_gets_a_hint_and_no_refusal(
    client: Client, lhota: OfficeSnapshot
) -> None:
    contact = take(client)
    fill_in(client, contact, email="Jana@seznma.cz")
    check = f"{contact}kontrola/"
    assert "Nemysleli jste Jana@seznam.cz?" in words(client.get(check))
    answer = client.post(check, {"suggested": "1"}, follow=True)
    assert "E-mail Jana@seznam.cz" in words(answer)
    assert "Nemysleli jste" not in words(answer)
    fill_in(client, contact, email="jana@seznma.cz")
    assert client.post(check)["Location"].endswith("/odeslano/")  # it may be right all the same


def test_how_many_people(client: Client) -> None:
    town.office(max_persons=3)
    assert "Pro kolik osob" in words(client.get(DAYS))
    wrong = client.get(f"{DAYS}?osob=9")
    assert wrong.status_code == 422
    assert words(wrong).count("Vyberte, pro kolik osob termín objednáváte.") == 2
    assert f"{TIMES}?osob=2" in client.get(f"{DAYS}?osob=2").content.decode()
    page = client.get(f"{TIMES}?osob=2")
    assert "8:00–10:00" in words(page)
    contact = take(client, "9:00", f"{TIMES}?osob=2")
    fill_in(client, contact)
    check = client.get(f"{contact}kontrola/")
    assert "Počet osob 2" in words(check)
    assert check.content.decode().count("Změnit<") == 5
    assert Booking.objects.get().persons == 2


@pytest.mark.parametrize(("language", "says"), [("", "Odkaz není platný"), ("/en", "not valid")])
@pytest.mark.parametrize(
    "path",
    [
        "/termin/x.y/",
        "/termin/x/kontrola/",
        "/potvrzeni/x/",
        "/objednavka/x/",
        "/objednavka/x/zrusit/",
        "/objednavka/x/zmenit/",
        "/objednavka/x/termin.ics",
    ],
)
def test_a_tampered_link_is_told_in_the_language_of_the_page(
    client: Client, language: str, path: str, says: str
) -> None:
    answer = client.get(language + path)
    assert answer.status_code == 404
    assert says in words(answer)


def test_a_link_for_one_purpose_opens_nothing_else(client: Client, lhota: OfficeSnapshot) -> None:
    booking = citizen.request_booking(client)
    held = booking_links.sign_token(booking.pk, "hold")
    for path in ("potvrzeni", "objednavka"):
        assert client.post(f"/{path}/{held}/").status_code == 404
    booking.refresh_from_db()
    assert booking.state == BookingState.UNCONFIRMED


def test_what_is_not_there_is_404(client: Client, lhota: OfficeSnapshot) -> None:
    for path in ("/nic/", "/lhota/objednat/nic/", f"{DAYS}2026-13-40/", f"{DAYS}x/"):
        assert client.get(path).status_code == 404


def test_too_many_holds_from_one_address(
    client: Client, lhota: OfficeSnapshot, settings: Any
) -> None:
    settings.RATE_LIMITS = True
    for _ in range(HOLDS.most):
        assert client.post(TIMES, {"starts_at": ""}).status_code == 409
    answer = client.post(TIMES, {"starts_at": ""})
    assert answer.status_code == 429
    assert refusals.says(words(answer), "too_many_holds")
    assert "urad@lhota.example" in words(answer)  # the office of the tests has no telephone
    assert answer["Retry-After"].isdigit()
    neighbour = client.post(TIMES, {"starts_at": ""}, REMOTE_ADDR="192.0.2.7")
    assert neighbour.status_code == 409


def test_too_many_mails_from_one_address(
    client: Client, lhota: OfficeSnapshot, settings: Any
) -> None:
    contact = take(client)
    fill_in(client, contact)
    settings.RATE_LIMITS = True
    for _ in range(REQUESTS.most):
        limits.count_try(REQUESTS, "127.0.0.1", now=town.FRIDAY_BEFORE)
    answer = client.post(f"{contact}kontrola/")
    assert answer.status_code == 429
    assert answer["Retry-After"].isdigit()
    assert 'value="jana@example.cz"' in answer.content.decode()


def test_back_and_another_slot_leave_one_hold(client: Client, lhota: OfficeSnapshot) -> None:
    form = client.get(TIMES)  # stays in the browser; Back shows it again as it was
    key = citizen.hidden(form, "request_key")
    first = client.post(TIMES, {"request_key": key, "starts_at": town.at("9:00").isoformat()})
    fill_in(client, first["Location"])
    again = client.post(TIMES, {"request_key": key, "starts_at": town.at("11:00").isoformat()})
    held = Booking.objects.get(state=BookingState.HELD)
    assert held.starts_at == town.at("11:00")
    assert 'value="jana@example.cz"' in client.get(again["Location"]).content.decode()


def test_ones_own_slot_is_not_taken_by_somebody_else_in_a_second_tab(
    client: Client, lhota: OfficeSnapshot
) -> None:
    contact = take(client, "9:00")
    second_tab = client.get(TIMES)
    assert town.at("9:00").isoformat() in citizen.buttons(second_tab)
    assert take(client, "9:00") == contact
    assert Booking.objects.count() == 1
    # Somebody else does not see it.
    assert town.at("9:00").isoformat() not in citizen.buttons(Client().get(TIMES))


def test_a_requested_booking_is_never_given_up_for_another(
    client: Client, lhota: OfficeSnapshot
) -> None:
    citizen.request_booking(client, "9:00")
    take(client, "11:00")
    assert set(Booking.objects.values_list("state", flat=True)) == {
        BookingState.UNCONFIRMED,
        BookingState.HELD,
    }
