"""Have the pages of a document drawn by a program of its own, under a clock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from prepazka.meetings import pages
from prepazka.meetings.contents import Unfit

WAITS = 120  # seconds; the program's own limit is of computing


def draw(kind: str, file: Path, folder: Path) -> int:
    """Write the pages into the folder; how many. Raises Unfit."""
    # Isolated, with nothing of our environment: what a stranger sent learns no secret of ours.
    command = [sys.executable, "-I", pages.__file__, kind, str(file), str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=WAITS, check=False, env={}, cwd=folder
        )
    except subprocess.TimeoutExpired as error:
        raise Unfit("too_slow") from error
    said = done.stdout.decode("ascii", "replace").strip()
    if done.returncode == 0:
        return int(said)
    if done.returncode == pages.REFUSED:
        raise Unfit(said)
    raise Unfit("too_slow" if _out_of_time(done.returncode) else "broken")


def _out_of_time(code: int) -> bool:
    return code in {-24, -9}  # SIGXCPU, and SIGKILL at the hard limit
