"""Short messages: every text can be made plain, and its parts are counted as operators count them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core import gsm7

letters = st.text(st.sampled_from(gsm7.BASIC + gsm7.EXTENDED), max_size=700)


@given(st.text(max_size=300))
def test_plain_text_always_fits_the_alphabet(text: str) -> None:
    made = gsm7.without_diacritics(text)
    assert gsm7.is_gsm7(made)
    assert gsm7.without_diacritics(made) == made


@given(letters)
def test_septets_and_parts(text: str) -> None:
    length, parts = gsm7.count_septets(text), gsm7.count_parts(text)
    assert len(text) <= length <= 2 * len(text)
    if length <= 160:
        assert parts == 1
    else:
        assert length <= parts * 153
        # A part may lose one septet at most, to a character that needs two.
        assert length > (parts - 1) * 152


@given(st.text(max_size=400))
def test_parts_of_any_text(text: str) -> None:
    units = len(text.encode("utf-16-be", "surrogatepass")) // 2
    if not gsm7.is_gsm7(text):
        assert (gsm7.count_parts(text) == 1) == (units <= 70)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("Městský úřad Toužim", "Mestsky urad Touzim"),
        ("9:00–9:30, 23.\u00a011.", "9:00-9:30, 23. 11."),
        ("příliš žluťoučký kůň úpěl ďábelské ódy", "prilis zlutoucky kun upel dabelske ody"),
        ("„Č“ … 5 €", '"C" ... 5 €'),
        ("Łódź, Đ, 木", "Lodz, D, ?"),
    ],
)
def test_plain(text: str, made: str) -> None:
    assert gsm7.without_diacritics(text) == made


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("a" * 612, 4),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("č" * 70, 1),
        ("č" * 71, 2),
        ("č" * 134, 2),
        ("č" * 268, 4),
        ("č" + "😀" * 33 + "aaaa", 2),
    ],
)
def test_parts(text: str, parts: int) -> None:
    assert gsm7.count_parts(text) == parts


def test_septets_refuse_what_is_not_of_the_alphabet() -> None:
    with pytest.raises(ValueError, match="alphabet"):
        gsm7.count_septets("č")
