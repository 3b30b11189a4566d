"""Best fit: no claim is broken, nobody moves needlessly, and the largest number stay."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.displacement import Calendar, Slot, Visit, choose_substitutes, lanes_to_stay_on
from prepazka.core.interval import Interval

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
LANES = range(4)


def during(start: int, length: int = 1) -> Interval[datetime]:
    first = START + timedelta(minutes=15 * start)
    return Interval(first, first + timedelta(minutes=15 * length))


spans = st.builds(during, st.integers(0, 6), st.integers(1, 3))
aligned = st.builds(during, st.integers(0, 2))
claims = st.lists(st.tuples(st.sampled_from(LANES), spans), max_size=6)
lanes = st.sets(st.sampled_from(LANES)).map(lambda found: tuple(sorted(found)))
buffers = st.dictionaries(st.sampled_from(LANES), st.sampled_from([timedelta(minutes=15)]))


def visits(times: st.SearchStrategy[Interval[datetime]]) -> st.SearchStrategy[list[Visit]]:
    return st.lists(st.tuples(times, lanes), max_size=6).map(
        lambda found: [Visit(n, *one) for n, one in enumerate(found)]
    )


@given(visits(spans), claims, buffers)
def test_no_claim_is_broken_and_no_two_proposals_meet(
    people: list[Visit], taken: list[tuple[int, Interval[datetime]]], gaps: dict[int, timedelta]
) -> None:
    calendar = Calendar.of(taken, gaps)
    before = {lane: list(found) for lane, found in calendar.claims.items()}
    found = lanes_to_stay_on(people, calendar)
    assert calendar.claims == before
    for one in people:
        if one.id in found:
            assert found[one.id] in one.lanes
            assert calendar.is_free(found[one.id], one.during)
            calendar.add(found[one.id], one.during)  # so the next one must be free of it as well


@given(visits(spans), claims)
def test_nobody_is_left_who_could_still_stay(
    people: list[Visit], taken: list[tuple[int, Interval[datetime]]]
) -> None:
    calendar = Calendar.of(taken)
    found = lanes_to_stay_on(people, calendar)
    for one in people:
        if one.id in found:
            calendar.add(found[one.id], one.during)
    for one in people:
        if one.id not in found:
            assert not any(calendar.is_free(lane, one.during) for lane in one.lanes)


@given(visits(aligned), claims)
def test_of_equal_times_the_largest_number_stays(
    people: list[Visit], taken: list[tuple[int, Interval[datetime]]]
) -> None:
    people = people[:5]
    calendar = Calendar.of(taken)
    free = [
        [None, *(lane for lane in one.lanes if calendar.is_free(lane, one.during))]
        for one in people
    ]
    best = 0
    for choice in itertools.product(*free):
        used = [
            (lane, one.during.start)
            for lane, one in zip(choice, people, strict=True)
            if lane is not None
        ]
        if len(set(used)) == len(used):
            best = max(best, len(used))
    assert len(lanes_to_stay_on(people, calendar)) == best


def test_a_proposal_makes_room_for_one_who_has_no_other_lane() -> None:
    people = [
        Visit("a", during(0), (1, 2)),
        Visit("b", during(0), (1,)),
        Visit("c", during(0), (2, 3)),
    ]
    found = lanes_to_stay_on(people, Calendar())
    assert found["b"] == 1
    assert sorted(found.values()) == [1, 2, 3]


def test_everybody_gets_a_first_slot_before_anybody_a_second() -> None:
    slots = [Slot(during(n), (1,)) for n in (2, 3, 4, 5)]
    people = [Visit(n, during(0)) for n in range(3)]
    found = choose_substitutes(people, dict.fromkeys(range(3), slots), Calendar(), 3)
    assert [len(found[n]) for n in range(3)] == [2, 1, 1]
    given_slots = [one for many in found.values() for one in many]
    assert len(set(given_slots)) == len(given_slots)


def test_slots_differ_in_kind_and_are_with_the_same_official_if_can_be() -> None:
    """Who had 17:00 is offered an evening, another evening, and a morning."""
    evening = during(4 * 9)
    days = [timedelta(days=n) for n in range(1, 4)]
    slots = [
        Slot(Interval(one.start + day, one.end + day), (1, 2))
        for day in days
        for one in (during(0), during(8), during(4 * 9 - 3), during(4 * 9))
    ]
    found = choose_substitutes([Visit("a", evening, (2,))], {"a": slots}, Calendar(), 3)
    assert {lane for lane, _ in found["a"]} == {2}
    starts = [one.start for _, one in found["a"]]
    assert starts == [
        START + days[0] + timedelta(hours=2),
        evening.start + days[0],
        evening.start + days[1],
    ]


def test_where_nothing_is_of_a_kind_the_nearest_slots_are_given() -> None:
    slots = [Slot(during(n), (1, 2)) for n in range(9)]
    found = choose_substitutes([Visit("a", during(4), (2,))], {"a": slots}, Calendar(), 3)
    assert found["a"] == [(2, during(3)), (2, during(4)), (2, during(5))]


@given(st.integers(0, 40), st.lists(st.integers(0, 400), min_size=3, max_size=40, unique=True))
def test_the_time_of_day_is_kept_wherever_it_can_be(chosen: int, free: list[int]) -> None:
    slots = [Slot(during(n), (1,)) for n in sorted(free)]
    mine = during(chosen)
    found = choose_substitutes([Visit("a", mine, (1,))], {"a": slots}, Calendar(), 3)["a"]
    wanted = mine.start.hour * 60 + mine.start.minute

    def is_near(start: datetime) -> bool:
        return abs(start.hour * 60 + start.minute - wanted) <= 90

    assert len(found) == 3
    if any(is_near(slot.during.start) for slot in slots):
        assert any(is_near(one.start) for _, one in found)


def test_buffers_are_kept() -> None:
    calendar = Calendar.of([(1, during(2))], {1: timedelta(minutes=15)})
    assert not calendar.is_free(1, during(1))
    assert not calendar.is_free(1, during(3))
    assert calendar.is_free(1, during(0))
