"""The citizen's first page as a browser loads it: what goes over the wire."""

from __future__ import annotations

import shutil

from bench import servers, town
from bench.report import Report

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MOST_KB, MOST_REQUESTS = 100, 15


def first_page(report: Report) -> None:
    """Bytes and requests of an office's page in a browser that has nothing cached."""
    program_file = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program_file is None:
        report.add("citizen's first page", "no Chromium here", "–", "≤ 100 KB", reached=None)
        return
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # heavy, and only here

    town.office("page", lanes=2, letters="ABCDEF")
    with servers.program() as program, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program_file, args=FLAGS)
        page = browser.new_page()
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        sizes: list[float] = []
        wire.on("Network.loadingFinished", lambda said: sizes.append(said["encodedDataLength"]))
        page.goto(f"http://localhost:{program.port}/page/", wait_until="networkidle")
        browser.close()
    kilobytes = sum(sizes) / 1000
    report.add(
        "citizen's first page",
        f"{kilobytes:.0f} KB in {len(sizes)} requests",
        "–",
        "≤ 100 KB, ≤ 15 requests (goal 60 KB)",
        reached=kilobytes <= MOST_KB and len(sizes) <= MOST_REQUESTS,
    )
