"""Minutes as a PDF, whatever people type: printed, true, and with every replacement in sight."""

from __future__ import annotations

import io
import json
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prepazka.core import printable
from prepazka.gateways.pdf import minutes_pdf, typeset

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


def sheet(text: str, **changed: Any) -> minutes_pdf.Sheet:
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
    return minutes_pdf.Sheet(**fields | changed)


def printed(text: str) -> str:
    """What a reader of the PDF sees of the part with the text, in one line."""
    content = minutes_pdf.make_minutes_pdf(sheet("", parts=[("Průběh", text)]), at=AT)
    document = pypdfium2.PdfDocument(content)
    words = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return " ".join(" ".join(words).split())


def in_process(request: bytes) -> tuple[int, bytes]:
    """The answer of the program without starting it, which takes longer than the print."""
    try:
        return typeset.answer(request)
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of Rust; the program would end with 1
            raise
        return 1, b""


def only_own_fonts(request: bytes) -> tuple[int, bytes]:
    wanted = json.loads(request)
    return in_process(json.dumps(wanted | {"system_fonts": False}).encode())


@pytest.fixture
def own_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any font."""
    monkeypatch.setattr(minutes_pdf, "_run", only_own_fonts)


@given(TEXTS)
@example("e\u0301\u20dd e")
@example("\u0d4e\u02b4\u2655\u0378")
def test_no_text_fails_a_print(text: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(minutes_pdf, "_run", in_process)
        content = minutes_pdf.make_minutes_pdf(sheet(text), at=AT)
    with pikepdf.open(io.BytesIO(content)) as made:
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
    monkeypatch.setattr(typeset, "MISSING", re.compile("no such words"))
    monkeypatch.setattr(minutes_pdf, "_run", in_process)
    seen = printed("Dohoda s 李: příliš žluťoučký kůň Ω")
    assert "Dohoda s [U+674E]: příliš žluťoučký kůň [U+03A9]" in seen
    assert NOTE in seen


@pytest.mark.usefixtures("own_fonts")
def test_plain_letters_are_in_the_fonts_that_come_with_the_program() -> None:
    everything = "".join(sorted(printable.PLAIN - {"\n"}))
    assert NOTE not in printed(everything)
    heavy = sheet("", comments=[(everything, everything)])  # the name is printed in bold
    assert minutes_pdf.make_minutes_pdf(heavy, at=AT)


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import os; os.abort()", "ended with -6"),
        ("import sys; sys.exit(101)", "ended with 101"),
        ("import time; time.sleep(30)", "took too long"),
    ],
)
def test_a_compiler_that_breaks_harms_nobody_else(
    program: str,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It breaks wherever a Greek letter is printed; then plain letters are."""
    broken = tmp_path / "typeset.py"
    real = Path(typeset.__file__)
    broken.write_text(
        real.read_text("utf-8")
        .replace("Path(__file__)", f"Path({str(real)!r})")
        .replace("    job =", f"    if b'u03a9' in request: {program}\n    job =", 1)
    )
    monkeypatch.setattr(typeset, "__file__", str(broken))
    monkeypatch.setattr(minutes_pdf, "WAITS", 3)
    assert "Průběh Ohm [U+03A9]" in printed("Ohm Ω")
    assert why in caplog.text


def test_a_long_text_of_many_scripts_is_printed_soon() -> None:
    """Twenty thousand different characters without a font once took minutes."""
    many = "".join(chr(code) for code in range(0x4E00, 0x4E00 + 20_000))
    began = time.thread_time()
    replaced = printable.Replacer(set(many))(many)
    assert replaced.startswith("[U+4E00][U+4E01]")
    assert time.thread_time() - began < 5
    assert minutes_pdf.make_minutes_pdf(sheet("", parts=[("Průběh", many)]), at=AT).startswith(
        b"%PDF"
    )


def test_the_same_sheet_gives_the_same_bytes() -> None:
    assert minutes_pdf.make_minutes_pdf(sheet("😀 李"), at=AT) == minutes_pdf.make_minutes_pdf(
        sheet("😀 李"), at=AT
    )
