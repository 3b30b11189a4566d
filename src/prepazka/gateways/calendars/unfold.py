"""Reading of calendar texts in a process of its own, so that no text can harm the worker."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from prepazka.core.external_times import (
    Reading,
    doubts_from_json,
    times_from_json,
    times_to_json,
)
from prepazka.core.interval import Interval
from prepazka.gateways.calendars.attendance import Preferences
from prepazka.gateways.calendars.unreadable import Unreadable

WAITS = 90.0  # seconds of wall clock; the program limits its own computing time
PROGRAM = "prepazka.gateways.calendars.unfold_main"


def unfold_in_process(
    texts: Sequence[bytes], window: Interval[datetime], tz: ZoneInfo, wishes: Preferences
) -> Reading:
    """The same as `read_texts`, in a process of its own. Raises Unreadable."""
    question = {
        "texts": [text.decode("latin-1") for text in texts],
        "window": times_to_json([window]),
        "zone": tz.key,
        "wishes": {**vars(wishes), "addresses": sorted(wishes.addresses)},
    }
    # Isolated and with an empty environment, so that a malicious text cannot read our secrets.
    command = [sys.executable, "-I", "-m", PROGRAM]
    try:
        process = subprocess.run(
            command,
            input=json.dumps(question).encode(),
            capture_output=True,
            timeout=WAITS,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired as error:
        raise Unreadable("heavy") from error
    if process.returncode in {-24, -9}:  # SIGXCPU, and SIGKILL at the hard limit
        raise Unreadable("heavy")
    if process.returncode:
        raise RuntimeError(process.stderr.decode("utf-8", "replace")[-2000:])
    answer = json.loads(process.stdout)
    if "unreadable" in answer:
        raise Unreadable(answer["unreadable"])
    return Reading(
        {key: times_from_json(times) for key, times in answer["times"].items()},
        doubts_from_json(answer["doubts"]),
        answer["damaged"],
        answer["uids"],
    )
