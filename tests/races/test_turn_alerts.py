"""Two workers look at the hall in the same minute: one notice leaves; an end leaves no contact."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from prepazka.journal.models import Event
from prepazka.queueing import tickets, turn_alerts
from prepazka.queueing.models import Ticket, TurnAlert
from prepazka.queueing.turn_alerts import AlertContact
from tests import town
from tests.races.together import meet_before, together

pytestmark = pytest.mark.django_db(transaction=True)
NINE = town.at("9:00")
MAIL = AlertContact(email="jana@example.cz")


def issued() -> Ticket:
    office = town.office()
    return tickets.issue_ticket(
        office=office, service=town.service(office), touch=uuid4(), now=NINE
    )


def asked(ticket: Ticket) -> TurnAlert:
    return turn_alerts.request_alert(ticket=ticket.pk, contact=MAIL, language="cs", now=NINE)


def test_four_workers_tell_once() -> None:
    alert = asked(issued())
    answers = together(4, lambda _: turn_alerts.note_turn_near(alert=alert.pk, now=NINE))
    assert sorted(answers) == [False, False, False, True]  # type: ignore[type-var]
    assert Event.objects.filter(kind="TurnNear").count() == 1


def test_control_without_the_lock_they_tell_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    alert = asked(issued())

    def unlocked(pk: UUID) -> TurnAlert:
        return TurnAlert.objects.select_related("ticket").get(pk=pk)

    seen = meet_before(2, lambda found: found)
    monkeypatch.setattr(turn_alerts, "lock_alert", lambda pk: seen(unlocked(pk)))
    together(2, lambda _: turn_alerts.note_turn_near(alert=alert.pk, now=NINE))
    assert Event.objects.filter(kind="TurnNear").count() == 2


def test_who_asks_while_the_ticket_ends_leaves_no_contact() -> None:
    ticket = issued()
    for _ in range(5):
        TurnAlert.objects.all().delete()
        Ticket.objects.update(state="waiting", ended_at=None)

        def act(number: int) -> object:
            return asked(ticket) if number else tickets.leave_queue(ticket=ticket.pk, now=NINE)

        together(2, act)
        assert not TurnAlert.objects.exclude(turn_alerts.NO_CONTACT).exists()
