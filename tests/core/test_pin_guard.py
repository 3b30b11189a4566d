"""How many PINs a guesser hits in a day: what docs/security.md computes, compared with guessing."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from prepazka.core import pin_guard, pins
from prepazka.core.booking_reference import reference_of
from prepazka.core.pin_guard import Asks, WrongPins

BOOKING = UUID("12345678-1234-5678-1234-567812345678")
LIVE = (1, 10, 50)


@pytest.mark.parametrize(
    ("wrong", "asks"),
    [
        (WrongPins(9, 39, 0), Asks.NOTHING),
        (WrongPins(10, 10, 0), Asks.DIGITS_OR_CODE),
        (WrongPins(0, 40, 0), Asks.DIGITS_OR_CODE),
        (WrongPins(0, 58, 18), Asks.DIGITS_OR_CODE),
        (WrongPins(0, 59, 19), Asks.CODE),
    ],
)
def test_what_is_asked(wrong, asks):
    assert pin_guard.questions_after(wrong) is asks


@pytest.mark.parametrize(
    ("second", "asked", "fits"),
    [
        ("456", Asks.DIGITS_OR_CODE, True),
        ("455", Asks.DIGITS_OR_CODE, False),
        ("56", Asks.DIGITS_OR_CODE, False),
        ("3456", Asks.DIGITS_OR_CODE, False),
        ("456", Asks.CODE, False),
        (reference_of(BOOKING), Asks.CODE, True),
        (reference_of(BOOKING).lower(), Asks.DIGITS_OR_CODE, True),
        ("", Asks.DIGITS_OR_CODE, False),
        ("\u0664\u0665\u0666", Asks.DIGITS_OR_CODE, False),
    ],
)
def test_which_answers_fit(second, asked, fits):
    assert pin_guard.is_right_answer(second, str(BOOKING), "+420777123456", asked) is fits


def test_without_a_telephone_only_the_code_fits():
    assert not pin_guard.is_right_answer("456", str(BOOKING), "", Asks.DIGITS_OR_CODE)


@pytest.mark.parametrize("live", LIVE)
def test_guessing_hits_no_more_than_computed(live):
    """A guesser who never tries a PIN twice, over many days."""
    rng = random.Random(live)  # a simulation
    days, hits = 4000, 0
    for _ in range(days):
        drawn: set[str] = set()
        for _ in range(live):
            drawn.add(pins.pick_pin(drawn, (), rng))
        hits += sum(guess in drawn for guess in rng.sample(pins.PINS, pin_guard.OFFICE_WRONG))
    expected = pin_guard.expected_hits(pin_guard.OFFICE_WRONG, live)
    assert hits / days == pytest.approx(expected, abs=4 * (expected / days) ** 0.5)


@pytest.mark.parametrize("live", LIVE)
def test_with_the_second_question_it_is_at_most_one_in_ten_thousand(live):
    assert pin_guard.expected_hits_answered(live) <= 1e-4
    # Without the limit of answers it would not be, so the limit is needed.
    assert pin_guard.expected_hits_answered(50, tries=20) > 1e-4


NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)


def minutes(*times):
    return [NINE + timedelta(minutes=one) for one in times]


@pytest.mark.parametrize(
    ("kiosk", "office", "answered", "at", "since"),
    [
        (range(9), range(9), (), 9, None),
        (range(10), range(10), (), 9, 9),
        (range(10), range(10), (), 14.9, 9),
        (range(10), range(10), (), 15, None),  # the first of the ten is a quarter of an hour old
        (range(30), range(30), (), 30, 9),
        ((*range(10), *range(60, 70)), range(20), (), 70, 69),  # a break lies between
        (range(0, 200, 5), range(0, 200, 5), (), 200, 195),  # the office's fortieth
        (range(10), [n / 4 for n in range(40)], (), 300, 9),  # from the kiosk's to the office's
        ((), (), range(19), 300, 18),
        ((), (), range(18), 300, None),
    ],
)
def test_since_when_a_kiosk_asks(kiosk, office, answered, at, since):
    during = pin_guard.guarded_during(
        minutes(*kiosk), minutes(*office), minutes(*answered), now=minutes(at)[0]
    )
    assert (during and during.start) == (None if since is None else minutes(since)[0])
