"""`python -m faults.weakened WEAKNESS[,WEAKNESS] COMMAND …`: the program without some of its safety nets.

For controls only: with the net gone, the campaign must show it. Nothing of this is in the product.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any


def without_lock() -> None:
    """Bookings lock no day before they look (the campaign drops the constraint beneath as well)."""
    from prepazka.booking import booking_locks  # noqa: PLC0415
    from prepazka.booking.models import OfficeDay  # noqa: PLC0415

    def only_read(office: int, days: list[date]) -> int:
        return OfficeDay.objects.filter(office=office, date__in=days).count()

    booking_locks._lock_rows = only_read  # noqa: SLF001


def without_isolation() -> None:
    """The first office in which a step fails ends the step for all others."""
    from prepazka.jobs import periodic_steps  # noqa: PLC0415

    def note_and_end(_step: Any, office: Any, error: Exception, *_: Any) -> None:
        raise RuntimeError(f"the step ended at office {office}") from error

    periodic_steps._note_failure = note_and_end  # type: ignore[assignment]  # noqa: SLF001


def without_catch_up() -> None:
    """Daily work runs at its minute of the night or not at all, as before."""
    from prepazka.core import calendar  # noqa: PLC0415
    from prepazka.jobs import periodic_steps  # noqa: PLC0415

    def is_due(_earlier: Any, zone: Any, now: datetime) -> bool:
        night = calendar.local_instant(calendar.day_of(now, zone), periodic_steps.NIGHT_MIN, zone)
        return night <= now < night + timedelta(minutes=10)

    periodic_steps._is_due = is_due  # type: ignore[assignment]  # noqa: SLF001


def without_rescue() -> None:
    """Nobody looks for jobs that a dead worker left."""
    from prepazka.jobs.periodic_steps import STEPS  # noqa: PLC0415

    for name in ("rescue", "defer_lost"):
        del STEPS[name]


def without_hold_limits() -> None:
    """Networks are not counted, and nobody is asked for a proof of work."""
    from prepazka.web import limits, proof  # noqa: PLC0415

    def nobody(*_: Any, **__: Any) -> None:
        return None

    limits.asker_of = nobody
    limits.limit_address = nobody
    proof.is_asked = lambda *_, **__: False


def without_pin_guard() -> None:
    """A kiosk never asks for more than the PIN, and never pauses."""
    from prepazka.core import pin_guard  # noqa: PLC0415
    from prepazka.queueing import tickets  # noqa: PLC0415

    tickets.PAUSE = timedelta(0)
    pin_guard.questions_after = lambda wrong: pin_guard.Asks.NOTHING  # noqa: ARG005  # the name is called by


def without_delays() -> None:
    """Wrong passwords delay nobody."""
    from prepazka.accounts import attempts  # noqa: PLC0415

    attempts._look = lambda sources, now: {}  # noqa: ARG005, SLF001  # as it is called


def without_known_devices() -> None:
    """A device on which the person has logged in before counts as any other."""
    from prepazka.accounts import attempts  # noqa: PLC0415

    with_device = attempts.sources_of

    def sources_of(*, username: str, network: str, **_: str) -> tuple[Any, ...]:
        return with_device(username=username, network=network)

    attempts.sources_of = sources_of


WEAKNESSES: dict[str, Callable[[], None]] = {
    "lock": without_lock,
    "isolation": without_isolation,
    "catch-up": without_catch_up,
    "rescue": without_rescue,
    "hold-limits": without_hold_limits,
    "pin-guard": without_pin_guard,
    "delays": without_delays,
    "known-devices": without_known_devices,
}


def main() -> int:
    """Run the command of the program without the nets."""
    import django  # noqa: PLC0415  # here, so that the table above is read without Django

    django.setup()
    for name in sys.argv[1].split(","):
        WEAKNESSES[name]()
    from prepazka.config.cli import main as prepazka  # noqa: PLC0415

    sys.argv = ["prepazka", *sys.argv[2:]]
    return int(prepazka() or 0)


if __name__ == "__main__":
    sys.exit(main())
