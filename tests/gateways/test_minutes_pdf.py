"""Minutes as a PDF, whatever people type: printed, true, and with every replacement in sight."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pikepdf
import pypdfium2
import pytest
import typst
from hypothesis import example, given
from hypothesis import strategies as st

from prepazka.core import printable
from prepazka.gateways.pdf import minutes as pdf

AT = datetime(2026, 11, 23, 9, 20, tzinfo=UTC)
NOTE = "Some characters stand in brackets."
# Of kinds that a uniform choice of characters meets rarely, and joined as people join them.
AWKWARD = st.sampled_from(
    [
        *("😀", "✓", "李", "👩‍👩‍👧", "🇨🇿", "🏴\U000e0067\U000e0062\U000e007f", "👍🏽", "❤️"),
        *("\u0301", "\u20dd", "\ufe0f", "\u200d", "\u200b", "\u00ad", "\ufeff", "\u202e", "\u2066"),
        *("שלום", "مرحبا", "हिन्दी", "ไทย", "\u0378", "\ufffe", "\U0010ffff", "\ue000", "\ud800"),
        *("\x00", "\x07", "\x1b", "\r", "\n\n", "\u2028", "\t", '"', "`", "\\", "#", "$", "€"),
    ]
)
TEXTS = st.lists(
    st.text(st.characters(exclude_categories=()), max_size=20) | AWKWARD, max_size=12
).map("".join)


def sheet(text: str, **changed: Any) -> pdf.Sheet:
    """Minutes that hold the text wherever people's texts can stand."""
    fields: dict[str, Any] = {
        "lang": "cs",
        "title": "Zápis",
        "office": "Úřad",
        "subject": text,
        "facts": [("Předmět", text)],
        "parts": [("Průběh", text)],
        "tasks_word": "Úkoly",
        "columns": ("Úkol", "Kdo", "Do"),
        "tasks": [(text, text, "")],
        "comments_word": "Poznámky",
        "comments": [(text, text)],
        "foot": "pata",
        "page": "strana",
        "replaced_note": NOTE,
    }
    return pdf.Sheet(**fields | changed)


def printed(text: str) -> str:
    """What a reader of the PDF sees of the part with the text, in one line."""
    content = pdf.make(sheet("", parts=[("Průběh", text)]), at=AT)
    pages = pypdfium2.PdfDocument(content)
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in pages).split())


@pytest.fixture
def own_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any font."""
    real = typst.Compiler
    monkeypatch.setattr(
        typst,
        "Compiler",
        lambda *args, **named: real(*args, **named | {"ignore_system_fonts": True}),
    )


@given(TEXTS)
@example("e\u0301\u20dd e")
@example("李" * 3000)
def test_no_text_fails_a_print(text: str) -> None:
    with pikepdf.open(io.BytesIO(pdf.make(sheet(text), at=AT))) as made:
        metadata = made.open_metadata()
        assert metadata["pdfaid:part"] == "2"
        assert made.Root.MarkInfo.Marked


@pytest.mark.usefixtures("own_fonts")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hotovo ✓", "Hotovo ✓"),
        ("😀", "[grinning face]"),
        ("李 小龙", "[U+674E] [U+5C0F][U+9F99]"),
        ("👩‍👩‍👧", "[woman, woman, girl]"),
        ("🇨🇿", "[flag CZ]"),
        (
            "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
            "[waving black flag, gbeng]",
        ),
        ("e\u0301\u20dd, ale e ne", "é[combining enclosing circle], ale e ne"),
        ("Nova\u0301k", "Novák"),
        ("\ue000 \ud800", "[U+E000] [U+D800]"),
        ("\u0378", "[U+0378]"),
    ],
)
def test_what_is_in_no_font_is_named_in_brackets(text: str, shown: str) -> None:
    seen = printed(text)
    assert f"Průběh {shown}" in seen
    assert (NOTE in seen) is ("[" in shown), "a note only where something was replaced"


@pytest.mark.usefixtures("own_fonts")
def test_marks_that_reorder_a_sentence_are_left_out() -> None:
    assert "zaplatí 100 Kč" in printed("zaplatí \u202e100\u202c Kč")


def test_a_compiler_that_fails_in_other_words_still_prints_plain_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another release of typst may word its answer otherwise; then only Latin stays as it is."""
    monkeypatch.setattr(pdf, "_missing", lambda _: set())
    seen = printed("Dohoda s 李: příliš žluťoučký kůň Ω")
    assert "Dohoda s [U+674E]: příliš žluťoučký kůň [U+03A9]" in seen
    assert NOTE in seen


@pytest.mark.usefixtures("own_fonts")
def test_plain_letters_are_in_the_fonts_that_come_with_the_program() -> None:
    everything = "".join(sorted(printable.PLAIN - {"\n"}))
    assert NOTE not in printed(everything)
    heavy = sheet("", comments=[(everything, everything)])  # the name is printed in bold
    assert pdf.make(heavy, at=AT)


def test_the_same_sheet_gives_the_same_bytes() -> None:
    assert pdf.make(sheet("😀 李"), at=AT) == pdf.make(sheet("😀 李"), at=AT)
