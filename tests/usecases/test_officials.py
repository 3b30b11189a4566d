"""Slots with officials: hours of their own, one calendar for all topics, whoever is soonest."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from prepazka.booking import booking_lifecycle, diaries, slot_search
from prepazka.booking.models import Booking, Lane
from prepazka.booking.refusals import SlotNotOffered, SlotTaken
from prepazka.core.contact import Contact
from prepazka.core.slots import Slot
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.tickets import check_in_at_desk
from tests import officials, town
from tests.officials import hold, official, whose

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
FIRST = ["08:00", "08:15", "08:30", "08:45", "09:00", "09:15", "09:30", "09:45"]
EVENING = ["17:00", "17:15", "17:30", "17:45", "18:00", "18:15", "18:30", "18:45"]


@pytest.fixture
def lhota() -> OfficeSnapshot:
    return officials.office()


def offered(
    where: OfficeSnapshot,
    day: date = town.MONDAY,
    service: str = "ohlaseni",
    code: str = "",
    **more: Any,
) -> list[Slot]:
    return slot_search.search_slots(
        office=where,
        service=town.service(where, service),
        now=NOW,
        days=[day],
        official=official(where, code) if code else None,
        **more,
    )


def clocks(found: list[Slot]) -> list[str]:
    return [f"{t.starts_at.astimezone(town.PRAGUE):%H:%M}" for t in found]


class TestOffered:
    def test_each_has_hours_of_their_own_also_outside_the_office(
        self, lhota: OfficeSnapshot
    ) -> None:
        assert clocks(offered(lhota, code="novakova")) == FIRST + EVENING
        assert clocks(offered(lhota, code="dvorak")) == FIRST[4:]
        assert clocks(offered(lhota, town.MONDAY + timedelta(days=1), code="novakova")) == []

    def test_whoever_is_soonest_is_all_of_them(self, lhota: OfficeSnapshot) -> None:
        found = offered(lhota)
        assert clocks(found) == FIRST + EVENING
        assert [t.free for t in found] == [1] * 4 + [2] * 4 + [1] * 8
        both = diaries.free_officials(lhota, town.service(lhota, "ohlaseni"), found[4].lanes)
        assert [one.code for one in both] == ["novakova", "dvorak"]

    def test_a_service_takes_its_own_length(self, lhota: OfficeSnapshot) -> None:
        found = offered(lhota, service="povoleni")
        assert clocks(found) == FIRST[:-1] + EVENING[:-1]
        assert {t.ends_at - t.starts_at for t in found} == {timedelta(minutes=30)}

    def test_all_topics_are_one_calendar(self, lhota: OfficeSnapshot) -> None:
        hold(lhota, "9:00", "novakova", service="povoleni")
        assert clocks(offered(lhota, code="novakova"))[:6] == [*FIRST[:4], *FIRST[6:]]
        hold(lhota, "8:15", "novakova")
        assert clocks(offered(lhota, service="povoleni"))[:2] == ["08:30", "09:30"]

    def test_the_buffer_is_kept_on_both_sides(self, lhota: OfficeSnapshot) -> None:
        hold(lhota, "9:30", "dvorak")
        assert clocks(offered(lhota, code="dvorak")) == ["09:00"]
        held = hold(lhota, "9:00", "dvorak")
        assert clocks(offered(lhota, code="dvorak")) == []
        assert clocks(offered(lhota, code="dvorak", besides=held.pk)) == ["09:00"]

    def test_absences_and_extra_hours_are_of_one_person(self, lhota: OfficeSnapshot) -> None:
        seventh, saturday = date(2026, 12, 7), date(2026, 12, 12)
        assert clocks(offered(lhota, seventh, code="dvorak")) == []
        assert clocks(offered(lhota, seventh, code="novakova")) == FIRST + EVENING
        assert clocks(offered(lhota, saturday)) == ["09:00", "09:15"]

    def test_what_the_office_or_the_agenda_closes_is_closed_for_all(self) -> None:
        shut = "exceptions:\n  - {closed: 2026-11-23, times: '8:00-9:30'}\n"
        assert clocks(offered(officials.office(officials.FILE + shut)))[:2] == FIRST[6:]
        agenda = (
            "    exceptions: [{closed: 2026-11-23, times: '8:00-9:45'}]\n    services:\n      ohl"
        )
        changed = officials.FILE.replace("    services:\n      ohl", agenda)
        assert clocks(offered(officials.office(changed)))[:2] == ["09:45", "17:00"]

    def test_two_people_come_one_after_the_other(self) -> None:
        where = officials.office(officials.FILE.replace("lead: 0 min", "max persons: 2"))
        found = offered(where, persons=2, code="dvorak")
        assert clocks(found) == FIRST[4:-1]
        assert {t.ends_at - t.starts_at for t in found} == {timedelta(minutes=30)}

    def test_the_statements_do_not_grow(self, lhota: OfficeSnapshot) -> None:
        wanted = town.service(lhota, "ohlaseni")
        slot_search.search_slots(office=lhota, service=wanted, now=NOW)
        for clock in ("8:00", "9:00", "9:15", "17:00"):
            hold(lhota, clock, "novakova")
        with CaptureQueriesContext(connection) as seen:
            assert slot_search.search_slots(office=lhota, service=wanted, now=NOW)
        assert len(seen) == 1

    def test_more_officials_than_fit_a_number_of_the_database(self) -> None:
        many = "".join(
            f"  u{n}:\n    name: U {n}\n    topics: [ohlaseni]\n    hours: {{mon: '9:00-9:15'}}\n"
            for n in range(128)
        )
        where = officials.office(officials.FILE + many)
        nine = next(t for t in offered(where) if t.starts_at == town.at("9:00"))
        assert nine.free == 130
        for code in ("u0", "u59", "u60", "u61", "u127"):
            hold(where, "9:00", code)
            with pytest.raises(SlotTaken):
                hold(where, "9:00", code)
        wanted = town.service(where, "ohlaseni")
        nine = next(t for t in offered(where) if t.starts_at == town.at("9:00"))
        free = {one.code for one in diaries.free_officials(where, wanted, nine.lanes)}
        assert len(free) == nine.free == 125
        assert not free & {"u0", "u59", "u60", "u61", "u127"}

    def test_the_share_of_the_desk_counts_everybodys_places(self) -> None:
        where = officials.office(
            officials.FILE.replace("lead: 0 min", "kept for desk: 90 % until 1 day before")
        )
        assert clocks(offered(where)) == FIRST + EVENING
        for clock in ("8:00", "8:15"):  # 20 places, 18 of them for the desk
            hold(where, clock)
        assert clocks(offered(where)) == []
        assert len(offered(where, channel="desk")) == 14


class TestHold:
    def test_the_named_one_is_taken(self, lhota: OfficeSnapshot) -> None:
        assert whose(hold(lhota, "9:00", "dvorak")) == "dvorak"
        with pytest.raises(SlotTaken):
            hold(lhota, "9:00", "dvorak")
        with pytest.raises(SlotNotOffered):
            hold(lhota, "17:00", "dvorak")
        with pytest.raises(SlotNotOffered):
            hold(lhota, "9:00", "dvorak", service="povoleni")

    def test_anybody_is_the_least_loaded_then_the_first(self, lhota: OfficeSnapshot) -> None:
        assert whose(hold(lhota, "9:30")) == "novakova"
        assert whose(hold(lhota, "9:00")) == "dvorak"
        assert whose(hold(lhota, "9:00")) == "novakova"
        with pytest.raises(SlotTaken):
            hold(lhota, "9:00")

    def test_an_official_has_nothing_to_do_with_a_window(self, lhota: OfficeSnapshot) -> None:
        with pytest.raises(SlotNotOffered):
            hold(lhota, "9:00", "novakova", service="rodny-list")
        assert hold(lhota, "9:00", service="rodny-list").lane.agenda

    def test_the_database_keeps_one_from_being_in_two_places(self, lhota: OfficeSnapshot) -> None:
        held = hold(lhota, "9:00", "novakova", service="povoleni")
        held.pk, held.starts_at = uuid4(), town.at("9:15")
        with pytest.raises(IntegrityError, match="lane_holds_one_person"), transaction.atomic():
            held.save(force_insert=True)

    def test_a_lane_is_of_an_agenda_or_of_an_official(self, lhota: OfficeSnapshot) -> None:
        agenda = next(iter(lhota.agendas.values()))
        for wrong in ({}, {"agenda": agenda, "official": official(lhota)}):
            Lane.objects.filter(official=official(lhota)).update(
                official=None, agenda=agenda, number=9
            )
            with pytest.raises(IntegrityError, match="lane_of"), transaction.atomic():
                Lane.objects.create(office=lhota.row, number=7, **wrong)


def confirmed(
    where: OfficeSnapshot, clock: str, code: str, email: str = "jana@example.cz"
) -> Booking:
    held = hold(where, clock, code)
    return booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name="Jana", email=email), now=NOW
    )


class TestLater:
    def test_it_is_confirmed_at_once_with_one_contact(self, lhota: OfficeSnapshot) -> None:
        assert confirmed(lhota, "9:00", "novakova").pin

    def test_moving_stays_with_the_official(self, lhota: OfficeSnapshot) -> None:
        booking = confirmed(lhota, "9:00", "dvorak")
        with pytest.raises(SlotNotOffered):
            booking_lifecycle.move_booking(booking=booking.pk, starts_at=town.at("17:00"), now=NOW)
        moved = booking_lifecycle.move_booking(
            booking=booking.pk, starts_at=town.at("9:15"), now=NOW
        )
        assert whose(moved) == "dvorak"

    def test_who_comes_is_called_where_the_official_sits(self, lhota: OfficeSnapshot) -> None:
        at = town.at("8:55")
        for clock, code, number in (("9:00", "novakova", "12"), ("9:15", "dvorak", None)):
            booking = confirmed(lhota, clock, code, f"{code}@example.cz")
            answer = check_in_at_desk(
                office=lhota, booking=booking.pk, touch=uuid4(), now=at, actor=0
            )
            assert answer.ticket
            counter = answer.ticket.for_counter
            assert (counter.number if counter else None) == number
