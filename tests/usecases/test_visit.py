from datetime import timedelta
from uuid import uuid4

import pytest

from prepazka.booking.models import BookingState
from prepazka.core.pins import Outcome
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.models import Ticket, TicketState
from tests import town

pytestmark = pytest.mark.django_db


def test_a_visit_from_hold_to_served() -> None:
    office = town.office()
    booking = town.confirmed(office, "9:00")
    assert len(booking.pin) == 4

    walk_in = tickets.issue_ticket(
        office=office, service=town.service(office), touch=uuid4(), now=town.at("8:10")
    )
    arrived = tickets.check_in(
        office=office,
        device=town.kiosk(office),
        pin=booking.pin,
        touch=uuid4(),
        now=town.at("9:02"),
    )
    assert arrived.verdict.outcome is Outcome.INSIDE
    assert arrived.ticket
    assert (walk_in.label, arrived.ticket.label) == ("V1", "V2")

    clerk = town.clerk(office)
    counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=town.at("9:03"))
    called = turns.call_next(office=office, clerk=clerk.pk, now=town.at("9:03"))
    assert called.pk == arrived.ticket.pk
    assert called.reason["code"] == "booked_in_window"

    turns.start_serving(office=office, clerk=clerk.pk, now=town.at("9:04"))
    turns.finish_service(office=office, clerk=clerk.pk, now=town.at("9:20"))
    booking.refresh_from_db()
    assert booking.state == BookingState.SERVED

    turns.undo_last_step(office=office, clerk=clerk.pk, now=town.at("9:20") + timedelta(seconds=20))
    booking.refresh_from_db()
    assert booking.state == BookingState.ARRIVED
    assert Ticket.objects.get(pk=called.pk).state == TicketState.SERVING
    turns.finish_service(office=office, clerk=clerk.pk, now=town.at("9:21"))
    assert turns.call_next(office=office, clerk=clerk.pk, now=town.at("9:21")).pk == walk_in.pk
