"""Links between the documents lead somewhere, and the hooks of pre-commit fetch nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "tests" / "README.md"])


def anchors(document: Path) -> set[str]:
    """What may stand behind a # in a link: the headings as forges write them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(document: Path) -> Iterator[str]:
    """The links to files that are not there, and to headings that are not in them."""
    for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text("utf-8")):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        file = (document.parent / name).resolve() if name else document
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield link


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    assert list(broken(document)) == []


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    """A control."""
    document = tmp_path / "a.md"
    document.write_text(
        "# One, two\n[a](#one-two) [b](#three) [c](gone.md) [d](https://x.example)\n"
    )
    assert list(broken(document)) == ["#three", "gone.md"]


def test_hooks_are_our_own_and_run_what_is_here() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert [hook["id"] for hook in hooks if hook["language"] != "system"] == []
    words = [word for hook in hooks for word in hook["entry"].split()]
    assert [
        word for word in words if word.startswith("tools/") and not (ROOT / word).is_file()
    ] == []
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks)
