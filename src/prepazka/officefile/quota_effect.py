"""The effect of an office's booking quotas on the wait of people without a booking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil

from prepazka.core.demand import Plan
from prepazka.core.figures import REFUSE, WARN
from prepazka.core.whatif import Burden, burden_of_agenda
from prepazka.officefile.file_plan import AgendaPlan, OfficePlan
from prepazka.officefile.phrases import Phrase, listed
from prepazka.officefile.phrases import phrase as _
from prepazka.officefile.workday import Named, NoSuchDay, plan_of

ORDINARY = date(2026, 1, 12)  # a Monday without holidays near
WEEK = 7
MOST_WEEKS = 12
NEARLY = 1e-9  # a stretch of exactly the limit is within it


@dataclass(frozen=True)
class Quota:
    """An agenda's quota on the weekday on which it burdens the counters most."""

    agenda: AgendaPlan
    quota: int
    window_min: int
    day: date
    named: Named  # the plan of that day
    burden: Burden
    sharing: tuple[str, ...]  # codes of other agendas with bookings at the same counters

    @property
    def stretch(self) -> float:
        """The factor by which people without a booking wait longer."""
        return self.burden.stretch

    @property
    def warned(self) -> bool:
        """Whether the stretch is above the limit for a warning."""
        return self.stretch > WARN + NEARLY

    @property
    def refused(self) -> bool:
        """Whether the stretch is above the limit from which a reason is required."""
        return self.stretch > REFUSE + NEARLY

    @property
    def times(self) -> str:
        """The rounded stretch as text; "∞" if the quota leaves no time for others."""
        return f"{self.rounded:.2f}" if self.burden.taken < 1 else "∞"

    @property
    def rounded(self) -> float:
        """The stretch rounded up to hundredths, so that what exceeds a limit shows it."""
        return ceil(self.stretch * 100 - NEARLY) / 100

    def with_quota(self, quota: int) -> Quota:
        """The same day with another quota."""
        plan = with_quota(self.named.plan, self.named.agendas[self.agenda.code], quota)
        new_burden = burden_of_agenda(plan, self.named.agendas[self.agenda.code]) or self.burden
        return replace(self, quota=quota, burden=new_burden)


def with_quota(plan: Plan, agenda: int, quota: int) -> Plan:
    """The plan with another quota of the agenda."""
    changed = (replace(b, quota=quota) if b.agenda == agenda else b for b in plan.bookable)
    return replace(plan, bookable=tuple(changed))


def quotas(
    office: OfficePlan,
    *,
    since: date | None = None,
    means: Mapping[str, float] | None = None,
) -> dict[str, Quota]:
    """The quotas by the agenda's code, each on its worst day, in the order of the file.

    Agendas whose counters serve only people with a booking are left out, as nobody waits longer
    there. With `since` only the week from that day counts, otherwise a regular week of each
    validity of hours. `means` are minutes of services by code.
    """
    worst: dict[str, Quota] = {}
    for day in _days(office, since):
        try:
            named = plan_of(office, day, lunches=False, means=means)
        except NoSuchDay:
            continue
        for agenda in office.agendas:
            quota = _quota_on(office, agenda, day, named)
            if quota and (agenda.code not in worst or quota.stretch > worst[agenda.code].stretch):
                worst[agenda.code] = quota
    return {a.code: worst[a.code] for a in office.agendas if a.code in worst}


def _days(office: OfficePlan, since: date | None) -> Iterator[date]:
    """The days of the weeks that count: from `since`, or one week per validity of hours."""
    if since:
        mondays = [since]
    else:
        scopes = [office.times, *(a.times for a in office.agendas)]
        scopes += [c.times for c in office.counters]
        rows = (row for times in scopes for row in (*times.hours, *times.booking_hours))
        starts = {row.valid_from for row in rows if row.valid_from}
        mondays = [ORDINARY, *sorted(starts)[:MOST_WEEKS]]
    for monday in mondays:
        yield from (monday + timedelta(days=n) for n in range(WEEK))


def _quota_on(office: OfficePlan, agenda: AgendaPlan, day: date, named: Named) -> Quota | None:
    number = named.agendas[agenda.code]
    windows = next((b.windows for b in named.plan.bookable if b.agenda == number), ())
    if agenda.booking is None or not windows or not _takes_walk_ins(office, agenda):
        return None
    agenda_burden = burden_of_agenda(named.plan, number)
    if agenda_burden is None:
        return None
    codes = {n: code for code, n in named.agendas.items()}
    length = windows[0].end - windows[0].start
    sharing = tuple(codes[n] for n in agenda_burden.sharing)
    return Quota(agenda, agenda.booking.quota, length, day, named, agenda_burden, sharing)


def _takes_walk_ins(office: OfficePlan, agenda: AgendaPlan) -> bool:
    """Whether the agenda's counters serve people without a booking."""
    own_codes = {s.code for s in agenda.services}
    served_there = {
        code for c in office.counters if own_codes & set(c.services) for code in c.services
    }
    return any(s.walk_in for s in office.services() if s.code in served_there)


def quota_warnings(office: OfficePlan) -> list[str]:
    """A line for each quota above the limit for a warning."""
    return [
        f"agendas.{code}.booking.quota: {quota_in_words(quota)}"
        for code, quota in quotas(office).items()
        if quota.warned
    ]


def quota_in_words(quota: Quota) -> Phrase:
    """The quota and its effect as a phrase."""
    effect = _("makes those without a booking wait %(times)s times as long", times=quota.times)
    if quota.burden.taken >= 1:
        effect = _("leaves no time of the counters to those without a booking")
    number = quota.burden.counters
    counters = _("1 counter") if number == 1 else _("%(number)s counters", number=number)
    shared = _(", shared with %(agendas)s", agendas=listed(quota.sharing)) if quota.sharing else ""
    return _(
        "%(quota)s per %(window)s min %(effect)s (%(counters)s at the thinnest moment%(shared)s;"
        " %(mean)s min a service)",
        quota=quota.quota,
        window=quota.window_min,
        effect=effect,
        counters=counters,
        shared=shared,
        mean=f"{quota.burden.mean:.3g}",
    )
