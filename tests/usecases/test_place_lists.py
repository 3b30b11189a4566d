"""How places are listed beside each other."""

import pytest

from prepazka.offices.text import without_repeats


@pytest.mark.parametrize(
    ("places", "listed"),
    [
        (["přízemí, dveře 12", "přízemí, dveře 14"], ["přízemí, dveře 12", "dveře 14"]),
        (
            ["budova A, 1. patro, dveře 1", "budova A, 2. patro"],
            ["budova A, 1. patro, dveře 1", "2. patro"],
        ),
        (["dveře 12", "dveře 14"], ["dveře 12", "dveře 14"]),
        (["přízemí", "přízemí, dveře 14"], ["přízemí", "přízemí, dveře 14"]),
        (["přízemí, dveře 12"], ["přízemí, dveře 12"]),
    ],
)
def test_what_places_share_is_said_once(places: list[str], listed: list[str]) -> None:
    assert without_repeats(places) == listed
