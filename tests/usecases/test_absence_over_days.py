"""Away from Monday 14:00 to Wednesday 10:00: one absence, right at both of its ends."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import date, timedelta

import pytest

from prepazka.booking import absences, booking_lifecycle, slot_search
from prepazka.booking.disruptions import apply_disruption, undo_disruption
from prepazka.booking.impact_preview import impact_of
from prepazka.booking.models import Booking
from prepazka.core.calendar import DayException
from prepazka.core.contact import Contact
from prepazka.core.interval import Interval
from prepazka.officefile.office_export import export
from prepazka.officefile.office_loading import load
from prepazka.offices.models import HoursException, Official
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from tests import officials, town
from tests.officials import official

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
MONDAY = town.MONDAY
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
AWAY = DayException.without_break(MONDAY, WEDNESDAY, 14 * 60, 10 * 60)
TEXT = officials.FILE.replace(
    'hours: {mon: "8:00-10:00, 17:00-19:00"}', 'hours: {mon-wed: "8:00-17:00"}'
)


@pytest.fixture
def lhota() -> OfficeSnapshot:
    return officials.office(TEXT)


def here() -> OfficeSnapshot:
    return snapshot_by_slug("lhota")


def absence(**scope: object) -> list[HoursException]:
    where = here()
    whose: dict[str, object] = {"official": official(where), **scope}
    return [HoursException(office=where.row, **whose, **asdict(AWAY))]


def hours(day: date) -> list[tuple[int, int]]:
    """Nováková's hours of that day, in whole hours of the clock."""
    where = here()
    return [
        (m.start // 60, m.end // 60) for m in where.opening_hours.of_diary(official(where).pk, day)
    ]


def booked(day: date, clock: str, service: str = "ohlaseni") -> Booking:
    where = here()
    held = booking_lifecycle.hold_slot(
        office=where,
        service=town.service(where, service),
        starts_at=town.at(clock, day),
        now=NOW,
        official=official(where),
    )
    email = f"j{held.pk.hex[:8]}@example.cz"
    return booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name="Jana", email=email), now=NOW
    )


def test_the_hours_end_and_begin_at_its_ends(lhota: OfficeSnapshot) -> None:
    absences.add_exception(
        office=lhota, official=official(lhota), days=AWAY, reason="školení", now=NOW, actor=0
    )
    assert HoursException.objects.filter(official__code="novakova").count() == 1
    assert [hours(day) for day in (MONDAY, TUESDAY, WEDNESDAY)] == [[(8, 14)], [], [(10, 17)]]
    where = here()
    found = slot_search.search_slots(
        office=where,
        service=town.service(where, "povoleni"),
        now=NOW,
        days=[MONDAY, TUESDAY, WEDNESDAY],
        official=official(where),
    )
    local = [one.starts_at.astimezone(town.PRAGUE) for one in found]
    last = max(one for one in local if one.date() == MONDAY)
    first = min(one for one in local if one.date() != MONDAY)
    assert f"{last:%H:%M}" == "13:30", "thirty minutes until 14:00"
    assert (first.date(), f"{first:%H:%M}") == (WEDNESDAY, "10:00")


def test_the_impact_is_right_at_both_ends(lhota: OfficeSnapshot) -> None:
    stays = [booked(MONDAY, "13:45"), booked(WEDNESDAY, "10:00")]
    goes = [
        booked(MONDAY, "14:00"),
        booked(TUESDAY, "8:00"),
        booked(WEDNESDAY, "9:45"),
    ]
    across = [
        booked(MONDAY, "13:15", "povoleni"),  # until 13:45
        booked(WEDNESDAY, "9:15", "povoleni"),  # until 9:45
    ]
    impact = impact_of(office=here(), exceptions=absence(), now=NOW)
    assert [row.booking for row in impact.rows] == [goes[0], goes[1], across[1], goes[2]]
    assert not {row.booking for row in impact.rows} & {*stays, across[0]}


@pytest.mark.parametrize(
    ("day", "clock", "people"),
    [
        (MONDAY, "13:30", 0),
        (MONDAY, "13:45", 1),
        (WEDNESDAY, "9:30", 1),
        (WEDNESDAY, "9:45", 1),
        (WEDNESDAY, "10:00", 0),
    ],
)
def test_a_visit_across_an_end_is_touched(
    lhota: OfficeSnapshot, day: date, clock: str, people: int
) -> None:
    booking = booked(day, clock, "povoleni")  # 30 minutes
    impact = impact_of(office=here(), exceptions=absence(), now=NOW)
    assert [row.booking for row in impact.rows] == [booking] * people


def test_nobody_is_offered_a_time_within_it(lhota: OfficeSnapshot) -> None:
    booked(TUESDAY, "8:00", "povoleni")  # only Nováková does permits
    (row,) = impact_of(office=here(), exceptions=absence(), now=NOW).rows
    away = Interval(town.at("14:00"), town.at("10:00", WEDNESDAY))
    assert len(row.slots) == 3
    assert not any(during.overlaps(away) for _lane, during in row.slots)


def test_it_is_one_thing_to_take_back(lhota: OfficeSnapshot) -> None:
    head = town.clerk(lhota, "vedouci", "head").pk
    booking = booked(TUESDAY, "8:00", "povoleni")
    rows = absence()
    seen = impact_of(office=here(), exceptions=rows, now=NOW).token
    made = apply_disruption(office=here(), exceptions=rows, seen_token=seen, now=NOW, actor=head)
    assert made.exceptions.count() == 1
    assert [hours(day) for day in (MONDAY, TUESDAY, WEDNESDAY)] == [[(8, 14)], [], [(10, 17)]]
    assert undo_disruption(disruption=made.pk, now=NOW, actor=head) == 1
    assert [hours(day) for day in (MONDAY, TUESDAY, WEDNESDAY)] == [[(8, 17)]] * 3
    assert Booking.objects.get(pk=booking.pk).starts_at == booking.starts_at


def test_the_diary_takes_it_back_whole(lhota: OfficeSnapshot) -> None:
    absences.add_exception(
        office=lhota, official=official(lhota), days=AWAY, reason="", now=NOW, actor=0
    )
    row = HoursException.objects.get(official__code="novakova")
    where = here()
    absences.remove_exception(
        office=where, official=official(where), exception=row.pk, now=NOW, actor=0
    )
    assert [hours(day) for day in (MONDAY, TUESDAY, WEDNESDAY)] == [[(8, 17)]] * 3


def test_fewer_places_from_a_time_to_a_time(lhota: OfficeSnapshot) -> None:
    agenda = next(one for one in lhota.agendas.values() if one.code == "matrika")
    days = DayException.without_break(MONDAY, WEDNESDAY, 840, 600, "reduced", 0)
    HoursException.objects.create(office=lhota.row, agenda=agenda, **asdict(days))
    lhota.row.version += 1
    lhota.row.save()
    where = here()
    assert [
        where.opening_hours.reduced_places(agenda.pk, MONDAY + timedelta(days=n)) for n in range(4)
    ] == [
        [(Interval(840, 1440), 0)],
        [(Interval(0, 1440), 0)],
        [(Interval(0, 600), 0)],
        [],
    ]


@pytest.mark.parametrize(
    "days",
    [
        "2026-11-23 14:00 to 2026-11-25 10:00",
        "2026-11-23 14:00 to 2026-11-25",
        "2026-11-23 to 2026-11-25 10:00",
        "from 2026-11-23 14:00",
    ],
)
def test_the_file_says_it_and_says_it_again(days: str) -> None:
    text = TEXT.replace(
        'hours: {mon-wed: "8:00-17:00"}',
        f'hours: {{mon-wed: "8:00-17:00"}}\n    exceptions: [{{closed: {days}, reason: školení}}]',
    )
    where = officials.office(text)
    assert HoursException.objects.filter(official__code="novakova").count() == 1
    written = export(where.row)
    assert f"closed: {days}" in re.sub("[\"']", "", written)
    report = load(written, now=NOW)
    assert report.changed == []


def test_the_file_within_one_day_has_times() -> None:
    text = TEXT.replace(
        'hours: {mon-wed: "8:00-17:00"}',
        'hours: {mon-wed: "8:00-17:00"}\n'
        "    exceptions: [{closed: 2026-11-23 14:00 to 2026-11-23 16:00}]",
    )
    where = officials.office(text)
    row = HoursException.objects.get(official__code="novakova")
    assert (row.opens, row.closes, row.begins, row.ends) == (840, 960, None, None)
    assert 'times: "14:00-16:00"' in export(where.row).replace("'", '"')


def test_a_closing_with_one_time_is_exported_with_it(lhota: OfficeSnapshot) -> None:
    """Written by a screen: until 10:00 of one day. The file once made it the whole day."""
    HoursException.objects.create(
        office=lhota.row,
        official=Official.objects.get(code="novakova"),
        kind="closed",
        from_date=MONDAY,
        to_date=MONDAY,
        closes=600,
    )
    lhota.row.version += 1
    lhota.row.save()
    before = hours(MONDAY)
    load(export(here().row), now=NOW)
    assert hours(MONDAY) == before == [(10, 17)]


def test_the_release_before_takes_its_days_as_whole_ones(lhota: OfficeSnapshot) -> None:
    """It reads `opens` and `closes` alone, and must neither fail nor offer the absence's time."""
    (row,) = absence()
    old = DayException(row.from_date, row.to_date, row.opens, row.closes, "closed")
    assert old.minutes_on(MONDAY) == old.minutes_on(WEDNESDAY) == Interval(0, 1440)
