"""What the virtual people decide: repeatable, with the shape of a real day."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from statistics import fmean
from zoneinfo import ZoneInfo

from prepazka.playday import visit_plans
from prepazka.playday.visit_plans import Service

PRAGUE = ZoneInfo("Europe/Prague")


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 23, hour, minute, tzinfo=PRAGUE)


DAY = [(at(8), at(11, 30)), (at(12, 30), at(17))]


def test_arrivals_keep_to_the_hours_the_mean_and_the_peaks() -> None:
    days = [visit_plans.draw_arrivals(Random(n), DAY, 100) for n in range(200)]
    everybody = [one for day in days for one in day]
    assert all(any(a <= one < b for a, b in DAY) for one in everybody)
    assert 97 < fmean(map(len, days)) < 103  # standard error 0.7
    peak = sum(8 <= one.hour < 10 for one in everybody)
    quiet = sum(at(12, 30).time() <= one.time() < at(14).time() for one in everybody)
    assert 1.4 < (peak / 120) / (quiet / 90) < 1.6
    assert {len(day) for day in days} != {100}


def test_nobody_comes_where_nothing_is_open_or_wanted() -> None:
    assert visit_plans.draw_arrivals(Random(1), [], 50) == []
    assert visit_plans.draw_arrivals(Random(1), DAY, -3) == []


def test_punctuality() -> None:
    chance = Random(7)
    drawn = [visit_plans.draw_arrival_offset(chance, 30) for _ in range(20_000)]
    came = [one for one in drawn if one is not None]
    never, early = len(drawn) - len(came), sum(one <= 0 for one in came)
    late = sum(one > 30 for one in came)
    assert 0.05 < never / len(drawn) < 0.07
    assert 0.11 < (never + late) / len(drawn) < 0.13
    assert 0.69 < early / len(drawn) < 0.71
    assert min(came) >= -25
    assert max(came) <= 55


def test_visits_last_about_as_long_as_the_service_says() -> None:
    chance = Random(3)
    lengths = [visit_plans.draw_service_minutes(chance, 15).minutes for _ in range(20_000)]
    assert 11.6 < fmean(lengths) < 12.4
    assert min(lengths) >= 1


def test_the_same_seed_gives_the_same_day_and_another_another() -> None:
    able, booked = {"a": 6.0, "b": 3.0}, {"a": 4}
    first = visit_plans.plan_walk_ins(5, DAY, able, booked)
    assert first == visit_plans.plan_walk_ins(5, DAY, able, booked)
    assert first != visit_plans.plan_walk_ins(6, DAY, able, booked)
    assert [one.number for one in first] == list(range(1, len(first) + 1))
    assert first == sorted(first, key=lambda one: one.at)
    assert (
        visit_plans.random_of_person(5, "clerk", 1).random()
        == visit_plans.random_of_person(5, "clerk", 1).random()
    )


def test_seats_take_a_share_of_an_agendas_slots_each_once() -> None:
    spans = [
        (at(8) + timedelta(minutes=30 * n), at(8, 30) + timedelta(minutes=30 * n))
        for n in range(16)
    ]
    taken = [
        visit_plans.plan_booked_slots(seed, {"docs": {"op": spans, "cd": spans}})
        for seed in range(100)
    ]
    for seats in taken:
        assert len({one.starts_at for one in seats}) == len(seats)
    assert 10.6 < fmean(map(len, taken)) < 11.8  # 0.7 of 16
    assert {one.service for seats in taken for one in seats} == {"op", "cd"}


def test_few_clerks_open_the_counters_that_serve_most() -> None:
    counters = {
        "p1": frozenset("a"),
        "p2": frozenset("a"),
        "p3": frozenset("ab"),
        "p4": frozenset("c"),
    }
    assert visit_plans.counters_to_open(counters, 2) == ["p3", "p4"]
    assert visit_plans.counters_to_open(counters, 9) == ["p3", "p4", "p1", "p2"]


def test_demand_follows_what_the_open_counters_can_do() -> None:
    services = [Service(code, code, "x", 15, True, True) for code in "ab"]
    able = visit_plans.clients_per_hour([frozenset("a"), frozenset("ab")], services)
    assert able["a"] == 3 * able["b"]
    assert able["a"] + able["b"] == 2 * 60 / 13.5


def test_lunches_follow_each_other_unless_the_office_closes_at_noon() -> None:
    whole = [(at(8), at(17))]
    assert visit_plans.lunch_break(whole, 0) == (at(11), at(11, 30))
    assert visit_plans.lunch_break(whole, 2) == (at(12), at(12, 30))
    assert visit_plans.lunch_break(DAY, 0) is None
    assert visit_plans.lunch_break([(at(7, 30), at(11, 30)), (at(12, 30), at(17))], 1) is None
