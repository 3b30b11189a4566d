"""The list of releases can be read, and its commits are in the history."""

from __future__ import annotations

import re

from tests import releases
from tests.releases import Release, before, listed

TEXT = """# version and commit
0.2.0 aaaaaaa  # the first

0.10.0 ccccccc
0.9.1 bbbbbbb
"""


def test_the_list_is_read() -> None:
    assert listed(TEXT)[0] == Release("0.2.0", "aaaaaaa")
    assert before(listed(TEXT), "0.10.0") == Release("0.9.1", "bbbbbbb")
    assert before(listed(TEXT), "0.11.0") == Release("0.10.0", "ccccccc")
    assert before(listed(TEXT), "0.2.0") is None
    assert listed("# none yet\n") == []
    assert before([], "0.2.0") is None


def test_our_list_names_each_release_once_with_a_whole_commit() -> None:
    ours = listed(releases.LIST.read_text())
    assert [release.number for release in ours] == sorted({release.number for release in ours})
    assert all(re.fullmatch("[0-9a-f]{40}", release.commit) for release in ours)
    last = before(ours, "9999.0.0")
    assert last is None or last.number <= Release(releases.current(), "").number
