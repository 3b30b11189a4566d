"""The releases of this program, as deploy/releases.txt lists them."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "deploy" / "releases.txt"


@dataclass(frozen=True)
class Release:
    version: str
    commit: str

    @property
    def number(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.version.split("."))


def listed(text: str) -> list[Release]:
    """The releases in the list's order; comments and empty lines are left out."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    return [Release(*words) for words in lines if words]


def current() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def before(releases: list[Release], version: str) -> Release | None:
    """The last release before this version; None where there is none."""
    earlier = [release for release in releases if release.number < Release(version, "").number]
    return max(earlier, key=lambda release: release.number, default=None)


def in_history(commit: str) -> bool:
    """Whether the repository holds the commit; a shallow clone may not."""
    return _git("cat-file", "-e", f"{commit}^{{commit}}") == 0


def short_name(commit: str) -> str:
    """The commit's own short name, for one that is said relative to another."""
    asked = ["git", "-C", str(ROOT), "rev-parse", "--short", commit]
    return subprocess.run(asked, capture_output=True, check=True, text=True).stdout.strip()


@contextmanager
def checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """The program as of that commit, in a worktree of its own within the folder."""
    tree = folder / "tree"
    assert _git("worktree", "add", "--detach", str(tree), commit) == 0
    try:
        yield tree
    finally:
        _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> int:
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, check=False
    ).returncode
