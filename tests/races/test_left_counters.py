"""A left counter under haste: one closes it, and its clerk's presses do not cross a take-over."""

from __future__ import annotations

import threading
import time
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from prepazka.journal.models import Event
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, sql, tickets, turns
from prepazka.queueing.counters import Fate
from prepazka.queueing.models import Shift, Ticket, TicketState
from prepazka.queueing.refusals import CounterClosedAlready, NotAtCounter
from tests import town
from tests.races.together import meet_before, meeting, together

pytestmark = pytest.mark.django_db(transaction=True)
NINE = town.at("9:00")


def left_counter(office: OfficeSnapshot) -> tuple[int, Shift]:
    """Counter 1 with its clerk."""
    clerk = town.clerk(office, "dvorak").pk
    counter = town.counter(office, "1")
    return clerk, counters.open_counter(counter=counter, clerk=clerk, now=NINE)


def client_at(office: OfficeSnapshot, clerk: int) -> Ticket:
    tickets.issue_ticket(office=office, service=town.service(office), touch=uuid4(), now=NINE)
    return turns.call_next(office=office, clerk=clerk, now=NINE)


def test_four_people_close_one_counter_and_one_of_them_did() -> None:
    office = town.office()
    _, shift = left_counter(office)
    heads = [town.clerk(office, f"head{n}", "head").pk for n in range(4)]
    answers = together(
        4,
        lambda n: counters.close_left_counter(
            office=office, shift=shift.pk, actor=heads[n], now=NINE
        ),
    )
    assert sum(isinstance(a, CounterClosedAlready) for a in answers) == 3
    assert Event.objects.filter(kind="LeftCounterClosed").count() == 1


def test_control_without_the_lock_several_closed_it(monkeypatch: pytest.MonkeyPatch) -> None:
    office = town.office()
    _, shift = left_counter(office)
    heads = [town.clerk(office, f"head{n}", "head").pk for n in range(4)]
    monkeypatch.setattr(counters, "lock_queue", lambda _: None)
    monkeypatch.setattr(counters, "_end", meet_before(4, counters._end))
    together(
        4,
        lambda n: counters.close_left_counter(
            office=office, shift=shift.pk, actor=heads[n], now=NINE
        ),
    )
    assert Event.objects.filter(kind="LeftCounterClosed").count() == 4


def finish_during_take_over(
    office: OfficeSnapshot, clerk: int, shift: Shift, client: Ticket
) -> object:
    """What the clerk's `finish` answers that waits for a take-over to commit."""
    head = town.clerk(office, "vedouci", "head").pk
    started, answers = threading.Event(), list[object]()

    def finish() -> None:
        started.set()
        try:
            answers.append(turns.finish_service(office=office, clerk=clerk, now=NINE))
        except NotAtCounter as error:
            answers.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=finish)
    with transaction.atomic():
        counters.take_over_counter(
            office=office, shift=shift.pk, clerk=head, client=client.pk, fate=Fate.STAYS, now=NINE
        )
        thread.start()
        started.wait(10)
        wait_until_blocked()
    thread.join(30)
    return answers[0]


def wait_until_blocked() -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_locks w JOIN pg_locks o USING (pid)"
                " JOIN pg_database d ON d.oid = o.database AND d.datname = current_database()"
                " WHERE NOT w.granted"
            )
            if cursor.fetchone():
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits for the take-over")


def test_a_press_that_waits_for_a_take_over_is_refused() -> None:
    office = town.office()
    clerk, shift = left_counter(office)
    client = client_at(office, clerk)
    answer = finish_during_take_over(office, clerk, shift, client)
    assert isinstance(answer, NotAtCounter)
    client.refresh_from_db()
    assert client.state == TicketState.CALLED


def test_control_without_the_lock_of_the_shift_it_goes_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = town.office()
    clerk, shift = left_counter(office)
    client = client_at(office, clerk)
    monkeypatch.setattr(
        sql,
        "CLIENT_OF_CLERK",
        sql.CLIENT_OF_CLERK.replace(sql.CLIENT_AND_SHIFT, "FOR NO KEY UPDATE OF t"),
    )
    assert isinstance(finish_during_take_over(office, clerk, shift, client), Ticket)


@pytest.mark.parametrize("step", ["transfer_client", "undo_last_step"])
def test_a_take_over_and_a_step_of_the_clerk_never_both_have_the_client(step: str) -> None:
    office = town.office()
    clerk, shift = left_counter(office)
    head = town.clerk(office, "vedouci", "head").pk
    for _ in range(5):
        client = client_at(office, clerk)

        def press(number: int, seen: int = client.pk, at: Shift = shift) -> object:
            if number:
                return counters.take_over_counter(
                    office=office, shift=at.pk, clerk=head, client=seen, fate=Fate.STAYS, now=NINE
                )
            return getattr(turns, step)(office=office, clerk=clerk, now=NINE)

        answers = together(2, press)
        assert sum(isinstance(a, Exception) for a in answers) == 1, answers
        client.refresh_from_db()
        stays = isinstance(answers[1], Shift)
        assert client.state == (TicketState.CALLED if stays else TicketState.WAITING)
        assert Shift.objects.get(closed_at=None).clerk_id == (head if stays else clerk)
        Ticket.objects.filter(pk=client.pk).update(state=TicketState.CANCELLED)
        shift = Shift.objects.get(closed_at=None)
        if stays:
            counters.close_counter(shift=shift, now=NINE)
            counter = town.counter(office, "1")
            shift = counters.open_counter(counter=counter, clerk=clerk, now=NINE)


def test_control_without_the_lock_a_take_over_keeps_a_client_who_was_sent_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = town.office()
    clerk, shift = left_counter(office)
    head = town.clerk(office, "vedouci", "head").pk
    client = client_at(office, clerk)
    for module in (counters, turns):
        monkeypatch.setattr(module, "lock_queue", lambda _: None)
    monkeypatch.setattr(
        sql, "CLIENT_OF_CLERK", sql.CLIENT_OF_CLERK.replace(sql.CLIENT_AND_SHIFT, "")
    )
    # Each has looked before the other writes.
    meet, change, end = meeting(2), turns._change, counters._end

    def change_after_both_looked(*args: Any, **kwargs: Any) -> Ticket:
        meet()
        return change(*args, **kwargs)

    def end_after_both_looked(*args: Any, **kwargs: Any) -> None:
        meet()
        end(*args, **kwargs)

    monkeypatch.setattr(turns, "_change", change_after_both_looked)
    monkeypatch.setattr(counters, "_end", end_after_both_looked)
    monkeypatch.setattr(
        counters, "_client_at", lambda s: Ticket.objects.filter(counter=s.counter_id).first()
    )

    def press(number: int) -> object:
        if number:
            return counters.take_over_counter(
                office=office,
                shift=shift.pk,
                clerk=head,
                client=client.pk,
                fate=Fate.STAYS,
                now=NINE,
            )
        return turns.transfer_client(office=office, clerk=clerk, now=NINE)

    answers = together(2, press)
    assert not any(isinstance(a, Exception) for a in answers), answers
