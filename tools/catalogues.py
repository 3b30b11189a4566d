"""Compile the catalogues, and list what each language lacks: `make messages`.

The texts of the complete languages (settings.COMPLETE_LANGUAGES) must all be there and right: a
fault in one gives the exit code 1, as it fails tests/looks/test_catalogue.py. For the other
languages the faults are listed; a text that is missing is shown in English.

    make messages                       # counts for each language, and every fault of the complete ones
    make messages ARGS="--language sk"  # every fault of this one
    make messages ARGS="--add sk"       # append what is missing to its catalogues, to be filled in
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from prepazka.looks import catalogue
from prepazka.looks.compile_messages import compile_messages

SOURCE = Path(__file__).resolve().parents[1] / "src" / "prepazka"
ENGLISH = "en"  # the texts of the code itself
STAFF = (
    "accounts",
    "officefile",
    "surfaces/console",
    "surfaces/manager",
    "surfaces/mailbox",
    "surfaces/tour",
)
"""Packages that only staff and the demo meet; they exist in the complete languages only."""


def packages() -> list[Path]:
    """The packages of the program, and those within them that have a catalogue of their own."""
    outer = [path.parent for path in SOURCE.glob("*/__init__.py")]
    inner = {path.parent for path in SOURCE.glob("*/**/locale") if path.parent not in outer}
    return sorted([*outer, *inner])


def name_of(package: Path) -> str:
    """The package as an address within the program: surfaces/kiosk."""
    return package.relative_to(SOURCE).as_posix()


def faults(language: str, *, staff: bool) -> list[tuple[str, str]]:
    """Pairs of the kind of a fault (missing, unused, broken) and a line about it."""
    lines = []
    for package in packages():
        if language == ENGLISH or (not staff and name_of(package) in STAFF):
            continue
        for text, where, why in catalogue.untranslated_messages(package, language):
            kind = "missing" if why in ("absent", "untranslated") else "broken"
            lines.append((kind, f"{name_of(package)}/{where}: {why}: {text}"))
    for package, texts in catalogue.unused_entries(packages(), language).items():
        lines += [("unused", f"{name_of(package)}: unused: {text}") for text in texts]
    return lines


def main() -> int:
    """Run the command; the exit code is 1 if a complete language has a fault."""
    # Neither a database nor a secret is used; the settings only have to be importable.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prepazka.config.settings")
    from django.conf import settings  # noqa: PLC0415  # after its environment

    codes = [code for code, _name in settings.LANGUAGES]
    parser = argparse.ArgumentParser(description="Compile and check the catalogues.")
    parser.add_argument("--language", choices=codes, help="list every fault of this language")
    parser.add_argument(
        "--add", metavar="LANGUAGE", help="append what is missing to its catalogues"
    )
    arguments = parser.parse_args()
    if arguments.add:
        wanted = [p for p in packages() if name_of(p) not in STAFF]
        added = sum(catalogue.add_missing_entries(package, arguments.add) for package in wanted)
        print(f"{added} entries were added for {arguments.add}.")
    compile_messages()
    failed = 0
    for code in codes:
        complete = code in settings.COMPLETE_LANGUAGES
        lines = faults(code, staff=complete)
        counts = {
            kind: sum(k == kind for k, _ in lines) for kind in ("missing", "unused", "broken")
        }
        print(f"{code}: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
        if complete or code == arguments.language:
            print("".join(f"  {line}\n" for _kind, line in lines), end="")
        failed += complete and len(lines)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
