"""Counters that somebody left open: closed or taken over by a colleague, or by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from prepazka.booking.models import BookingState
from prepazka.journal.models import Event
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.counters import Fate
from prepazka.queueing.models import Shift, Ticket, TicketState
from prepazka.queueing.refusals import (
    ClientChanged,
    CounterBusy,
    CounterClosedAlready,
    FateMissing,
    NotAtCounter,
    NothingToUndo,
    OtherServices,
)
from tests import rounds, town

pytestmark = pytest.mark.django_db
NINE = town.at("9:00")


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office()


class Left:
    """Counter 1 with a clerk who is gone, and somebody who comes upon it."""

    def __init__(self, office: OfficeSnapshot, role: str = "head") -> None:
        self.office = office
        self.gone = town.clerk(office, "dvorak").pk
        self.finder = town.clerk(office, "vedouci", role).pk
        counter = town.counter(office, "1")
        self.shift = counters.open_counter(counter=counter, clerk=self.gone, now=NINE)

    def call(self, *, start: bool = False, booked: bool = False) -> Ticket:
        if booked:
            booking = town.confirmed(self.office, "9:00")
            kiosk = town.kiosk(self.office)
            tickets.check_in(
                office=self.office, device=kiosk, pin=booking.pin, touch=uuid4(), now=NINE
            )
        else:
            walk_in(self.office)
        turns.call_next(office=self.office, clerk=self.gone, now=NINE)
        if start:
            turns.start_serving(office=self.office, clerk=self.gone, now=NINE)
        return Ticket.objects.get(counter=self.shift.counter_id)

    def close(self, **more: Any) -> Shift:
        return counters.close_left_counter(
            office=self.office, shift=self.shift.pk, actor=self.finder, now=town.at("9:40"), **more
        )

    def take(self, **more: Any) -> Shift:
        return counters.take_over_counter(
            office=self.office, shift=self.shift.pk, clerk=self.finder, now=town.at("9:40"), **more
        )


def walk_in(office: OfficeSnapshot, code: str = "prepis") -> Ticket:
    return tickets.issue_ticket(
        office=office, service=town.service(office, code), touch=uuid4(), now=town.at("8:50")
    )


def test_an_empty_counter_is_closed_and_the_event_names_both(office: OfficeSnapshot) -> None:
    left = Left(office)
    left.close()
    assert not Shift.objects.filter(closed_at=None).exists()
    event = Event.objects.get(kind="LeftCounterClosed")
    assert (event.actor, event.data["clerk"]) == (left.finder, left.gone)
    assert event.data["counter"] == left.shift.counter_id
    with pytest.raises(CounterClosedAlready):
        left.close()


@pytest.mark.parametrize(
    ("fate", "state", "booking"),
    [
        (Fate.SERVED, TicketState.FINISHED, BookingState.SERVED),
        (Fate.WAITS, TicketState.WAITING, BookingState.ARRIVED),
        (Fate.ABSENT, TicketState.NO_SHOW, None),
    ],
)
def test_what_became_of_the_client_is_written(
    office: OfficeSnapshot, fate: Fate, state: TicketState, booking: str | None
) -> None:
    left = Left(office)
    client = left.call(booked=True)
    with pytest.raises(FateMissing):
        left.close(client=client.pk)
    with pytest.raises(FateMissing):
        left.close(client=client.pk, fate=Fate.STAYS)
    left.close(client=client.pk, fate=fate)
    client.refresh_from_db()
    assert client.state == state
    if booking:
        assert client.booking
        assert client.booking.state == booking
    event = Event.objects.filter(data__ticket=client.pk).exclude(kind="LeftCounterClosed").last()
    assert event
    assert (event.actor, event.data["clerk"]) == (left.finder, left.gone)
    closed = Event.objects.get(kind="LeftCounterClosed")
    assert (closed.data["ticket"], closed.data["fate"]) == (client.pk, fate)
    with pytest.raises(NothingToUndo):
        turns.undo_last_step(office=office, clerk=left.gone, now=town.at("9:40"))
    with pytest.raises(NothingToUndo):
        turns.undo_last_step(office=office, clerk=left.finder, now=town.at("9:40"))


def test_who_was_given_back_goes_before_the_others(office: OfficeSnapshot) -> None:
    left = Left(office)
    client = left.call(start=True)
    walk_in(office)
    with pytest.raises(ClientChanged):
        left.close(client=client.pk, fate=Fate.ABSENT)  # is being served, so has come
    left.close(client=client.pk, fate=Fate.WAITS)
    counters.open_counter(counter=town.counter(office, "1"), clerk=left.finder, now=town.at("9:41"))
    called = turns.call_next(office=office, clerk=left.finder, now=town.at("9:41"))
    assert (called.pk, called.reason["code"]) == (client.pk, "returned")


def test_nothing_is_decided_of_a_client_whom_nobody_saw(office: OfficeSnapshot) -> None:
    left = Left(office)
    client = left.call()
    with pytest.raises(ClientChanged):
        left.close()
    turns.finish_service(office=office, clerk=left.gone, now=NINE)
    with pytest.raises(ClientChanged):
        left.take(client=client.pk, fate=Fate.STAYS)
    assert Shift.objects.get(closed_at=None).clerk_id == left.gone


def test_a_counter_is_taken_over_with_its_client(office: OfficeSnapshot) -> None:
    left = Left(office, "clerk")
    client = left.call(start=True)
    taken = left.take(client=client.pk, fate=Fate.STAYS)
    assert Shift.objects.get(closed_at=None) == taken
    with pytest.raises(NotAtCounter):
        turns.finish_service(office=office, clerk=left.gone, now=town.at("9:41"))
    with pytest.raises(NothingToUndo):
        turns.undo_last_step(office=office, clerk=left.gone, now=NINE + timedelta(seconds=9))
    finished = turns.finish_service(office=office, clerk=left.finder, now=town.at("9:50"))
    assert (finished.pk, finished.clerk_id) == (client.pk, left.finder)
    event = Event.objects.get(kind="CounterTakenOver")
    assert (event.actor, event.data["clerk"]) == (left.finder, left.gone)
    assert event.data["fate"] == "stays"
    assert left.shift.pk != taken.pk


def test_a_clerk_takes_over_what_serves_the_same_and_leaves_the_own_counter(
    office: OfficeSnapshot,
) -> None:
    left = Left(office, "clerk")
    second = town.counter(office, "2")
    counters.open_counter(counter=second, clerk=left.finder, now=NINE)
    walk_in(office)
    turns.call_next(office=office, clerk=left.finder, now=NINE)
    with pytest.raises(CounterBusy):
        left.take()
    turns.finish_service(office=office, clerk=left.finder, now=NINE)
    left.take()
    assert [s.counter_id for s in Shift.objects.filter(closed_at=None)] == [left.shift.counter_id]


def test_a_clerk_of_other_services_may_not_but_the_reception_may(office: OfficeSnapshot) -> None:
    left = Left(office, "clerk")
    second = town.counter(office, "2")
    second.services.set([town.service(office, "pas")])
    Office.objects.filter(pk=office.office_id).update(version=2)
    left.office = snapshot_of(Office.objects.get())
    counters.open_counter(counter=second, clerk=left.finder, now=NINE)
    for do in (left.close, left.take):
        with pytest.raises(OtherServices):
            do()
    office.row.memberships.filter(user=left.finder).update(role="reception")
    left.close()


def test_a_forgotten_counter_closes_by_itself_after_hours_and_overtime(
    office: OfficeSnapshot,
) -> None:
    left = Left(office)
    Office.objects.filter(pk=office.office_id).update(overtime_min=30, version=2)
    rounds.tidy(now=town.at("17:29"))
    assert Shift.objects.filter(closed_at=None).exists()
    rounds.tidy(now=town.at("17:30"))
    assert not Shift.objects.filter(closed_at=None).exists()
    event = Event.objects.get(kind="CounterClosed")
    assert (event.actor, event.data["clerk"]) == (None, left.gone)


def test_a_clerk_at_work_after_hours_is_not_closed(office: OfficeSnapshot) -> None:
    left = Left(office)
    client = left.call(start=True)
    rounds.tidy(now=town.at("17:30"))
    assert Shift.objects.filter(closed_at=None).exists(), "a client is there"
    turns.finish_service(office=office, clerk=left.gone, now=town.at("17:31"))
    rounds.tidy(now=town.at("17:45"))
    assert Shift.objects.filter(closed_at=None).exists(), "the last step was 14 minutes ago"
    rounds.tidy(now=town.at("17:46"))
    assert not Shift.objects.filter(closed_at=None).exists()
    client.refresh_from_db()
    assert client.state == TicketState.FINISHED


def test_without_a_limit_of_overtime_an_hour_is_left(office: OfficeSnapshot) -> None:
    Left(office)
    Office.objects.filter(pk=office.office_id).update(overtime_min=None, version=2)
    rounds.tidy(now=town.at("17:59"))
    assert Shift.objects.filter(closed_at=None).exists()
    rounds.tidy(now=town.at("18:00"))
    assert not Shift.objects.filter(closed_at=None).exists()
