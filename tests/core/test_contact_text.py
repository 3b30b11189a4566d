"""Names and addresses as people paste them, and as they are stored."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.contact_text import ascii_email, clean_email, clean_name, clean_text

UNSEEN = "\u200b\u200c\u200d\u200e\u200f\u202a\u202c\u202e\u2060\u2066\u2069\ufeff\u00ad\u061c\u034f\u3164\ufe0f\x00\x07\x7f"


@pytest.mark.parametrize("mark", UNSEEN)
@pytest.mark.parametrize("place", [0, 2, 4, 8, 14])
def test_a_mark_that_nobody_sees_makes_no_other_address(mark: str, place: int) -> None:
    address = "jan@example.cz"
    assert clean_email(address[:place] + mark + address[place:]) == address


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("jan@exa\u202cmple.cz", "jan@example.cz"),
        ("jan@example.cz\u200f", "jan@example.cz"),
        ("\tjan@example.cz\u00a0", "jan@example.cz"),
        ("mailto:jan@example.cz", "jan@example.cz"),
        ("Jan Novák <jan@example.cz>", "jan@example.cz"),
        ("jan@example.cz.", "jan@example.cz"),
        ("jan @ example.cz", "jan@example.cz"),
        ("jan＠example.cz", "jan@example.cz"),
        ("Jan+urad@EXAMPLE.cz", "Jan+urad@example.cz"),
        ("jan@příklad.cz", "jan@příklad.cz"),
        ("jan@PŘÍKLAD.cz", "jan@příklad.cz"),
        ("jan@pr\u030ci\u0301klad.cz", "jan@příklad.cz"),
        ("jan@xn--pklad-zsa96e.cz", "jan@příklad.cz"),
        ("jan@XN--PKLAD-ZSA96E.CZ", "jan@příklad.cz"),
        ("o'brien@example.co.uk", "o'brien@example.co.uk"),
        ("jan@example.xn--p1ai", "jan@example.рф"),
    ],
)
def test_an_address_is_stored_in_one_form(text: str, stored: str) -> None:
    assert clean_email(text) == stored
    assert clean_email(stored) == stored
    assert ascii_email(stored).isascii()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jan",
        "@example.cz",
        "jan@",
        "jan@localhost",
        "jan@mail.localhost",
        "jan@[192.168.0.1]",
        "jan@[IPv6:::1]",
        "jan@192.168.0.1",
        "jan@example",
        "jan@example..cz",
        "jan@-example.cz",
        "jan@exa_mple.cz",
        "jan@example.c",
        "jan novak@example.cz",
        "jan@example.cz, eva@example.cz",
        "jan@example.cz\nBcc: eva@example.cz",
        "jan@@example.cz",
        "háček@example.cz",
        '"jan novak"@example.cz',
        ".jan@example.cz",
        "jan.@example.cz",
        "ja..n@example.cz",
        "jan@xn--a.cz",
        "a" * 65 + "@example.cz",
        "jan@" + "a" * 64 + ".cz",
        "jan@" + "a.cz" * 80,
        "\u200b@\u200b.\u200b",
    ],
)
def test_what_no_mail_can_reach_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no such contact"):
        clean_email(text)


@given(st.text(max_size=60))
def test_any_text_is_refused_or_becomes_an_address_that_mail_servers_take(text: str) -> None:
    try:
        address = clean_email(text + "@example.cz")
    except ValueError:
        return
    assert clean_email(address) == address
    assert ascii_email(address).isascii()


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("  Jana \t Nováková\n", "Jana Nováková"),
        ("Jana\u202e Nová\u200bková", "Jana Nováková"),
        ("Pr\u030ci\u0301lis\u030c", "Příliš"),
        ("李小龍", "李小龍"),
        ("Anne-Marie O’Neill 2", "Anne-Marie O’Neill 2"),
        ("J\x00a\x1bn", "Jan"),
    ],
)
def test_a_name_keeps_no_control_characters(text: str, stored: str) -> None:
    assert clean_name(text) == stored


@pytest.mark.parametrize("text", ["", " ", "123", "...", "\u200b\u2060", "\u3164", "😀", "\u2800"])
def test_a_name_without_a_letter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no such contact"):
        clean_name(text)


@given(st.text(max_size=40))
def test_cleaning_a_clean_text_changes_nothing(text: str) -> None:
    once = clean_text(text)
    assert clean_text(once) == once
    assert unicodedata.is_normalized("NFC", once)
