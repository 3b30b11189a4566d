"""The offices that come with the program book as their towns say."""

from datetime import date, timedelta
from itertools import groupby

import pytest

from prepazka.booking import booking_lifecycle, slot_search
from prepazka.booking.models import Channel
from prepazka.booking.slot_search import is_bookable
from prepazka.core.slots import Slot
from prepazka.officefile import presets
from prepazka.officefile.office_loading import load
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from tests.town import PRAGUE, at

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 23)
FRIDAY = at("18:00", date(2026, 11, 20))


def loaded(preset: str, slug: str) -> OfficeSnapshot:
    load(presets.preset_text(preset), now=FRIDAY)
    return snapshot_by_slug(slug)


def offered(office: OfficeSnapshot, code: str, *days: date) -> list[Slot]:
    service = office.service_by_code(code)
    assert service
    return slot_search.search_slots(office=office, service=service, now=FRIDAY, days=days or None)


def clocks(found: list[Slot]) -> list[str]:
    return [
        f"{t.starts_at.astimezone(PRAGUE):%H:%M}-{t.ends_at.astimezone(PRAGUE):%H:%M}"
        for t in found
    ]


@pytest.mark.parametrize("service", ["prepis-vozidla", "schvaleni-dovozu", "ridicsky-prukaz"])
def test_krumlov_has_six_hours_on_monday_in_each_agenda(service: str) -> None:
    found = offered(loaded("cesky-krumlov", "krumlov"), service, MONDAY)
    assert clocks(found) == [
        "07:30-08:30",
        "08:30-09:30",
        "09:30-10:30",
        "12:30-13:30",
        "13:30-14:30",
        "14:30-15:30",
    ]
    assert [slot.free for slot in found] == [1] * 6


def test_krumlov_books_three_months_ahead_and_voids_the_pin_after_the_hour() -> None:
    office = loaded("cesky-krumlov", "krumlov")
    service = office.service_by_code("prepis-vozidla")
    assert service
    rules = office.rules_of(service)
    assert (rules.horizon_days, rules.confirm_min, rules.late_min) == (92, 15, 0)
    # The 92nd day, 20 February 2027, is a Saturday.
    assert offered(office, "prepis-vozidla")[-1].day == date(2027, 2, 19)
    assert sorted(a.letter for a in office.agendas.values()) == ["I", "R", "V"]


def test_sumperk_has_one_slot_each_half_hour_for_fourteen_days() -> None:
    office = loaded("sumperk", "sumperk")
    found = offered(office, "op-zadost")
    per_day = {day: list(rows) for day, rows in groupby(found, key=lambda slot: slot.day)}
    first = MONDAY
    assert list(per_day) == [first + timedelta(days=n) for n in (0, 1, 2, 3, 7, 8, 9, 10)]
    assert clocks(per_day[MONDAY])[:2] == ["08:00-08:30", "08:30-09:00"]
    assert [len(rows) for rows in per_day.values()] == [18, 14, 18, 14] * 2
    assert {slot.free for slot in found} == {1}


def test_sumperk_books_one_in_half_an_hour_also_for_vehicles_and_drivers() -> None:
    office = loaded("sumperk", "sumperk")
    for code in ("zmena-vlastnika", "ridicsky-prukaz"):
        slots = offered(office, code)
        assert {slot.ends_at - slot.starts_at for slot in slots} == {timedelta(minutes=30)}
        assert {slot.free for slot in slots} == {1}
        service = office.service_by_code(code)
        assert service
        assert (service.bookable, service.walk_in) == (True, True)


@pytest.mark.parametrize(
    ("preset", "slug"),
    [("cesky-krumlov", "krumlov"), ("sumperk", "sumperk"), ("touzim", "touzim")],
)
def test_where_a_window_holds_one_person_others_may_wait_for_it(preset: str, slug: str) -> None:
    office = loaded(preset, slug)
    booked = [office.rules_of(s) for s in office.offered_services() if is_bookable(office, s)]
    assert {(rules.quota, rules.waiting_list) for rules in booked} == {(1, True)}


def test_touzim_books_half_hours_from_monday_to_wednesday() -> None:
    found = offered(loaded("touzim", "touzim"), "jednani")
    assert {slot.day.weekday() for slot in found} == {0, 1, 2}
    assert {slot.ends_at - slot.starts_at for slot in found} == {timedelta(minutes=30)}
    assert {slot.free for slot in found} == {1}


def test_praha6_books_officials_also_in_the_evening() -> None:
    office = loaded("praha-6", "praha6")
    wednesday = MONDAY + timedelta(days=2)
    found = offered(office, "stavebni-upravy", wednesday)
    assert (clocks(found)[0], clocks(found)[-1]) == ("08:00-08:15", "19:45-20:00")
    assert [t.free for t in found] == [2] * 32 + [1] * 16
    meetings = [s for s in office.offered_services() if office.officials_for(s.pk)]
    assert {(s.duration_min, office.rules_of(s).topic_line) for s in meetings} == {(15, True)}
    rules = {office.rules_of(s).confirm_min for s in office.offered_services()}
    assert rules == {0}
    assert 5 <= len(office.open_officials()) <= 8
    assert {one.department_id for one in office.open_officials()} < set(office.departments)
    for day in range(5):  # no lunch break
        for service in office.offered_services():
            assert (
                len(office.opening_hours.of_service(service.pk, MONDAY + timedelta(days=day))) == 1
            )


def test_praha6_opens_for_identity_cards_and_passports_on_saturday() -> None:
    office = loaded("praha-6", "praha6")
    saturday = MONDAY + timedelta(days=5)
    found = offered(office, "op-zadost", saturday)
    assert (clocks(found)[0], clocks(found)[-1]) == ("08:00-08:30", "11:30-12:00")
    closed = {s.code for s in office.offered_services() if not offered(office, s.code, saturday)}
    assert closed == {s.code for s in office.offered_services()} - {
        *("op-zadost", "op-prevzeti", "pas-zadost")
    }
    for code, number in (("op-zadost", "725 000 336"), ("pas-zadost", "725 000 335")):
        service = office.service_by_code(code)
        assert service
        assert number in service.hint["cs"]


def test_no_preset_books_on_a_public_holiday() -> None:
    for preset, slug, service in (
        ("cesky-krumlov", "krumlov", "prepis-vozidla"),
        ("touzim", "touzim", "jednani"),
    ):
        office = loaded(preset, slug)
        wanted = office.service_by_code(service)
        assert wanted
        assert office.opening_hours.of_service(wanted.pk, date(2027, 9, 28)) == []
        assert office.opening_hours.of_service(wanted.pk, date(2027, 9, 27)) != []


def test_praha6_keeps_a_share_for_its_call_centre_and_writes_to_telephones() -> None:
    office = loaded("praha-6", "praha6")
    service = office.service_by_code("kaceni-drevin")  # one official, 24 quarters a day
    assert service
    assert office.row.message_rules.sms
    day = [MONDAY + timedelta(days=7)]
    for n, slot in enumerate(offered(office, "kaceni-drevin", *day)[:19]):
        booking_lifecycle.hold_slot(
            office=office,
            service=service,
            starts_at=slot.starts_at,
            now=FRIDAY + timedelta(seconds=n),
        )
    assert offered(office, "kaceni-drevin", *day) == []
    by_phone = slot_search.search_slots(
        office=office, service=service, now=FRIDAY, days=day, channel=Channel.PHONE
    )
    assert len(by_phone) == 5
