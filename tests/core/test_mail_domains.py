import pytest

from prepazka.core.mail_domains import WELL_KNOWN, suggest_address


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("jana@seznma.cz", "jana@seznam.cz"),
        ("jan@seznm.cz", "jan@seznam.cz"),
        ("jan@gmial.com", "jan@gmail.com"),
        ("jana@sezna.cz", "jana@seznam.cz"),
        ("jana@seznamm.cz", "jana@seznam.cz"),
        ("Jana.Mala@Gmial.com", "Jana.Mala@gmail.com"),
        ("jana@gmail.co", "jana@gmail.com"),
        ("jana@gmail.cz", "jana@gmail.com"),
        ("jana@xeznam.cz", "jana@seznam.cz"),
        ("jana@sumperk.cz", ""),
        ("jana@cz.seznam.cz", ""),
        ("jana@example.cz", ""),
        ("jana@mt.com", ""),
        ("jana", ""),
        ("", ""),
    ],
)
def test_a_domain_one_slip_away_from_a_known_one(typed: str, meant: str) -> None:
    assert suggest_address(typed) == meant


@pytest.mark.parametrize("domain", WELL_KNOWN)
def test_no_known_domain_is_taken_for_another(domain: str) -> None:
    assert suggest_address(f"jana@{domain}") == ""
