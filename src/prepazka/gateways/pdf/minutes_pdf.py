"""Minutes as a tagged PDF (PDF/A-2a and PDF/UA-1), made by typst in a process of its own.

A PDF/A must have a glyph for each character. Libertinus and the other fonts of typst have Latin,
Greek, Cyrillic, Hebrew, Arabic, Devanagari and most symbols; if they lack a character, the fonts of
the system are tried too, and a character without any glyph is replaced in brackets
(`core.printable`). No text makes printing fail.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from prepazka.core import printable
from prepazka.gateways.pdf import typeset

log = logging.getLogger(__name__)
WAITS = 60  # seconds for one compilation; a hundred pages take two
ROUNDS = 4  # replacements consist of characters that every font has, so one or two are enough


@dataclass(frozen=True)
class Sheet:
    """The content of the PDF, in final words.

    `replaced_note` is printed only if a character had to be replaced.
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


class _NotPrinted(Exception):
    """The compiler made no PDF; `missing` are the texts without a glyph, if that is the reason."""

    def __init__(self, why: str, missing: frozenset[str] = frozenset()) -> None:
        super().__init__(why)
        self.missing = missing


def make_minutes_pdf(sheet: Sheet, *, at: datetime) -> bytes:
    """The PDF of a sheet; the same sheet, time and fonts give the same bytes.

    Raises RuntimeError if not even plain Latin letters can be printed.
    """
    content = _each_text(asdict(sheet), printable.clean_for_print)
    forbidden = printable.forbidden_in(json.dumps(content, ensure_ascii=False))
    for system_fonts, rounds in ((False, 1), (True, ROUNDS), (False, ROUNDS)):
        missing = set(forbidden)
        for _ in range(rounds):
            try:
                return _compile(_with_replacements(content, missing), at, system_fonts=system_fonts)
            except _NotPrinted as failure:
                if failure.missing <= missing:
                    log.warning("minutes are not printed as they were written: %s", failure)
                    break
                missing |= failure.missing
    try:
        return _compile(_each_text(content, printable.plain_latin), at, system_fonts=False)
    except _NotPrinted as failure:
        raise RuntimeError(f"minutes could not be printed: {failure}") from failure


def _compile(content: dict[str, Any], at: datetime, *, system_fonts: bool) -> bytes:
    request = {"content": content, "at": int(at.timestamp()), "system_fonts": system_fonts}
    status, output = _run(json.dumps(request).encode())
    if status == typeset.REFUSED:
        raise _NotPrinted("characters without a font", frozenset(json.loads(output)))
    if status:
        raise _NotPrinted(f"the compiler ended with {status}")
    return output


def _run(request: bytes) -> tuple[int, bytes]:
    """The exit status and the output of `typeset`.

    Its error output is dropped, as it may quote the minutes.
    """
    command = [sys.executable, "-I", typeset.__file__]
    try:
        process = subprocess.run(
            command, input=request, capture_output=True, timeout=WAITS, check=False, env={}
        )
    except subprocess.TimeoutExpired as error:
        raise _NotPrinted("the compiler took too long") from error
    return process.returncode, process.stdout


def _with_replacements(content: dict[str, Any], missing: set[str]) -> dict[str, Any]:
    if not missing:
        return {**content, "replaced_note": ""}
    replacer = printable.Replacer(missing)
    changed: dict[str, Any] = _each_text(content, replacer)
    return changed


def _each_text(node: Any, change: Callable[[str], str]) -> Any:
    if isinstance(node, str):
        return change(node)
    if isinstance(node, dict):
        return {name: _each_text(child, change) for name, child in node.items()}
    if isinstance(node, list | tuple):
        return [_each_text(child, change) for child in node]
    return node
