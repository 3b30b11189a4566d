"""Quiet hours: what can wait leaves when they end, also over midnight and a change of clocks."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.message_rules import MessageRules

PRAGUE = ZoneInfo("Europe/Prague")
minutes = st.integers(0, 1439)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(PRAGUE))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-23 07:59", "2026-11-23 08:00"),
        ("2026-11-23 08:00", None),
        ("2026-11-23 19:59", None),
        ("2026-11-23 20:00", "2026-11-24 08:00"),
        ("2026-10-24 23:00", "2026-10-25 08:00"),  # the night in which the clocks go back
    ],
)
def test_the_usual_quiet_hours(now: str, until: str | None) -> None:
    found = MessageRules().quiet_until(datetime.fromisoformat(now).replace(tzinfo=PRAGUE), PRAGUE)
    expected = until and datetime.fromisoformat(until).replace(tzinfo=PRAGUE)
    assert found == expected


@given(moments, minutes, minutes)
def test_after_quiet_hours_it_is_not_quiet(now: datetime, start: int, end: int) -> None:
    rules = MessageRules(quiet_from_min=start, quiet_to_min=end)
    if until := rules.quiet_until(now, PRAGUE):
        assert until > now
        assert rules.quiet_until(until, PRAGUE) is None


@given(moments, minutes)
def test_quiet_hours_of_no_length_are_none(now: datetime, start: int) -> None:
    rules = MessageRules(quiet_from_min=start, quiet_to_min=start)
    assert rules.quiet_until(now, PRAGUE) is None
