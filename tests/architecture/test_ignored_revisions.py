""".git-blame-ignore-revs names whole commits of this history, each under its subject."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests import releases

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / ".git-blame-ignore-revs").read_text("utf-8")
LISTED = [
    (subject, commit)
    for subject, commit in re.findall(r"^# (.+)\n(.+)$", TEXT, flags=re.MULTILINE)
    if not commit.startswith("#")
]


def test_each_commit_has_its_subject_above_it() -> None:
    lines = [line for line in TEXT.splitlines() if line and not line.startswith("#")]
    assert lines == [commit for _, commit in LISTED]
    assert len(lines) == len(set(lines)) > 20
    assert [line for line in lines if not re.fullmatch("[0-9a-f]{40}", line)] == []


@pytest.mark.parametrize(("subject", "commit"), LISTED)
def test_the_subject_is_the_commits_own(subject: str, commit: str) -> None:
    """A shallow clone, or an archive without history, cannot tell."""
    if releases.in_history(commit):
        command = ["git", "-C", str(ROOT), "log", "-1", "--format=%s", commit]
        assert subprocess.check_output(command, text=True).strip() == subject
