"""The program behind `unfold`: reads a request as JSON on standard input, writes the answer.

It limits its own time and memory before it reads calendar texts.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any
from zoneinfo import ZoneInfo

from prepazka.core.external_times import doubts_to_json, times_from_json, times_to_json
from prepazka.gateways.calendars.attendance import Preferences
from prepazka.gateways.calendars.busy import read_texts
from prepazka.gateways.calendars.unreadable import Unreadable

SECONDS = 45  # of computing, more than the reader's own budget
MEMORY = 2 << 30


def _answered(question: Any) -> dict[str, Any]:
    wishes = question["wishes"]
    try:
        reading = read_texts(
            [text.encode("latin-1") for text in question["texts"]],
            times_from_json(question["window"])[0],
            ZoneInfo(question["zone"]),
            Preferences(**{**wishes, "addresses": frozenset(wishes["addresses"])}),
        )
    except Unreadable as error:
        return {"unreadable": error.reason}
    return {
        "times": {key: times_to_json(times) for key, times in reading.times.items()},
        "doubts": doubts_to_json(reading.doubts),
        "damaged": reading.damaged,
        "uids": reading.uids,
    }


def _limit() -> None:
    """Limit time and memory of this process; on Windows only the caller's timeout applies."""
    with contextlib.suppress(ImportError):
        import resource  # noqa: PLC0415  # not everywhere

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _limit()
    json.dump(_answered(json.load(sys.stdin)), sys.stdout)
