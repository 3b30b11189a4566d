"""Compressed scripts and styles: written once, beside processes that serve them already."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import pytest

from prepazka.config.onehop import OneHop
from prepazka.looks.compress_static import compress_static
from tests import loops

Answer = tuple[dict[bytes, bytes], bytes]


def written(folder: Path, text: str) -> Path:
    """A script in a folder of static files, compressed."""
    script = folder / "static" / "clock.js"
    script.parent.mkdir(exist_ok=True)
    script.write_text(text)
    target = script.with_name("clock.js.gz")
    if target.exists():
        os.utime(target, ns=(0, 0))
    assert compress_static(folder) == [target]
    return script


def asked(application: OneHop) -> Answer:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/static/clock.js",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"accept-encoding", b"gzip")],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    loops.run(application(scope, receive, send))
    return dict(sent[0]["headers"]), sent[1]["body"]


def test_a_script_replaced_while_the_web_runs_comes_whole(tmp_path: Path, settings: Any) -> None:
    """A browser throws away an answer that is not as long as its header says."""
    settings.STATICFILES_DIRS = [tmp_path / "static"]
    written(tmp_path, "// as it was\n" * 100)
    application = OneHop()  # reads how long the files are
    try:
        new = written(tmp_path, "// as an update brings it while the web before it serves\n" * 100)
        headers, body = asked(application)
        assert gzip.decompress(body) == new.read_bytes()
        assert int(headers[b"content-length"]) == len(body)
    finally:
        application.pool.shutdown()


def test_a_draft_never_lies_among_the_files_that_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A web that starts lists those folders; a draft would be gone when it is looked at."""
    seen: list[Path] = []
    replace = Path.replace

    def look(draft: Path, target: Path) -> Path:
        seen.extend((tmp_path / "static").iterdir())
        return replace(draft, target)

    monkeypatch.setattr(Path, "replace", look)
    script = written(tmp_path, "// text")
    assert seen == [script]
