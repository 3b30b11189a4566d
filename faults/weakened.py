"""`python -m faults.weakened WEAKNESS COMMAND …`: the program without one of its safety nets.

For controls only: with the net gone, the campaign must show it. Nothing of this is in the product.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any


def without_lock() -> None:
    """Bookings lock no day before they look (the campaign drops the constraint beneath as well)."""
    from prepazka.booking import locks  # noqa: PLC0415
    from prepazka.booking.models import OfficeDay  # noqa: PLC0415

    def only_read(office: int, days: list[date]) -> int:
        return OfficeDay.objects.filter(office=office, date__in=days).count()

    locks._locked = only_read  # noqa: SLF001


def without_isolation() -> None:
    """The first office in which a step fails ends the step for all others."""
    from prepazka.jobs import steps  # noqa: PLC0415

    def note_and_end(_step: Any, office: Any, error: Exception, *_: Any) -> None:
        raise RuntimeError(f"the step ended at office {office}") from error

    steps._note_failure = note_and_end  # type: ignore[assignment]  # noqa: SLF001


def without_catch_up() -> None:
    """Daily work runs at its minute of the night or not at all, as before."""
    from prepazka.core import calendar  # noqa: PLC0415
    from prepazka.jobs import steps  # noqa: PLC0415

    def is_due(_earlier: Any, zone: Any, now: datetime) -> bool:
        night = calendar.local_instant(calendar.day_of(now, zone), steps.NIGHT_MIN, zone)
        return night <= now < night + timedelta(minutes=10)

    steps._is_due = is_due  # type: ignore[assignment]  # noqa: SLF001


def without_rescue() -> None:
    """Nobody looks for jobs that a dead worker left."""
    from prepazka.jobs.steps import STEPS  # noqa: PLC0415

    for name in ("rescue", "defer_lost"):
        del STEPS[name]


WEAKNESSES: dict[str, Callable[[], None]] = {
    "lock": without_lock,
    "isolation": without_isolation,
    "catch-up": without_catch_up,
    "rescue": without_rescue,
}


def main() -> int:
    """Run the command of the program without the net."""
    import django  # noqa: PLC0415  # here, so that the table above is read without Django

    django.setup()
    WEAKNESSES[sys.argv[1]]()
    from prepazka.config.cli import main as prepazka  # noqa: PLC0415

    sys.argv = ["prepazka", *sys.argv[2:]]
    return int(prepazka() or 0)


if __name__ == "__main__":
    sys.exit(main())
