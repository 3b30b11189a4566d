"""Midnight, and the two nights in which the clocks change: what the rounds do, and when."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest

from prepazka.booking import booking_lifecycle, slot_search
from prepazka.booking.models import Booking, BookingState
from prepazka.core import calendar
from prepazka.core.contact import Contact
from prepazka.journal.models import Event
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.models import Shift, Ticket, TicketState
from tests import rounds, town
from tests.faults.always import always_open

pytestmark = pytest.mark.django_db
OCTOBER, MARCH = date(2026, 10, 25), date(2027, 3, 28)
CHANGES = pytest.mark.parametrize(("day", "hours"), [(OCTOBER, 25), (MARCH, 23)])
NIGHT = town.at("23:50")
MORNING = town.at("8:10", town.MONDAY + timedelta(days=1))


def walk_in(office: OfficeSnapshot, now: datetime) -> Ticket:
    return tickets.issue_ticket(office=office, service=town.service(office), touch=uuid4(), now=now)


def midnight_of(day: date) -> datetime:
    return calendar.local_instant(day, 0, town.PRAGUE)


def on(office: OfficeSnapshot, day: date, now: datetime) -> list[Booking]:
    """Everybody who can book that day has done so."""
    made = []
    for number, slot in enumerate(
        slot_search.search_slots(office=office, service=town.service(office), days=[day], now=now)
    ):
        held = booking_lifecycle.hold_slot(
            office=office, service=town.service(office), starts_at=slot.starts_at, now=now
        )
        booking_lifecycle.request_confirmation(
            booking=held.pk, contact=Contact(name="Jana", email=f"jana{number}@example.cz"), now=now
        )
        made.append(booking_lifecycle.confirm_booking(booking=held.pk, now=now))
    return made


def test_midnight_ends_yesterday_and_begins_with_one() -> None:
    office = always_open(zone=town.PRAGUE)
    clerk = town.clerk(office).pk
    shift = counters.open_counter(counter=town.counter(office), clerk=clerk, now=town.at("15:00"))
    tomorrow = town.MONDAY + timedelta(days=1)
    booked = on(office, tomorrow, town.FRIDAY_BEFORE)
    pins = [b.pin for b in booked]
    walk_in(office, NIGHT)
    called, waiting = turns.call_next(office=office, clerk=clerk, now=NIGHT), walk_in(office, NIGHT)
    assert (called.label, waiting.label) == ("V1", "V2")

    # Before the round has run: today's first client neither waits behind yesterday's, nor shares
    # their number.
    late = midnight_of(tomorrow) + timedelta(seconds=1)
    first = walk_in(office, late)
    assert (first.label, first.date) == ("V1", tomorrow)
    assert [one.ticket for one in turns.waiting_tickets(office, late)] == [first.pk]

    rounds.tidy(now=late)
    assert [t.state for t in Ticket.objects.filter(date=town.MONDAY)] == [TicketState.CANCELLED] * 2
    assert turns.call_next(office=office, clerk=clerk, now=late) == first
    for one, pin in zip(booked, pins, strict=True):
        one.refresh_from_db()
        assert (one.state, one.pin) == (BookingState.CONFIRMED, pin)
    assert Shift.objects.get(pk=shift.pk).closed_at is None, "a night shift goes on"


def test_a_shift_forgotten_in_the_evening_frees_its_counter() -> None:
    office = always_open(zone=town.PRAGUE)
    clerk, other = town.clerk(office).pk, town.clerk(office, "dvorak").pk
    counters.open_counter(counter=town.counter(office), clerk=clerk, now=town.at("8:00"))
    walk_in(office, town.at("16:50"))
    turns.call_next(office=office, clerk=clerk, now=town.at("16:55"))
    rounds.tidy(now=MORNING)
    mine = counters.open_counter(counter=town.counter(office), clerk=other, now=MORNING)
    assert mine.clerk_id == other
    walk_in(office, MORNING)
    assert turns.call_next(office=office, clerk=other, now=MORNING).label == "V1"


def test_a_round_that_runs_again_writes_nothing_again() -> None:
    office = always_open(zone=town.PRAGUE)
    walk_in(office, NIGHT)
    rounds.tidy(now=MORNING)
    before = Event.objects.count()
    rounds.tidy(now=MORNING)
    assert Event.objects.count() == before


@CHANGES
def test_the_day_of_the_clock_change_ends_at_its_own_midnight(day: date, hours: int) -> None:
    office = always_open(zone=town.PRAGUE)
    begins, ends = midnight_of(day), midnight_of(day + timedelta(days=1))
    assert ends - begins == timedelta(hours=hours)
    minute = timedelta(minutes=1)
    ticket = walk_in(office, begins)
    assert (ticket.date, ticket.label) == (day, "V1")
    assert walk_in(office, ends - minute).date == day
    rounds.tidy(now=ends - minute)
    assert not Ticket.objects.filter(state=TicketState.CANCELLED).exists()
    rounds.tidy(now=ends)
    assert Ticket.objects.filter(state=TicketState.CANCELLED).count() == 2
    assert walk_in(office, ends).label == "V1"


@pytest.mark.parametrize("day", [OCTOBER, MARCH])
def test_who_does_not_come_is_noticed_at_the_right_instant(day: date) -> None:
    office = always_open(zone=town.PRAGUE, late_min=10)
    booked = on(office, day, midnight_of(day) - timedelta(days=5))
    # The windows cover the day, each an hour long: that of the doubled hour is not offered.
    assert {b.ends_at - b.starts_at for b in booked} == {timedelta(hours=1)}
    assert len({b.pin for b in booked}) == len(booked) == 23
    for one in booked:
        due = one.ends_at + timedelta(minutes=10)
        rounds.tidy(now=due - timedelta(seconds=1))
        one.refresh_from_db()
        assert one.state == BookingState.CONFIRMED
        rounds.tidy(now=due)
        one.refresh_from_db()
        assert (one.state, one.ended_at) == (BookingState.NO_SHOW, due)


@CHANGES
def test_each_is_reminded_once_a_day_before(day: date, hours: int) -> None:
    office = always_open(zone=town.PRAGUE)
    booked = on(office, day, midnight_of(day) - timedelta(days=5))
    begins = midnight_of(day) - timedelta(hours=30)
    for quarter in range(4 * (30 + hours)):
        rounds.remind(now=begins + timedelta(minutes=15) * quarter)
    due = Event.objects.filter(kind="ReminderDue")
    assert due.count() == len(booked)
    for one in booked:
        told = due.get(data__booking=str(one.pk)).at
        assert timedelta(hours=23, minutes=45) <= one.starts_at - told <= timedelta(hours=24)
