"""The last free slot: whoever asks, and by whatever way, it is given once."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from prepazka.booking import absences, booking_lifecycle, transitions
from prepazka.booking.absences import Affected
from prepazka.booking.models import LIVE, Booking
from prepazka.booking.refusals import SlotNotOffered, SlotTaken
from prepazka.core.calendar import DayException
from prepazka.core.contact import Contact
from prepazka.journal import rows
from prepazka.offices.office_snapshot import snapshot_by_slug
from tests import officials, town
from tests.races.together import is_refused, meet_before, together

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 12


def live_at(clock: str) -> int:
    return Booking.objects.filter(starts_at=town.at(clock), state__in=LIVE).count()


def test_twelve_citizens_at_once_make_one_hold() -> None:
    office = town.office()
    answers = together(MANY, lambda _: town.hold(office, "9:00"))
    assert sum(isinstance(a, Booking) for a in answers) == 1
    assert sum(isinstance(a, SlotTaken) for a in answers) == MANY - 1
    assert live_at("9:00") == 1


def test_control_without_the_lock_only_the_constraint_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = town.office()
    monkeypatch.setattr(booking_lifecycle, "lock_days", lambda *_: None)
    monkeypatch.setattr(rows, "insert_row", meet_before(4, rows.insert_row))
    answers = together(4, lambda _: town.hold(office, "9:00"))
    # All four believed the slot free.
    assert sum(map(is_refused, answers)) == 3, answers
    assert live_at("9:00") == 1


def test_web_api_desk_phone_and_a_move_at_once() -> None:
    office = town.office()
    moving = town.confirmed(office, "10:00")

    def take(number: int) -> Booking:
        if number == 4:
            return booking_lifecycle.move_booking(
                booking=moving.pk, starts_at=town.at("9:00"), now=town.FRIDAY_BEFORE
            )
        channel = ("web", "api", "desk", "phone")[number]
        return town.hold(office, "9:00", channel=channel)

    answers = together(5, take)
    assert sum(isinstance(a, Booking) for a in answers) == 1
    assert live_at("9:00") == 1
    assert live_at("9:00") + live_at("10:00") == (1 if answers[4].__class__ is Booking else 2)


def test_two_moves_that_swap_days_do_not_deadlock() -> None:
    office = town.office()
    tuesday = town.MONDAY + timedelta(days=1)
    first = town.confirmed(office, "9:00")
    held = booking_lifecycle.hold_slot(
        office=office,
        service=town.service(office),
        starts_at=town.at("9:00", tuesday),
        now=town.FRIDAY_BEFORE,
    )
    asked = booking_lifecycle.request_confirmation(
        booking=held.pk,
        contact=Contact(name="Petr", email="petr@example.cz"),
        now=town.FRIDAY_BEFORE,
    )
    booking_lifecycle.confirm_booking(booking=asked.pk, now=town.FRIDAY_BEFORE)
    moves = [(first.pk, town.at("10:00", tuesday)), (asked.pk, town.at("10:00"))]
    answers = together(
        2,
        lambda n: booking_lifecycle.move_booking(
            booking=moves[n][0], starts_at=moves[n][1], now=town.FRIDAY_BEFORE
        ),
    )
    assert [type(a) for a in answers] == [Booking, Booking]


def test_twelve_citizens_share_two_officials() -> None:
    office = officials.office()
    answers = together(MANY, lambda _: officials.hold(office, "9:00"))
    held = [a for a in answers if isinstance(a, Booking)]
    assert sorted(officials.whose(one) for one in held) == ["dvorak", "novakova"]
    assert sum(isinstance(a, SlotTaken) for a in answers) == MANY - 2


def test_control_officials_without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    office = officials.office()
    officials.hold(office, "17:00")  # the day is laid, so that both come to the race at once
    monkeypatch.setattr(booking_lifecycle, "lock_days", lambda *_: None)
    monkeypatch.setattr(rows, "insert_row", meet_before(2, rows.insert_row))
    answers = together(2, lambda _: officials.hold(office, "8:00"))
    assert sum(map(is_refused, answers)) == 1, answers
    assert live_at("8:00") == 1


def test_an_absence_and_a_booking_at_once_never_both_pass() -> None:
    officials.office()
    absence = DayException(town.MONDAY, town.MONDAY, 480, 600, "closed")

    def act(number: int) -> object:
        office = snapshot_by_slug("lhota")
        if number == 0:
            return absences.add_exception(
                office=office,
                official=officials.official(office),
                days=absence,
                reason="",
                now=town.FRIDAY_BEFORE,
                actor=0,
            )
        return officials.hold(office, "9:00", "novakova")

    answers = together(2, act)
    passed = [type(a) for a in answers if not isinstance(a, Exception)]
    assert passed in ([list], [Booking])
    assert [type(a) for a in answers if isinstance(a, Exception)] in ([Affected], [SlotNotOffered])


def test_a_request_sent_eight_times_holds_one_slot() -> None:
    office = town.office(quota=8)
    key = uuid4()
    answers = together(8, lambda _: town.hold(office, "9:00", request_key=key))
    assert {getattr(a, "pk", a) for a in answers} == {Booking.objects.get().pk}


def test_eight_clicks_on_the_mail_give_one_pin() -> None:
    office = town.office()
    asked = town.requested(office)
    answers = together(
        8, lambda _: booking_lifecycle.confirm_booking(booking=asked.pk, now=town.FRIDAY_BEFORE)
    )
    assert len({getattr(a, "pin", a) for a in answers}) == 1


def test_the_limit_of_a_contact_holds_across_days(monkeypatch: pytest.MonkeyPatch) -> None:
    office = town.office(confirm_min=0)
    days = [town.MONDAY + timedelta(days=n) for n in range(5)]
    holds = [
        booking_lifecycle.hold_slot(
            office=office,
            service=town.service(office),
            starts_at=town.at("9:00", day),
            now=town.FRIDAY_BEFORE,
        )
        for day in days
    ]

    def ask(number: int) -> Booking:
        return booking_lifecycle.request_confirmation(
            booking=holds[number].pk,
            contact=Contact(name="Jana", email="Jana+x@example.cz"),
            now=town.FRIDAY_BEFORE,
        )

    answers = together(5, ask)
    assert sum(isinstance(a, Booking) for a in answers) == 1

    # The control: without the contact's lock all five pass the look before the first is written.
    Booking.objects.all().delete()
    holds[:] = [
        booking_lifecycle.hold_slot(
            office=office,
            service=town.service(office),
            starts_at=town.at("9:00", day),
            now=town.FRIDAY_BEFORE,
        )
        for day in days
    ]
    monkeypatch.setattr(transitions, "lock_contact", lambda _: None)
    monkeypatch.setattr(rows, "update_row", meet_before(5, rows.update_row))
    assert sum(isinstance(a, Booking) for a in together(5, ask)) > 1


def test_of_several_requests_of_a_contact_one_is_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    office = town.office()

    def asked() -> list[Booking]:
        days = [town.MONDAY + timedelta(days=n) for n in range(3)]
        return [town.requested(office, day=day) for day in days]

    def clicks(bookings: list[Booking]) -> int:
        answers = together(
            3,
            lambda n: booking_lifecycle.confirm_booking(
                booking=bookings[n].pk, now=town.FRIDAY_BEFORE
            ),
        )
        return sum(isinstance(answer, Booking) for answer in answers)

    assert clicks(asked()) == 1

    # The control: without the contact's lock all three pass the look before the first is written.
    Booking.objects.all().delete()
    again = asked()
    monkeypatch.setattr(transitions, "lock_contact", lambda _: None)
    monkeypatch.setattr(rows, "update_row", meet_before(3, rows.update_row))
    assert clicks(again) > 1
