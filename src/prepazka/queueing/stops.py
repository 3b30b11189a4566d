"""Whether walk-in tickets of a service go on today: by the estimate, or by the head."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from prepazka.core import calendar, events
from prepazka.journal.record import record
from prepazka.offices.directory import Directory
from prepazka.offices.models import Office, Service, TicketsRule
from prepazka.queueing.tickets import issues_tickets

# What was stopped by the estimate goes on only when it fits with so much to spare: a service that
# closes and opens by turns would be worse than one that stays closed.
SPARE_MIN = 15.0


@transaction.atomic
def stop_tickets(
    *, office: Directory, service: Service, now: datetime, actor: int | None = None
) -> None:
    """Issue no more walk-in tickets today; without an actor, because the estimate says so.

    What the head has decided for today is not changed by the estimate. May be repeated.
    """
    rule = TicketsRule.STOPPED if actor else TicketsRule.FULL
    if _decide(office, service, rule, now, actor):
        record(
            events.TicketsStopped(
                office=office.office.pk, service=service.pk, at=now, actor=actor, by=_by(actor)
            )
        )


@transaction.atomic
def open_tickets(
    *, office: Directory, service: Service, now: datetime, actor: int | None = None
) -> None:
    """Issue tickets again within the hours; by the head also against the estimate.

    May be repeated.
    """
    if _decide(office, service, TicketsRule.OPEN if actor else "", now, actor):
        record(
            events.TicketsOpened(
                office=office.office.pk, service=service.pk, at=now, actor=actor, by=_by(actor)
            )
        )


def follow_estimate(
    *, office: Directory, service: Service, served_in: float, now: datetime
) -> None:
    """Stop the tickets when four of five newcomers would not be served in time, or go on.

    `served_in` are the minutes in which four of five would be.
    """
    left = _minutes_left(office, service, now)
    rule = service.tickets_today(calendar.day_of(now, office.tz))
    if left is None:
        return
    if not rule and served_in > left and issues_tickets(office, service, now):
        stop_tickets(office=office, service=service, now=now)
    elif rule == TicketsRule.FULL and served_in + SPARE_MIN <= left:
        open_tickets(office=office, service=service, now=now)


def _minutes_left(office: Directory, service: Service, now: datetime) -> float | None:
    """Until closing, with the overtime the office allows; None: the estimate stops nothing."""
    day, overtime = calendar.day_of(now, office.tz), office.office.overtime_min
    hours = office.service_hours(service, day)
    if overtime is None or not hours:
        return None
    closes = calendar.local_instant(day, hours[-1].end, office.tz)
    return (closes - now) / timedelta(minutes=1) + overtime


def _decide(
    office: Directory, service: Service, rule: str, now: datetime, actor: int | None
) -> bool:
    """Write the rule of today, unless it is so already or the estimate may not; was it written."""
    row = Office.objects.select_for_update(no_key=True).get(pk=office.office.pk)
    found, day = Service.objects.get(pk=service.pk), calendar.day_of(now, office.tz)
    known = found.tickets_today(day)
    if known == rule or (actor is None and known not in {"", TicketsRule.FULL}):
        return False
    found.tickets_on, found.tickets_rule = day, rule
    found.save(update_fields=["tickets_on", "tickets_rule"])
    Office.objects.filter(pk=row.pk).update(version=F("version") + 1)
    return True


def _by(actor: int | None) -> str:
    return "head" if actor else "estimate"
