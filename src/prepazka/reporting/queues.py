"""The live view in the vocabulary of the Smart Data Models: one QueueMonitor per service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prepazka.core import calendar
from prepazka.offices.directory import Directory
from prepazka.reporting.monitor import monitor

OPEN, SUSPENDED, CLOSED = "Open", "Suspended", "Closed"


def queue_monitors(office: Directory, *, now: datetime) -> list[dict[str, Any]]:
    """The entities of an office, ready for JSON; names in the first language of the office."""
    seen = monitor(office, now=now)
    language = next(iter(office.office.languages), "cs")
    name = _said(seen["name"], language)
    return [
        _entity(office, service, seen["made_at"], name, language, now)
        for service in seen["services"]
    ]


def _entity(
    office: Directory,
    said: dict[str, Any],
    made_at: str,
    name: str,
    language: str,
    now: datetime,
) -> dict[str, Any]:
    issued, called = said["last_issued"], said["last_called"]
    found = {
        "id": f"urn:ngsi-ld:QueueMonitor:{office.office.slug}:{said['code']}",
        "type": "QueueMonitor",
        "officeName": name,
        "serviceName": _said(said["name"], language),
        "serviceId": said["code"],
        "serviceStatus": _status(office, said, now),
        "queueLine": said["letter"],
        "lastTicketIssuedLabel": issued,
        "lastTicketIssued": _number(issued),
        "ticketServedLabel": called,
        "ticketServed": _number(called),
        "ticketsToServe": said["waiting"],
        "dateModified": made_at,
    }
    return {key: value for key, value in found.items() if value is not None}


def _status(office: Directory, said: dict[str, Any], now: datetime) -> str:
    """Open with a counter, suspended where there should be one, closed outside the hours."""
    if said["open_counters"]:
        return OPEN
    service = office.service_by_code(said["code"])
    assert service  # noqa: S101  # the live view shows those of the directory
    hours = office.service_hours(service, calendar.day_of(now, office.tz))
    minute = calendar.minute_of(now, office.tz)
    return SUSPENDED if any(one.contains(minute) for one in hours) else CLOSED


def _said(text: dict[str, str], language: str) -> str:
    return text.get(language) or next(iter(text.values()), "")


def _number(label: str | None) -> int | None:
    digits = "".join(c for c in label or "" if c.isdigit())
    return int(digits) if digits else None
