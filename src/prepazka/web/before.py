"""Who went before a ticket, and why: the same for the head and for whoever stands at a counter."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prepazka.core import calendar
from prepazka.offices.directory import Directory
from prepazka.queueing.models import Ticket
from prepazka.reporting.overtakes import before
from prepazka.web import reasons

LONGEST = 12


def asked(office: Directory, said: str, now: datetime) -> dict[str, Any]:
    """What `web/_before.html` speaks of; without a ticket, nobody has that number today."""
    label = said.strip().upper()[:LONGEST]
    rows = Ticket.objects.filter(office=office.office, date=calendar.day_of(now, office.tz))
    ticket = next((t for t in rows if t.label == label), None)
    if ticket is None:
        return {"label": label}
    found = before(office, ticket, now=now)
    return {
        "label": label,
        "ticket": ticket,
        "before": found,
        "own": reasons.sentence(found.reason, office),
        "rows": [(one, reasons.sentence(one.reason, office)) for one in found.overtakes],
    }
