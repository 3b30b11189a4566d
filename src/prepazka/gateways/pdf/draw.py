"""Rendering of a document's pages by `meetings.page_rendering`, with a timeout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from prepazka.meetings import page_rendering
from prepazka.meetings.contents import Unfit

WAITS = 120  # seconds of wall clock; the program limits its own computing time


def draw_pages(kind: str, file: Path, folder: Path) -> int:
    """Render the pages of a file into the folder; returns how many. Raises Unfit."""
    # Isolated and with an empty environment, so that a malicious file cannot read our secrets.
    command = [sys.executable, "-I", page_rendering.__file__, kind, str(file), str(folder)]
    try:
        process = subprocess.run(
            command, capture_output=True, timeout=WAITS, check=False, env={}, cwd=folder
        )
    except subprocess.TimeoutExpired as error:
        raise Unfit("too_slow") from error
    output = process.stdout.decode("ascii", "replace").strip()
    if process.returncode == 0:
        return int(output)
    if process.returncode == page_rendering.REFUSED:
        raise Unfit(output)
    raise Unfit("too_slow" if _out_of_time(process.returncode) else "broken")


def _out_of_time(code: int) -> bool:
    return code in {-24, -9}  # SIGXCPU, and SIGKILL at the hard limit
