"""Run the tests marked `real_time` as if it were another day: `python -m tests.days [DAY ...]`.

Of these it leaves out tests marked `any_day`, and a journey's parameters but the first.

The offset of the program's clock (`PREPAZKA_TEST_CLOCK_OFFSET`) reaches every process that a test
starts, and the browsers. What libraries read, and the database's own clock, stay on the machine's.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.clock import machine_time

PRAGUE = ZoneInfo("Europe/Prague")
# When the run starts, by the office's clock: about two minutes before what is to be crossed.
DAYS = {
    "saturday": datetime(2026, 12, 5, 23, 58, tzinfo=PRAGUE),
    "christmas": datetime(2026, 12, 24, 9, 58, tzinfo=PRAGUE),
    "march": datetime(2027, 3, 28, 1, 58, tzinfo=PRAGUE),
    "october": datetime(2027, 10, 31, 2, 58, tzinfo=PRAGUE, fold=0),
    "leap-day": datetime(2028, 2, 29, 23, 58, tzinfo=PRAGUE),
    "new-year": datetime(2026, 12, 31, 23, 59, tzinfo=PRAGUE),
}
MINUTES = 6  # that one of them may take on two cores
PROCESSES = ("-n", "4", "--dist", "worksteal")  # as many as in `make test`
STARTS = "PREPAZKA_TEST_STARTS"  # seconds since 1970


def of_today() -> str:
    """One of them, another every day."""
    return list(DAYS)[datetime.fromtimestamp(machine_time(), UTC).timetuple().tm_yday % len(DAYS)]


def run(day: str, more: list[str]) -> bool:
    """Whether the tests pass on that day."""
    print(f"== {day}: as if it were {DAYS[day]:%A %d %B %Y %H:%M} in Prague", flush=True)
    began = time.monotonic()
    passed = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.days", *PROCESSES, *more],
        env=os.environ | {STARTS: str(DAYS[day].timestamp())},
        check=False,
    )
    minutes = (time.monotonic() - began) / 60
    late = f" (more than {MINUTES})" if minutes > MINUTES else ""
    result = "passed" if passed.returncode == 0 else "FAILED"
    print(f"== {day}: {result} in {minutes:.1f} minutes{late}", flush=True)
    return passed.returncode == 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Move the clock of pytest's processes, now that the database is made and they are to start."""
    if STARTS in os.environ:
        offset = float(os.environ[STARTS]) - machine_time()
        os.environ["PREPAZKA_TEST_CLOCK_OFFSET"] = str(round(offset))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what no day changes: tests marked so, and a journey's further parameters.

    Those are languages, sizes of screens and pages without script, all walked by `make test`.
    """
    if STARTS not in os.environ:
        return
    walked = set()
    left_out = []
    for item in items:
        journey = item.nodeid.partition("[")[0] if item.get_closest_marker("journey") else None
        if item.get_closest_marker("any_day") or journey in walked:
            left_out.append(item)
        elif journey:
            walked.add(journey)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.days",
        description="Run the tests marked `real_time` as if it were another day.",
    )
    parser.add_argument("days", nargs="*", metavar="DAY", help=f"{', '.join(DAYS)}, today or all")
    parser.add_argument("--pytest", default="-m real_time", help="arguments of pytest")
    wanted = parser.parse_args()
    more = shlex.split(wanted.pytest)
    days: list[str] = []
    for day in wanted.days or ["all"]:
        if day not in {*DAYS, "today", "all"}:
            parser.error(f"there is no day {day}; there are {', '.join(DAYS)}, today and all")
        days += list(DAYS) if day == "all" else [of_today() if day == "today" else day]
    failed = [day for day in days if not run(day, more)]
    print(f"== failed: {', '.join(failed)}" if failed else "== all passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
