"""A file of 50 MB brought to a meeting over HTTP, beside the same bytes written to the disk."""

from __future__ import annotations

import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from bench import servers
from bench.report import Report
from prepazka.meetings.models import Document
from tests import papers
from tests.meetings_town import held

SIZE = 50 * 1024 * 1024
TIMES = 5


def upload(report: Report) -> None:
    """From the first byte sent to the answer that the file is kept."""
    content = papers.pdf(
        more=b"%" + os.urandom(SIZE).replace(b"\n", b" ").replace(b"\r", b" ") + b"\n"
    )
    here = held(starts_at=datetime.now(UTC) + timedelta(hours=2))
    with tempfile.TemporaryDirectory() as kept:
        os.environ |= {"PREPAZKA_FILES": kept, "PREPAZKA_FILE_MB": "60"}
        with servers.program(workers=1) as program:
            page = f"http://localhost:{program.port}{here.path(here.citizen)}"
            with httpx.Client(timeout=120, headers={"Accept": "application/json"}) as client:
                client.get(page)  # gives the cookie that guards forms
                spent = [_send(client, f"{page}soubory/", content) for _ in range(TIMES)]
        assert Document.objects.count() == TIMES  # noqa: S101  # else nothing was measured
        raw = [_write(Path(kept) / f"raw-{number}", content) for number in range(TIMES)]
    middle, limit = sorted(spent)[TIMES // 2], sorted(raw)[TIMES // 2]
    report.add(
        "upload of 50 MB",
        f"{middle:.2f} s = {50 / middle:.0f} MB/s, {middle / limit:.1f} times the disk (median of {TIMES})",
        f"the same bytes to the disk, synced: {limit:.2f} s = {50 / limit:.0f} MB/s",
        "≤ 10 times the disk",
        reached=middle <= 10 * limit,
    )


def _send(client: httpx.Client, url: str, content: bytes) -> float:
    began = time.perf_counter()
    files = {"file": ("velky.pdf", content, "application/pdf")}
    guard = {"X-CSRFToken": client.cookies["csrftoken"]}
    answer = client.post(url, files=files, headers=guard)
    answer.raise_for_status()
    return time.perf_counter() - began


def _write(path: Path, content: bytes) -> float:
    began = time.perf_counter()
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return time.perf_counter() - began
