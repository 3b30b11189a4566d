from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.learned_durations import (
    FEW,
    THETA_MAX,
    Calibration,
    DaySpeed,
    Finished,
    arrival_offsets,
    fit_service_times,
    is_plausible_duration,
    no_show_share,
    split_conformal,
    walk_away_shares,
)


def served(days=30, per_day=60, seed=3, day_sd=0.1):
    """Two services of 8 and 15 minutes, an average clerk and a slow one (×1.25)."""
    rng = np.random.default_rng(seed)
    found = []
    for day in range(days):
        speed = day_sd * rng.standard_normal()
        for _ in range(per_day):
            service, clerk = int(rng.integers(1, 3)), int(rng.integers(1, 5))
            centre = log({1: 8, 2: 15}[service]) + (log(1.25) if clerk == 4 else 0) + speed
            found.append(Finished(service, clerk, exp(centre + 0.4 * rng.standard_normal()), day))
    return found


CONFIGURED = {1: 10.0, 2: 10.0, 3: 20.0}


class TestLearning:
    def test_finds_services_clerks_and_how_days_differ(self):
        times = fit_service_times(served(), CONFIGURED)
        assert np.median(times.sample(1)) == pytest.approx(8.4, rel=0.06)
        assert np.median(times.sample(2)) == pytest.approx(15.8, rel=0.06)
        assert times.factor(4) / times.factor(1) == pytest.approx(1.25, abs=0.06)
        assert times.sd == pytest.approx(0.4, abs=0.02)
        assert times.day_sd == pytest.approx(0.1, abs=0.035)

    def test_knows_when_it_has_seen_little(self):
        times = fit_service_times(served(days=2, per_day=10), CONFIGURED)
        assert times.thin(1)
        assert times.thin(3)
        assert not fit_service_times(served(), CONFIGURED).thin(1)

    def test_without_any_service_it_says_what_was_configured(self):
        times = fit_service_times([], CONFIGURED)
        assert times.mean(3) == pytest.approx(20, rel=0.02)
        assert times.sample(3).std() / times.mean(3) == pytest.approx(0.6, abs=0.06)
        assert times.factor(77) == 1

    def test_an_unseen_service_follows_the_office_part_of_the_way(self):
        twice = [Finished(1, None, 20.0, n % 5) for n in range(500)]
        assert fit_service_times(twice, CONFIGURED).mean(3) > 26

    def test_wrong_presses_teach_nothing(self):
        good = served(days=10)
        wrong = [
            Finished(1, 1, minutes, 0)
            for minutes in (0.0, -5.0, 0.1, 600.0, float("nan"), float("inf")) * 20
        ]
        assert fit_service_times(good + wrong, CONFIGURED).mean(1) == pytest.approx(
            fit_service_times(good, CONFIGURED).mean(1)
        )
        forgotten = [Finished(1, 1, 175.0, n % 10) for n in range(5)]
        drawn = fit_service_times(good + forgotten, CONFIGURED).mean(1)
        assert drawn == pytest.approx(fit_service_times(good, CONFIGURED).mean(1), rel=0.02)

    @given(st.floats())
    def test_what_is_usable_is_a_number_of_minutes(self, minutes):
        assert is_plausible_duration(minutes) == (0.3 <= minutes <= 180)


def test_a_slow_day_is_believed_as_it_goes_on():
    times = fit_service_times(served(), CONFIGURED)
    speed = DaySpeed()
    assert speed.belief(times) == (0.0, pytest.approx(times.day_sd))
    rng, widths = np.random.default_rng(8), []
    for _ in range(200):
        one = Finished(
            1, 1, exp(times.centre[1] + times.clerks[1] + 0.2 + 0.4 * rng.standard_normal()), 99
        )
        speed = speed.after(times.surprise(one))
        widths.append(speed.belief(times)[1])
    assert speed.belief(times)[0] == pytest.approx(0.2, abs=0.06)
    assert widths == sorted(widths, reverse=True)
    assert speed.after(times.surprise(Finished(1, 1, 0.0, 99))) == speed


class TestCalibration:
    @given(
        st.lists(st.floats(0.01, 500), min_size=1, max_size=400),
        st.floats(0.5, 60),
        st.sampled_from([0.01, 0.02, 0.1]),
    )
    def test_misses_keep_to_the_bound_whatever_people_wait(self, waits, raw, gamma):
        calibration, missed = Calibration(gamma=gamma), 0
        for waited in waits:
            # Beyond the ends of theta the score cannot follow; such waits are outside the proof.
            wait = min(max(waited, raw * exp(-THETA_MAX) * 1.01), raw * exp(THETA_MAX) * 0.99)
            late = wait > max(raw, 1.0) * calibration.factor
            missed += late
            calibration = calibration.after(missed=late)
        bound = (2 * THETA_MAX + 4 * gamma) / (gamma * len(waits))
        assert abs(missed / len(waits) - 0.2) <= bound

    def test_it_corrects_an_estimate_that_is_half_of_the_truth(self):
        rng = np.random.default_rng(5)
        calibration, missed = Calibration(gamma=0.02), []
        for wait in rng.exponential(20, 6_000):
            raw = 0.5 * 20 * log(5)
            missed.append(wait > calibration.announced(raw))
            calibration = calibration.after(missed=missed[-1])
        assert np.mean(missed[2_000:]) == pytest.approx(0.2, abs=0.02)
        assert calibration.factor == pytest.approx(2, rel=0.25)

    def test_it_starts_where_the_past_would_have_held(self):
        rng = np.random.default_rng(6)
        past, raw = rng.exponential(20, 999), np.full(999, 10.0)
        start = split_conformal(past, raw)
        assert np.mean(past > raw * start.factor) == pytest.approx(0.2, abs=0.002)
        assert split_conformal([], []).factor == 1


def test_shares_are_drawn_towards_what_is_usual():
    assert no_show_share(0, 0) == pytest.approx(0.12)
    assert no_show_share(600, 1_000) == pytest.approx(0.4, abs=0.01)
    gone = walk_away_shares([(5, False)] * 300 + [(100, True)] * 200 + [(100, False)] * 200)
    assert gone[0] < 0.03
    assert gone[-1] == pytest.approx(0.5, abs=0.04)
    assert arrival_offsets([-3.0] * (FEW - 1), (1.0, 2.0)) == (1.0, 2.0)
    assert set(arrival_offsets([-3.0] * FEW, (1.0, 2.0))) == {-3.0}
