"""Tickets that may not be called now, because a console off line may be calling them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from prepazka.queueing import sql
from prepazka.queueing.models import HEARD, SILENT_AFTER


@dataclass(frozen=True, slots=True)
class Holder:
    """A counter that has the ticket on its list and whose console is silent since a moment."""

    counter: int
    since: datetime

    @property
    def until(self) -> datetime:
        """From when other counters may call the ticket if the console stays silent."""
        return self.since + SILENT_AFTER


def held_parameters(office: int, now: datetime) -> tuple[int, datetime, datetime]:
    """The parameters of `sql.HELD_OFFLINE`."""
    return office, now - HEARD, now - SILENT_AFTER


def held_elsewhere(office: int, counter: int | None, now: datetime) -> dict[int, Holder]:
    """Holders by ticket, for tickets on lists of silent consoles of other counters. Hot."""
    with connection.cursor() as cursor:
        cursor.execute(sql.HELD_ELSEWHERE, [*held_parameters(office, now), counter])
        return {ticket: Holder(at, since) for ticket, at, since in cursor.fetchall()}


def counters_of(held: dict[int, Holder]) -> list[int]:
    """The counters that hold the tickets, sorted."""
    return sorted({holder.counter for holder in held.values()})
