"""The minutes as a tagged PDF (PDF/A-2a and PDF/UA-1), made by typst.

A PDF/A holds no character without a glyph. Libertinus and the other fonts inside typst draw Latin,
Greek, Cyrillic, Hebrew, Arabic, Devanagari and most symbols; where they lack a character, the fonts
of the system are asked as well, and what no font has is replaced in brackets (`core.printable`).
No text makes a print fail.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

from prepazka.core import printable

log = logging.getLogger(__name__)
TEMPLATE = Path(__file__).with_name("minutes.typ")
# How typst names each text that it has no glyph for, all of them in one answer.
MISSING = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
RUST_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}|\\(.)", re.DOTALL)
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
ROUNDS = 4  # a replacement brings in characters that every font has, so one or two do


@dataclass(frozen=True)
class Sheet:
    """What stands in the PDF, all of it in words already.

    `replaced_note` is printed only where a character had to be replaced.
    """

    lang: str
    title: str
    office: str
    subject: str
    facts: list[tuple[str, str]]
    parts: list[tuple[str, str]]
    tasks_word: str
    columns: tuple[str, str, str]
    tasks: list[tuple[str, str, str]]
    comments_word: str
    comments: list[tuple[str, str]]
    foot: str
    page: str
    replaced_note: str = ""


def make(sheet: Sheet, *, at: datetime) -> bytes:
    """The PDF; the same sheet of the same moment and the same fonts gives the same bytes.

    Raises typst.TypstError where not even plain Latin letters can be printed.
    """
    content = _each_text(asdict(sheet), printable.cleaned)
    forbidden = printable.forbidden_in(json.dumps(content, ensure_ascii=False))
    for system_fonts, rounds in ((False, 1), (True, ROUNDS), (False, ROUNDS)):
        missing = set(forbidden)
        for _ in range(rounds):
            try:
                return _compile(_replaced(content, missing), at, system_fonts=system_fonts)
            except typst.TypstError as error:
                unheard_of = _missing(error) - missing
                if not unheard_of:
                    log.warning("the minutes could not be printed as written: %s", error.message)
                    break
                missing |= unheard_of
    return _compile(_each_text(content, printable.plain), at, system_fonts=False)


def _compile(content: dict[str, Any], at: datetime, *, system_fonts: bool) -> bytes:
    compiler = typst.Compiler(
        root=str(TEMPLATE.parent),
        ignore_system_fonts=not system_fonts,
        sys_inputs={"data": json.dumps(content)},
    )
    pdf = compiler.compile(
        input=str(TEMPLATE),
        format="pdf",
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(at.timestamp()),
    )
    if not isinstance(pdf, bytes):
        raise TypeError("typst made no single file")
    return pdf


def _replaced(content: dict[str, Any], missing: set[str]) -> dict[str, Any]:
    if not missing:
        return {**content, "replaced_note": ""}
    changed: dict[str, Any] = _each_text(content, lambda text: printable.replaced(text, missing))
    return changed


def _missing(error: typst.TypstError) -> set[str]:
    """The texts that have no glyph."""
    return {RUST_ESCAPE.sub(_unescaped, quoted) for quoted in MISSING.findall(error.diagnostic)}


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else ESCAPED.get(escape[2], escape[2])


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _each_text(part, change) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(part, change) for part in value]
    return value
