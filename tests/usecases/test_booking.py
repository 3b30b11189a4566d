from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db.models import CharField

from prepazka.booking import booking_lifecycle, scheduled, slot_search
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.refusals import (
    AlreadyArrived,
    BookingCancelled,
    BookingOver,
    CannotExtend,
    ConfirmationTooLate,
    HoldExpired,
    SlotNotOffered,
    SlotTaken,
    TooManyBookings,
    TooManyPersons,
)
from prepazka.core.contact import Contact
from prepazka.core.hold_limits import FULL_LENGTH
from prepazka.core.slots import Slot
from prepazka.journal.models import Event
from prepazka.offices.models import OpeningHours
from prepazka.offices.office_snapshot import snapshot_of
from prepazka.queueing import tickets
from tests import town

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE


def clocks(found: list[Slot]) -> list[str]:
    return [f"{t.starts_at.astimezone(town.PRAGUE):%H:%M}" for t in found]


class TestOffered:
    def test_windows_are_laid_from_each_opening(self) -> None:
        assert clocks(town.offered(town.office())) == [
            "08:00",
            "09:00",
            "10:00",
            "11:00",
            "13:00",
            "14:00",
            "15:00",
            "16:00",
        ]

    def test_a_hold_takes_its_slot_until_it_expires_and_no_job_is_needed(self) -> None:
        office = town.office()
        town.hold(office, "9:00")
        assert "09:00" not in clocks(town.offered(office))
        assert "09:00" in clocks(town.offered(office, now=NOW + FULL_LENGTH))

    def test_a_family_takes_consecutive_windows_of_one_lane(self) -> None:
        office = town.office(max_persons=3)
        town.hold(office, "9:00", persons=3)
        assert clocks(town.offered(office)) == ["08:00", "13:00", "14:00", "15:00", "16:00"]
        assert clocks(town.offered(office, persons=2)) == ["13:00", "14:00", "15:00"]

    def test_the_number_of_statements_does_not_grow(
        self, django_assert_num_queries: object
    ) -> None:
        office = town.office(quota=3)
        town.offered(office)
        for days in (1, 30):
            for clock in ("9:00", "10:00"):
                town.hold(office, clock)
            with django_assert_num_queries(1):  # type: ignore[operator]
                slot_search.search_slots(
                    office=office,
                    service=town.service(office),
                    now=NOW,
                    days=[town.MONDAY + timedelta(days=n) for n in range(days)],
                )

    def test_what_is_kept_for_the_desk_is_not_offered_on_the_web(self) -> None:
        office = town.office(reserved_share=0.5, reserved_until_days=1)
        for clock in ("8:00", "9:00", "10:00", "11:00"):
            town.hold(office, clock)
        assert clocks(town.offered(office)) == []
        assert clocks(town.offered(office, channel="desk")) == ["13:00", "14:00", "15:00", "16:00"]
        day_before = NOW + timedelta(days=2)
        assert "13:00" in clocks(town.offered(office, now=day_before))

    @pytest.mark.parametrize("day", [date(2026, 10, 25), date(2027, 3, 28)])
    def test_slots_on_the_days_when_clocks_change_never_overlap(self, day: date) -> None:
        office = town.office(horizon_days=200)
        OpeningHours.objects.create(office=office.row, weekday=6, opens=0, closes=480)
        office.row.version += 1
        office.row.save()
        office = snapshot_of(office.row)
        found = slot_search.search_slots(
            office=office,
            service=town.service(office),
            days=[day],
            now=town.at("9:00", day - timedelta(days=3)),
        )
        for slot in found:
            held = booking_lifecycle.hold_slot(
                office=office,
                service=town.service(office),
                starts_at=slot.starts_at,
                now=town.at("9:00", day - timedelta(days=3)),
            )
            assert held.ends_at == slot.ends_at
        assert len({t.starts_at for t in found}) == len(found) >= 7


class TestHoldSlot:
    def test_a_taken_slot_is_refused_and_the_nearest_three_are_known(self) -> None:
        office = town.office()
        town.hold(office, "9:00")
        with pytest.raises(SlotTaken):
            town.hold(office, "9:00")
        near = slot_search.nearest_slots(
            office=office, service=town.service(office), starts_at=town.at("9:00"), now=NOW
        )
        assert clocks(near) == ["08:00", "10:00", "11:00"]

    @pytest.mark.parametrize("clock", ["7:00", "8:30", "12:00", "17:00"])
    def test_a_slot_that_the_office_does_not_offer(self, clock: str) -> None:
        with pytest.raises(SlotNotOffered):
            town.hold(town.office(), clock)

    def test_a_past_slot(self) -> None:
        with pytest.raises(SlotNotOffered):
            town.hold(town.office(), "9:00", now=town.at("9:30"))

    def test_a_slot_beyond_the_horizon(self) -> None:
        with pytest.raises(SlotNotOffered):
            town.hold(town.office(), "9:00", now=NOW - timedelta(days=30))

    def test_too_many_persons(self) -> None:
        with pytest.raises(TooManyPersons):
            town.hold(town.office(), "9:00", persons=2)

    def test_the_same_request_gets_the_same_hold(self) -> None:
        office, key = town.office(), uuid4()
        assert town.hold(office, request_key=key) == town.hold(office, request_key=key)

    def test_an_expired_hold_gives_way(self) -> None:
        office = town.office()
        first = town.hold(office)
        later = town.hold(office, now=NOW + FULL_LENGTH)
        first.refresh_from_db()
        assert (first.state, later.state) == (BookingState.EXPIRED, BookingState.HELD)


class TestExtendHold:
    def test_ten_times_ten_minutes_and_no_more(self) -> None:
        held, now = town.hold(town.office()), NOW
        for _ in range(10):
            now += timedelta(minutes=9)
            held = booking_lifecycle.extend_hold(booking=held.pk, now=now)
        assert held.expires_at == now + FULL_LENGTH
        with pytest.raises(CannotExtend):
            booking_lifecycle.extend_hold(booking=held.pk, now=now)

    def test_not_after_it_has_expired(self) -> None:
        held = town.hold(town.office())
        with pytest.raises(HoldExpired):
            booking_lifecycle.extend_hold(booking=held.pk, now=NOW + FULL_LENGTH)


class TestRequestAndConfirm:
    def test_the_pin_comes_only_with_the_click(self) -> None:
        asked = town.requested(town.office())
        assert (asked.state, asked.pin) == (BookingState.UNCONFIRMED, "")
        done = booking_lifecycle.confirm_booking(booking=asked.pk, now=NOW)
        assert (done.state, len(done.pin), done.expires_at) == (BookingState.CONFIRMED, 4, None)

    def test_repeated_both_answer_the_same_and_record_once(self) -> None:
        office = town.office()
        asked = town.requested(office)
        booking_lifecycle.request_confirmation(
            booking=asked.pk, contact=Contact(name="Jiná", email="jina@example.cz"), now=NOW
        )
        first = booking_lifecycle.confirm_booking(booking=asked.pk, now=NOW)
        again = booking_lifecycle.confirm_booking(booking=asked.pk, now=NOW + timedelta(days=1))
        assert (first.pin, first.name) == (again.pin, again.name)
        assert Event.objects.filter(kind="BookingConfirmed").count() == 1
        assert Event.objects.filter(kind="ConfirmationRequested").count() == 1

    def test_without_a_click_where_the_rules_ask_none_or_staff_books(self) -> None:
        assert town.requested(town.office("a", confirm_min=0)).state == BookingState.CONFIRMED
        assert town.requested(town.office("b"), channel="desk").state == BookingState.CONFIRMED

    def test_too_late(self) -> None:
        asked = town.requested(town.office())
        with pytest.raises(ConfirmationTooLate):
            booking_lifecycle.confirm_booking(booking=asked.pk, now=NOW + timedelta(minutes=15))

    def test_the_deadline_starts_anew_while_our_mail_is_late(self) -> None:
        asked = town.requested(town.office())
        booking_lifecycle.restart_deadline_for_mail(
            booking=asked.pk, now=NOW + timedelta(minutes=14)
        )
        booking_lifecycle.confirm_booking(booking=asked.pk, now=NOW + timedelta(minutes=28))

    def test_a_server_that_never_takes_the_mail_keeps_no_slot_for_ever(self) -> None:
        asked = town.requested(town.office())
        assert asked.expires_at
        most = asked.expires_at + booking_lifecycle.MAIL_LATE_MOST
        moment = NOW
        while moment < NOW + timedelta(hours=12):
            booking_lifecycle.restart_deadline_for_mail(booking=asked.pk, now=moment)
            moment += timedelta(minutes=5)
        asked.refresh_from_db()
        assert asked.expires_at == most

    def test_the_limit_per_contact_sees_through_small_disguises(self) -> None:
        office = town.office()
        town.confirmed(office, "9:00", email="jan.novak@gmail.com")
        with pytest.raises(TooManyBookings):
            town.requested(office, "10:00", email="JanNovak+urad@googlemail.com")
        town.requested(office, "11:00", email="nekdo@example.cz")

    def test_an_expired_hold(self) -> None:
        held = town.hold(town.office())
        with pytest.raises(HoldExpired):
            booking_lifecycle.request_confirmation(
                booking=held.pk,
                contact=Contact(name="J", email="j@example.cz"),
                now=NOW + FULL_LENGTH,
            )

    def test_pins_differ_within_the_office(self) -> None:
        office = town.office(quota=8)
        pins = {
            town.confirmed(office, clock, email=f"{n}{clock}@x.cz".replace(":", "")).pin
            for n in range(8)
            for clock in ("8:00", "9:00", "10:00")
        }
        assert len(pins) == 24


class TestMove:
    def test_to_another_day_keeps_the_row_and_raises_the_sequence(self) -> None:
        office = town.office()
        booking = town.confirmed(office, "9:00")
        tuesday = town.at("10:00", town.MONDAY + timedelta(days=1))
        moved = booking_lifecycle.move_booking(booking=booking.pk, starts_at=tuesday, now=NOW)
        assert (moved.pk, moved.sequence, moved.starts_at) == (booking.pk, 1, tuesday)
        assert "09:00" in clocks(town.offered(office))
        again = booking_lifecycle.move_booking(booking=booking.pk, starts_at=tuesday, now=NOW)
        assert again.sequence == 1

    def test_to_an_overlapping_slot_of_its_own(self) -> None:
        office = town.office(max_persons=2)
        booking = town.confirmed(office, "9:00", persons=2)
        moved = booking_lifecycle.move_booking(
            booking=booking.pk, starts_at=town.at("10:00"), now=NOW
        )
        assert moved.ends_at == town.at("12:00")

    def test_to_a_taken_slot_leaves_it_where_it_was(self) -> None:
        office = town.office()
        booking = town.confirmed(office, "9:00")
        town.hold(office, "10:00")
        with pytest.raises(SlotTaken):
            booking_lifecycle.move_booking(booking=booking.pk, starts_at=town.at("10:00"), now=NOW)
        booking.refresh_from_db()
        assert booking.starts_at == town.at("9:00")


class TestCancel:
    def test_frees_the_slot_at_once_and_may_be_repeated(self) -> None:
        office = town.office()
        booking = town.confirmed(office, "9:00")
        for _ in range(2):
            done = booking_lifecycle.cancel_booking(booking=booking.pk, now=NOW)
            assert (done.state, done.sequence) == (BookingState.CANCELLED_BY_CITIZEN, 1)
        assert Event.objects.filter(kind="BookingCancelled").count() == 1
        town.hold(office, "9:00")
        with pytest.raises(BookingCancelled):
            booking_lifecycle.confirm_booking(booking=booking.pk, now=NOW)
        with pytest.raises(BookingCancelled):
            booking_lifecycle.move_booking(booking=booking.pk, starts_at=town.at("10:00"), now=NOW)

    def test_not_once_it_has_begun_or_the_client_is_there(self) -> None:
        office = town.office()
        late, there = town.confirmed(office, "9:00"), town.confirmed(office, "10:00")
        tickets.check_in(
            office=office,
            device=town.kiosk(office),
            pin=there.pin,
            touch=uuid4(),
            now=town.at("9:45"),
        )
        with pytest.raises(BookingOver):
            booking_lifecycle.cancel_booking(booking=late.pk, now=town.at("9:00"))
        with pytest.raises(AlreadyArrived):
            booking_lifecycle.cancel_booking(booking=there.pk, now=town.at("9:50"))


class TestRounds:
    def test_who_does_not_come_is_no_show_after_the_late_time(self) -> None:
        office = town.office(late_min=10)
        booking = town.confirmed(office, "9:00")
        assert scheduled.mark_no_shows(office=office, day=town.MONDAY, now=town.at("10:09")) == 0
        assert scheduled.mark_no_shows(office=office, day=town.MONDAY, now=town.at("10:10")) == 1
        booking.refresh_from_db()
        assert booking.state == BookingState.NO_SHOW

    def test_a_reminder_once_and_only_for_old_enough_bookings(self) -> None:
        office = town.office()
        early = town.confirmed(office, "9:00", now=NOW)
        fresh = town.confirmed(
            office, "10:00", now=town.at("20:00", town.MONDAY - timedelta(days=1))
        )
        evening = town.at("21:00", town.MONDAY - timedelta(days=1))
        for booking in (early, fresh, early):
            scheduled.remind_due(booking=booking.pk, now=evening)
        asked = Event.objects.filter(kind="ReminderDue")
        assert [e.data["booking"] for e in asked] == [str(early.pk)]

    def test_personal_data_go_and_the_row_stays(self) -> None:
        office = town.office()
        visited, cancelled = town.confirmed(office, "9:00"), town.confirmed(office, "10:00")
        booking_lifecycle.cancel_booking(booking=cancelled.pk, now=NOW)
        next_day = NOW + timedelta(hours=25)
        assert scheduled.erase_personal_data(office=office.row, now=next_day) == 1
        week_later = town.at("17:00") + timedelta(days=7)
        assert scheduled.erase_personal_data(office=office.row, now=week_later) == 1
        for row in Booking.objects.filter(pk__in=[visited.pk, cancelled.pk]):
            assert (row.name, row.email, row.pin, row.contact_hash) == ("", "", "", "")
        assert "example.cz" not in str(list(Event.objects.values()))


# Columns of a booking that say nothing of the person.
IMPERSONAL = {"state", "channel", "mode", "language"}


def test_every_text_of_a_booking_is_erased_or_known_to_be_impersonal() -> None:
    """A new column of text is personal until this list says that it is not."""
    office = town.office(topic_line=True)
    booking = town.confirmed(office)
    columns = [
        field.name
        for field in Booking._meta.concrete_fields
        if isinstance(field, CharField) and field.name not in IMPERSONAL
    ]
    assert {"name", "email", "phone", "pin", "topic", "cancel_reason"} <= set(columns)
    Booking.objects.update(**dict.fromkeys(columns, "x"))
    later = booking.ends_at + timedelta(days=office.row.retention_days, hours=1)
    assert scheduled.erase_personal_data(office=office.row, now=later) == 1
    erased = Booking.objects.values(*columns).get()
    assert {name: text for name, text in erased.items() if text} == {}
