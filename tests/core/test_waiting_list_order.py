from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.waiting_list_rules import LEAST_TO_ANSWER, Wish, is_dropped, offer_deadline

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
minutes = st.integers(0, 3000).map(lambda m: timedelta(minutes=m))


@given(minutes, st.none() | minutes, minutes, st.integers(15, 2880))
def test_an_offer_leaves_time_to_answer_and_never_outlives_its_slot(ahead, quiet, lead, lasts):
    quiet_until = None if quiet is None else NOW + quiet
    until = offer_deadline(
        now=NOW,
        quiet_until=quiet_until,
        starts_at=NOW + ahead,
        lead=lead,
        lasts=timedelta(minutes=lasts),
    )
    awake = max(NOW, quiet_until or NOW)
    if until is None:
        assert NOW + ahead - lead - awake < LEAST_TO_ANSWER
    else:
        assert until <= NOW + ahead - lead
        assert LEAST_TO_ANSWER <= until - awake <= timedelta(minutes=lasts)


@given(st.integers(0, 1380), st.integers(1, 300), st.integers(0, 1439), st.integers(1, 1440))
def test_only_whole_slots_within_the_hours_suit(start, length, from_min, more):
    wish = Wish(date(2026, 11, 20), date(2026, 11, 20), frozenset({4}), from_min, from_min + more)
    suits = wish.suits(
        day=date(2026, 11, 20),
        start_min=start,
        end_min=start + length,
        starts_at=NOW,
        ends_at=NOW + timedelta(minutes=length),
    )
    inside = set(range(start, start + length)) <= set(range(from_min, from_min + more))
    assert suits == inside


def test_the_third_silence_ends_the_wait():
    assert [is_dropped(n) for n in (1, 2, 3)] == [False, False, True]
