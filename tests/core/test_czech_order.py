"""Names in the order in which Czech people look for them."""

import random
import unicodedata

import pytest

from prepazka.core.czech_order import czech_key


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    "names",
    [
        "Adam Cihla Čapek Hrubý Chalupa Ílek Šebek Zeman",
        "Cyrus Čáp Hynek CHADIM chyba Ivan",
        "Rak Rys Řeka Sova Syn Šíp Zima Žák",
        "abc abč ach aj",
        "Ďáblík Dana Denisa Ema Éva",
        "Novak Novák Nováková",
    ],
)
def test_names_stand_as_in_a_czech_list(names: str, form: str) -> None:
    wanted = [unicodedata.normalize(form, name) for name in names.split()]  # type: ignore[arg-type]
    mixed = random.Random(1).sample(wanted, len(wanted))
    assert sorted(mixed, key=czech_key) == wanted


def test_a_shorter_surname_comes_first() -> None:
    names = ["Novák Jan", "Nováková Eva", "Novák Adam"]
    assert sorted(names, key=czech_key) == ["Novák Adam", "Novák Jan", "Nováková Eva"]
