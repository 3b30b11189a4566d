"""Which hours count for a service, an official, a counter: numbers only, no database."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from prepazka.core.calendar import DayException, WeeklyHours
from prepazka.core.interval import Interval
from prepazka.core.office_hours import OfficeHours, PartException, PartHours, Scope

MONDAY = date(2026, 11, 23)
TUESDAY = MONDAY + timedelta(days=1)
HOLIDAY = date(2026, 11, 17)  # a Tuesday
VEHICLES, PLATES, DOCUMENTS = 11, 12, 21  # services, of the agendas 1, 1 and 2
AGENDAS = {VEHICLES: 1, PLATES: 1, DOCUMENTS: 2}


def weekly(opens: int, closes: int, weekday: int = 0, **scope: Any) -> PartHours:
    more = {key: scope.pop(key) for key in ("booking", "mode") if key in scope}
    hours = WeeklyHours(weekday, opens * 60, closes * 60)
    return PartHours(Scope(**scope), hours, **more)


def closed(day: date, reason: str = "", **scope: int) -> PartException:
    return PartException(Scope(**scope), DayException(day, day), {"cs": reason})


def office(*rows: PartHours | PartException, holidays: bool = False) -> OfficeHours:
    return OfficeHours(
        weekly=[row for row in rows if isinstance(row, PartHours)],
        exceptions=[row for row in rows if isinstance(row, PartException)],
        agendas=AGENDAS,
        offered=[VEHICLES, DOCUMENTS],
        public_holidays=holidays,
    )


def hours(minutes: list[Interval[int]]) -> list[tuple[int, int]]:
    return [(span.start // 60, span.end // 60) for span in minutes]


def test_hours_of_an_agenda_replace_those_of_the_office_and_a_service_cuts_them() -> None:
    town = office(weekly(8, 12), weekly(9, 15, agenda=1), weekly(10, 18, service=PLATES))
    assert hours(town.of_service(DOCUMENTS, MONDAY)) == [(8, 12)]
    assert hours(town.of_service(VEHICLES, MONDAY)) == [(9, 15)]
    assert hours(town.of_service(PLATES, MONDAY)) == [(10, 15)]
    assert town.of_service(DOCUMENTS, TUESDAY) == []


def test_booking_hours_lie_inside_the_hours_and_those_of_the_agenda_win() -> None:
    town = office(
        weekly(8, 12), weekly(9, 20, booking=True), weekly(10, 20, agenda=2, booking=True)
    )
    assert hours(town.bookable(VEHICLES, MONDAY)) == [(9, 12)]
    assert hours(town.bookable(DOCUMENTS, MONDAY)) == [(10, 12)]


def test_hours_of_one_mode_are_added_whatever_the_booking_hours_are() -> None:
    town = office(
        weekly(8, 12), weekly(9, 10, booking=True), weekly(17, 19, agenda=1, mode="video")
    )
    assert hours(town.bookable(VEHICLES, MONDAY, "video")) == [(9, 10), (17, 19)]
    assert hours(town.bookable(VEHICLES, MONDAY)) == [(9, 10)]
    assert hours(town.of_service(VEHICLES, MONDAY, "video")) == [(8, 12), (17, 19)]


def test_an_official_has_own_hours_but_not_while_the_agenda_is_closed() -> None:
    official = weekly(15, 18, official=7)
    evening = weekly(18, 19, official=7, mode="video")
    town = office(weekly(8, 12), official, evening, closed(TUESDAY, agenda=1))
    assert hours(town.of_official(7, VEHICLES, MONDAY)) == [(15, 18)]
    assert hours(town.of_official(7, VEHICLES, MONDAY, "video")) == [(15, 19)]
    assert hours(town.of_diary(7, MONDAY)) == [(15, 19)]
    again = office(weekly(15, 18, weekday=1, official=7), closed(TUESDAY, agenda=1))
    assert again.of_official(7, VEHICLES, TUESDAY) == []
    assert hours(again.of_official(7, DOCUMENTS, TUESDAY)) == [(15, 18)]
    assert hours(again.of_diary(7, TUESDAY)) == [(15, 18)]


def test_a_counter_has_the_hours_of_the_office_unless_it_has_its_own() -> None:
    town = office(weekly(8, 12), weekly(9, 10, counter=2))
    assert hours(town.of_counter(1, MONDAY)) == [(8, 12)]
    assert hours(town.of_counter(2, MONDAY)) == [(9, 10)]


def test_an_agenda_open_longer_is_open_alone_outside_the_general_hours() -> None:
    town = office(weekly(8, 12), weekly(8, 15, agenda=2))
    assert hours(town.general(MONDAY)) == [(8, 12)]
    assert hours(town.of_office(MONDAY)) == [(8, 15)]
    assert [(agenda, hours(alone)) for agenda, alone in town.open_alone(MONDAY)] == [
        (2, [(12, 15)])
    ]


@pytest.mark.parametrize(("holidays", "spans"), [(True, []), (False, [(8, 12)])])
def test_public_holidays_close_an_office_that_keeps_them(
    holidays: bool,  # noqa: FBT001  # a parameter of the case
    spans: list[tuple[int, int]],
) -> None:
    town = office(weekly(8, 12, weekday=1), holidays=holidays)
    assert hours(town.of_service(VEHICLES, HOLIDAY)) == spans


def test_fewer_places_count_for_the_agenda_and_for_the_whole_office() -> None:
    half = DayException(MONDAY, MONDAY, 480, 600, "reduced", places=1)
    town = office(weekly(8, 12), PartException(Scope(agenda=1), half), PartException(Scope(), half))
    assert [places for _, places in town.reduced_places(1, MONDAY)] == [1, 1]
    assert [hours([span]) for span, _ in town.reduced_places(2, MONDAY)] == [[(8, 10)]]
    assert town.reduced_places(1, TUESDAY) == []
    assert hours(town.of_service(VEHICLES, MONDAY)) == [(8, 12)]


def test_the_reason_for_a_closed_day_is_the_offices_or_the_services_never_an_officials() -> None:
    town = office(
        weekly(8, 12),
        closed(MONDAY, "stěhování", agenda=1),
        closed(MONDAY, "nemoc", official=7),
        PartException(Scope(), DayException(TUESDAY, TUESDAY, 480, 600), {"cs": "porada"}),
    )
    assert town.closing_reason(MONDAY, VEHICLES) == {"cs": "stěhování"}
    assert town.closing_reason(MONDAY) is None
    assert town.closing_reason(TUESDAY) is None  # closed for two hours only
