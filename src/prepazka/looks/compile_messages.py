"""Compiles every django.po of the package with Babel; no gettext tools needed."""

import os
import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

PACKAGE = Path(__file__).resolve().parents[1]


def compile_messages(root: Path = PACKAGE) -> list[Path]:
    """Write the .mo files that are missing or older than their .po, and return them."""
    sources = sorted(root.glob("**/locale/*/LC_MESSAGES/django.po"))
    return [_compile(source) for source in sources if _is_stale(source)]


def _is_stale(source: Path) -> bool:
    target = source.with_suffix(".mo")
    return not target.exists() or target.stat().st_mtime_ns <= source.stat().st_mtime_ns


def _compile(source: Path) -> Path:
    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.parents[1].name)
    target = source.with_suffix(".mo")
    # Another process may be reading or writing the same file.
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    with draft.open("wb") as file:
        write_mo(file, catalogue)
    draft.replace(target)
    return target


if __name__ == "__main__":
    for path in compile_messages():
        sys.stdout.write(f"{path.relative_to(PACKAGE)}\n")
