"""How many times a network may keep, and for how long."""

from __future__ import annotations

import pytest

from prepazka.core import hold_limits as limits
from prepazka.core.hold_limits import CITIZEN, FULL_LENGTH, SHORT_LENGTH, SIGNED_IN, Live, Widths


def alone(count: int) -> Live:
    """A single IPv4 address, which is its own /56 and /48."""
    return Live(Widths(count, count, count), Widths(0, 0, 0), Widths(0, 0, 0))


@pytest.mark.parametrize(
    ("kept", "length", "may"),
    [
        (0, FULL_LENGTH, True),
        (4, FULL_LENGTH, True),
        (5, SHORT_LENGTH, True),
        (19, SHORT_LENGTH, True),
        (20, SHORT_LENGTH, False),
    ],
)
def test_the_sixth_is_short_and_the_twenty_first_refused(kept, length, may):
    assert limits.hold_length(alone(kept), CITIZEN, crowded=False) == length
    assert limits.may_keep(alone(kept), CITIZEN, crowded=False) is may


def test_in_a_crowd_three_short_ones():
    assert limits.hold_length(alone(0), CITIZEN, crowded=True) == SHORT_LENGTH
    assert limits.may_keep(alone(2), CITIZEN, crowded=True)
    assert not limits.may_keep(alone(3), CITIZEN, crowded=True)


@pytest.mark.parametrize("kept", [Widths(1, 30, 30), Widths(1, 1, 40)])
def test_a_wider_network_is_refused_though_the_address_is_new(kept):
    assert not limits.may_keep(Live(kept), CITIZEN, crowded=False)
    assert limits.may_keep(Live(Widths(1, 29, 39)), CITIZEN, crowded=False)


def test_staff_keep_more_and_at_full_length_in_a_crowd_too():
    assert limits.hold_length(alone(59), SIGNED_IN, crowded=True) == FULL_LENGTH
    assert limits.may_keep(alone(59), SIGNED_IN, crowded=True)
    assert not limits.may_keep(alone(60), SIGNED_IN, crowded=False)


@pytest.mark.parametrize(
    ("hour", "day", "crowded", "may"),
    [
        (5, 5, False, True),
        (6, 6, False, False),
        (0, 15, False, False),
        (1, 1, True, True),
        (2, 2, True, False),
    ],
)
def test_without_a_click(hour, day, crowded, may):
    live = Live(Widths(0, 0, 0), Widths(hour, hour, hour), Widths(day, day, day))
    assert limits.may_book_unclicked(live, CITIZEN, crowded=crowded) is may


def test_the_ceiling_grows_with_the_office():
    assert limits.crowding_threshold(2) == 30
    assert limits.crowding_threshold(30) == 170
