"""`tools/advisories.py` on made advisories in the OSV format: what holds for our locks, and what does not."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.clock import machine_time

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / "tools" / "advisories.py"


def locked(name: str) -> str:
    """The version in requirements.lock."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return next(line.split("==")[1].split()[0] for line in lines if line.startswith(f"{name}=="))


def advisory(
    number: str, name: str, *events: dict[str, str], days_old: int = 1, **more: Any
) -> dict[str, Any]:
    affected = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {
        "id": number,
        "modified": datetime.fromtimestamp(machine_time() - 86_400 * days_old, UTC).isoformat(),
        "published": "2026-11-02T00:00:00Z",
        "summary": "A made hole.",
        "affected": [affected | more.pop("affected", {})],
        **more,
    }


def compared(folder: Path, *advisories: dict[str, Any]) -> tuple[int, str]:
    """The exit code and the words of the tool, given a ZIP as it is downloaded."""
    path = folder / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for one in advisories:
            archive.writestr(f"{one['id']}.json", json.dumps(one))
    return tool(path)


def tool(*paths: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, TOOL, *paths], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def test_a_hole_in_our_version_is_named_with_what_mends_it(tmp_path: Path) -> None:
    ours = locked("django")
    code, words = compared(
        tmp_path,
        advisory("PYSEC-1", "Django", {"introduced": "0"}, {"fixed": "99"}, aliases=["CVE-1"]),
        advisory("PYSEC-2", "django", {"introduced": ours}, {"last_affected": ours}),
        advisory("PYSEC-3", "django", affected={"versions": [ours], "ranges": []}),
    )
    assert code == 1
    assert f"django {ours} (requirements.lock): PYSEC-1, CVE-1, severity unknown" in words
    assert "published 2026-11-02, fixed in 99: A made hole." in words
    assert "PYSEC-2" in words
    assert "PYSEC-3" in words
    assert "3 of them hold" in words


def test_what_is_mended_or_about_others_holds_not(tmp_path: Path) -> None:
    ours = locked("django")
    code, words = compared(
        tmp_path,
        advisory("PYSEC-1", "django", {"introduced": "0"}, {"fixed": ours}),
        advisory("PYSEC-2", "django", {"introduced": "99"}),
        advisory("PYSEC-3", "django", {"introduced": "0"}, {"last_affected": "1.0"}),
        advisory("PYSEC-4", "django", {"introduced": "0"}, withdrawn="2026-11-03T00:00:00Z"),
        advisory("PYSEC-5", "nobody-uses-this", {"introduced": "0"}),
        advisory(
            "GHSA-6",
            "django",
            {"introduced": "0"},
            affected={"package": {"ecosystem": "npm", "name": "django"}},
        ),
        advisory(
            "PYSEC-7",
            "django",
            {"introduced": "99"},
            {"introduced": "0"},
            {"fixed": "1.0"},
        ),
    )
    assert (code, "0 of them hold" in words) == (0, True), words


@pytest.mark.parametrize("content", [b"", b"{}", b"not json", b"[]"])
def test_files_that_say_nothing_are_no_good_news(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "advisory.json"
    path.write_bytes(content)
    assert tool(path)[0] == 2
    assert tool(tmp_path / "missing.json")[0] == 2
    (tmp_path / "empty").mkdir()
    assert tool(tmp_path / "empty")[0] == 2
    assert tool()[0] == 2


def test_old_files_are_no_good_news_either(tmp_path: Path) -> None:
    code, words = compared(tmp_path, advisory("PYSEC-1", "x", {"introduced": "0"}, days_old=31))
    assert code == 2
    assert "download them anew" in words
