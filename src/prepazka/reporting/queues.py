"""The live view as QueueMonitor entities of the Smart Data Models, one per service."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from prepazka.core import calendar
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting.monitor import monitor_of_office

OPEN, SUSPENDED, CLOSED = "Open", "Suspended", "Closed"


def queue_monitors(office: OfficeSnapshot, *, now: datetime) -> list[dict[str, Any]]:
    """The entities of an office, ready for JSON; names in the first language of the office."""
    live_view = monitor_of_office(office, now=now)
    language = next(iter(office.row.languages), "cs")
    name = _in_language(live_view["name"], language)
    return [
        _entity(office, service, live_view["made_at"], name, language, now)
        for service in live_view["services"]
    ]


def _entity(
    office: OfficeSnapshot,
    service_view: dict[str, Any],
    made_at: str,
    name: str,
    language: str,
    now: datetime,
) -> dict[str, Any]:
    issued, called = service_view["last_issued"], service_view["last_called"]
    entity = {
        "id": f"urn:ngsi-ld:QueueMonitor:{office.slug}:{service_view['code']}",
        "type": "QueueMonitor",
        "officeName": name,
        "serviceName": _in_language(service_view["name"], language),
        "serviceId": service_view["code"],
        "serviceStatus": _status(office, service_view, now),
        "queueLine": service_view["letter"],
        "lastTicketIssuedLabel": issued,
        "lastTicketIssued": _number(issued),
        "ticketServedLabel": called,
        "ticketServed": _number(called),
        "ticketsToServe": service_view["waiting"],
        "dateModified": made_at,
    }
    return {key: content for key, content in entity.items() if content is not None}


def _status(office: OfficeSnapshot, service_view: dict[str, Any], now: datetime) -> str:
    """Open with an open counter, suspended without one within the hours, closed outside them."""
    if service_view["open_counters"]:
        return OPEN
    service = office.service_by_code(service_view["code"])
    assert service  # noqa: S101  # the live view shows those of the snapshot
    hours = office.opening_hours.of_service(service.pk, calendar.day_of(now, office.tz))
    minute = calendar.minute_of(now, office.tz)
    return SUSPENDED if any(opening.contains(minute) for opening in hours) else CLOSED


def _in_language(text: dict[str, str], language: str) -> str:
    return text.get(language) or next(iter(text.values()), "")


def _number(label: str | None) -> int | None:
    digits = "".join(c for c in label or "" if c.isdigit())
    return int(digits) if digits else None
