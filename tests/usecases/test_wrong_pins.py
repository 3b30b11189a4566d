"""Many wrong PINs at a kiosk: it asks for more, and tells a guesser nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from prepazka.booking.models import Booking
from prepazka.core import pins
from prepazka.core.booking_reference import reference_of
from prepazka.core.pin_guard import DIGITS_WRONG, OFFICE_WRONG, Asks
from prepazka.journal.models import Event
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import tickets, wrong_pins
from prepazka.queueing.models import WrongPin
from prepazka.queueing.refusals import CodeNeeded, DevicePaused, SecondAnswerNeeded
from tests import town

pytestmark = pytest.mark.django_db
NOW = town.at("9:05")


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office(quota=4)


def enter(office: OfficeSnapshot, pin: str, at: datetime = NOW, **more: Any) -> tickets.CheckIn:
    kiosk = more.pop("device", None) or town.kiosk(office)
    return tickets.check_in(office=office, device=kiosk, pin=pin, touch=uuid4(), now=at, **more)


def wrong(office: OfficeSnapshot, times: int, at: datetime = NOW, **more: Any) -> datetime:
    """So many wrong PINs, with the pauses between; the moment after."""
    taken = set(Booking.objects.values_list("pin", flat=True))
    guesses = iter([pin for pin in pins.PINS if pin not in taken])
    for _ in range(times):
        try:
            verdict = enter(office, next(guesses), at, **more).verdict
        except DevicePaused:
            at += timedelta(seconds=32)
            verdict = enter(office, next(guesses), at, **more).verdict
        assert verdict.outcome is pins.Outcome.UNKNOWN
        at += timedelta(seconds=1)
    return at + timedelta(seconds=32)


def booking(office: OfficeSnapshot, clock: str = "9:00", **more: Any) -> Booking:
    return town.confirmed(office, clock, phone="+420777123456", **more)


def test_after_ten_in_a_quarter_of_an_hour_the_kiosk_asks_for_more(office: OfficeSnapshot) -> None:
    own = booking(office)
    at = wrong(office, 9)
    assert wrong_pins.questions_of(office, town.kiosk(office), now=at) is Asks.NOTHING
    at = wrong(office, 1, at)
    with pytest.raises(SecondAnswerNeeded):
        enter(office, own.pin, at)
    with pytest.raises(SecondAnswerNeeded):
        enter(office, "0001", at)  # nothing tells which of them is known
    assert enter(office, own.pin, at, second_answer="455").verdict.outcome is pins.Outcome.UNKNOWN
    assert enter(office, own.pin, at, second_answer="456").ticket
    event = Event.objects.get(kind="PinGuardRaised")
    assert event.data["asks"] == "digits_or_code"
    guarded = wrong_pins.guarded_kiosks(office, now=at)
    assert [(one.device, one.since) for one in guarded] == [(town.kiosk(office), event.at)]
    assert wrong_pins.day_limit_since(office, now=at) is None
    # It is over by itself.
    assert wrong_pins.questions_of(office, town.kiosk(office), now=at + timedelta(minutes=16)) is (
        Asks.NOTHING
    )


def test_the_code_of_the_booking_is_an_answer(office: OfficeSnapshot) -> None:
    own = booking(office)
    at = wrong(office, 10)
    assert enter(office, own.pin, at, second_answer=reference_of(own.pk).lower()).ticket


@pytest.mark.parametrize("kind", ["early", "other day", "used", "accepted"])
def test_a_known_pin_between_forgets_nothing(office: OfficeSnapshot, kind: str) -> None:
    """Ten are counted whatever is entered between them."""
    at = NOW
    known = {
        "early": lambda: booking(office, "16:00"),
        "other day": lambda: booking(office, day=town.MONDAY + timedelta(days=1)),
        "used": lambda: booking(office),
        "accepted": lambda: booking(office),
    }[kind]()
    if kind == "used":
        enter(office, known.pin, at)
    for number in range(10):
        at = wrong(office, 1, at)
        if number < 9 and (kind != "accepted" or number == 4):
            enter(office, known.pin, at)
    with pytest.raises(SecondAnswerNeeded):
        enter(office, known.pin, at)


def test_early_other_day_and_used_pins_do_not_put_the_pause_off(office: OfficeSnapshot) -> None:
    early = booking(office, "16:00")
    for number in range(5):
        enter(office, f"0{number}37")
        if number < 4:
            assert enter(office, early.pin).verdict.outcome is pins.Outcome.EARLY
    with pytest.raises(DevicePaused):
        enter(office, early.pin)


@pytest.mark.parametrize("kind", ["early", "other day", "used"])
def test_what_gives_no_ticket_is_not_named_in_that_state(office: OfficeSnapshot, kind: str) -> None:
    if kind == "early":
        own = booking(office, "16:00")
    elif kind == "other day":
        own = booking(office, day=town.MONDAY + timedelta(days=1))
    else:
        own = booking(office)
        enter(office, own.pin)
    at = wrong(office, 10, NOW + pins.REPRINT_WITHIN)
    answer = enter(office, own.pin, at, second_answer="456")
    assert answer.verdict.outcome is pins.Outcome.UNKNOWN
    assert (answer.verdict.found, answer.ticket) == (None, None)


def test_forty_a_day_of_all_kiosks_together_and_a_new_day_begins_anew(
    office: OfficeSnapshot,
) -> None:
    other = Device.objects.create(office=office.row, code="k2", kind="kiosk", name={"cs": "K2"})
    at = NOW
    for half in range(OFFICE_WRONG // 8):
        for device in (town.kiosk(office), other):
            at = wrong(office, 4, at, device=device) + timedelta(minutes=half % 3 * 16)
    assert WrongPin.objects.count() == OFFICE_WRONG
    later = at + timedelta(hours=1)
    assert wrong_pins.questions_of(office, other, now=later) is Asks.DIGITS_OR_CODE
    guarded = wrong_pins.guarded_kiosks(office, now=later)
    assert [one.device for one in guarded] == [other, town.kiosk(office)]
    begun = WrongPin.objects.order_by("at")[OFFICE_WRONG - 1].at
    assert {one.since for one in guarded} == {begun}
    assert wrong_pins.day_limit_since(office, now=later) == begun
    wrong(office, 2, later, device=other, second_answer="000")
    assert Event.objects.filter(kind="DayOfWrongPins").count() == 1
    assert wrong_pins.questions_of(office, other, now=town.at("0:01") + timedelta(days=1)) is (
        Asks.NOTHING
    )


def test_after_nineteen_wrong_answers_only_the_code_is_taken(office: OfficeSnapshot) -> None:
    own = booking(office)
    at = wrong(office, 10)
    at = wrong(office, DIGITS_WRONG, at, second_answer="000")
    with pytest.raises(CodeNeeded):
        enter(office, own.pin, at)
    assert enter(office, own.pin, at, second_answer="456").verdict.outcome is pins.Outcome.UNKNOWN
    at += timedelta(minutes=1)
    assert enter(office, own.pin, at, second_answer=reference_of(own.pk)).ticket


def test_the_digits_of_wrong_pins_are_not_kept(office: OfficeSnapshot) -> None:
    wrong(office, 1)
    assert {f.name for f in WrongPin._meta.concrete_fields} == {
        *("id", "office", "device", "at", "answered")
    }


def test_staff_are_shown_nothing_on_an_ordinary_day(office: OfficeSnapshot) -> None:
    at = wrong(office, 9)
    assert wrong_pins.guarded_kiosks(office, now=at) == []


def test_paper_that_jams_is_printed_again_in_that_state_too(office: OfficeSnapshot) -> None:
    own = booking(office)
    at = wrong(office, 10)
    ticket = enter(office, own.pin, at, second_answer="456").ticket
    with pytest.raises(SecondAnswerNeeded):
        enter(office, own.pin, at)
    again = enter(office, own.pin, at, second_answer="456")
    assert (again.verdict.outcome, again.ticket) == (pins.Outcome.AGAIN, ticket)
