"""Stopping and opening a service's walk-in tickets for today, by the estimate or the head."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from prepazka.core import calendar, events
from prepazka.journal.record import record
from prepazka.offices.models import Office, Service, TicketsRule
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.tickets import issues_tickets

# Minutes to spare before tickets stopped by the estimate are opened again, so that a service does
# not close and open by turns.
SPARE_MIN = 15.0


@transaction.atomic
def stop_tickets(
    *, office: OfficeSnapshot, service: Service, now: datetime, actor: int | None = None
) -> None:
    """Stop walk-in tickets for today, by the head (`actor`) or by the estimate (None).

    The estimate does not change what the head has decided for today. May be repeated.
    """
    rule = TicketsRule.STOPPED if actor else TicketsRule.FULL
    if _set_rule(office, service, rule, now, actor):
        record(
            events.TicketsStopped(
                office=office.office_id,
                service=service.pk,
                at=now,
                actor=actor,
                by=_decided_by(actor),
            )
        )


@transaction.atomic
def open_tickets(
    *, office: OfficeSnapshot, service: Service, now: datetime, actor: int | None = None
) -> None:
    """Open tickets again within the hours; the head's decision holds against the estimate.

    May be repeated.
    """
    if _set_rule(office, service, TicketsRule.OPEN if actor else "", now, actor):
        record(
            events.TicketsOpened(
                office=office.office_id,
                service=service.pk,
                at=now,
                actor=actor,
                by=_decided_by(actor),
            )
        )


def stop_by_estimate(
    *, office: OfficeSnapshot, service: Service, served_in: float, now: datetime
) -> None:
    """Stop or open tickets by whether four of five newcomers would be served before closing.

    `served_in` are the minutes within which four of five would be served.
    """
    minutes_left = _minutes_left(office, service, now)
    rule = service.tickets_today(calendar.day_of(now, office.tz))
    if minutes_left is None:
        return
    if not rule and served_in > minutes_left and issues_tickets(office, service, now):
        stop_tickets(office=office, service=service, now=now)
    elif rule == TicketsRule.FULL and served_in + SPARE_MIN <= minutes_left:
        open_tickets(office=office, service=service, now=now)


def _minutes_left(office: OfficeSnapshot, service: Service, now: datetime) -> float | None:
    """Minutes until closing with the office's overtime; None where the estimate stops nothing."""
    day, overtime = calendar.day_of(now, office.tz), office.row.overtime_min
    hours = office.opening_hours.of_service(service.pk, day)
    if overtime is None or not hours:
        return None
    closes = calendar.local_instant(day, hours[-1].end, office.tz)
    return (closes - now) / timedelta(minutes=1) + overtime


def _set_rule(
    office: OfficeSnapshot, service: Service, rule: str, now: datetime, actor: int | None
) -> bool:
    """Set today's rule unless it is the same or the head has decided; returns whether it did."""
    office_row = Office.objects.select_for_update(no_key=True).get(pk=office.office_id)
    service_row, day = Service.objects.get(pk=service.pk), calendar.day_of(now, office.tz)
    rule_before = service_row.tickets_today(day)
    if rule_before == rule or (actor is None and rule_before not in {"", TicketsRule.FULL}):
        return False
    service_row.tickets_on, service_row.tickets_rule = day, rule
    service_row.save(update_fields=["tickets_on", "tickets_rule"])
    Office.objects.filter(pk=office_row.pk).update(version=F("version") + 1)
    return True


def _decided_by(actor: int | None) -> str:
    return "head" if actor else "estimate"
