"""The public live view of an office: counts, waits and last calls, never a name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Max, Q

from prepazka.core import calendar
from prepazka.offices import incident_texts
from prepazka.offices.models import Incident, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import QuarterHour, Shift, Ticket
from prepazka.queueing.tickets import issues_tickets, tickets_ended
from prepazka.reporting.live_hall import Hall, hall_at
from prepazka.reporting.place import counter_opens

NEXT_OPENING_WITHIN = 60  # days
LAST_CALLS = 6
CALLED = Q(called_at__isnull=False)


def monitor_of_office(office: OfficeSnapshot, *, now: datetime) -> dict[str, Any]:
    """The public live view of the office, ready for JSON.

    Times are ISO 8601 with the office's offset; waits are whole minutes for somebody who takes a
    ticket now, or null when no counter for the service is open. Outside the office's hours no
    counter counts as open, even one that was left open or still serves its last client.
    """
    hall_now = hall_at(office, now=now)
    office = hall_now.office
    opening, open_now = next_opening(office, now), is_open(office, now)
    labels = _labels(office, now)
    return {
        "office": office.slug,
        "name": dict(office.row.name),
        "made_at": _iso(office, now),
        "open": open_now,
        "next_opening": _iso(office, opening) if opening else None,
        "open_counters": len(hall_now.open_shifts()) if open_now else 0,
        "counters": _open_counters(hall_now) if open_now else [],
        "waiting": len(hall_now.waiting),
        "incidents": [_incident(office, incident) for incident in office.incidents],
        "services": [
            _service(hall_now, service, labels, open_now=open_now)
            for service in office.offered_services()
        ],
        "last_calls": last_calls(office, now=now),
    }


def last_calls(
    office: OfficeSnapshot,
    *,
    now: datetime,
    counters: list[int] | None = None,
    limit: int = LAST_CALLS,
) -> list[dict[str, Any]]:
    """The last calls of today, newest first; `calls` counts repeats, so that a display chimes."""
    called = Ticket.objects.filter(
        office=office.row,
        date=calendar.day_of(now, office.tz),
        called_at__isnull=False,
        counter__isnull=False,
    )
    if counters:
        called = called.filter(counter__in=counters)
    newest = sorted(called.order_by("-called_at")[: limit * 2], key=_last_called, reverse=True)
    return [
        {
            "ticket": ticket.label,
            "counter": office.counters[ticket.counter_id or 0].number,
            "place": dict(office.counters[ticket.counter_id or 0].place),
            "called_at": _iso(office, _last_called(ticket)),
            "calls": ticket.calls,
            "state": ticket.state,
        }
        for ticket in newest[:limit]
    ]


def _last_called(ticket: Ticket) -> datetime:
    return ticket.recalled_at or ticket.called_at or ticket.issued_at


def is_open(office: OfficeSnapshot, now: datetime) -> bool:
    """Whether the office takes citizens at this moment."""
    minute = calendar.minute_of(now, office.tz)
    hours = office.opening_hours.of_office(calendar.day_of(now, office.tz))
    return any(opening.contains(minute) for opening in hours)


def next_opening(office: OfficeSnapshot, now: datetime) -> datetime | None:
    """When the office opens next, within sixty days; else None."""
    today = calendar.day_of(now, office.tz)
    for ahead in range(NEXT_OPENING_WITHIN):
        day = today + timedelta(days=ahead)
        for opening_hours in office.opening_hours.of_office(day):
            opens = calendar.local_instant(day, opening_hours.start, office.tz)
            if opens > now:
                return opens
    return None


def _open_counters(hall_now: Hall) -> list[dict[str, Any]]:
    """The open counters in their order: number, place, and codes of their services."""
    office = hall_now.office
    working = {shift.counter_id for shift in hall_now.open_shifts()}
    return [
        {
            "number": counter.number,
            "place": dict(counter.place),
            "services": [
                service.code
                for service in office.offered_services()
                if service.pk in office.serves[counter.pk]
            ],
        }
        for counter in office.open_counters()
        if counter.pk in working
    ]


def _labels(office: OfficeSnapshot, now: datetime) -> dict[int, tuple[str | None, str]]:
    """By service, today's last label called and the last one issued. One SQL statement."""
    today = Ticket.objects.filter(office=office.row, date=calendar.day_of(now, office.tz))
    rows = today.values("service", "letter").annotate(
        issued=Max("number"), called=ArrayAgg("number", order_by="-called_at", filter=CALLED)
    )
    labels: dict[int, tuple[str | None, str]] = {}
    for row in rows.order_by("service"):
        called = f"{row['letter']}{row['called'][0]}" if row["called"] else None
        labels[row["service"]] = called, f"{row['letter']}{row['issued']}"
    return labels


def _service(
    hall_now: Hall, service: Service, labels: dict[int, tuple[str | None, str]], *, open_now: bool
) -> dict[str, Any]:
    office = hall_now.office
    able = _able(hall_now, service) if open_now else []
    wait = hall_now.outlook.newcomers.get(service.pk) if open_now else None
    called, issued = labels.get(service.pk, (None, None))
    opens = None if able else counter_opens(office, service, now=hall_now.now)
    return {
        "code": service.code,
        "name": dict(service.name),
        "agenda": office.agenda_of(service).code,
        "letter": office.agenda_of(service).letter,
        "open_counters": len(able),
        "waiting": sum(w.service == service.pk for w in hall_now.waiting),
        "booked_waiting": sum(
            w.service == service.pk and w.booked is not None for w in hall_now.waiting
        ),
        "wait_min": None if wait is None else round(wait.p50),
        "wait_from_min": None if wait is None else wait.span[0],
        "wait_to_min": None if wait is None else wait.span[1],
        "wait_is_rough": bool(wait and wait.thin),
        "last_called": called,
        "last_issued": issued,
        "next_opening": _iso(office, opens) if opens else None,
        "tickets": issues_tickets(office, service, hall_now.now),
        "tickets_ended": tickets_ended(office, service, hall_now.now),
        "waits_for": down.system.code if (down := office.stopped.get(service.pk)) else None,
    }


def _incident(office: OfficeSnapshot, incident: Incident) -> dict[str, Any]:
    """An incident with its text in the languages of the office."""
    expected = incident.expected_at
    return {
        "system": incident.system.code,
        "name": dict(incident.system.name),
        "text": incident_texts.incident_in_languages(incident, office),
        "since": _iso(office, incident.began_at),
        "expected_end": _iso(office, expected) if expected else None,
        "services": [s.code for s in office.stopped_by(incident)],
    }


def history_rows(hall_now: Hall, at: datetime) -> Iterator[QuarterHour]:
    """The rows of the history for the hall at this moment."""
    office = hall_now.office
    for service in office.offered_services():
        wait = hall_now.outlook.newcomers.get(service.pk)
        yield QuarterHour(
            office=office.row,
            service=service,
            at=at,
            waiting=sum(w.service == service.pk for w in hall_now.waiting),
            open_counters=len(_able(hall_now, service)),
            tickets=issues_tickets(office, service, hall_now.now),
            p20=wait.p20 if wait else None,
            p80=wait.p80 if wait else None,
        )


def _able(hall_now: Hall, service: Service) -> list[Shift]:
    serves = hall_now.office.serves
    return [s for s in hall_now.open_shifts() if service.pk in serves[s.counter_id]]


def _iso(office: OfficeSnapshot, instant: datetime) -> str:
    return instant.astimezone(office.tz).isoformat(timespec="seconds")
