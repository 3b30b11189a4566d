from dataclasses import replace

import numpy as np
import pytest

from prepazka.core import whatif
from prepazka.core.demand import draw_day
from prepazka.core.interval import Interval
from prepazka.core.whatif import (
    NotPossible,
    compare_figures,
    simulate_days,
    stretch_with_places,
    t_quantile,
)
from prepazka.studies import sample_office

PLAN = sample_office.sample_plan()


def visits(plan, day=0):
    return {v.ticket: v for v in draw_day(plan, day, seed=4).visits}


class TestCommonChance:
    def test_the_same_day_is_drawn_twice(self):
        assert draw_day(PLAN, 3, seed=4) == draw_day(PLAN, 3, seed=4)
        assert visits(PLAN, 0) != visits(PLAN, 1)

    def test_another_counter_meets_the_same_people(self):
        assert visits(whatif.add_counter(3)(PLAN)) == visits(PLAN)
        assert visits(whatif.close_all_day(3)(PLAN)) == visits(PLAN)

    def test_more_demand_adds_people_and_keeps_the_others(self):
        more = visits(whatif.scale_demand(1.2)(PLAN))
        assert visits(PLAN).items() <= more.items()
        walk_ins = sum(ticket > 0 for ticket in visits(PLAN))
        assert sum(ticket > 0 for ticket in more) == pytest.approx(1.2 * walk_ins, rel=0.06)

    def test_a_larger_quota_adds_booked_clients_in_place_of_walk_ins(self):
        one, two = visits(PLAN), visits(whatif.change_quota(1, 2)(PLAN))
        booked = {t: v for t, v in one.items() if t < 0}
        assert booked.items() <= two.items()
        assert {t for t in two if t > 0} < {t for t in one if t > 0}

    def test_a_reminder_brings_some_who_would_not_have_come(self):
        assert {t for t in visits(PLAN) if t < 0} < {
            t for t in visits(whatif.scale_no_shows(0.2)(PLAN)) if t < 0
        }


def test_a_day_is_as_large_as_was_asked():
    counts = [len(draw_day(PLAN, day, seed=9).visits) for day in range(40)]
    asked = PLAN.demand * sum(a.clients for a in PLAN.asked)
    assert np.mean(counts) == pytest.approx(asked, rel=0.05)


def test_one_more_counter_shortens_waits_and_one_less_lengthens_them():
    before = simulate_days(PLAN, days=8, seed=2)
    more = {
        d.name: d
        for d in compare_figures(before, simulate_days(whatif.add_counter(1)(PLAN), days=8, seed=2))
    }
    less = {
        d.name: d
        for d in compare_figures(
            before, simulate_days(whatif.close_all_day(1)(PLAN), days=8, seed=2)
        )
    }
    assert more["walk_in_mean"].change < 0 < less["walk_in_mean"].change
    assert less["walk_in_mean"].sure
    assert more["clients"].change == 0
    assert less["use"].change > 0


def test_pairing_makes_intervals_narrower():
    before = simulate_days(PLAN, days=8, seed=2)
    change = whatif.scale_demand(1.05)(PLAN)
    paired = compare_figures(before, simulate_days(change, days=8, seed=2))
    strangers = compare_figures(before, simulate_days(change, days=8, seed=77))
    halves = [next(d.half for d in c if d.name == "walk_in_mean") for c in (paired, strangers)]
    assert halves[0] < 0.6 * halves[1]


def test_changes_do_what_they_say():
    noon = Interval(720, 750)
    assert whatif.move_breaks(2, noon)(PLAN).posts[1].breaks == (noon,)
    assert whatif.close_part_of_day(1, Interval(800, 830))(PLAN).posts[0].breaks[1] == Interval(
        800, 830
    )
    longer = whatif.change_window_length(60)(PLAN)
    assert [len(b.windows) for b in longer.bookable] == [9] * 4
    assert all(w.end - w.start == 60 for b in longer.bookable for w in b.windows)


@pytest.mark.parametrize(
    "change",
    [
        whatif.close_all_day(99),
        whatif.add_counter(99),
        whatif.change_quota(6, 1),
        lambda _: whatif.scale_demand(9),
    ],
)
def test_impossible_changes_are_refused(change):
    with pytest.raises(NotPossible):
        change(PLAN)


def test_stretch_is_the_formula_of_the_quota():
    # One agenda at two counters that never rest: 1 / (1 - q·s/(30c)).
    alone = replace(
        PLAN,
        posts=tuple(replace(p, breaks=(), serves=frozenset({1})) for p in PLAN.posts[:2]),
        bookable=PLAN.bookable[:1],
        asked=PLAN.asked[:1],
    )
    share = (9 + 0.5) / 60
    assert stretch_with_places(alone, 1) == pytest.approx(1 / (1 - share))
    assert stretch_with_places(alone, 1, extra_places=1) == pytest.approx(1 / (1 - 2 * share))
    assert stretch_with_places(alone, 1, extra_places=20) == float("inf")
    resting = replace(alone, posts=(alone.posts[0], replace(alone.posts[1], breaks=(Interval(720, 750),))))  # fmt: skip
    assert stretch_with_places(resting, 1) == pytest.approx(1 / (1 - 2 * share))


@pytest.mark.parametrize(("freedom", "exact"), [(4, 2.7764), (29, 2.0452), (99, 1.9842)])
def test_students_t(freedom, exact):
    assert t_quantile(0.975, freedom) == pytest.approx(exact, rel=0.01)
