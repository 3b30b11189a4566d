"""PREPAZKA_MEETINGS=off at the start of a process: refused while an office still has meetings."""

from __future__ import annotations

from prepazka.config.env import SettingError

WHAT_TO_DO = (
    "Set PREPAZKA_MEETINGS=on; hold, move or cancel these appointments, let the worker finish its"
    " work, and load office files in which people only meet in person; then switch meetings off."
    " Nothing was started or deleted."
)


def check_meetings_switch() -> None:
    """Raise SettingError where meetings are switched off although an office still has some.

    A database that is away or has no tables yet has none; who waits for it checks again.
    """
    import django  # noqa: PLC0415  # most installations have meetings
    from django.conf import settings  # noqa: PLC0415

    if settings.MEETINGS:
        return
    if settings.DEMO or settings.DEMO_PUBLIC:
        msg = "Unset PREPAZKA_MEETINGS: offices of the demo have meetings by phone and video."
        raise SettingError(msg)
    django.setup()
    from django.db import DatabaseError, connection  # noqa: PLC0415  # needs Django set up

    from prepazka.meetings.switch import obstacles  # noqa: PLC0415

    try:
        in_the_way = "; ".join(map(str, obstacles()))
    except DatabaseError:
        return
    finally:
        connection.close()
    if in_the_way:
        msg = f"PREPAZKA_MEETINGS is off, but there are meetings: {in_the_way}. {WHAT_TO_DO}"
        raise SettingError(msg)
