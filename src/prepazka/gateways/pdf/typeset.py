"""The program that typesets minutes as a PDF, separate so that it cannot harm the worker.

Reads JSON on standard input: `content` of the template, `at` in seconds since 1970, `system_fonts`.
Writes the PDF, or exits with REFUSED and writes the list of texts that have no glyph.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import typst

REFUSED = 3
TEMPLATE = Path(__file__).with_name("minutes.typ")
# How typst reports each text without a glyph, all of them in one diagnostic.
MISSING = re.compile(r'the text `"((?:[^"\\]|\\.)*)"` could not be displayed')
RUST_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}|\\(.)", re.DOTALL)
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


def answer(request: bytes) -> tuple[int, bytes]:
    """The exit status and the output for a request."""
    job = json.loads(request)
    compiler = typst.Compiler(
        root=str(TEMPLATE.parent),
        ignore_system_fonts=not job["system_fonts"],
        sys_inputs={"data": json.dumps(job["content"])},
    )
    try:
        pdf = compiler.compile(
            input=str(TEMPLATE),
            format="pdf",
            pdf_standards=["a-2a", "ua-1"],
            timestamp=job["at"],
        )
    except typst.TypstError as error:
        return REFUSED, json.dumps(missing_in(error.diagnostic)).encode()
    if not isinstance(pdf, bytes):
        raise TypeError("typst made no single file")
    return 0, pdf


def missing_in(diagnostic: str) -> list[str]:
    """The texts without a glyph in the compiler's diagnostic; empty for other errors."""
    quoted = set(MISSING.findall(diagnostic))
    return sorted(RUST_ESCAPE.sub(_unescaped, text) for text in quoted)


def _unescaped(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16)) if escape[1] else ESCAPED.get(escape[2], escape[2])


if __name__ == "__main__":
    status, output = answer(sys.stdin.buffer.read())
    sys.stdout.buffer.write(output)
    sys.exit(status)
