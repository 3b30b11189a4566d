"""Holders of tickets are told once that their turn is near, and once of each call; then forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from prepazka.journal.models import Event
from prepazka.messaging import message_delivery
from prepazka.messaging.kinds import TO_PERSON
from prepazka.messaging.message_types import Mail, Push, PushGone, Sent, Sms
from prepazka.messaging.models import Message
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing import counters, tickets, turn_alerts, turns
from prepazka.queueing.models import Ticket, TurnAlert
from prepazka.queueing.refusals import NotWaiting
from prepazka.queueing.turn_alerts import AlertContact
from tests import rounds, town

pytestmark = pytest.mark.django_db
NINE = town.at("9:00")
MAIL, PHONE = AlertContact(email="jana@example.cz"), AlertContact(phone="+420777123456")
BROWSER = AlertContact(push={"endpoint": "https://push.example/a", "p256dh": "p", "auth": "a"})


@pytest.fixture
def office(settings: Any) -> OfficeSnapshot:
    settings.SMS_GATEWAY = "file"
    where = town.office()
    Office.objects.update(
        messages_data={"sms": True, "quiet_from_min": 1, "quiet_to_min": 0}, version=2
    )
    return snapshot_of(Office.objects.get(pk=where.office_id))


@pytest.fixture
def clerk(office: OfficeSnapshot) -> int:
    found = town.clerk(office).pk
    counters.open_counter(counter=town.counter(office), clerk=found, now=town.at("8:59"))
    return found


def issue(office: OfficeSnapshot, many: int = 1) -> Ticket:
    """So many people come; the last of them is ours."""
    service = town.service(office)
    return [
        tickets.issue_ticket(office=office, service=service, touch=uuid4(), now=NINE)
        for _ in range(many)
    ][-1]


def asked(ticket: Ticket, contact: AlertContact = MAIL, language: str = "cs") -> TurnAlert:
    return turn_alerts.request_alert(ticket=ticket.pk, contact=contact, language=language, now=NINE)


class Out:
    """Follows up on what happened as the worker does, and keeps what left."""

    def __init__(self) -> None:
        self.left: list[Any] = []
        self.seen = 0

    def __call__(self, now: Any = NINE) -> list[Any]:
        before = len(self.left)
        new = Event.objects.filter(pk__gt=self.seen, kind__in=TO_PERSON).order_by("pk")
        for event in [*new, *new]:  # a job may run twice
            self.seen = max(self.seen, event.pk)
            for message in message_delivery.compose_messages(event=event.pk, now=now):
                message_delivery.deliver_message(
                    message=message.pk,
                    gateways={"email": self.keep, "sms": self.sms, "push": self.keep},
                    now=now,
                )
        return self.left[before:]

    def keep(self, one: Mail | Push) -> None:
        self.left.append(one)

    def sms(self, one: Sms) -> Sent:
        self.left.append(one)
        return Sent("1", 1)


def test_told_once_when_near_and_at_each_call(office: OfficeSnapshot, clerk: int) -> None:
    ours, out = issue(office, 4), Out()
    asked(ours)
    rounds.tell_near(now=NINE)
    assert out() == [], "three people are ahead, twenty minutes each"
    turns.call_next(office=office, clerk=clerk, now=NINE)
    turns.finish_service(office=office, clerk=clerk, now=NINE + timedelta(minutes=20))
    turns.call_next(office=office, clerk=clerk, now=NINE + timedelta(minutes=20))
    for _ in range(3):
        rounds.tell_near(now=NINE + timedelta(minutes=20))
    (near,) = out(NINE + timedelta(minutes=20))
    assert near.to == "jana@example.cz"
    assert near.subject == "Blíží se řada na Vás – V4 – Městský úřad Lhota"
    assert f"/t/{ours.code}/" in near.text
    turns.finish_service(office=office, clerk=clerk, now=NINE + timedelta(minutes=30))
    later = NINE + timedelta(minutes=31)
    turns.call_by_hand(office=office, clerk=clerk, ticket=ours.pk, now=later)
    (called,) = out(later)
    assert called.subject.startswith("Jste na řadě – V4")
    assert "přepážce 1" in called.text.replace("\u00a0", " ")
    turns.recall_client(office=office, clerk=clerk, now=later)
    assert out(later) == []
    assert Message.objects.count() == 2


@pytest.mark.parametrize("contact", [MAIL, PHONE, BROWSER])
@pytest.mark.parametrize("language", ["cs", "en"])
def test_each_way_in_the_language_of_the_page(
    office: OfficeSnapshot, clerk: int, contact: AlertContact, language: str
) -> None:
    ours, out = issue(office), Out()
    asked(ours, contact, language)
    rounds.tell_near(now=NINE)
    (near,) = out()
    kinds = {"email": Mail, "phone": Sms, "push": Push}
    assert isinstance(near, next(k for n, k in kinds.items() if getattr(contact, n)))
    said = "".join(near.content.values()) if isinstance(near, Push) else near.text  # type: ignore[attr-defined]
    assert "V1" in said
    assert ("/en/t/" in said) == (language == "en")
    turns.call_next(office=office, clerk=clerk, now=NINE)
    (called,) = out()
    assert "V1" in (called.content["body"] if isinstance(called, Push) else called.text)


def test_nobody_is_told_while_no_counter_is_open(office: OfficeSnapshot) -> None:
    asked(issue(office))
    rounds.tell_near(now=NINE)
    assert Out()() == []


@pytest.mark.parametrize(
    "end", ["finish_service", "mark_no_show", "leave_queue", "yesterday", "merge"]
)
def test_the_contact_ends_with_the_ticket(office: OfficeSnapshot, clerk: int, end: str) -> None:
    ours = issue(office)
    alert = asked(ours, BROWSER)
    if end in {"finish_service", "mark_no_show"}:
        turns.call_next(office=office, clerk=clerk, now=NINE)
        alert.refresh_from_db()
        assert alert.has_contact
        getattr(turns, end)(office=office, clerk=clerk, now=NINE)
    elif end == "leave_queue":
        tickets.leave_queue(ticket=ours.pk, now=NINE)
    elif end == "yesterday":
        tomorrow = NINE + timedelta(days=1)
        tickets.close_past_days(office=office.office_id, today=tomorrow.date(), now=tomorrow)
    else:  # whatever ended it without saying so
        Ticket.objects.update(state="finished")
        assert turn_alerts.erase_contacts_of_ended() == 1
    alert.refresh_from_db()
    assert not alert.has_contact
    assert alert.email == alert.phone == ""
    assert alert.push == {}


def test_a_message_that_is_late_does_not_leave(office: OfficeSnapshot, clerk: int) -> None:
    ours, out = issue(office), Out()
    asked(ours)
    rounds.tell_near(now=NINE)
    tickets.leave_queue(ticket=ours.pk, now=NINE)
    assert out() == []
    other = issue(office)
    asked(other)
    rounds.tell_near(now=NINE)
    assert out(NINE + timedelta(minutes=16)) == [], "its turn is long over or was long ago"


def test_no_more_when_it_is_no_longer_wished(office: OfficeSnapshot, clerk: int) -> None:
    ours, out = issue(office), Out()
    alert = asked(ours)
    for _ in range(2):
        turn_alerts.drop_alert(ticket=ours.pk, now=NINE)
    rounds.tell_near(now=NINE)
    turns.call_next(office=office, clerk=clerk, now=NINE)
    assert out() == []
    alert.refresh_from_db()
    assert not alert.has_contact
    assert Event.objects.filter(kind="AlertDropped").count() == 1
    with pytest.raises(NotWaiting):
        asked(ours)


def test_another_contact_takes_the_place_of_the_first(office: OfficeSnapshot, clerk: int) -> None:
    ours, out = issue(office), Out()
    asked(ours)
    asked(ours, PHONE)
    rounds.tell_near(now=NINE)
    (near,) = out()
    assert isinstance(near, Sms)
    assert near.e164 == PHONE.phone


def test_who_lets_others_go_first_is_told_when_it_ends(office: OfficeSnapshot, clerk: int) -> None:
    ours, out = issue(office), Out()
    asked(ours)
    rounds.tell_near(now=NINE)
    assert len(out()) == 1
    tickets.postpone_ticket(ticket=ours.pk, minutes=20, now=NINE)
    rounds.tell_near(now=NINE)
    assert out() == []
    back = NINE + timedelta(minutes=21)
    rounds.tell_near(now=back)
    assert len(out(back)) == 1


def test_a_browser_that_is_gone_is_forgotten(office: OfficeSnapshot, clerk: int) -> None:
    alert = asked(issue(office), BROWSER)
    rounds.tell_near(now=NINE)
    (message,) = message_delivery.compose_messages(
        event=Event.objects.get(kind="TurnNear").pk, now=NINE
    )

    def gone(one: Push) -> None:
        raise PushGone

    with pytest.raises(PushGone):
        message_delivery.deliver_message(
            message=message.pk, gateways={"email": no_mail, "sms": no_sms, "push": gone}, now=NINE
        )
    alert.refresh_from_db()
    message.refresh_from_db()
    assert not alert.has_contact
    assert message.state == "failed"


def test_short_messages_count_into_the_limit_of_the_month(
    office: OfficeSnapshot, clerk: int
) -> None:
    Office.objects.update(messages_data={"sms": True, "monthly_limit": 1}, version=3)
    ours, out = issue(office), Out()
    asked(ours, PHONE)
    rounds.tell_near(now=NINE)
    assert len(out()) == 1
    turns.call_next(office=office, clerk=clerk, now=NINE)
    assert out() == []
    assert set(Message.objects.values_list("kind", "state")) == {
        ("turn_near", "sent"),
        ("turn_called", "failed"),
    }


def no_mail(mail: Mail) -> None:
    raise AssertionError(mail)


def no_sms(sms: Sms) -> Sent:
    raise AssertionError(sms)
