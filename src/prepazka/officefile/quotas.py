"""What the booking quotas of an office do to people who come without a booking."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil

from prepazka.core.demand import Plan
from prepazka.core.figures import REFUSE, WARN
from prepazka.core.whatif import Burden, burden
from prepazka.officefile.plan import AgendaPlan, OfficePlan
from prepazka.officefile.workday import Named, NoSuchDay, plan_of

ORDINARY = date(2026, 1, 12)  # a Monday without holidays near
WEEK = 7
MOST_WEEKS = 12
NEARLY = 1e-9  # a stretch of exactly the limit is within it


@dataclass(frozen=True)
class Quota:
    """An agenda's quota on the day of the week on which it burdens the counters most."""

    agenda: AgendaPlan
    quota: int
    window_min: int
    day: date
    named: Named  # the plan of that day
    burden: Burden
    sharing: tuple[str, ...]  # codes of the other agendas whose booked are served there

    @property
    def stretch(self) -> float:
        """By what factor the wait of those without a booking grows."""
        return self.burden.stretch

    @property
    def warned(self) -> bool:
        """Whether it is more than an office should ask of them."""
        return self.stretch > WARN + NEARLY

    @property
    def refused(self) -> bool:
        """Whether it needs a reason."""
        return self.stretch > REFUSE + NEARLY

    @property
    def times(self) -> str:
        """The stretch as it is written, rounded up; a quota may leave no time for others at all."""
        return f"{self.rounded:.2f}" if self.burden.taken < 1 else "∞"

    @property
    def rounded(self) -> float:
        """The stretch to hundredths, upwards, so that what exceeds a limit is seen to."""
        return ceil(self.stretch * 100 - NEARLY) / 100

    def with_quota(self, quota: int) -> Quota:
        """The same day with another quota."""
        plan = with_quota(self.named.plan, self.named.agendas[self.agenda.code], quota)
        found = burden(plan, self.named.agendas[self.agenda.code]) or self.burden
        return replace(self, quota=quota, burden=found)


def with_quota(plan: Plan, agenda: int, quota: int) -> Plan:
    """The plan with so many places per window of the agenda."""
    changed = (replace(b, quota=quota) if b.agenda == agenda else b for b in plan.bookable)
    return replace(plan, bookable=tuple(changed))


def quotas(
    office: OfficePlan,
    *,
    since: date | None = None,
    means: Mapping[str, float] | None = None,
) -> dict[str, Quota]:
    """The quotas by the agenda's code, each on its worst day; in the order of the file.

    Agendas whose counters take nobody without a booking have none: no one waits there longer.
    `since`: only the week from this day counts; without it, ordinary weeks of all hours of the file.
    """
    worst: dict[str, Quota] = {}
    for day in _days(office, since):
        try:
            named = plan_of(office, day, lunches=False, means=means)
        except NoSuchDay:
            continue
        for agenda in office.agendas:
            found = _on(office, agenda, day, named)
            if found and (agenda.code not in worst or found.stretch > worst[agenda.code].stretch):
                worst[agenda.code] = found
    return {a.code: worst[a.code] for a in office.agendas if a.code in worst}


def _days(office: OfficePlan, since: date | None) -> Iterator[date]:
    """Days of the weeks that count; a week for each date from which hours are valid."""
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


def _on(office: OfficePlan, agenda: AgendaPlan, day: date, named: Named) -> Quota | None:
    number = named.agendas[agenda.code]
    windows = next((b.windows for b in named.plan.bookable if b.agenda == number), ())
    if agenda.booking is None or not windows or not _takes_walk_ins(office, agenda):
        return None
    found = burden(named.plan, number)
    if found is None:
        return None
    codes = {n: code for code, n in named.agendas.items()}
    length = windows[0].end - windows[0].start
    sharing = tuple(codes[n] for n in found.sharing)
    return Quota(agenda, agenda.booking.quota, length, day, named, found, sharing)


def _takes_walk_ins(office: OfficePlan, agenda: AgendaPlan) -> bool:
    """Whether anybody without a booking is served where the agenda is."""
    own = {s.code for s in agenda.services}
    there = {code for c in office.counters if own & set(c.services) for code in c.services}
    return any(s.walk_in for s in office.services() if s.code in there)


def warnings(office: OfficePlan) -> list[str]:
    """A line for each quota that stretches the wait of walk-ins too much."""
    return [
        f"agendas.{code}.booking.quota: {said(one)}"
        for code, one in quotas(office).items()
        if one.warned
    ]


def said(one: Quota) -> str:
    """The quota and what it does, as a phrase."""
    does = f"makes those without a booking wait {one.times} times as long"
    if one.burden.taken >= 1:
        does = "leaves no time of the counters to those without a booking"
    counters = "1 counter" if one.burden.counters == 1 else f"{one.burden.counters} counters"
    shared = f", shared with {', '.join(one.sharing)}" if one.sharing else ""
    return (
        f"{one.quota} per {one.window_min} min {does} ({counters} at the thinnest moment{shared};"
        f" {one.burden.mean:.3g} min a service)"
    )
