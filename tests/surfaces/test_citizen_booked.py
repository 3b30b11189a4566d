"""Links from the mails: confirming, looking, moving, cancelling, and reading alone changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from icalendar import Calendar

from prepazka.booking import booking_lifecycle, scheduled
from prepazka.booking.models import Booking, BookingState
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, missed_bookings, tickets, turns
from tests import citizen, refusals, town
from tests.citizen import Clock, confirm_url, personal_url, words

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def lhota() -> OfficeSnapshot:
    return town.office()


def state(booking: Booking) -> str:
    booking.refresh_from_db()
    return booking.state


def test_reading_a_link_never_confirms(client: Client, lhota: OfficeSnapshot) -> None:
    booking = town.requested(lhota)
    for _ in range(5):
        assert client.get(confirm_url(booking)).status_code == 200
        assert client.head(confirm_url(booking)).status_code == 200
    assert state(booking) == BookingState.UNCONFIRMED


def test_reading_a_link_never_cancels_or_moves(client: Client, lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota)
    before = Booking.objects.values().get()
    for path in ("", "zrusit/", "zmenit/", f"zmenit/{town.MONDAY}/", "termin.ics"):
        for _ in range(5):
            assert client.get(personal_url(booking) + path).status_code == 200
            assert client.head(personal_url(booking) + path).status_code == 200
    assert Booking.objects.values().get() == before


def test_confirming_again_shows_the_same_pin(client: Client, lhota: OfficeSnapshot) -> None:
    booking = town.requested(lhota)
    pages = [words(client.post(confirm_url(booking), follow=True)) for _ in range(2)]
    assert pages[0] == pages[1]
    booking.refresh_from_db()
    assert " ".join(booking.pin) in pages[0]
    assert " ".join(booking.pin) in words(client.get(confirm_url(booking), follow=True))


@pytest.mark.parametrize("method", ["get", "post"])
def test_too_late_to_confirm_offers_others(
    client: Client, lhota: OfficeSnapshot, clock: Clock, method: str
) -> None:
    booking = town.requested(lhota)
    clock.forward(minutes=16)
    answer = getattr(client, method)(confirm_url(booking))
    assert answer.status_code == 410
    assert refusals.says(words(answer), "confirmation_too_late")
    assert town.at("9:00").isoformat() in citizen.buttons(answer)  # it is free again
    again = client.post(
        citizen.action(answer),
        {
            "request_key": citizen.hidden(answer, "request_key"),
            "starts_at": citizen.buttons(answer)[0],
        },
    )
    assert again.status_code == 302


def test_a_cancelled_booking_is_not_confirmed(client: Client, lhota: OfficeSnapshot) -> None:
    booking = town.requested(lhota)
    booking_lifecycle.cancel_booking(booking=booking.pk, now=town.FRIDAY_BEFORE)
    assert "Objednávka je zrušená" in words(client.post(confirm_url(booking), follow=True))


def test_the_personal_page_says_everything(client: Client, lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota)
    page = words(client.get(personal_url(booking)))
    for said in (
        "Pondělí 23. listopadu 2026, 9:00–10:00",
        "Přepis vozidla",
        "Náměstí 1, Lhota",
        "Jana",
        "8:30–10:00; při zpoždění nejpozději 10:10",
        "Změnit termín",
        "Zrušit objednávku",
    ):
        assert said in page


def test_cancel_by_two_clicks(client: Client, lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota)
    url = f"{personal_url(booking)}zrusit/"
    assert "Zrušit objednávku?" in words(client.get(url))
    for _ in range(2):
        assert "Termín je znovu volný" in words(client.post(url, follow=True))
    assert state(booking) == BookingState.CANCELLED_BY_CITIZEN
    assert town.at("9:00") in [t.starts_at for t in town.offered(lhota)]


def test_move_asks_once_more(client: Client, lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota)
    url = f"{personal_url(booking)}zmenit/"
    assert f'href="{url}{town.MONDAY}/"' in client.get(url).content.decode()
    times = client.get(f"{url}{town.MONDAY}/")
    assert town.at("9:00").isoformat() not in citizen.buttons(times)
    wanted = {"starts_at": town.at("10:00").isoformat()}
    check = client.post(url, wanted)
    assert "Nový termín Pondělí 23. listopadu, 10:00–11:00" in words(check)
    assert state(booking) == BookingState.CONFIRMED
    assert booking.starts_at == town.at("9:00")
    for _ in range(2):
        done = client.post(url, wanted | {"sure": "1"}, follow=True)
        assert "Termín je změněný." in words(done)
    booking.refresh_from_db()
    assert (booking.starts_at, booking.sequence) == (town.at("10:00"), 1)


def test_moving_to_a_slot_just_taken_offers_others(client: Client, lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota)
    town.confirmed(lhota, "10:00")
    url = f"{personal_url(booking)}zmenit/"
    for said in ({}, {"sure": "1"}):
        answer = client.post(url, {"starts_at": town.at("10:00").isoformat()} | said)
        assert answer.status_code == 409
        assert town.at("11:00").isoformat() in citizen.buttons(answer)
        assert citizen.action(answer) == url
    booking.refresh_from_db()
    assert booking.starts_at == town.at("9:00")


def test_after_the_start_nothing_can_be_changed(
    client: Client, lhota: OfficeSnapshot, clock: Clock
) -> None:
    booking = town.confirmed(lhota)
    clock.at = town.at("9:01")
    page = words(client.get(personal_url(booking)))
    assert " ".join(booking.pin) in page  # it still counts at the kiosk
    assert "Změnit termín" not in page
    assert "Zrušit objednávku" not in page
    for path in ("zrusit/", "zmenit/"):
        assert client.get(personal_url(booking) + path).status_code == 302
        client.post(personal_url(booking) + path, {"starts_at": town.at("11:00").isoformat()})
    assert state(booking) == BookingState.CONFIRMED
    assert client.post(f"{personal_url(booking)}zrusit/").status_code == 410
    clock.at = town.at("10:11")
    page = words(client.get(personal_url(booking)))
    assert "Termín už uplynul" in page
    assert " ".join(booking.pin) not in page


@pytest.mark.parametrize(
    ("ended", "says"),
    [
        (BookingState.ARRIVED, "Na úřadě o Vás víme"),
        (BookingState.SERVED, "Děkujeme za návštěvu"),
        (BookingState.NO_SHOW, "Termín už uplynul"),
        (BookingState.CANCELLED_BY_OFFICE, "Úřad musel Vaši objednávku zrušit"),
        (BookingState.DISPLACED, "Úřad musel Vaši objednávku zrušit"),
        (BookingState.EXPIRED, "Termín jsme uvolnili"),
    ],
)
def test_every_end_is_told(
    client: Client, lhota: OfficeSnapshot, ended: BookingState, says: str
) -> None:
    booking = town.confirmed(lhota)
    Booking.objects.update(state=ended)
    page = words(client.get(personal_url(booking)))
    assert says in page
    assert " ".join(booking.pin) not in page
    assert "Změnit termín" not in page


def test_a_call_in_vain_is_told_and_never_that_the_time_has_passed(
    client: Client, lhota: OfficeSnapshot, clock: Clock
) -> None:
    booking = town.confirmed(lhota)
    kiosk, clerk = town.kiosk(lhota), town.clerk(lhota).pk
    counters.open_counter(counter=town.counter(lhota), clerk=clerk, now=town.at("8:00"))

    def miss(at: str) -> str:
        tickets.check_in(
            office=lhota, device=kiosk, pin=booking.pin, touch=uuid4(), now=town.at(at)
        )
        turns.call_next(office=lhota, clerk=clerk, now=town.at(at))
        turns.mark_no_show(office=lhota, clerk=clerk, now=town.at(at))
        clock.at = town.at(at)
        return words(client.get(personal_url(booking)))

    page = miss("9:05")
    assert "Volali jsme Vás v 9:05 k přepážce 1 Vaše číslo V1" in page
    assert "Do 10:10 zadejte PIN znovu v kiosku" in page
    assert "uplynul" not in page
    page = miss("9:20")
    assert "Volali jsme Vás v 9:20 k přepážce 1" in page
    assert "Přijďte prosím k informacím" in page
    assert "zadejte PIN" not in page
    missed_bookings.end_missed(office=lhota, now=town.at("10:10"))
    clock.at = town.at("10:11")
    page = words(client.get(personal_url(booking)))
    assert "Volali jsme Vás v 9:20 k přepážce 1" in page
    assert "PIN už neplatí" in page


def test_after_erasure_nobody_is_named(client: Client, lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota)
    scheduled.mark_no_shows(office=lhota, day=town.MONDAY, now=town.at("23:00"))
    scheduled.erase_personal_data(office=lhota.row, now=town.at("9:00") + timedelta(days=30))
    page = words(client.get(personal_url(booking)))
    assert "Jana" not in page
    assert not town.shows_pin(page, booking.pin)


def test_the_calendar_file_grows_with_each_change(client: Client, lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota)

    def event() -> tuple[str, int, str, str]:
        answer = client.get(f"{personal_url(booking)}termin.ics")
        assert answer["Content-Type"].startswith("text/calendar")
        read = Calendar.from_ical(answer.content)
        one: Any = read.walk("VEVENT")[0]
        assert one["DTSTART"].dt == Booking.objects.get().starts_at
        return str(one["UID"]), int(one["SEQUENCE"]), str(one["STATUS"]), str(read["METHOD"])

    uid = event()[0]
    assert event() == (uid, 0, "CONFIRMED", "PUBLISH")
    booking_lifecycle.move_booking(
        booking=booking.pk, starts_at=town.at("10:00"), now=town.FRIDAY_BEFORE
    )
    assert event() == (uid, 1, "CONFIRMED", "PUBLISH")
    booking_lifecycle.cancel_booking(booking=booking.pk, now=town.FRIDAY_BEFORE)
    assert event() == (uid, 2, "CANCELLED", "CANCEL")
