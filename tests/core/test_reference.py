"""References said on the telephone."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.booking_reference import ALPHABET, ids_of, reference_of


@given(st.uuids())
def test_a_reference_leads_back_to_its_booking(booking: UUID) -> None:
    said = reference_of(booking)
    assert len(said) == 7
    found = ids_of(said)
    assert found
    low, high = found
    assert low <= booking <= high
    assert reference_of(low) == reference_of(high) == said


@given(st.text(ALPHABET, min_size=6, max_size=6))
def test_neighbours_do_not_overlap(said: str) -> None:
    found = ids_of(said)
    assert found
    if found[1].int + 1 < 1 << 128:
        assert reference_of(UUID(int=found[1].int + 1)) != reference_of(found[1])


@pytest.mark.parametrize("said", ["4k7 9m2", "4K7\u20139M2", "4k7-9m2"])
def test_any_way_of_writing_counts(said: str) -> None:
    assert ids_of(said) == ids_of("4K79M2")


def test_letters_that_look_like_digits_are_digits() -> None:
    assert ids_of("OIL-OIL") == ids_of("011-011")


@pytest.mark.parametrize("said", ["", "4K7", "4K7-9M22", "UUUUUU", "Novák", "4K7.9M2"])
def test_what_is_no_reference_is_refused(said: str) -> None:
    assert ids_of(said) is None
