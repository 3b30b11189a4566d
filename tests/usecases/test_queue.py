from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from prepazka.booking import booking_lifecycle
from prepazka.booking.models import Booking, BookingState
from prepazka.core.pins import Outcome
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.models import Shift, Ticket, TicketState
from prepazka.queueing.refusals import (
    CounterBusy,
    CounterNotOpen,
    CounterPausedNow,
    CounterTaken,
    DevicePaused,
    NobodyWaiting,
    NothingToUndo,
    NoTicketsNow,
    NotServedHere,
)
from tests import town

pytestmark = pytest.mark.django_db


def walk_in(office: OfficeSnapshot, clock: str, code: str = "prepis") -> Ticket:
    return tickets.issue_ticket(
        office=office, service=town.service(office, code), touch=uuid4(), now=town.at(clock)
    )


def enter(office: OfficeSnapshot, pin: str, clock: str) -> tickets.CheckIn:
    return tickets.check_in(
        office=office, device=town.kiosk(office), pin=pin, touch=uuid4(), now=town.at(clock)
    )


def at_work(office: OfficeSnapshot, number: str = "1", username: str = "novakova") -> int:
    clerk = town.clerk(office, username).pk
    counters.open_counter(counter=town.counter(office, number), clerk=clerk, now=town.at("8:00"))
    return clerk


class TestIssueTicket:
    def test_numbers_run_by_letter_and_day(self) -> None:
        office = town.office()
        assert [
            walk_in(office, "8:10").label,
            walk_in(office, "8:11", "pas").label,
            walk_in(office, "8:12", "znacky").label,
        ] == ["V1", "D1", "V2"]

    @pytest.mark.parametrize("clock", ["7:29", "12:00", "17:00"])
    def test_not_when_closed(self, clock: str) -> None:
        with pytest.raises(NoTicketsNow):
            walk_in(town.office(), clock)

    def test_from_half_an_hour_before_opening(self) -> None:
        assert walk_in(town.office(), "7:30").label == "V1"

    def test_the_same_touch_after_closing_still_gets_its_ticket(self) -> None:
        office, touch = town.office(), uuid4()
        first, again = (
            tickets.issue_ticket(
                office=office, service=town.service(office), touch=touch, now=town.at(clock)
            )
            for clock in ("16:59", "17:01")
        )
        assert first == again


class TestPin:
    @pytest.mark.parametrize(
        ("clock", "outcome"),
        [
            ("8:29", Outcome.EARLY),
            ("8:30", Outcome.REGISTERED_EARLY),
            ("9:00", Outcome.INSIDE),
            ("9:59", Outcome.INSIDE),
            ("10:00", Outcome.LATE),
            ("10:10", Outcome.VOID),
        ],
    )
    def test_by_the_clock(self, clock: str, outcome: Outcome) -> None:
        office = town.office()
        booking = town.confirmed(office, "9:00")
        answer = enter(office, booking.pin, clock)
        assert answer.verdict.outcome is outcome
        assert bool(answer.ticket) == answer.verdict.accepted

    def test_void_after_the_window_where_the_office_says_so(self) -> None:
        office = town.office(late_min=0)
        booking = town.confirmed(office, "9:00")
        assert enter(office, booking.pin, "10:00").verdict.outcome is Outcome.VOID

    def test_used_says_the_ticket(self) -> None:
        office = town.office()
        booking = town.confirmed(office, "9:00")
        first, again = enter(office, booking.pin, "9:00"), enter(office, booking.pin, "9:05")
        assert again.verdict.outcome is Outcome.USED
        assert again.ticket == first.ticket

    def test_other_day_other_office_cancelled_unknown(self) -> None:
        office, other = town.office(), town.office("jinde")
        tomorrow = town.confirmed(office, "9:00")
        elsewhere = town.confirmed(other, "9:00")
        cancelled = town.confirmed(office, "11:00")
        booking_lifecycle.cancel_booking(booking=cancelled.pk, now=town.FRIDAY_BEFORE)
        today = town.MONDAY - timedelta(days=3)
        sees = tickets.check_in(
            office=office,
            device=town.kiosk(office),
            pin=tomorrow.pin,
            touch=uuid4(),
            now=town.at("9:30", today),
        )
        assert (sees.verdict.outcome, sees.verdict.found.day) == (Outcome.OTHER_DAY, town.MONDAY)  # type: ignore[union-attr]
        assert enter(office, elsewhere.pin, "9:00").verdict.outcome is Outcome.OTHER_OFFICE
        assert enter(office, cancelled.pin, "11:00").verdict.outcome is Outcome.CANCELLED
        unknown = next(
            p
            for p in ("5291", "5292", "5293", "5294", "5295")
            if p not in {tomorrow.pin, elsewhere.pin, cancelled.pin}
        )
        assert enter(office, unknown, "9:00").verdict.outcome is Outcome.UNKNOWN

    def test_five_wrong_pause_this_kiosk_half_a_minute_and_never_lock_it(self) -> None:
        office = town.office()
        booking = town.confirmed(office, "9:00")
        wrong = next(p for p in ("5291", "5292") if p != booking.pin)
        for _ in range(5):
            enter(office, wrong, "9:00")
        with pytest.raises(DevicePaused):
            enter(office, booking.pin, "9:00")
        later = tickets.check_in(
            office=office,
            device=town.kiosk(office),
            pin=booking.pin,
            touch=uuid4(),
            now=town.at("9:00") + tickets.PAUSE,
        )
        assert later.ticket


class TestTurns:
    def test_booked_first_then_walk_ins_by_arrival_and_the_late_among_them(self) -> None:
        office = town.office(quota=2)
        late, booked = town.confirmed(office, "8:00"), town.confirmed(office, "9:00")
        first, second = walk_in(office, "8:50"), walk_in(office, "9:06")
        enter(office, late.pin, "9:05")
        enter(office, booked.pin, "9:10")
        clerk, order = at_work(office), []
        for minute in range(4):
            called = turns.call_next(office=office, clerk=clerk, now=town.at(f"9:{20 + minute}"))
            order.append((called.booking_id or called.pk, called.reason["code"]))
            turns.finish_service(office=office, clerk=clerk, now=town.at(f"9:{20 + minute}"))
        assert order == [
            (booked.pk, "booked_in_window"),
            (first.pk, "walk_in"),
            (late.pk, "late_for_window"),
            (second.pk, "walk_in"),
        ]

    def test_an_early_booked_client_waits_for_the_window_while_walk_ins_wait(self) -> None:
        office = town.office()
        booked = town.confirmed(office, "9:00")
        enter(office, booked.pin, "8:40")
        person = walk_in(office, "8:45")
        clerk = at_work(office)
        assert turns.call_next(office=office, clerk=clerk, now=town.at("8:50")) == person

    def test_a_counter_calls_only_what_it_serves(self) -> None:
        office = town.office()
        walk_in(office, "9:00", "pas")
        clerk = at_work(office, "1")
        with pytest.raises(NobodyWaiting):
            turns.call_next(office=office, clerk=clerk, now=town.at("9:01"))
        with pytest.raises(NotServedHere):
            turns.call_by_hand(
                office=office, clerk=clerk, ticket=Ticket.objects.get().pk, now=town.at("9:01")
            )

    def test_by_hand_is_said_so(self) -> None:
        office = town.office()
        walk_in(office, "9:00")
        second = walk_in(office, "9:01")
        called = turns.call_by_hand(
            office=office, clerk=at_work(office), ticket=second.pk, now=town.at("9:02")
        )
        assert called.reason["code"] == "by_hand"

    def test_a_client_of_another_office_cannot_be_called(self) -> None:
        office, other = town.office(), town.office("jinde")
        foreign = walk_in(other, "9:00")
        with pytest.raises(Ticket.DoesNotExist):
            turns.call_by_hand(
                office=office, clerk=at_work(office), ticket=foreign.pk, now=town.at("9:02")
            )

    def test_no_show_frees_the_counter(self) -> None:
        office = town.office()
        walk_in(office, "9:00")
        clerk = at_work(office)
        turns.call_next(office=office, clerk=clerk, now=town.at("9:01"))
        assert turns.recall_client(office=office, clerk=clerk, now=town.at("9:02")).calls == 2
        missed = turns.mark_no_show(office=office, clerk=clerk, now=town.at("9:03"))
        assert missed.state == TicketState.NO_SHOW
        second = walk_in(office, "9:04")
        assert turns.call_next(office=office, clerk=clerk, now=town.at("9:04")) == second

    def test_parked_comes_back_first_and_not_before_its_time(self) -> None:
        office = town.office()
        first, second = walk_in(office, "9:00"), walk_in(office, "9:01")
        clerk = at_work(office)
        turns.call_next(office=office, clerk=clerk, now=town.at("9:02"))
        turns.park_client(office=office, clerk=clerk, minutes=10, now=town.at("9:03"))
        assert turns.call_next(office=office, clerk=clerk, now=town.at("9:04")) == second
        turns.finish_service(office=office, clerk=clerk, now=town.at("9:05"))
        with pytest.raises(NobodyWaiting):
            turns.call_next(office=office, clerk=clerk, now=town.at("9:06"))
        walk_in(office, "9:07")
        assert turns.call_next(office=office, clerk=clerk, now=town.at("9:13")) == first

    def test_transfer_to_a_counter_keeps_the_number_and_goes_first_there(self) -> None:
        office = town.office()
        person = walk_in(office, "9:00")
        one, two = at_work(office, "1"), at_work(office, "2", "dvorak")
        walk_in(office, "9:01")
        turns.call_next(office=office, clerk=one, now=town.at("9:02"))
        turns.transfer_client(
            office=office,
            clerk=one,
            now=town.at("9:03"),
            service=town.service(office, "pas"),
            counter=town.counter(office, "2"),
        )
        called = turns.call_next(office=office, clerk=two, now=town.at("9:04"))
        assert (called, called.label, called.reason["code"]) == (person, "V1", "returned")
        with pytest.raises(NotServedHere):
            turns.transfer_client(
                office=office, clerk=two, now=town.at("9:05"), counter=town.counter(office, "1")
            )

    def test_undo_takes_back_a_call_for_thirty_seconds(self) -> None:
        office = town.office()
        person = walk_in(office, "9:00")
        clerk = at_work(office)
        turns.call_next(office=office, clerk=clerk, now=town.at("9:01"))
        turns.undo_last_step(
            office=office, clerk=clerk, now=town.at("9:01") + timedelta(seconds=29)
        )
        person.refresh_from_db()
        assert (person.state, person.counter_id, person.called_at) == (
            TicketState.WAITING,
            None,
            None,
        )
        turns.call_next(office=office, clerk=clerk, now=town.at("9:02"))
        with pytest.raises(NothingToUndo):
            turns.undo_last_step(office=office, clerk=clerk, now=town.at("9:02") + turns.UNDO)

    def test_undo_is_refused_once_the_next_client_sits_there(self) -> None:
        office = town.office()
        walk_in(office, "9:00")
        walk_in(office, "9:00")
        clerk = at_work(office)
        turns.call_next(office=office, clerk=clerk, now=town.at("9:01"))
        turns.finish_service(office=office, clerk=clerk, now=town.at("9:02"))
        second = turns.call_next(office=office, clerk=clerk, now=town.at("9:02"))
        Ticket.objects.filter(pk=second.pk).update(before=None)
        with pytest.raises(NothingToUndo):
            turns.undo_last_step(office=office, clerk=clerk, now=town.at("9:02"))
        second.refresh_from_db()
        assert second.state == TicketState.CALLED

    def test_undo_is_refused_once_the_freed_slot_is_somebody_elses(self) -> None:
        office = town.office()
        booking = town.confirmed(office, "9:00")
        tickets.check_in(
            office=office,
            device=town.kiosk(office),
            pin=booking.pin,
            touch=uuid4(),
            now=town.at("8:40"),
        )
        clerk = at_work(office)
        turns.call_next(office=office, clerk=clerk, now=town.at("8:41"))
        turns.mark_no_show(office=office, clerk=clerk, now=town.at("8:42"))
        # Somebody ended the booking within the thirty seconds, and the time was booked anew.
        Booking.objects.update(state=BookingState.NO_SHOW)
        booking_lifecycle.hold_slot(
            office=office,
            service=town.service(office),
            starts_at=town.at("9:00"),
            now=town.at("8:42"),
            channel="desk",
        )
        with pytest.raises(NothingToUndo):
            turns.undo_last_step(office=office, clerk=clerk, now=town.at("8:42"))
        booking.refresh_from_db()
        assert booking.state == BookingState.NO_SHOW


class TestCounters:
    def test_one_clerk_one_counter_one_client(self) -> None:
        office = town.office()
        clerk = at_work(office)
        with pytest.raises(CounterTaken):
            counters.open_counter(
                counter=town.counter(office), clerk=town.clerk(office, "x").pk, now=town.at("8:01")
            )
        walk_in(office, "9:00")
        turns.call_next(office=office, clerk=clerk, now=town.at("9:00"))
        with pytest.raises(CounterBusy):
            turns.call_next(office=office, clerk=clerk, now=town.at("9:00"))
        with pytest.raises(CounterBusy):
            counters.open_counter(
                counter=town.counter(office, "2"), clerk=clerk, now=town.at("9:01")
            )

    def test_paused_and_closed_counters_call_nobody(self) -> None:
        office = town.office()
        clerk = at_work(office)
        walk_in(office, "9:00")
        shift = counters.open_counter(
            counter=town.counter(office), clerk=clerk, now=town.at("9:00")
        )
        counters.pause_counter(shift=shift, now=town.at("9:00"))
        with pytest.raises(CounterPausedNow):
            turns.call_next(office=office, clerk=clerk, now=town.at("9:01"))
        counters.resume_counter(shift=shift, now=town.at("9:02"))
        counters.close_counter(shift=shift, now=town.at("9:03"))
        with pytest.raises(CounterNotOpen):
            turns.call_next(office=office, clerk=clerk, now=town.at("9:04"))

    def test_the_next_day_begins_clean(self) -> None:
        office = town.office()
        walk_in(office, "9:00")
        at_work(office)
        tuesday = town.MONDAY + timedelta(days=1)
        ended = tickets.close_past_days(
            office=office.office_id, today=tuesday, now=town.at("1:00", tuesday)
        )
        assert ended == 1
        assert not Shift.objects.filter(closed_at=None).exists()
        again = tickets.issue_ticket(
            office=office, service=town.service(office), touch=uuid4(), now=town.at("8:00", tuesday)
        )
        assert again.label == "V1"
