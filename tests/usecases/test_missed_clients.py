"""Clients who were called in vain: what becomes of their booking, and how they come back."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from prepazka.booking import booking_lifecycle
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.refusals import SlotTaken
from prepazka.core.learned_durations import walk_away_shares
from prepazka.core.pins import Outcome
from prepazka.journal.models import Event
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, tickets, turns, wait_learning
from prepazka.queueing.models import Calibration, Learned, Ticket, TicketState
from prepazka.queueing.refusals import NothingToUndo, NotMissed, ReturnsOver
from prepazka.reporting.call_reasons import calls_of_today
from prepazka.reporting.overtakes import overtakes_of
from prepazka.reporting.today import today_of
from tests import rounds, town

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


def miss(office: OfficeSnapshot, clerk: int, clock: str) -> Ticket:
    """Call whoever is next, and mark a minute later that nobody came."""
    called = turns.call_next(office=office, clerk=clerk, now=town.at(clock))
    marked = turns.mark_no_show(
        office=office, clerk=clerk, now=town.at(clock) + timedelta(minutes=1)
    )
    assert marked.pk == called.pk
    return marked


def booked_and_missed(office: OfficeSnapshot, clock: str = "9:05") -> tuple[Booking, int]:
    """A client of the window from 9 to 10, called in vain to counter 1."""
    booking = town.confirmed(office, "9:00")
    assert enter(office, booking.pin, "9:00").ticket
    clerk = at_work(office)
    miss(office, clerk, clock)
    return booking, clerk


def state_of(booking: Booking) -> str:
    return Booking.objects.get(pk=booking.pk).state


class TestTheBooking:
    def test_stays_arrived_and_keeps_the_lane(self) -> None:
        office = town.office()
        booking = town.confirmed(office, "9:00")
        enter(office, booking.pin, "8:40")
        clerk = at_work(office)
        missed = miss(office, clerk, "8:41")
        assert missed.state == TicketState.NO_SHOW
        assert state_of(booking) == BookingState.ARRIVED
        with pytest.raises(SlotTaken):
            booking_lifecycle.hold_slot(
                office=office,
                service=town.service(office),
                starts_at=town.at("9:00"),
                now=town.at("8:43"),
                channel="desk",
            )

    def test_is_no_show_once_the_late_minutes_have_passed(self) -> None:
        office = town.office()
        booking, _ = booked_and_missed(office)
        rounds.tidy(now=town.at("10:09"))
        assert state_of(booking) == BookingState.ARRIVED
        rounds.tidy(now=town.at("10:10"))
        ended = Booking.objects.get(pk=booking.pk)
        assert (ended.state, ended.ended_at) == (BookingState.NO_SHOW, town.at("10:10"))
        assert Event.objects.filter(kind="BookingNoShow").count() == 1
        rounds.tidy(now=town.at("10:11"))
        assert Event.objects.filter(kind="BookingNoShow").count() == 1

    def test_is_ended_later_where_the_worker_was_off(self) -> None:
        office = town.office()
        booking, _ = booked_and_missed(office)
        rounds.tidy(now=town.at("7:00") + timedelta(days=2))
        assert state_of(booking) == BookingState.NO_SHOW

    def test_of_somebody_who_waits_is_not_ended(self) -> None:
        office = town.office()
        booking = town.confirmed(office, "9:00")
        enter(office, booking.pin, "9:00")
        rounds.tidy(now=town.at("11:00"))
        assert state_of(booking) == BookingState.ARRIVED

    def test_ends_at_once_where_its_time_is_over_at_the_press(self) -> None:
        office = town.office(late_min=0)
        booking, clerk = booked_and_missed(office, "9:58")  # marked at 9:59
        assert state_of(booking) == BookingState.ARRIVED
        turns.undo_last_step(office=office, clerk=clerk, now=town.at("9:59"))
        turns.mark_no_show(office=office, clerk=clerk, now=town.at("10:00"))
        assert state_of(booking) == BookingState.NO_SHOW

    def test_undo_opens_it_again_though_it_ended_meanwhile(self) -> None:
        office = town.office(late_min=0)
        booking, clerk = booked_and_missed(office, "9:58")
        rounds.tidy(now=town.at("10:00"))
        assert state_of(booking) == BookingState.NO_SHOW
        Ticket.objects.update(changed_at=town.at("10:00"))
        turns.undo_last_step(office=office, clerk=clerk, now=town.at("10:00"))
        assert state_of(booking) == BookingState.ARRIVED
        turns.finish_service(office=office, clerk=clerk, now=town.at("10:04"))
        assert state_of(booking) == BookingState.SERVED


class TestThePin:
    def test_puts_the_same_ticket_back_once(self) -> None:
        office = town.office()
        booking, clerk = booked_and_missed(office)
        back = enter(office, booking.pin, "9:20")
        assert back.verdict.outcome is Outcome.RETURNED
        assert back.ticket
        assert Ticket.objects.get() == back.ticket
        assert (back.ticket.label, back.ticket.state) == ("V1", TicketState.WAITING)
        assert back.ticket.missed_call == (town.at("9:05"), town.counter(office).pk)
        (event,) = Event.objects.filter(kind="MissedReturned")
        assert (event.data["by"], event.actor) == ("pin", None)
        assert enter(office, booking.pin, "9:21").verdict.outcome is Outcome.AGAIN
        assert enter(office, booking.pin, "9:23").verdict.outcome is Outcome.USED
        miss(office, clerk, "9:25")
        again = enter(office, booking.pin, "9:30")
        assert again.verdict.outcome is Outcome.MISSED
        assert again.ticket
        assert again.ticket.missed_call == (town.at("9:25"), town.counter(office).pk)
        assert Ticket.objects.get().state == TicketState.NO_SHOW

    def test_is_void_after_the_late_minutes(self) -> None:
        office = town.office()
        booking, _ = booked_and_missed(office)
        assert enter(office, booking.pin, "10:09").verdict.outcome is Outcome.RETURNED
        office = town.office("jinde")
        booking, _ = booked_and_missed_elsewhere(office)
        for _ in range(2):  # before and after the round has written it
            answer = enter(office, booking.pin, "10:10")
            assert answer.verdict.outcome is Outcome.VOID
            assert answer.ticket
            assert answer.ticket.missed_call
            rounds.tidy(now=town.at("10:10"))

    def test_is_void_at_the_end_of_the_window_in_krumlov(self) -> None:
        office = town.office(late_min=0)
        booking, _ = booked_and_missed(office)
        assert enter(office, booking.pin, "10:00").verdict.outcome is Outcome.VOID
        assert Ticket.objects.get().state == TicketState.NO_SHOW

    def test_goes_before_all_but_those_who_returned_before(self) -> None:
        office = town.office()
        booking, clerk = booked_and_missed(office)
        first = walk_in(office, "9:07")
        missed = miss(office, clerk, "9:08")
        assert missed == first
        walk_in(office, "9:09")
        turns.return_missed(office=office, ticket=first.pk, now=town.at("9:10"), actor=clerk)
        enter(office, booking.pin, "9:11")
        order = []
        for minute in range(3):
            called = turns.call_next(office=office, clerk=clerk, now=town.at(f"9:{20 + minute}"))
            order.append((called.label, called.reason["code"]))
            turns.finish_service(office=office, clerk=clerk, now=town.at(f"9:{20 + minute}"))
        assert order == [("V2", "returned"), ("V1", "returned"), ("V3", "walk_in")]


def booked_and_missed_elsewhere(office: OfficeSnapshot) -> tuple[Booking, int]:
    booking = town.confirmed(office, "9:00", email="jinde@example.cz")
    enter(office, booking.pin, "9:00")
    clerk = at_work(office, username="jinde")
    miss(office, clerk, "9:05")
    return booking, clerk


class TestStaff:
    def test_return_a_walk_in_as_often_as_they_wish_until_closing(self) -> None:
        office = town.office()
        clerk = at_work(office)
        person = walk_in(office, "9:00")
        for hour in (10, 11, 16):
            miss(office, clerk, f"{hour}:00")
            back = turns.return_missed(
                office=office, ticket=person.pk, now=town.at(f"{hour}:30"), actor=clerk
            )
            assert (back.state, back.counter_id, back.ended_at) == (TicketState.WAITING, None, None)
        miss(office, clerk, "16:40")
        with pytest.raises(ReturnsOver):
            turns.return_missed(office=office, ticket=person.pk, now=town.at("17:00"), actor=clerk)

    def test_only_a_missed_ticket_of_the_office(self) -> None:
        office, other = town.office(), town.office("jinde")
        clerk = at_work(office)
        person, foreign = walk_in(office, "9:00"), walk_in(other, "9:00")
        with pytest.raises(NotMissed):
            turns.return_missed(office=office, ticket=person.pk, now=town.at("9:01"), actor=clerk)
        with pytest.raises(Ticket.DoesNotExist):
            turns.return_missed(office=office, ticket=foreign.pk, now=town.at("9:01"), actor=clerk)

    def test_bring_a_booking_back_that_ended_and_it_is_served(self) -> None:
        office = town.office()
        booking, clerk = booked_and_missed(office)
        rounds.tidy(now=town.at("10:10"))
        ticket = Ticket.objects.get()
        turns.return_missed(office=office, ticket=ticket.pk, now=town.at("10:30"), actor=clerk)
        resumed = Booking.objects.get(pk=booking.pk)
        assert (resumed.state, resumed.ended_at) == (BookingState.ARRIVED, None)
        rounds.tidy(now=town.at("10:31"))
        assert state_of(booking) == BookingState.ARRIVED
        turns.call_next(office=office, clerk=clerk, now=town.at("10:32"))
        turns.finish_service(office=office, clerk=clerk, now=town.at("10:40"))
        assert state_of(booking) == BookingState.SERVED

    def test_a_return_can_be_taken_back(self) -> None:
        office = town.office()
        booking, clerk = booked_and_missed(office)
        rounds.tidy(now=town.at("10:10"))
        missed = Ticket.objects.get()
        turns.return_missed(office=office, ticket=missed.pk, now=town.at("10:30"), actor=clerk)
        turns.undo_last_step(office=office, clerk=clerk, now=town.at("10:30"))
        again = Ticket.objects.get()
        assert (again.state, again.missed_call) == (TicketState.NO_SHOW, missed.missed_call)
        ended = Booking.objects.get(pk=booking.pk)
        assert (ended.state, ended.ended_at) == (BookingState.NO_SHOW, town.at("10:30"))

    def test_who_is_back_cannot_be_taken_out_by_undoing_the_miss(self) -> None:
        office = town.office()
        booking, clerk = booked_and_missed(office)
        enter(office, booking.pin, "9:06")
        with pytest.raises(NothingToUndo):
            turns.undo_last_step(office=office, clerk=clerk, now=town.at("9:06"))
        assert Ticket.objects.get().state == TicketState.WAITING

    def test_a_lane_that_is_taken_stays_taken_and_the_client_is_served(self) -> None:
        office = town.office()
        booking, clerk = booked_and_missed(office)
        Booking.objects.filter(pk=booking.pk).update(state=BookingState.NO_SHOW)
        other = town.confirmed(office, "9:00", email="druhy@example.cz")
        ticket = Ticket.objects.get()
        turns.return_missed(office=office, ticket=ticket.pk, now=town.at("9:30"), actor=clerk)
        turns.call_next(office=office, clerk=clerk, now=town.at("9:31"))
        turns.finish_service(office=office, clerk=clerk, now=town.at("9:40"))
        assert (state_of(booking), state_of(other)) == (
            BookingState.NO_SHOW,
            BookingState.CONFIRMED,
        )

    def test_at_the_desk_a_booked_client_returns_without_using_up_the_pin(self) -> None:
        office = town.office()
        booking, clerk = booked_and_missed(office)
        for minute in (10, 20):
            back = tickets.check_in_at_desk(
                office=office,
                booking=booking.pk,
                touch=booking.pk,
                now=town.at(f"9:{minute}"),
                actor=clerk,
            )
            assert back.verdict.outcome is Outcome.RETURNED
            miss(office, clerk, f"9:{minute + 2}")
        assert enter(office, booking.pin, "9:30").verdict.outcome is Outcome.RETURNED


class TestFigures:
    """A booked client called in vain at 9:05, back at 9:20, called at 9:30 and served till 9:40."""

    @pytest.fixture
    def office(self) -> OfficeSnapshot:
        office = town.office()
        booking, clerk = booked_and_missed(office)
        walk_in(office, "9:10")  # V2, called while the other is away
        walk_in(office, "9:18")  # V3, called by hand before the one who is back
        turns.call_next(office=office, clerk=clerk, now=town.at("9:12"))
        turns.finish_service(office=office, clerk=clerk, now=town.at("9:13"))
        enter(office, booking.pin, "9:20")
        third = Ticket.objects.get(number=3)
        turns.call_by_hand(office=office, clerk=clerk, ticket=third.pk, now=town.at("9:25"))
        turns.finish_service(office=office, clerk=clerk, now=town.at("9:26"))
        turns.call_next(office=office, clerk=clerk, now=town.at("9:30"))
        turns.finish_service(office=office, clerk=clerk, now=town.at("9:40"))
        return office

    def test_one_visit_counts_once(self, office: OfficeSnapshot) -> None:
        seen = today_of(office, now=town.at("12:00"))
        assert (seen.tickets, seen.served, seen.no_shows) == (3, 3, 0)
        assert (seen.booked, seen.arrived, seen.booked_no_shows) == (1, 1, 0)
        assert seen.waited == timedelta(minutes=(5 + 2 + 7) / 3)  # of V1 until the call in vain

    def test_who_went_before_leaves_out_the_time_away(self, office: OfficeSnapshot) -> None:
        missed = Ticket.objects.get(number=1)
        found = overtakes_of(office, missed, now=town.at("12:00"))
        assert [one.label for one in found.overtakes] == ["V3"]
        assert found.waited == timedelta(minutes=5 + 10)
        assert found.reason["code"] == "returned"

    def test_calls_say_whom_they_went_before(self, office: OfficeSnapshot) -> None:
        calls = calls_of_today(office, now=town.at("12:00"))
        assert [(one.ticket.label, one.overtook, one.waited) for one in calls] == [
            ("V1", (), timedelta(minutes=10)),
            ("V3", ("V1",), timedelta(minutes=7)),
            ("V2", (), timedelta(minutes=2)),
            ("V1", (), timedelta(minutes=5)),
        ]

    def test_the_estimate_learns_nothing_of_the_call_in_vain(self, office: OfficeSnapshot) -> None:
        Ticket.objects.update(p20=1, p50=2, p80=3, judged=False)
        assert wait_learning.calibrate_estimates(office=office.row) == 3
        service = town.service(office)
        (row,) = Calibration.objects.filter(service=service)
        assert row.judged == 2  # of those who never were away
        wait_learning.learn_service_times(office=office, now=town.at("12:00"))
        # Nobody of the two who count has walked away; the third neither stayed nor left.
        walked_away = walk_away_shares([(2.0, False), (7.0, False)])
        assert Learned.objects.get().data["gone"] == list(walked_away)
        finished = Ticket.objects.get(number=1)
        assert (finished.serving_at, finished.called_at) == (town.at("9:30"), town.at("9:30"))


START = town.at("9:00")
STEPS = st.lists(
    st.tuples(st.sampled_from(["issue", "miss", "serve", "return", "call"]), st.integers(0, 9)),
    min_size=5,
    max_size=25,
)


class TestAnyDay(TestCase):
    """Over random presses: who returns is called after who returned before, and never twice."""

    @settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
    @given(STEPS)
    def test_who_returned_goes_after_those_who_returned_before(
        self, steps: list[tuple[str, int]]
    ) -> None:
        office = town.office()
        clerks = [at_work(office, "1"), at_work(office, "2", "dvorak")]
        returned: list[int] = []  # in the order of their returns, still waiting
        for minute in range(4):
            walk_in(office, f"8:0{minute}")
            miss(office, clerks[0], f"8:1{2 * minute}")
        now = START
        for step, which in steps:
            now += timedelta(minutes=1)
            self.take(office, clerks[which % 2], step, which, now, returned)
            at_counters = Ticket.objects.filter(state__in=("called", "serving"))
            assert at_counters.count() == len({t.counter_id for t in at_counters})

    def take(
        self,
        office: OfficeSnapshot,
        clerk: int,
        step: str,
        which: int,
        now: datetime,
        returned: list[int],
    ) -> None:
        there = Ticket.objects.filter(clerk=clerk, state="called").first()
        missed = list(Ticket.objects.filter(state="no_show").order_by("pk"))
        if step == "issue":
            tickets.issue_ticket(
                office=office, service=town.service(office), touch=uuid4(), now=now
            )
        elif step == "return" and missed:
            one = missed[which % len(missed)]
            turns.return_missed(office=office, ticket=one.pk, now=now, actor=clerk)
            returned.append(one.pk)
        elif step == "miss" and there:
            turns.mark_no_show(office=office, clerk=clerk, now=now)
        elif step == "serve" and there:
            turns.finish_service(office=office, clerk=clerk, now=now)
        elif step == "call" and not there and Ticket.objects.filter(state="waiting").exists():
            before = set(
                Ticket.objects.filter(state__in=("called", "serving")).values_list("pk", flat=True)
            )
            called = turns.call_next(office=office, clerk=clerk, now=now)
            assert called.pk not in before
            if returned:
                assert called.pk == returned.pop(0)
