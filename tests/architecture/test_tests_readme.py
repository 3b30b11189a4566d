"""tests/README.md has a row for each folder of tests, and names files that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
README = (TESTS / "README.md").read_text("utf-8")


def folders_in(text: str) -> list[str]:
    """The first cells of the rows that have four."""
    return re.findall(r"^\| `(\w+)` \|(?:[^|\n]+\|){3}$", text, flags=re.MULTILINE)


def files_in(text: str) -> set[str]:
    """The files that are named, from the root of the repository."""
    named = re.findall(r"\b(?:tests/)?(?:\w+/)*\w+\.py\b", text)
    return {name if name.startswith("tests/") else f"tests/{name}" for name in named}


def test_each_folder_of_tests_has_its_row() -> None:
    folders = sorted({path.parent.name for path in TESTS.glob("*/test_*.py")})
    assert "races" in folders
    assert sorted(folders_in(README)) == folders


def test_the_files_that_are_named_exist() -> None:
    files = files_in(README)
    assert "tests/races/test_queue.py" in files
    assert [name for name in sorted(files) if not (ROOT / name).is_file()] == []


def test_a_row_without_all_cells_is_no_row() -> None:
    """A control."""
    assert folders_in("| `core` | rules | – | seconds |\n| `web` | limits |\n") == ["core"]
