"""The refusal for a clerk without an open counter."""

from __future__ import annotations

from datetime import datetime

from prepazka.core.refusal import Refused
from prepazka.looks.typography import clock
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.refusals import (
    CounterClosedByItself,
    CounterClosedByOther,
    CounterNotOpen,
    CounterTakenOver,
)
from prepazka.reporting.open_counters import ended_without


def no_counter(office: OfficeSnapshot, clerk: int, now: datetime) -> Refused:
    """The refusal that says whether the counter was taken over, closed, or never opened."""
    ending = ended_without(office, clerk, now)
    if ending is None:
        return CounterNotOpen()
    at = clock(ending.at.astimezone(office.tz))
    if ending.taken_over:
        return CounterTakenOver(name=ending.by, at=at)
    if ending.by:
        return CounterClosedByOther(name=ending.by, at=at)
    return CounterClosedByItself(at=at)
