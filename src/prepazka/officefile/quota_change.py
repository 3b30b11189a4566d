"""Setting a quota in the screens: what it would do, and doing it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, QuerySet

from prepazka.booking.models import Booking, Lane
from prepazka.booking.places import withdraw_beyond
from prepazka.booking.refusals import NoSuchQuota, QuotaNeedsReason, ReasonWithContact
from prepazka.core import calendar, events
from prepazka.core.demand import MOST_LANES as MOST_SIMULATED
from prepazka.core.demand import Plan
from prepazka.core.slots import MOST_LANES
from prepazka.core.whatif import Difference, compare, simulate_both
from prepazka.journal.record import record
from prepazka.officefile.conflicts import COMING
from prepazka.officefile.export import plan_of
from prepazka.officefile.load import lock_coming_days
from prepazka.officefile.quotas import Quota, quotas, with_quota
from prepazka.officefile.rules import REASON
from prepazka.offices import directory
from prepazka.offices.directory import Directory
from prepazka.offices.models import Agenda, Office
from prepazka.queueing import learning
from prepazka.queueing.models import State, Ticket

MOST_DAYS = 100
SEED = 1
COUNTED = timedelta(days=28)
ENOUGH_DAYS = 5  # of tickets, to know how many people come
# What looks like a telephone number, a number of a person or an address of theirs.
CONTACT = re.compile(r"@|(?:\d[ /-]?){6,}")


@dataclass(frozen=True)
class Effect:
    """What another quota would do."""

    now: Quota
    then: Quota
    days: int  # that were simulated; none, where so many places cannot be
    differences: dict[str, Difference]
    counted: bool  # the people who come are those of the last weeks, not an assumption
    beyond: int  # bookings to come on places above the quota, which they keep


def present(office: Directory, *, now: datetime) -> dict[str, Quota]:
    """The quotas of the office in an ordinary week, with learned service times where there are."""
    return quotas(
        plan_of(office.regular), since=calendar.day_of(now, office.tz), means=_means(office)
    )


def learned(office: Directory, agenda: Agenda) -> bool:
    """Whether the times of all its booked services have been learned."""
    times = learning.known(office).times
    own = [s for s in office.offered_services() if s.agenda_id == agenda.pk and s.bookable]
    return not any(times.thin(s.pk) for s in own)


def _means(office: Directory) -> dict[str, float]:
    times = learning.known(office).times
    known = [s for s in office.offered_services() if not times.thin(s.pk)]
    return {s.code: times.mean(s.pk) for s in known}


def effect(
    office: Directory, found: Quota, quota: int, *, now: datetime, enough: Callable[[], bool]
) -> Effect:
    """What the quota does by the formula and on simulated days, as many as there is time for.

    Raises NoSuchQuota.
    """
    _check(quota)
    agenda = _agenda(office, found)
    then = found.with_quota(quota)
    days, differences, counted = 0, list[Difference](), False
    if max(found.quota, quota) <= MOST_SIMULATED:
        plan, counted = _as_people_come(office, found, now)
        number = found.named.agendas[found.agenda.code]
        after = with_quota(plan, number, quota)
        both = simulate_both(plan, after, most=MOST_DAYS, seed=SEED, enough=enough)
        days, differences = len(both[0].days), compare(*both)
    beyond = _beyond(office.office, agenda, quota, now).count() if quota < found.quota else 0
    return Effect(found, then, days, {d.name: d for d in differences}, counted, beyond)


def _agenda(office: Directory, found: Quota) -> Agenda:
    return next(a for a in office.agendas.values() if a.code == found.agenda.code and not a.retired)


def _as_people_come(office: Directory, found: Quota, now: datetime) -> tuple[Plan, bool]:
    """The plan of the day with as many people as have come of late."""
    plan, since = found.named.plan, calendar.day_of(now, office.tz) - COUNTED
    seen = Ticket.objects.filter(
        office=office.office, date__gte=since, date__lt=calendar.day_of(now, office.tz)
    ).exclude(state=State.CANCELLED)
    days = seen.aggregate(days=Count("date", distinct=True))["days"]
    plan = replace(plan, no_show=1 - learning.known(office).shows_up)
    if days < ENOUGH_DAYS:
        return plan, False
    rows = dict(seen.values_list("service").annotate(many=Count("pk")))
    numbers = {s.code: n for n, s in enumerate(plan_of(office.regular).services(), start=1)}
    many = {numbers[s.code]: rows.get(s.pk, 0) / days for s in office.offered_services()}
    asked = tuple(replace(a, clients=many.get(a.service, 0.0)) for a in plan.asked)
    return replace(plan, asked=asked), True


def _check(quota: int) -> None:
    if not 1 <= quota <= MOST_LANES:
        raise NoSuchQuota


def _beyond(office: Office, agenda: Agenda, quota: int, now: datetime) -> QuerySet[Booking]:
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
    """Set how many may book each window of the agenda; bookings above it are kept.

    Raises NoSuchQuota, QuotaNeedsReason where walk-ins would wait too long, ReasonWithContact.
    """
    _check(quota)
    reason = " ".join(reason.split())[:REASON]
    if CONTACT.search(reason):
        raise ReasonWithContact
    locked = Office.objects.select_for_update(no_key=True).get(pk=office.pk)
    row = Agenda.objects.get(office=locked, code=agenda, retired=False)
    before = row.rules
    lock_coming_days(locked, [before], now)
    found = present(directory.read(locked), now=now).get(agenda)
    then = found.with_quota(quota) if found else None
    if then and then.refused and not reason:
        raise QuotaNeedsReason
    row.rules_data = replace(before, quota=quota, quota_reason=reason).data()
    row.save(update_fields=["rules_data"])
    known = set(row.lanes.values_list("number", flat=True))
    Lane.objects.bulk_create(
        Lane(office=locked, agenda=row, number=n) for n in range(quota) if n not in known
    )
    locked.version += 1
    locked.save(update_fields=["version"])
    withdraw_beyond(directory.read(locked), now=now)
    record(
        events.QuotaSet(
            office=locked.pk,
            at=now,
            actor=actor,
            agenda=row.pk,
            before=before.quota,
            after=quota,
            stretch=then.times if then else "",
            reason=reason,
        )
    )
    return then
