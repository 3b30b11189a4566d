"""The one place where the program reads the clock; below the surfaces `now` is an argument.

A demo may run on a clock of its own, so that a whole office day can be played at any hour and at
any speed; all processes share it through one row, which a real installation never reads.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.conf import settings

from prepazka.offices.models import DemoClock

LOOK_EVERY = 1.0  # seconds
FOR_GOOD = timedelta(days=366)  # in effect until somebody presses the button for the real time

_looked_at = float("-inf")
_cached_clock: DemoClock | None = None


def now() -> datetime:
    """The instant, in UTC."""
    real = real_now()
    return played_time(real, _demo_clock()) if settings.DEMO else real


def real_now() -> datetime:
    """The machine's instant, in UTC; under `make test-days` moved to the day that is tried."""
    return datetime.now(UTC) + timedelta(seconds=settings.TEST_CLOCK_OFFSET)


def machine_s() -> float:
    """Seconds since 1970 by the machine's clock, to compare with the database's."""
    return time.time()


def played_time(real: datetime, clock: DemoClock | None) -> datetime:
    """The time that the demo's clock shows at a real instant; real time again after its end."""
    if clock is None:
        return real
    shown_time = clock.shown_from + (real - clock.real_from) * clock.speed
    return shown_time if shown_time < clock.shown_to else real


def shows_real_time() -> bool:
    """Whether the clock shows the real time, to the second."""
    real = real_now()
    return not settings.DEMO or abs(played_time(real, _demo_clock()) - real) < timedelta(seconds=1)


def play_period(*, shown_from: datetime, lasts: timedelta, speed: float) -> None:
    """Let the demo's clock show a period of another time, `speed` times as fast."""
    DemoClock.objects.update_or_create(
        pk=1,
        defaults={
            "real_from": real_now(),
            "shown_from": shown_from,
            "shown_to": shown_from + lasts,
            "speed": speed,
        },
    )
    _forget()


def move_to(moment: datetime) -> None:
    """Let the demo's clock go on from that moment at the ordinary pace."""
    play_period(shown_from=moment, lasts=FOR_GOOD, speed=1)


def slow_down() -> None:
    """Let a demo's clock that runs fast or slowly go on at the ordinary pace."""
    if DemoClock.objects.exclude(speed=1).exists():
        _forget()
        move_to(now())


def stop_playing() -> None:
    """Show the real time again."""
    DemoClock.objects.all().delete()
    _forget()


def _forget() -> None:
    """Drop this process's cached clock; other processes re-read theirs within LOOK_EVERY."""
    global _looked_at  # noqa: PLW0603  # see _demo_clock
    _looked_at = float("-inf")


def _demo_clock() -> DemoClock | None:
    global _looked_at, _cached_clock  # cached for one second, per process
    if time.monotonic() - _looked_at > LOOK_EVERY:
        _cached_clock, _looked_at = DemoClock.objects.first(), time.monotonic()
    return _cached_clock
