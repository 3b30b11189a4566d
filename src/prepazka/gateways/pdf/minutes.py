"""The minutes as a tagged PDF (PDF/A-2a and PDF/UA-1), made by typst."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import typst

TEMPLATE = Path(__file__).with_name("minutes.typ")
# Control characters and those for private use.
FORBIDDEN = ((0, 0x1F), (0x7F, 0x9F), (0xD800, 0xF8FF), (0xF0000, 0x10FFFF))


@dataclass(frozen=True)
class Sheet:
    """What stands in the PDF, all of it in words already."""

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


def make(sheet: Sheet, *, at: datetime) -> bytes:
    """The PDF; the same sheet of the same moment gives the same bytes."""
    compiler = typst.Compiler(
        root=str(TEMPLATE.parent),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_plain(asdict(sheet)))},
    )
    made = compiler.compile(
        input=str(TEMPLATE),
        format="pdf",
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(at.timestamp()),
    )
    if not isinstance(made, bytes):
        raise TypeError("typst made no single file")
    return made


def _plain(said: object) -> object:
    """Without control characters and characters for private use, which PDF/A does not allow."""
    if isinstance(said, str):
        return "".join(c if c == "\n" or _is_plain(c) else " " for c in said)
    if isinstance(said, dict):
        return {name: _plain(value) for name, value in said.items()}
    if isinstance(said, list | tuple):
        return [_plain(value) for value in said]
    return said


def _is_plain(character: str) -> bool:
    code = ord(character)
    return not any(first <= code <= last for first, last in FORBIDDEN)
