from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.figures import (
    BadFigure,
    booked_load,
    max_quota,
    remaining_capacity,
    wait_stretch,
)


@pytest.mark.parametrize(
    ("counters", "quotas"),
    [(2, (2, 1, 1, 0)), (3, (3, 2, 1, 1)), (4, (4, 2, 2, 1)), (6, (7, 4, 3, 2))],
)
def test_the_table_of_quotas(counters, quotas):
    assert tuple(max_quota(counters, mean) for mean in (5, 9, 12, 15)) == quotas


def test_a_longer_window_allows_what_the_half_hour_does_not():
    assert max_quota(2, 15, window_min=60) == 1


@given(st.integers(1, 20), st.floats(1, 60), st.sampled_from([15, 30, 60]))
def test_the_greatest_quota_keeps_the_stretch(counters, mean, window_min):
    most = max_quota(counters, mean, window_min)
    assert wait_stretch(most, 1, mean, counters, window_min) <= 1.25 + 1e-6
    assert wait_stretch(most + 1, 1, mean, counters, window_min) > 1.25 - 1e-6


def test_agendas_that_share_counters_add_up():
    assert booked_load(1, 2, 9, 3) == pytest.approx(0.2)
    assert wait_stretch(1, 2, 9, 3) == pytest.approx(1.25)
    assert wait_stretch(10, 1, 9, 3) == inf
    assert wait_stretch(1, 1, 9, 0) == inf
    assert wait_stretch(0, 1, 9, 0) == 1


def test_remaining_capacity():
    assert remaining_capacity(60, 3, 12) == 15
    assert remaining_capacity(59, 1, 12) == 4
    assert remaining_capacity(-5, 1, 12) == 0


@pytest.mark.parametrize("mean", [0, -3, inf, float("nan"), 601.0])
def test_service_times_that_no_office_has_are_refused(mean):
    for figure in (
        lambda: wait_stretch(1, 1, mean, 2),
        lambda: max_quota(2, mean),
        lambda: remaining_capacity(60, 2, mean),
    ):
        with pytest.raises(BadFigure, match="more than 0 and at most 600 minutes"):
            figure()


def test_a_service_of_ten_hours_fills_the_counters():
    assert wait_stretch(1, 1, 600, 2) == inf
    assert max_quota(2, 600) == 0
