"""Limits count in fixed windows, forget, and know nobody's address."""

from __future__ import annotations

from datetime import timedelta

import pytest

from prepazka.web import limits
from prepazka.web.limits import Limit, TooManyTries
from prepazka.web.models import RateCount
from tests import town

pytestmark = pytest.mark.django_db
TWICE = Limit("test", 2, timedelta(minutes=10))
NOW = town.at("9:03")


@pytest.fixture(autouse=True)
def _on(settings: object) -> None:
    settings.RATE_LIMITS = True  # type: ignore[attr-defined]


def test_the_third_try_waits_for_the_next_window() -> None:
    limits.count_try(TWICE, "a", now=NOW)
    limits.count_try(TWICE, "a", now=NOW + timedelta(minutes=1))
    with pytest.raises(TooManyTries) as refused:
        limits.count_try(TWICE, "a", now=NOW + timedelta(minutes=2))
    assert refused.value.retry_after == 5 * 60
    limits.count_try(TWICE, "b", now=NOW)
    limits.count_try(TWICE, "a", now=NOW + timedelta(minutes=7))


def test_a_limit_that_is_reached_is_in_the_log_once_without_saying_whose(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(2):
        limits.count_try(TWICE, "203.0.113.9", now=NOW)
    assert caplog.messages == [], "the control"
    for _ in range(3):
        with pytest.raises(TooManyTries):
            limits.count_try(TWICE, "203.0.113.9", now=NOW)
    assert caplog.messages == [f"A limit is reached: {TWICE.scope}, more than 2"]


def test_the_setting_turns_them_off(settings: object) -> None:
    settings.RATE_LIMITS = False  # type: ignore[attr-defined]
    for _ in range(5):
        limits.count_try(TWICE, "a", now=NOW)
    assert not RateCount.objects.exists()


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::9", "2001:db8:1:3::/64"),
        ("", "unknown"),
    ],
)
def test_of_ipv6_a_whole_household_is_one(address: str, seen: str) -> None:
    assert limits.network_of_address(address) == seen


def test_only_hashes_are_kept_and_only_for_a_day() -> None:
    limits.count_try(TWICE, "192.0.2.7", now=NOW)
    assert "192.0.2.7" not in RateCount.objects.get().key
    limits.count_try(TWICE, "192.0.2.8", now=NOW + timedelta(days=1, minutes=11))
    assert RateCount.objects.count() == 1
