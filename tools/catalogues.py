"""Name every text of the program that has no correct Czech, and exit with 1 if there is one.

A test asks the same (tests/looks/test_catalogue.py); this takes a second and no database.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from prepazka.looks.catalogue import untranslated_messages

SOURCE = Path(__file__).resolve().parents[1] / "src" / "prepazka"


def packages() -> list[Path]:
    """The packages of the program, and those within them that have a catalogue of their own."""
    outer = [path.parent for path in SOURCE.glob("*/__init__.py")]
    inner = [path.parent for path in SOURCE.glob("*/**/locale") if path.parent not in outer]
    return sorted(outer + inner)


def faults() -> Iterator[str]:
    """A line for each text: where it is used, what is wrong, and its English."""
    for package in packages():
        for text, where, why in untranslated_messages(package):
            yield f"{package.relative_to(SOURCE)}/{where}: {why}: {text}"


if __name__ == "__main__":
    lines = list(faults())
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.exit(bool(lines))
