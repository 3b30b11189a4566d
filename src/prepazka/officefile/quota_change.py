"""Changing an agenda's quota from the screens, with a preview of its effect."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, QuerySet

from prepazka.booking.models import Booking, Lane
from prepazka.booking.refusals import NoSuchQuota, QuotaNeedsReason, ReasonWithContact
from prepazka.booking.waiting_list_offers import withdraw_offers_beyond_quota
from prepazka.core import calendar, events
from prepazka.core.demand import MOST_LANES as MOST_SIMULATED
from prepazka.core.demand import Plan
from prepazka.core.slots import MOST_LANES
from prepazka.core.whatif import Difference, compare_figures, simulate_both
from prepazka.journal.record import record
from prepazka.officefile.booking_rules_section import REASON
from prepazka.officefile.conflicts import COMING
from prepazka.officefile.office_export import plan_of
from prepazka.officefile.office_loading import lock_coming_days
from prepazka.officefile.quota_effect import Quota, quotas, with_quota
from prepazka.offices import office_snapshot
from prepazka.offices.models import Agenda, Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import wait_learning
from prepazka.queueing.models import Ticket, TicketState

MOST_DAYS = 100
SEED = 1
COUNTED = timedelta(days=28)
ENOUGH_DAYS = 5  # with tickets, from which the number of people is estimated
# Text that looks like a telephone number, a personal number or an e-mail address.
CONTACT = re.compile(r"@|(?:\d[ /-]?){6,}")


@dataclass(frozen=True)
class Effect:
    """The effect of another quota."""

    now: Quota
    then: Quota
    days: int  # simulated; 0 if there are too many places to simulate
    differences: dict[str, Difference]
    counted: bool  # whether the demand is that of the last weeks and not an assumption
    beyond: int  # future bookings on places above the quota, which they keep


def present_quotas(office: OfficeSnapshot, *, now: datetime) -> dict[str, Quota]:
    """The office's quotas by the agenda's code in its regular week, with learned service times."""
    return quotas(
        plan_of(office.regular), since=calendar.day_of(now, office.tz), means=_learned_means(office)
    )


def has_learned_times(office: OfficeSnapshot, agenda: Agenda) -> bool:
    """Whether the service times of all the agenda's bookable services have been learned."""
    times = wait_learning.learned_times(office).times
    services = [s for s in office.offered_services() if s.agenda_id == agenda.pk and s.bookable]
    return not any(times.thin(s.pk) for s in services)


def _learned_means(office: OfficeSnapshot) -> dict[str, float]:
    times = wait_learning.learned_times(office).times
    services = [s for s in office.offered_services() if not times.thin(s.pk)]
    return {s.code: times.mean(s.pk) for s in services}


def effect_of_quota(
    office: OfficeSnapshot, current: Quota, quota: int, *, now: datetime, enough: Callable[[], bool]
) -> Effect:
    """The effect of a quota by the formula and on simulated days.

    It simulates days until `enough` returns true, at most 100. Raises NoSuchQuota.
    """
    _check(quota)
    agenda = _agenda(office, current)
    then = current.with_quota(quota)
    days, differences, counted = 0, list[Difference](), False
    if max(current.quota, quota) <= MOST_SIMULATED:
        plan, counted = _plan_with_demand(office, current, now)
        number = current.named.agendas[current.agenda.code]
        after = with_quota(plan, number, quota)
        simulated = simulate_both(plan, after, limit=MOST_DAYS, seed=SEED, enough=enough)
        days, differences = len(simulated[0].days), compare_figures(*simulated)
    beyond = (
        _bookings_beyond(office.row, agenda, quota, now).count() if quota < current.quota else 0
    )
    return Effect(current, then, days, {d.name: d for d in differences}, counted, beyond)


def _agenda(office: OfficeSnapshot, current: Quota) -> Agenda:
    return next(
        a for a in office.agendas.values() if a.code == current.agenda.code and not a.retired
    )


def _plan_with_demand(office: OfficeSnapshot, current: Quota, now: datetime) -> tuple[Plan, bool]:
    """The plan of the day with the demand of the last four weeks, and whether that was known."""
    plan, since = current.named.plan, calendar.day_of(now, office.tz) - COUNTED
    tickets = Ticket.objects.filter(
        office=office.row, date__gte=since, date__lt=calendar.day_of(now, office.tz)
    ).exclude(state=TicketState.CANCELLED)
    days = tickets.aggregate(days=Count("date", distinct=True))["days"]
    plan = replace(plan, no_show=1 - wait_learning.learned_times(office).shows_up)
    if days < ENOUGH_DAYS:
        return plan, False
    rows = dict(tickets.values_list("service").annotate(many=Count("pk")))
    numbers = {s.code: n for n, s in enumerate(plan_of(office.regular).services(), start=1)}
    per_day = {numbers[s.code]: rows.get(s.pk, 0) / days for s in office.offered_services()}
    demand = tuple(replace(a, clients=per_day.get(a.service, 0.0)) for a in plan.asked)
    return replace(plan, asked=demand), True


def _check(quota: int) -> None:
    if not 1 <= quota <= MOST_LANES:
        raise NoSuchQuota


def _bookings_beyond(
    office: Office, agenda: Agenda, quota: int, now: datetime
) -> QuerySet[Booking]:
    return Booking.objects.filter(
        office=office,
        lane__agenda=agenda,
        lane__number__gte=quota,
        state__in=COMING,
        starts_at__gt=now,
    )


@transaction.atomic
def set_quota(
    *, office: Office, agenda: str, quota: int, reason: str, now: datetime, actor: int | None
) -> Quota | None:
    """Set the agenda's quota; bookings above it stay. Returns its effect, None if it has none.

    Raises NoSuchQuota, QuotaNeedsReason if walk-ins would wait too long, ReasonWithContact.
    """
    _check(quota)
    reason = " ".join(reason.split())[:REASON]
    if CONTACT.search(reason):
        raise ReasonWithContact
    locked = Office.objects.select_for_update(no_key=True).get(pk=office.pk)
    row = Agenda.objects.get(office=locked, code=agenda, retired=False)
    previous_rules = row.rules
    lock_coming_days(locked, [previous_rules], now)
    current = present_quotas(office_snapshot.read_snapshot(locked), now=now).get(agenda)
    then = current.with_quota(quota) if current else None
    if then and then.refused and not reason:
        raise QuotaNeedsReason
    row.rules_data = replace(previous_rules, quota=quota, quota_reason=reason).data()
    row.save(update_fields=["rules_data"])
    existing = set(row.lanes.values_list("number", flat=True))
    Lane.objects.bulk_create(
        Lane(office=locked, agenda=row, number=n) for n in range(quota) if n not in existing
    )
    locked.version += 1
    locked.save(update_fields=["version"])
    withdraw_offers_beyond_quota(office_snapshot.read_snapshot(locked), now=now)
    record(
        events.QuotaSet(
            office=locked.pk,
            at=now,
            actor=actor,
            agenda=row.pk,
            before=previous_rules.quota,
            after=quota,
            stretch=then.times if then else "",
            reason=reason,
        )
    )
    return then
