"""The desk: arrivals, tickets for people without booking, bookings by telephone."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.booking.models import Booking, BookingState, CallListEntry
from prepazka.journal.models import Event
from prepazka.messaging.message_delivery import compose_messages
from prepazka.messaging.models import Message
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket
from prepazka.surfaces.console import desk, desk_booking_pages
from tests import refusals, town

pytestmark = pytest.mark.django_db
DESK = "/pult/lhota/recepce/"


class Clock:
    def __init__(self) -> None:
        self.at = town.at("9:05")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    for module in (desk, desk_booking_pages):
        monkeypatch.setattr(module, "now", lambda: made.at)
    return made


@pytest.fixture
def office(clock: Clock) -> OfficeSnapshot:
    return town.office(quota=2)


@pytest.fixture
def reception(office: OfficeSnapshot, client: Client) -> Client:
    client.force_login(town.clerk(office, role="reception"))
    return client


def text(answer: Any) -> str:
    """The page without its icons, whose paths are full of digits."""
    return re.sub(r"<svg.*?</svg>", "", _text(answer), flags=re.DOTALL)


def _text(answer: Any) -> str:
    return str(answer.content.decode().replace("\u00a0", " "))


def test_todays_bookings_are_found_by_pin_time_and_name(
    office: OfficeSnapshot, reception: Client
) -> None:
    nine, ten = town.confirmed(office, "9:00"), town.confirmed(office, "10:00")
    Booking.objects.filter(pk=ten.pk).update(name="Ondřej Malý")

    def found(wanted: str) -> list[str]:
        page = text(reception.get(DESK, {"hledat": wanted}))
        return [name for name in ("Jana", "Ondřej Malý") if f">{name}<" in page]

    assert found("") == ["Jana", "Ondřej Malý"]
    assert found(nine.pin) == ["Jana"]
    assert found("10:30") == ["Ondřej Malý"]
    assert found("9.00") == ["Jana"]
    assert found("malý") == ["Ondřej Malý"]
    page = text(reception.get(DESK, {"hledat": "nikdo"}))
    assert "Nic se nenašlo" in page
    assert not town.shows_pin(text(reception.get(DESK)), nine.pin), "PINs are not on the list"
    assert "example.cz" not in text(reception.get(DESK)), "nor contacts"
    assert "23. listopadu 2026" in text(reception.get(DESK))
    assert "nikdo objednaný není" in text(reception.get(DESK, {"den": "2026-11-25"}))
    assert reception.get(DESK, {"den": "nonsense"}).status_code == 200


@pytest.mark.parametrize(
    ("clock_time", "says", "comes"),
    [
        ("8:20", "Příliš brzy: příchod k tomuto objednání jde zapsat od 8:30", False),
        ("8:40", "Zapsáno předem. Lístek V1, na řadě je od 9:00", True),
        ("9:05", "Zapsáno. Lístek V1, jde před neobjednanými", True),
        ("10:05", "Zapsáno po čase. Lístek V1, čeká v pořadí příchodu", True),
        ("10:30", "Objednaný čas už uplynul", False),
    ],
)
def test_an_arrival_gets_its_verdict(
    office: OfficeSnapshot,
    clock: Clock,
    reception: Client,
    clock_time: str,
    says: str,
    comes: bool,  # noqa: FBT001
) -> None:
    booking = town.confirmed(office, "9:00")
    clock.at = town.at(clock_time)
    page = text(reception.post(f"{DESK}prichod/{booking.pk}/", follow=True))
    assert says in page
    assert Ticket.objects.exists() == comes


def test_an_arrival_pressed_twice_is_one_ticket(office: OfficeSnapshot, reception: Client) -> None:
    booking = town.confirmed(office, "9:00")
    reception.post(f"{DESK}prichod/{booking.pk}/")
    again = text(reception.post(f"{DESK}prichod/{booking.pk}/", follow=True))
    assert "Už je zapsaný, lístek má V1" in again
    assert Ticket.objects.get().booking_id == booking.pk
    assert reception.get(f"{DESK}prichod/{booking.pk}/").status_code == 405
    assert reception.post(f"{DESK}prichod/{uuid4()}/").status_code == 404


def test_a_ticket_is_issued_once_however_often_it_is_sent(
    office: OfficeSnapshot, reception: Client
) -> None:
    page = text(reception.get(f"{DESK}listek/"))
    touch = re.search(r'name="touch" value="([-\w]+)"', page)
    assert touch
    form = {"service": "prepis", "persons": "2", "statutory": "on", "touch": touch[1]}
    shown = text(reception.post(f"{DESK}listek/", form, follow=True))
    again = text(reception.post(f"{DESK}listek/", form, follow=True))
    ticket = Ticket.objects.get()
    assert (ticket.label, ticket.statutory, ticket.persons) == ("V1", True, 2)
    for page in (shown, again):
        assert 'class="slip__number">V1<' in page
        assert "Před Vámi je 0 lidí" in page
    issued = Event.objects.get(kind="TicketIssued")
    assert issued.actor
    wrong = text(reception.post(f"{DESK}listek/", {"persons": "0"}))
    assert "<title>Chyba:" in wrong
    assert reception.post(f"{DESK}listek/", {**form, "service": "nic"}).status_code == 200


def test_the_desk_issues_tickets_outside_the_hours(
    office: OfficeSnapshot, clock: Clock, reception: Client
) -> None:
    clock.at = town.at("19:00")
    assert "mimo úřední hodiny" in text(reception.get(f"{DESK}listek/"))
    form = {"service": "prepis", "persons": "1", "touch": str(uuid4())}
    assert "V1" in text(reception.post(f"{DESK}listek/", form, follow=True))


def book(reception: Client, channel: str = "phone", **contact: str) -> Booking:
    """The four steps: service, slot, person, slip."""
    answer = reception.get(
        f"{DESK}objednat/", {"service": "prepis", "persons": "1", "channel": channel}
    )
    slots = answer.headers["Location"]
    page = reception.get(slots).content.decode()
    key = re.search(r'name="key" value="([-\w]+)"', page)
    assert key
    slot = {"starts_at": town.at("11:00").isoformat(), "key": key[1]}
    first = reception.post(slots, slot).headers["Location"]
    assert reception.post(slots, slot).headers["Location"] == first, "pressed twice, held once"
    answer = reception.post(first, {"name": "Karel Dlouhý", "email": "", "phone": "", **contact})
    return Booking.objects.get(pk=answer.headers["Location"].split("/")[-2])


def test_a_caller_is_booked_in_four_steps_with_a_pin(
    office: OfficeSnapshot, reception: Client
) -> None:
    made = book(reception, phone="777 123 456")
    assert (made.state, made.channel, made.phone) == (
        BookingState.CONFIRMED,
        "phone",
        "+420777123456",
    )
    assert made.starts_at == town.at("11:00")
    page = text(reception.get(f"{DESK}objednavka/{made.pk}/"))
    assert " ".join(made.pin) in page
    assert "777 123" not in page
    assert "777123" not in page
    shown = text(reception.post(f"{DESK}objednavka/{made.pk}/osoba/"))
    assert "777 123 456" in shown
    assert "Karel Dlouhý" in shown
    assert Event.objects.filter(kind="ContactShown").count() == 1


def test_a_message_that_could_not_be_sent_is_said_on_the_slip(
    office: OfficeSnapshot, reception: Client
) -> None:
    booking = town.confirmed(office)
    slip = f"/pult/lhota/recepce/objednavka/{booking.pk}/"
    assert "nepodařilo odeslat" not in text(reception.get(slip))
    row = {"office": booking.office, "booking": booking, "channel": "sms"}
    Message.objects.create(
        **row,
        kind="confirmed",
        event=1,
        state="failed",
        error="the monthly limit of short messages is used up",
        created_at=town.FRIDAY_BEFORE,
    )
    assert "Poslední zprávu se nepodařilo odeslat (měsíční počet SMS je vyčerpaný)." in text(
        reception.get(slip)
    )
    Message.objects.create(
        **row, kind="moved", event=2, state="sent", created_at=town.FRIDAY_BEFORE
    )
    assert "nepodařilo odeslat" not in text(reception.get(slip))


def test_wrong_contact_keeps_what_was_written(office: OfficeSnapshot, reception: Client) -> None:
    held = town.hold(office, "10:00", town.at("9:00"), channel="desk")
    address = f"{DESK}objednavka/{held.pk}/kontakt/"
    page = text(reception.post(address, {"name": "", "email": "není", "phone": "12"}))
    assert "<title>Chyba:" in page
    assert 'value="není"' in page
    assert refusals.says(page, "phone_not_understood")
    held.refresh_from_db()
    assert held.state == BookingState.HELD


def test_a_taken_slot_is_refused_with_the_free_ones(
    office: OfficeSnapshot, reception: Client
) -> None:
    for _ in range(2):
        town.hold(office, "11:00", town.at("9:00"))
    answer = reception.post(
        f"{DESK}objednat/prepis/?osob=1&kanal=desk", {"starts_at": town.at("11:00").isoformat()}
    )
    page = text(answer)
    assert answer.status_code == 200
    assert "mezitím" in page or "právě" in page
    assert town.at("13:00").isoformat() in answer.content.decode()
    assert town.at("11:00").isoformat() not in answer.content.decode()


def test_the_office_moves_and_cancels(office: OfficeSnapshot, reception: Client) -> None:
    made = book(reception, channel="desk")
    address = f"{DESK}objednavka/{made.pk}/"
    reception.post(f"{address}presun/", {"starts_at": town.at("14:00").isoformat()})
    made.refresh_from_db()
    assert made.starts_at == town.at("14:00")
    moved = Event.objects.get(kind="BookingMoved")
    assert moved.data["by"] == "office"
    assert moved.actor
    assert reception.get(f"{address}zrusit/").status_code == 405
    page = text(reception.post(f"{address}zrusit/", follow=True))
    assert "zrušil úřad" in page
    made.refresh_from_db()
    assert made.state == BookingState.CANCELLED_BY_OFFICE
    reception.post(f"{address}zrusit/", follow=True)
    assert Event.objects.filter(kind="BookingCancelled").count() == 1


def test_a_fixed_line_is_telephoned_when_the_office_cancels(
    office: OfficeSnapshot, clock: Clock, reception: Client
) -> None:
    made = book(reception, phone="+420 382 766 111")
    assert made.phone == "+420382766111"
    reception.post(f"{DESK}objednavka/{made.pk}/zrusit/")
    cancelled = Event.objects.get(kind="BookingCancelled")
    assert compose_messages(event=cancelled.pk, now=clock.at) == []
    call = CallListEntry.objects.get(closed_at=None)
    assert (call.booking_id, call.reason) == (made.pk, "no_contact")


def test_a_hold_that_ran_out_starts_again(
    office: OfficeSnapshot, clock: Clock, reception: Client
) -> None:
    held = town.hold(office, "11:00", town.at("8:00"), channel="desk")
    address = f"{DESK}objednavka/{held.pk}/kontakt/"
    page = text(reception.post(address, {"name": "Karel"}, follow=True))
    assert "vypršel" in page or "uplynul" in page
    assert not Booking.objects.filter(state=BookingState.CONFIRMED).exists()


def test_a_slot_somebody_fills_in_at_home_is_not_the_desks(
    office: OfficeSnapshot, reception: Client
) -> None:
    held = town.hold(office, "11:00", town.at("9:00"))
    assert reception.get(f"{DESK}objednavka/{held.pk}/kontakt/").status_code == 404


def test_a_head_looks_but_does_not_write(office: OfficeSnapshot, client: Client) -> None:
    booking = town.confirmed(office, "9:00")
    client.force_login(town.clerk(office, role="head"))
    assert "Jana" in text(client.get(DESK))
    assert client.post(f"{DESK}prichod/{booking.pk}/").status_code == 403
    assert client.get(f"{DESK}listek/").status_code == 403


def test_the_search_is_sent_by_its_button(reception: Client) -> None:
    page = reception.get("/pult/lhota/recepce/").content.decode()
    search = page.split('role="search"')[1].split("</form>")[0]
    assert 'type="submit"' in search
    assert "<a " not in search
