"""A kiosk that was lost: new PINs for what it held, messages, and what it sends later."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from prepazka.booking import transitions
from prepazka.booking.models import Booking, CallListEntry, ReplacedPin
from prepazka.booking.scheduled import erase_personal_data
from prepazka.core import pins
from prepazka.journal.models import Event
from prepazka.messaging import message_delivery
from prepazka.messaging.models import Message
from prepazka.offices import devices
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import lost_kiosk, tickets
from prepazka.queueing.models import Ticket
from prepazka.queueing.offline_grants import pin_list
from prepazka.queueing.refusals import GrantUnknown
from tests import town
from tests.cutoff import Kiosk

pytestmark = pytest.mark.django_db
NINE = town.at("9:00")
LATER = town.at("9:10")


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office(quota=4)


@pytest.fixture
def actor(office: OfficeSnapshot) -> int:
    return town.clerk(office, "hlavni", "head").pk


def other_kiosk(office: OfficeSnapshot) -> Device:
    return Device.objects.create(office=office.row, code="k2", kind="kiosk", name={"cs": "K2"})


def enter(office: OfficeSnapshot, kiosk: Device, pin: str) -> tickets.CheckIn:
    return tickets.check_in(office=office, device=kiosk, pin=pin, touch=uuid4(), now=LATER)


def pin_of(booking: Booking) -> str:
    return Booking.objects.get(pk=booking.pk).pin


def lose(office: OfficeSnapshot, actor: int, now=LATER) -> int:
    return lost_kiosk.report_kiosk_lost(
        office=office, device=town.kiosk(office).pk, now=now, actor=actor
    )


def test_bookings_that_it_held_have_new_pins_and_old_ones_say_so(
    office: OfficeSnapshot, actor: int
) -> None:
    held = town.confirmed(office, "9:00")
    another_day = town.confirmed(office, day=town.MONDAY + timedelta(days=1), email="p@example.cz")
    Kiosk(office, NINE)
    young = town.confirmed(office, "11:00", now=NINE + lost_kiosk.RENEWAL_LASTS * 1.5)
    assert lose(office, actor) == 1
    assert pin_of(held) != held.pin
    assert (pin_of(another_day), pin_of(young)) == (another_day.pin, young.pin)
    other = other_kiosk(office)
    answer = enter(office, other, held.pin)
    assert answer.verdict.outcome is pins.Outcome.CHANGED
    assert answer.ticket is None
    assert other.wrong_pin_rows.count() == 0
    assert enter(office, other, pin_of(held)).ticket
    assert Event.objects.get(kind="KioskLost").data["bookings"] == 1
    assert not town.kiosk(office).token_hash


def test_pressed_twice_nothing_changes_again(office: OfficeSnapshot, actor: int) -> None:
    held = town.confirmed(office, "9:00")
    Kiosk(office, NINE)
    assert lose(office, actor) == 1
    new = pin_of(held)
    assert lose(office, actor) == 0
    assert pin_of(held) == new
    assert Event.objects.filter(kind="KioskLost").count() == 1


def test_who_has_come_and_whose_time_is_over_keep_their_pins(
    office: OfficeSnapshot, actor: int
) -> None:
    arrived = town.confirmed(office, "9:00")
    over = town.confirmed(office, "8:00")
    Kiosk(office, NINE)
    tickets.check_in_at_desk(
        office=office, booking=arrived.pk, touch=uuid4(), now=NINE, actor=actor
    )
    assert lose(office, actor, town.at("9:30")) == 0
    assert (pin_of(arrived), pin_of(over)) == (arrived.pin, over.pin)


def test_an_old_pin_is_nobody_elses_that_day(
    office: OfficeSnapshot, actor: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = town.confirmed(office, "9:00")
    Kiosk(office, NINE)
    lose(office, actor)
    # Of two PINs that could be drawn one is the booking's now, the other was.
    monkeypatch.setattr(pins, "PINS", (held.pin, pin_of(held)))
    with pytest.raises(pins.PinsExhausted):
        transitions.draw_pin(held)
    monkeypatch.setattr(pins, "PINS", (held.pin, pin_of(held), "5271"))
    assert {transitions.draw_pin(held) for _ in range(10)} == {"5271"}


def test_each_is_told_by_message_and_who_cannot_be_written_to_by_telephone(
    office: OfficeSnapshot, actor: int
) -> None:
    written = town.confirmed(office, "9:00")
    fixed = town.confirmed(office, "10:00")
    Booking.objects.filter(pk=fixed.pk).update(email="", phone="+420377123456")
    Kiosk(office, NINE)
    assert lose(office, actor) == 2
    for event in Event.objects.filter(kind="PinChanged"):
        message_delivery.compose_messages(event=event.pk, now=LATER)
    message = Message.objects.get(kind="pin_changed")
    assert message.booking_id == written.pk
    assert CallListEntry.objects.get().booking_id == fixed.pk
    assert not message_delivery.is_pointless(message, LATER)
    Booking.objects.filter(pk=written.pk).update(state="arrived")
    message.refresh_from_db()
    assert message_delivery.is_pointless(message, LATER)


def test_its_log_is_refused_and_noted_once(office: OfficeSnapshot, actor: int) -> None:
    held = town.confirmed(office, "9:00")
    kiosk = Kiosk(office, NINE)
    kiosk.gives(NINE)
    lose(office, actor)
    for _ in range(2):
        with pytest.raises(GrantUnknown):
            kiosk.merge(town.at("9:30"))
    kiosk.gives(NINE)
    with pytest.raises(GrantUnknown):
        kiosk.merge(town.at("9:31"))
    assert Ticket.objects.count() == 0
    event = Event.objects.get(kind="LogRefused")
    assert event.data["entries"] == 1
    assert lost_kiosk.count_refused_entries(town.kiosk(office)) == 2
    assert pin_of(held) != held.pin


def test_a_kiosk_cut_off_meanwhile_took_the_old_pin_in_good_faith(
    office: OfficeSnapshot, actor: int
) -> None:
    held = town.confirmed(office, "9:00")
    Kiosk(office, NINE)
    other = Kiosk(office, NINE, other_kiosk(office))
    other.takes(held.pin, town.at("9:05"))
    lose(office, actor)
    other.merge(town.at("9:30"))
    assert Ticket.objects.get().booking_id == held.pk
    assert Booking.objects.get(pk=held.pk).state == "arrived"


def test_other_kiosks_are_told_of_the_old_pin_and_hold_no_name(
    office: OfficeSnapshot, actor: int
) -> None:
    held = town.confirmed(office, "9:00", phone="+420777123456")
    Kiosk(office, NINE)
    other = Kiosk(office, NINE, other_kiosk(office))
    lose(office, actor)
    entries = pin_list(other.grant, office)
    states = {entry["h"]: entry["state"] for entry in entries}
    assert states == {
        other.grant.hide(held.pin): "pin_changed",
        other.grant.hide(pin_of(held)): "confirmed",
    }
    for private in ("Jana", "example.cz", "777123456", held.pin, str(held.pk)):
        assert private not in str(entries)


def test_found_and_paired_again_it_is_a_kiosk_as_before(office: OfficeSnapshot, actor: int) -> None:
    lose(office, actor)
    kiosk = town.kiosk(office)
    assert kiosk.lost_at
    devices.pair_device(code=devices.make_pairing_code(device=kiosk, now=LATER), now=LATER)
    assert town.kiosk(office).lost_at is None


def test_old_pins_of_days_gone_by_are_forgotten(office: OfficeSnapshot, actor: int) -> None:
    town.confirmed(office, "9:00")
    Kiosk(office, NINE)
    lose(office, actor)
    assert ReplacedPin.objects.count() == 1
    Device.objects.update(lost_at=None)
    lose(office, actor, town.at("9:00", town.MONDAY + timedelta(days=1)))
    assert ReplacedPin.objects.count() == 0


def test_old_pins_are_erased_with_the_booking(office: OfficeSnapshot, actor: int) -> None:
    town.confirmed(office, "9:00")
    Kiosk(office, NINE)
    lose(office, actor)
    erase_personal_data(office=office.row, now=NINE + timedelta(days=5))
    assert ReplacedPin.objects.count() == 1
    erase_personal_data(office=office.row, now=NINE + timedelta(days=9))
    assert ReplacedPin.objects.count() == 0
