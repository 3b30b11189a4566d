"""A missed client who is put back by several people at once, and called at the same moment."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from prepazka.booking import transitions
from prepazka.booking.models import Booking, BookingState
from prepazka.core.pins import Outcome
from prepazka.journal.models import Event
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing import missed_bookings, tickets, turns
from prepazka.queueing.models import Ticket, TicketState
from prepazka.queueing.refusals import NobodyWaiting, NotMissed, NotWaiting
from tests import town
from tests.races.test_queue import eight_clerks
from tests.races.together import meet_before, meeting, together

pytestmark = pytest.mark.django_db(transaction=True)
NINE = town.at("9:00")


def missed_client() -> tuple[OfficeSnapshot, list[int], Booking, Ticket]:
    """A booked client of 9 o'clock whom the first of eight clerks called in vain."""
    office = town.office()
    booking = town.confirmed(office, "9:00")
    tickets.check_in(
        office=office, device=town.kiosk(office), pin=booking.pin, touch=uuid4(), now=NINE
    )
    clerks = eight_clerks(office)
    office = snapshot_of(office.row)
    turns.call_next(office=office, clerk=clerks[0], now=NINE)
    ticket = turns.mark_no_show(office=office, clerk=clerks[0], now=NINE)
    return office, clerks, booking, ticket


def test_put_back_by_many_while_others_call_it_is_called_once() -> None:
    office, clerks, booking, ticket = missed_client()

    def press(n: int) -> Any:
        if n < 3:
            return turns.return_missed(office=office, ticket=ticket.pk, now=NINE, actor=clerks[n])
        if n == 3:
            return tickets.check_in(
                office=office, device=town.kiosk(office), pin=booking.pin, touch=uuid4(), now=NINE
            )
        return turns.call_next(office=office, clerk=clerks[n], now=NINE)

    answers = together(8, press)
    pin = answers.pop(3)
    assert not [a for a in answers if isinstance(a, NotWaiting)]
    assert Event.objects.filter(kind="MissedReturned").count() == 1
    assert isinstance(pin, tickets.CheckIn)
    by_pin = pin.verdict.outcome is Outcome.RETURNED
    assert sum(isinstance(a, NotMissed) for a in answers[:3]) == (3 if by_pin else 2)
    called = sum(isinstance(a, Ticket) for a in answers[3:])
    assert called + sum(isinstance(a, NobodyWaiting) for a in answers[3:]) == 4
    assert called == Ticket.objects.filter(state=TicketState.CALLED).count() <= 1


def test_control_without_the_lock_all_think_that_they_put_it_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office, clerks, _, ticket = missed_client()
    monkeypatch.setattr(turns, "lock_queue", lambda _: None)
    monkeypatch.setattr(turns, "requeue_missed", meet_before(4, turns.requeue_missed))
    answers = together(
        4,
        lambda n: turns.return_missed(office=office, ticket=ticket.pk, now=NINE, actor=clerks[n]),
    )
    # The net beneath lets one of them do it.
    assert sum(isinstance(a, NotWaiting) for a in answers) == 3


def end_and_return() -> tuple[str, str]:
    office, clerks, booking, ticket = missed_client()
    over = town.at("10:10")

    def press(n: int) -> object:
        if n:
            return turns.return_missed(office=office, ticket=ticket.pk, now=over, actor=clerks[0])
        return missed_bookings.end_missed(office=office, now=over)

    together(2, press)
    return Ticket.objects.get().state, Booking.objects.get(pk=booking.pk).state


def test_the_round_never_ends_the_booking_of_somebody_who_is_back() -> None:
    assert end_and_return() == (TicketState.WAITING, BookingState.ARRIVED)


def test_control_without_the_lock_the_round_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missed_bookings, "lock_queue", lambda _: None)
    looked, returned = meeting(2), meeting(2)
    return_missed = turns.return_missed

    def end_what_was_seen(*args: Any) -> None:
        looked()
        returned()
        transitions.end_booking(*args)

    def return_after_the_look(**kwargs: Any) -> Ticket:
        looked()
        ticket = return_missed(**kwargs)
        returned()
        return ticket

    monkeypatch.setattr(missed_bookings, "end_booking", end_what_was_seen)
    monkeypatch.setattr(turns, "return_missed", return_after_the_look)
    assert end_and_return() == (TicketState.WAITING, BookingState.NO_SHOW)
