"""Overtakes of a ticket, for the pages of heads and clerks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prepazka.core import calendar
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket
from prepazka.reporting.overtakes import overtakes_of
from prepazka.web import reasons

LONGEST = 12


def overtake_context(office: OfficeSnapshot, text: str, now: datetime) -> dict[str, Any]:
    """Template context of `web/_before.html`; `ticket` is missing if today has no such number."""
    label = text.strip().upper()[:LONGEST]
    rows = Ticket.objects.filter(office=office.row, date=calendar.day_of(now, office.tz))
    ticket = next((t for t in rows if t.label == label), None)
    if ticket is None:
        return {"label": label}
    overtakes = overtakes_of(office, ticket, now=now)
    return {
        "label": label,
        "ticket": ticket,
        "before": overtakes,
        "own": reasons.reason_in_words(overtakes.reason, office),
        "rows": [
            (overtake, reasons.reason_in_words(overtake.reason, office))
            for overtake in overtakes.overtakes
        ],
    }
