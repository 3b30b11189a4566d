import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.interval import Interval, intersect, subtract, union

intervals = st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda p: Interval.lasting(*p))
many = st.lists(intervals, max_size=12)


def minutes(parts):
    """The set of minutes covered: the plain meaning of a list of intervals."""
    return {minute for one in parts for minute in range(one.start, one.end)}


def is_tidy(parts):
    return all(a.end < b.start for a, b in itertools.pairwise(parts))


class TestInterval:
    def test_is_half_open(self):
        window = Interval(450, 510)
        assert window.contains(450)
        assert not window.contains(510)
        assert not window.overlaps(Interval(510, 570))
        assert window.contains(Interval(480, 510))
        assert not window.contains(Interval(480, 511))

    def test_holds_instants_too(self):
        nine = datetime(2026, 11, 20, 9, tzinfo=UTC)
        hour = Interval.lasting(nine, timedelta(hours=1))
        assert hour.end == nine.replace(hour=10)

    @pytest.mark.parametrize("end", [5, 4])
    def test_is_never_empty(self, end):
        with pytest.raises(ValueError, match="end after"):
            Interval(5, end)

    @given(intervals, intervals)
    def test_overlaps_when_a_minute_is_shared(self, a, b):
        assert a.overlaps(b) == bool(minutes([a]) & minutes([b]))


class TestLists:
    @given(many)
    def test_union_covers_the_same_minutes_once(self, parts):
        assert minutes(union(parts)) == minutes(parts)
        assert is_tidy(union(parts))

    @given(many, many)
    def test_what_is_left_never_overlaps_what_is_taken(self, whole, taken):
        left = subtract(whole, taken)
        assert minutes(left) == minutes(whole) - minutes(taken)
        assert is_tidy(left)

    @given(many, many)
    def test_intersect_keeps_what_both_cover(self, one, other):
        both = intersect(one, other)
        assert minutes(both) == minutes(one) & minutes(other)
        assert all(a.end <= b.start for a, b in itertools.pairwise(both))
