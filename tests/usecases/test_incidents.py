"""A system that is down: services wait, places are kept, people are told, and it all goes on."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db.models import F

from prepazka.core.discipline import next_in_turn
from prepazka.journal.models import Event
from prepazka.messaging import message_delivery
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.models import Message, MessageState
from prepazka.offices import incident_texts
from prepazka.offices.models import Incident, Office, System
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.queueing import counters, tickets, turns
from prepazka.queueing.incidents import (
    change_incident,
    count_affected,
    declare_incident,
    end_incident,
)
from prepazka.queueing.models import Ticket, TicketState
from prepazka.queueing.refusals import (
    AlreadyDown,
    IncidentOver,
    NobodyWaiting,
    NothingNeedsIt,
    SystemDown,
)
from prepazka.queueing.turns import policy_of
from prepazka.reporting.live_hall import hall_at
from prepazka.reporting.monitor import monitor_of_office
from prepazka.reporting.place import place_of
from tests import rounds, town

pytestmark = pytest.mark.django_db
NINE = town.at("9:00")


def with_register(made: OfficeSnapshot, *codes: str) -> System:
    """The vehicle register, which the services need."""
    system = System.objects.create(
        office=made.row,
        code="registr",
        name={"cs": "Registr vozidel", "en": "Vehicle register"},
    )
    for code in codes or ("prepis",):
        town.service(made, code).needs.add(system)
    Office.objects.filter(pk=made.office_id).update(version=made.row.version + 1)
    return system


@pytest.fixture
def office() -> OfficeSnapshot:
    made = town.office()
    with_register(made)
    return again()


def again() -> OfficeSnapshot:
    return snapshot_by_slug("lhota")


def register() -> System:
    return System.objects.get(code="registr")


def declare(now: Any = NINE, **more: Any) -> Incident:
    where = again()
    who = where.row.memberships.filter(role="head").first()
    actor = who.user_id if who else town.clerk(where, "hlava", "head").pk
    cause = more.pop("cause", Incident.Cause.DOWN)
    return declare_incident(
        office=where, system=register(), cause=cause, now=now, actor=actor, **more
    )


def end(incident: Incident, now: Any = NINE) -> Incident:
    actor = incident.began_by_id or 0
    return end_incident(incident=incident.pk, now=now, actor=actor)


def walk_in(clock: str, code: str = "prepis") -> Ticket:
    where = again()
    return tickets.issue_ticket(
        office=where, service=town.service(where, code), touch=uuid4(), now=town.at(clock)
    )


def at_counter_2() -> int:
    where = again()
    clerk = town.clerk(where).pk
    counters.open_counter(counter=town.counter(where, "2"), clerk=clerk, now=town.at("8:00"))
    return clerk


def events_of(*kinds: str) -> list[Event]:
    return list(Event.objects.filter(kind__in=kinds).order_by("id"))


def test_tickets_stop_with_the_reason_and_other_services_go_on(office: OfficeSnapshot) -> None:
    declare()
    with pytest.raises(SystemDown, match="Registr vozidel"):
        walk_in("9:01")
    assert walk_in("9:01", "pas").state == TicketState.WAITING
    assert not tickets.tickets_ended(again(), town.service(again()), NINE), "the day is not over"


def test_those_who_wait_keep_their_places_and_are_called_when_it_works(
    office: OfficeSnapshot,
) -> None:
    first, second = walk_in("8:10"), walk_in("8:20")
    passport, clerk = walk_in("8:30", "pas"), at_counter_2()
    incident = declare()
    called = turns.call_next(office=again(), clerk=clerk, now=town.at("9:01"))
    assert called.pk == passport.pk
    turns.finish_service(office=again(), clerk=clerk, now=town.at("9:05"))
    with pytest.raises(NobodyWaiting):
        turns.call_next(office=again(), clerk=clerk, now=town.at("9:06"))
    end(incident, town.at("9:20"))
    order = []
    for _ in range(2):
        order.append(turns.call_next(office=again(), clerk=clerk, now=town.at("9:21")).pk)
        turns.finish_service(office=again(), clerk=clerk, now=town.at("9:22"))
    assert order == [first.pk, second.pk]


def test_a_call_with_an_old_snapshot_of_the_office_calls_nobody(office: OfficeSnapshot) -> None:
    walk_in("8:10")
    clerk, before = at_counter_2(), again()
    declare()
    with pytest.raises(NobodyWaiting):
        turns.call_next(office=before, clerk=clerk, now=NINE)


def test_a_clerk_can_still_call_by_hand(office: OfficeSnapshot) -> None:
    waits, clerk = walk_in("8:10"), at_counter_2()
    declare()
    called = turns.call_by_hand(office=again(), clerk=clerk, ticket=waits.pk, now=NINE)
    assert called.state == TicketState.CALLED


def test_there_is_no_estimate_but_a_reason_and_others_have_theirs(office: OfficeSnapshot) -> None:
    at_counter_2()
    waits, passport = walk_in("8:10"), walk_in("8:20", "pas")
    before = place_of(again(), passport, now=NINE)
    Ticket.objects.filter(pk=waits.pk).update(p20=1, p50=2, p80=3)
    incident = declare()
    place = place_of(again(), waits, now=NINE)
    assert (place.expected, place.incident) == (None, incident)
    waits.refresh_from_db()
    assert (waits.p80, waits.judged) == (None, True), "what was announced is not judged"
    other = place_of(again(), passport, now=NINE)
    assert (before.ahead, other.ahead) == (1, 0)
    assert other.expected
    assert before.expected
    assert other.expected.p50 < before.expected.p50
    told = {s["code"]: s for s in monitor_of_office(again(), now=NINE)["services"]}
    assert (told["prepis"]["waits_for"], told["prepis"]["wait_min"]) == ("registr", None)
    assert (told["pas"]["waits_for"], told["pas"]["tickets"]) == (None, True)


def test_the_hall_and_the_call_agree(office: OfficeSnapshot) -> None:
    """The next one of the hall's order that may be called is who is called."""
    at_counter_2()
    for n, code in enumerate(("prepis", "znacky", "pas", "prepis", "pas")):
        walk_in(f"8:1{n}", code)
    declare()
    where = again()
    seen = hall_at(where, now=NINE)
    chosen = next_in_turn(
        seen.waiting,
        serves=where.serves[town.counter(where, "2").pk],
        counter=town.counter(where, "2").pk,
        policy=policy_of(where),
        now=NINE,
    )
    assert chosen
    assert set(seen.outlook.tickets) == {
        t.pk for t in Ticket.objects.exclude(service__code="prepis")
    }
    soonest = min(seen.outlook.tickets, key=lambda pk: seen.outlook.tickets[pk].p80)
    assert chosen.ticket == soonest


def test_declared_and_ended_twice_it_is_once(office: OfficeSnapshot) -> None:
    first = declare()
    assert declare(town.at("9:01"), cause=Incident.Cause.POWER) == first
    end(first, town.at("9:30"))
    assert end(first, town.at("9:40")).ended_at == town.at("9:30")
    assert [e.kind for e in events_of("IncidentDeclared", "IncidentEnded")] == [
        "IncidentDeclared",
        "IncidentEnded",
    ]
    assert declare(town.at("9:50")) != first, "it can happen again"


def test_a_system_that_nothing_needs_pauses_nothing(office: OfficeSnapshot) -> None:
    town.service(office).needs.clear()
    Office.objects.update(version=99)
    with pytest.raises(NothingNeedsIt):
        declare()


class TestPeople:
    def test_it_is_seen_before_whom_it_touches(self, office: OfficeSnapshot) -> None:
        walk_in("8:10")
        town.confirmed(office, "10:00")
        town.confirmed(office, "14:00")
        for hours, booked in ((None, 2), (4, 1), (0, 0)):
            seen = count_affected(office=again(), system=register(), warn_hours=hours, now=NINE)
            assert (seen.waiting, seen.booked, seen.told) == (1, booked, booked)
        assert not events_of("BookingWarned")

    def test_the_booked_are_told_with_choices_and_once(self, office: OfficeSnapshot) -> None:
        soon = town.confirmed(office, "10:00")
        later = town.confirmed(office, "14:00")
        incident = declare(warn_hours=2, expected_at=town.at("11:30"), note={"cs": "Pracujeme."})
        assert [e.data["booking"] for e in events_of("BookingWarned")] == [str(soon.pk)]
        rounds.warn_of_incidents(now=town.at("12:01"))
        rounds.warn_of_incidents(now=town.at("12:02"))
        told = [e.data["booking"] for e in events_of("BookingWarned")]
        assert told == [str(soon.pk), str(later.pk)]
        (message,) = message_delivery.compose_messages(
            event=events_of("BookingWarned")[0].pk, now=NINE
        )
        made = compose_mail(message, now=NINE)
        for part in (made.text, made.html):
            plain = part.replace("\u00a0", " ")
            assert "Registr vozidel nefunguje. Pracujeme. V provozu má být asi do 11:30." in plain
            assert "/zmenit/" in part or "termin" in part
        assert incident.notices.count() == 2

    def test_when_it_works_those_who_were_told_are_told(self, office: OfficeSnapshot) -> None:
        booking = town.confirmed(office, "10:00")
        mail.outbox.clear()
        incident = declare()
        (warned,) = message_delivery.compose_messages(
            event=events_of("BookingWarned")[0].pk, now=NINE
        )
        Message.objects.filter(pk=warned.pk).update(state=MessageState.SENT)
        end(incident, town.at("9:30"))
        (lifted,) = events_of("WarningLifted")
        (over,) = message_delivery.compose_messages(event=lifted.pk, now=town.at("9:30"))
        assert not message_delivery.is_pointless(over, town.at("9:30"))
        assert "opět funguje: Registr vozidel" in compose_mail(over, now=NINE).text
        assert booking.pin
        assert booking.pin in compose_mail(over, now=NINE).text

    def test_a_warning_that_never_left_is_not_followed(self, office: OfficeSnapshot) -> None:
        town.confirmed(office, "10:00")
        incident = declare()
        (warned,) = message_delivery.compose_messages(
            event=events_of("BookingWarned")[0].pk, now=NINE
        )
        end(incident, town.at("9:01"))
        assert message_delivery.is_pointless(Message.objects.get(pk=warned.pk), town.at("9:01"))
        (over,) = message_delivery.compose_messages(
            event=events_of("WarningLifted")[0].pk, now=town.at("9:01")
        )
        assert message_delivery.is_pointless(over, town.at("9:01"))

    def test_who_came_by_booking_and_waits_is_told_too(self, office: OfficeSnapshot) -> None:
        booking = town.confirmed(office, "9:00")
        tickets.check_in(
            office=again(),
            device=town.kiosk(office),
            pin=booking.pin or "",
            touch=uuid4(),
            now=NINE,
        )
        declare(warn_hours=0)
        (warned,) = events_of("BookingWarned")
        (message,) = message_delivery.compose_messages(event=warned.pk, now=NINE)
        assert "Své místo" in compose_mail(message, now=NINE).text

    def test_a_pin_is_taken_meanwhile_and_the_place_kept(self, office: OfficeSnapshot) -> None:
        booking = town.confirmed(office, "9:00")
        declare()
        came = tickets.check_in(
            office=again(),
            device=town.kiosk(office),
            pin=booking.pin or "",
            touch=uuid4(),
            now=NINE,
        )
        assert came.ticket
        assert place_of(again(), came.ticket, now=NINE).incident


def change(incident: Incident, now: Any = NINE, **more: Any) -> int:
    found = Incident.objects.get(pk=incident.pk)
    said = {
        "system": found.system,
        "cause": Incident.Cause(found.cause),
        "note": found.note,
        "expected_at": found.expected_at,
    }
    return change_incident(
        incident=found.pk, now=now, actor=found.began_by_id or 0, **(said | more)
    )


def other_system(*codes: str) -> System:
    system = System.objects.create(
        office=again().row, code="sit", name={"cs": "Síť kraje", "en": "Network"}
    )
    for code in codes:
        town.service(again(), code).needs.add(system)
    Office.objects.update(version=again().row.version + 1)
    return system


class TestChanged:
    def test_another_sentence_is_read_at_once_and_nobody_is_told_again(
        self, office: OfficeSnapshot
    ) -> None:
        town.confirmed(office, "10:00")
        incident = declare(expected_at=town.at("11:30"))
        assert change(incident, cause=Incident.Cause.POWER, note={"cs": "Pracujeme."}) == 0
        assert incident_texts.incident_in_words(again().incidents[0], again()).startswith(
            "Nejde elektřina"
        )
        (told,) = events_of("IncidentChanged")
        assert (told.actor, told.data["bookings"]) == (incident.began_by_id, 0)
        assert not events_of("WarningChanged")
        assert len(events_of("BookingWarned")) == 1
        assert change(incident) == 0
        assert len(events_of("IncidentChanged")) == 1, "nothing has changed"

    def test_another_time_is_told_once_to_those_who_were_told(self, office: OfficeSnapshot) -> None:
        booking = town.confirmed(office, "10:00")
        moved_away = town.confirmed(office, "11:00")
        mail.outbox.clear()
        incident = declare(expected_at=town.at("11:30"))
        (warned, _) = events_of("BookingWarned")
        for one in message_delivery.compose_messages(event=warned.pk, now=NINE):
            Message.objects.filter(pk=one.pk).update(state=MessageState.SENT, sent_at=NINE)
        type(moved_away).objects.filter(pk=moved_away.pk).update(sequence=F("sequence") + 1)
        later = town.at("9:10")
        assert change(incident, later, expected_at=town.at("13:00")) == 1
        assert change(incident, later, expected_at=town.at("13:00")) == 0, "pressed twice"
        rounds.warn_of_incidents(now=later)
        (event,) = events_of("WarningChanged")
        assert event.data["booking"] == str(booking.pk)
        (message,) = message_delivery.compose_messages(event=event.pk, now=later)
        assert not message_delivery.is_pointless(message, later)
        made = compose_mail(message, now=later)
        for part in (made.text, made.html):
            assert "V provozu má být asi do 13:00." in part.replace("\u00a0", " ")
        assert change(incident, later, expected_at=None) == 1
        assert message_delivery.is_pointless(message, later), "the later change has its own"
        end(incident, town.at("9:30"))
        assert message_delivery.is_pointless(
            message_delivery.compose_messages(event=events_of("WarningChanged")[1].pk, now=later)[
                0
            ],
            later,
        )

    def test_a_warning_that_leaves_late_says_the_new_time_itself(
        self, office: OfficeSnapshot
    ) -> None:
        town.confirmed(office, "10:00")
        incident = declare(expected_at=town.at("11:30"))
        (warned,) = message_delivery.compose_messages(
            event=events_of("BookingWarned")[0].pk, now=NINE
        )
        change(incident, expected_at=town.at("13:00"))
        (moved,) = message_delivery.compose_messages(
            event=events_of("WarningChanged")[0].pk, now=NINE
        )
        assert message_delivery.is_pointless(moved, NINE), "nothing was told before"
        Message.objects.filter(pk=warned.pk).update(
            state=MessageState.SENT, sent_at=town.at("9:01")
        )
        assert message_delivery.is_pointless(moved, town.at("9:02"))
        assert "13:00" in compose_mail(warned, now=NINE).text

    def test_another_system_lets_go_whom_it_does_not_concern(self, office: OfficeSnapshot) -> None:
        register_only = town.confirmed(office, "10:00")
        other = town.confirmed(office, "11:00", service="znacky")
        system = other_system("znacky")
        waits = walk_in("8:10", "znacky")
        Ticket.objects.filter(pk=waits.pk).update(p20=1, p50=2, p80=3)
        incident = declare()
        (warned,) = message_delivery.compose_messages(
            event=events_of("BookingWarned")[0].pk, now=NINE
        )
        Message.objects.filter(pk=warned.pk).update(state=MessageState.SENT, sent_at=NINE)
        assert change(incident, system=system) == 0
        assert {s.code for s in again().stopped_by(again().incidents[0])} == {"znacky"}
        assert walk_in("9:01").state == TicketState.WAITING
        with pytest.raises(SystemDown, match="Síť kraje"):
            walk_in("9:01", "znacky")
        waits.refresh_from_db()
        assert waits.p80 is None
        (lifted,) = events_of("WarningLifted")
        assert lifted.data["booking"] == str(register_only.pk)
        (over,) = message_delivery.compose_messages(event=lifted.pk, now=NINE)
        assert not message_delivery.is_pointless(over, NINE)
        assert "opět funguje: Registr vozidel" in compose_mail(over, now=NINE).text
        assert message_delivery.is_pointless(Message.objects.get(pk=warned.pk), NINE)
        assert [e.data["booking"] for e in events_of("BookingWarned")][1:] == [str(other.pk)]
        end(incident, town.at("9:30"))
        assert len(events_of("WarningLifted")) == 2, "once each"

    def test_what_cannot_be(self, office: OfficeSnapshot) -> None:
        incident = declare()
        nothing = other_system()
        with pytest.raises(NothingNeedsIt):
            change(incident, system=nothing)
        town.service(again(), "pas").needs.add(nothing)
        Office.objects.update(version=again().row.version + 1)
        second = declare_incident(
            office=again(),
            system=nothing,
            cause=Incident.Cause.DOWN,
            now=NINE,
            actor=incident.began_by_id or 0,
        )
        with pytest.raises(AlreadyDown):
            change(second, system=register())
        end(incident)
        with pytest.raises(IncidentOver):
            change(incident, expected_at=town.at("12:00"))


def test_every_cause_is_said_in_both_languages(office: OfficeSnapshot) -> None:
    incident = declare(expected_at=town.at("11:30"))
    said = set()
    for cause in Incident.Cause:
        incident.cause = cause
        both = incident_texts.incident_in_languages(incident, again())
        assert both["cs"] != both["en"]
        assert "11:30" in both["en"]
        said |= set(both.values())
    assert len(said) == 2 * len(Incident.Cause)
