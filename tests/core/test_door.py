from datetime import UTC, datetime, timedelta

from prepazka.core.announcing import Expected, is_turn_near
from prepazka.core.door_codes import GRACE, STEP, code_at, is_code_fresh

NOW = datetime(2026, 11, 23, 8, 0, 30, tzinfo=UTC)
OURS, OTHERS = b"ours", b"others"


def test_a_code_holds_while_it_is_shown_and_some_minutes_longer() -> None:
    code = code_at(OURS, NOW)
    assert is_code_fresh(OURS, code, NOW)
    assert is_code_fresh(OURS, code.upper(), NOW + GRACE * STEP)
    assert not is_code_fresh(OURS, code, NOW + (GRACE + 1) * STEP)
    assert not is_code_fresh(OURS, code, NOW - STEP), "nobody knows a code before it is shown"


def test_it_changes_every_minute_and_is_of_one_secret_only() -> None:
    codes = {code_at(OURS, NOW + n * STEP) for n in range(60)}
    assert len(codes) == 60
    assert code_at(OURS, NOW) == code_at(OURS, NOW + timedelta(seconds=29))
    assert not is_code_fresh(OURS, code_at(OTHERS, NOW), NOW)
    for odd in ("", "ž" * 16, "a" * 400):
        assert not is_code_fresh(OURS, odd, NOW)


def test_a_turn_is_near_by_people_or_by_minutes_but_never_without_a_counter() -> None:
    soon, far = Expected(10.0, 20.0, 30.0), Expected(10.1, 20.0, 30.0)
    assert is_turn_near(9, soon)
    assert not is_turn_near(2, far)
    assert is_turn_near(1, far)
    assert not is_turn_near(0, None)
    assert is_turn_near(None, soon)
    assert not is_turn_near(None, far)
