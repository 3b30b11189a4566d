"""The minutes as a tagged PDF (PDF/A-2a and PDF/UA-1), made by typst in a process of its own (`typeset`).

A PDF/A holds no character without a glyph. Libertinus and the other fonts inside typst draw Latin,
Greek, Cyrillic, Hebrew, Arabic, Devanagari and most symbols; where they lack a character, the fonts
of the system are asked as well, and what no font has is replaced in brackets (`core.printable`).
No text makes a print fail.
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


class _NotPrinted(Exception):
    """The compiler gave no PDF; `missing` are the texts that no font can draw, if that was it."""

    def __init__(self, why: str, missing: frozenset[str] = frozenset()) -> None:
        super().__init__(why)
        self.missing = missing


def make(sheet: Sheet, *, at: datetime) -> bytes:
    """The PDF; the same sheet of the same moment and the same fonts gives the same bytes.

    Raises RuntimeError where not even plain Latin letters can be printed.
    """
    content = _each_text(asdict(sheet), printable.cleaned)
    forbidden = printable.forbidden_in(json.dumps(content, ensure_ascii=False))
    for system_fonts, rounds in ((False, 1), (True, ROUNDS), (False, ROUNDS)):
        missing = set(forbidden)
        for _ in range(rounds):
            try:
                return _compile(_replaced(content, missing), at, system_fonts=system_fonts)
            except _NotPrinted as failure:
                if failure.missing <= missing:
                    log.warning("minutes are not printed as they were written: %s", failure)
                    break
                missing |= failure.missing
    try:
        return _compile(_each_text(content, printable.plain), at, system_fonts=False)
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
    """The exit status and the output of the program.

    What it writes to its error output is dropped, as it may quote the minutes.
    """
    command = [sys.executable, "-I", typeset.__file__]
    try:
        done = subprocess.run(
            command, input=request, capture_output=True, timeout=WAITS, check=False, env={}
        )
    except subprocess.TimeoutExpired as error:
        raise _NotPrinted("the compiler took too long") from error
    return done.returncode, done.stdout


def _replaced(content: dict[str, Any], missing: set[str]) -> dict[str, Any]:
    if not missing:
        return {**content, "replaced_note": ""}
    replacer = printable.Replacer(missing)
    changed: dict[str, Any] = _each_text(content, replacer)
    return changed


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: _each_text(part, change) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_each_text(part, change) for part in value]
    return value
