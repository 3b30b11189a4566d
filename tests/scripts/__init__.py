"""Runs the product's scripts without a browser, by deno.

A file `*_test.js` here holds unit tests; others are programs that read JSON and write JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
DENO = Path(sysconfig.get_path("scripts")) / "deno"
CACHE = str(ROOT / "build/deno")
TIMEOUT = 120


def deno(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    """What a command of deno printed, whatever its result; it reaches no network."""
    return subprocess.run(  # the program of our own environment
        [DENO, *arguments],
        input=typed,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        cwd=ROOT,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "DENO_NO_UPDATE_CHECK": "1", "DENO_DIR": CACHE},
    )


def run(name: str, given: Any) -> Any:
    """What the program of this folder answers to the JSON it is given."""
    done = deno("run", "--quiet", "--no-remote", str(FOLDER / name), typed=json.dumps(given))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
