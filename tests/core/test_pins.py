import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.interval import Interval
from prepazka.core.pins import PINS, Outcome, PinCandidate, PinsExhausted, judge_pin, pick_pin
from prepazka.core.slots import Rules

TODAY = date(2026, 11, 23)
NINE = datetime(2026, 11, 23, 8, tzinfo=UTC)  # nine o'clock in Prague
WINDOW = Interval(NINE, NINE + timedelta(minutes=60))
HERE, THERE = 1, 2


def at(minutes):
    return NINE + timedelta(minutes=minutes)


def booking(name="b", **changes):
    return PinCandidate(
        **{
            "booking": name,
            "office": HERE,
            "day": TODAY,
            "window": WINDOW,
            "state": "confirmed",
            **changes,
        }
    )


def ask(*found, now=NINE, **rules):
    return judge_pin(found, office=HERE, today=TODAY, rules=Rules(**rules), now=now)


class TestDraw:
    @given(st.sets(st.sampled_from(PINS)), st.sets(st.sampled_from(PINS)), st.integers())
    def test_is_never_one_of_the_taken_or_avoided(self, taken, avoid, seed):
        pin = pick_pin(taken, avoid, random.Random(seed))
        assert len(pin) == 4
        assert pin.isdigit()
        assert pin not in taken | avoid

    @pytest.mark.parametrize("guess", ["0000", "1111", "1234", "4321", "0123", "9876"])
    def test_is_not_guessable(self, guess):
        assert guess not in PINS
        assert len(PINS) == 9970

    def test_finds_the_last_one_left_even_if_it_should_be_avoided(self):
        taken = set(PINS) - {"4711"}
        assert pick_pin(taken, {"4711"}, random.Random(1)) == "4711"

    def test_prefers_the_last_one_not_avoided(self):
        assert pick_pin(set(), set(PINS) - {"4711"}, random.Random(1)) == "4711"

    def test_says_when_none_is_left(self):
        with pytest.raises(PinsExhausted):
            pick_pin(set(PINS), set(), random.Random(1))


class TestVerdict:
    @pytest.mark.parametrize(
        ("minute", "outcome"),
        [(-31, "early"), (-30, "registered_early"), (-1, "registered_early"), (0, "inside"),
         (59, "inside"), (60, "late"), (69, "late"), (70, "void"), (300, "void")],
    )  # fmt: skip
    def test_follows_the_clock(self, minute, outcome):
        got = ask(booking(), now=at(minute))
        assert got.outcome.value == outcome
        assert got.opens_at == at(-30)
        assert got.closes_at == at(70)
        assert got.accepted == (-30 <= minute < 70)
        assert got.late == (outcome == "late")

    def test_krumlov_voids_a_pin_at_the_end_of_its_window(self):
        assert ask(booking(), now=at(60), late_min=0).outcome is Outcome.VOID

    @pytest.mark.parametrize(
        ("state", "outcome"),
        [("held", "unconfirmed"), ("unconfirmed", "unconfirmed"), ("expired", "unconfirmed"),
         ("arrived", "used"), ("served", "used"), ("no_show", "void"), ("displaced", "cancelled"),
         ("cancelled_by_citizen", "cancelled"), ("cancelled_by_office", "cancelled")],
    )  # fmt: skip
    @pytest.mark.parametrize("minute", [-60, 0, 65, 120])
    def test_follows_the_state_at_any_time(self, state, outcome, minute):
        got = ask(booking(state=state), now=at(minute))
        assert got.outcome.value == outcome
        assert not got.accepted

    def test_names_the_nearest_other_day_a_coming_one_first(self):
        days = [TODAY + timedelta(days=d) for d in (-1, 3, 2)]
        got = ask(*(booking(day=day) for day in days))
        assert (got.outcome, got.found.day) == (Outcome.OTHER_DAY, days[2])

    def test_names_the_other_office_but_only_for_today(self):
        assert ask(booking(office=THERE)).found.office == THERE
        assert ask(booking(office=THERE)).outcome is Outcome.OTHER_OFFICE
        assert ask(booking(office=THERE, day=TODAY + timedelta(days=1))).outcome is Outcome.UNKNOWN

    def test_knows_nothing_of_a_cancelled_booking_elsewhere(self):
        got = ask(booking(office=THERE, state="cancelled_by_citizen"))
        assert got.outcome is Outcome.UNKNOWN
        assert got.found is None
        assert ask().outcome is Outcome.UNKNOWN

    def test_uses_the_rules_of_the_booking_s_own_agenda(self):
        assert ask(booking(rules=Rules(early_min=5)), now=at(-10)).outcome is Outcome.EARLY

    @given(
        st.lists(
            st.builds(
                booking,
                name=st.text("abcdef", min_size=1),
                office=st.sampled_from([HERE, THERE]),
                day=st.integers(-2, 2).map(lambda d: TODAY + timedelta(days=d)),
                window=st.integers(-300, 300).map(lambda m: Interval(at(m), at(m + 60))),
                state=st.sampled_from(
                    ["unconfirmed", "confirmed", "arrived", "no_show", "displaced"]
                ),
            ),
            max_size=5,
            unique_by=lambda one: one.booking,
        ),
        st.integers(-200, 200),
        st.randoms(use_true_random=False),
    )
    def test_the_best_answer_wins_in_any_order(self, found, minute, rng):
        got = ask(*found, now=at(minute))
        alone = [ask(one, now=at(minute)).outcome for one in found]
        order = list(Outcome)
        assert got.outcome is min([*alone, Outcome.UNKNOWN], key=order.index)
        assert any(ask(one, now=at(minute)).accepted for one in found) == got.accepted
        shuffled = rng.sample(found, len(found))
        assert ask(*shuffled, now=at(minute)) == got
