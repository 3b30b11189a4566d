"""Tickets and calls under haste: one number a ticket, one counter a client."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import IntegrityError

from prepazka.core.pins import Outcome
from prepazka.offices.models import Counter, Device
from prepazka.offices.office_snapshot import snapshot_of
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.models import Ticket, TicketState
from prepazka.queueing.refusals import CounterBusy, NotWaiting
from tests import town
from tests.races.together import meet_after, meet_before, together

pytestmark = pytest.mark.django_db(transaction=True)
NINE = town.at("9:00")


def issue(office, **more):
    more.setdefault("touch", uuid4())
    return tickets.issue_ticket(office=office, service=town.service(office), now=NINE, **more)


def eight_clerks(office) -> list[int]:
    clerks = []
    for number in range(8):
        counter = Counter.objects.create(
            office=office.row, code=f"x{number}", number=f"{number + 10}", name={"cs": "x"}
        )
        counter.services.set([town.service(office)])
        clerk = town.clerk(office, f"clerk{number}")
        counters.open_counter(counter=counter, clerk=clerk.pk, now=NINE)
        clerks.append(clerk.pk)
    office.row.version += 1
    office.row.save()
    return clerks


def test_eight_kiosks_give_distinct_numbers_without_gaps() -> None:
    office = town.office()
    answers = together(8, lambda _: [issue(office).number for _ in range(10)])
    numbers = sorted(n for answer in answers for n in answer)  # type: ignore[union-attr]
    assert numbers == list(range(1, 81))


def test_control_numbers_that_are_counted_collide(monkeypatch: pytest.MonkeyPatch) -> None:
    office = town.office()

    def counted(*_: object) -> int:
        return Ticket.objects.count() + 1

    monkeypatch.setattr(tickets, "next_number", meet_after(8, counted))
    answers = together(8, lambda _: issue(office))
    assert any(isinstance(a, IntegrityError) for a in answers)


def test_one_touch_sent_eight_times_is_one_ticket_and_one_number() -> None:
    office = town.office()
    touch = uuid4()
    answers = together(8, lambda _: issue(office, touch=touch).label)
    assert set(answers) == {"V1"}
    assert issue(office).label == "V2"


def test_one_pin_at_two_kiosks_is_one_ticket() -> None:
    office = town.office()
    booking = town.confirmed(office, "9:00")
    other = Device.objects.create(office=office.row, code="k2", kind="kiosk", name={"cs": "K2"})
    kiosks = [town.kiosk(office), other]
    answers = together(
        4,
        lambda n: tickets.check_in(
            office=office, device=kiosks[n % 2], pin=booking.pin, touch=uuid4(), now=NINE
        ),
    )
    outcomes = [a.verdict.outcome for a in answers]  # type: ignore[union-attr]
    assert outcomes.count(Outcome.INSIDE) == 1
    assert outcomes.count(Outcome.AGAIN) == 1  # the second press at the kiosk that gave it
    assert outcomes.count(Outcome.USED) == 2
    assert {a.ticket.pk for a in answers} == {Ticket.objects.get().pk}  # type: ignore[union-attr]


def test_eight_counters_call_eight_clients_in_the_order_of_the_queue() -> None:
    office = town.office()
    for _ in range(20):
        issue(office)
    clerks = eight_clerks(office)
    office = snapshot_of(office.row)
    answers = together(
        8, lambda n: turns.call_next(office=office, clerk=clerks[n], now=NINE).number
    )
    assert sorted(answers) == list(range(1, 9))  # type: ignore[type-var]


def test_control_without_the_lock_clerks_choose_the_same_client(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = town.office()
    for _ in range(20):
        issue(office)
    clerks = eight_clerks(office)
    office = snapshot_of(office.row)
    monkeypatch.setattr(turns, "lock_queue", lambda _: None)
    monkeypatch.setattr(turns, "_call", meet_before(8, turns._call))
    answers = together(8, lambda n: turns.call_next(office=office, clerk=clerks[n], now=NINE))
    # They all chose V1; the net lets one of them have it.
    assert sum(isinstance(a, NotWaiting) for a in answers) == 7
    assert Ticket.objects.filter(state=TicketState.CALLED).count() == 1


def test_a_double_click_never_calls_two() -> None:
    office = town.office()
    for _ in range(5):
        issue(office)
    clerk = eight_clerks(office)[0]
    office = snapshot_of(office.row)
    answers = together(4, lambda _: turns.call_next(office=office, clerk=clerk, now=NINE))
    assert sum(isinstance(a, Ticket) for a in answers) == 1
    assert sum(isinstance(a, CounterBusy) for a in answers) == 3
