"""Whom a change of hours would touch, and what is proposed to each of them; nothing is written.

The number of SQL statements depends on the services concerned and not on the people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from prepazka.booking import terms
from prepazka.booking.diaries import lanes_of, official_of
from prepazka.booking.models import EXPIRING, LIVE, OPEN, Booking, Busy, DisruptedBooking, State
from prepazka.booking.refusals import NoSuchLane
from prepazka.core import calendar, impact
from prepazka.core.interval import Interval
from prepazka.offices.directory import Directory
from prepazka.offices.models import HoursException, Official

Decision = DisruptedBooking.Decision
During = Interval[datetime]
FARTHEST = timedelta(days=366)
MOST_TERMS = 3
# Nobody is offered a term so soon that they could not answer and come.
SOONEST = timedelta(hours=2)


class Choice(NamedTuple):
    """What the head decided for one person; without a lane, any colleague who can."""

    decision: Decision
    lane: int | None = None


@dataclass
class Row:
    """One booking that no longer fits, what is proposed, and who else could serve it then."""

    booking: Booking
    decision: Decision
    lane: int | None = None
    terms: list[tuple[int, During]] = field(default_factory=list)
    candidates: tuple[int, ...] = ()


@dataclass
class Impact:
    """The people concerned in the order of time; `token` says which list it is."""

    rows: list[Row]
    # Terms that somebody is just filling in, or that are kept for an offer.
    holds: list[Booking]
    # What colleagues were to come to; those meetings stay.
    companions: list[Booking]
    token: str
    after: Directory


def impact_of(
    *,
    office: Directory,
    exceptions: Sequence[HoursException],
    now: datetime,
    choices: Mapping[UUID, Choice] | None = None,
) -> Impact:
    """Who would lose the term by these exceptions, with the choices made and proposals else.

    `office` does not have the exceptions yet. Raises NoSuchLane.
    """
    after = office.besides(exceptions)
    touched = _touched(office, after, exceptions, now)
    affected = [one for one in touched if one.state in OPEN]
    rows = [Row(one, Decision.OFFER, candidates=_candidates(after, one)) for one in affected]
    _propose(after, rows, choices or {}, now)
    held = [one for one in touched if one.state == State.HELD]
    return Impact(
        rows,
        [one for one in held if one.companion_of_id is None],
        [one for one in held if one.companion_of_id],
        token_of(affected),
        after,
    )


def token_of(affected: Iterable[Booking]) -> str:
    """The list as a word: it changes with who is on it, and with where and when they are."""
    said = sorted(f"{one.pk}{one.lane_id}{one.starts_at}{one.state}" for one in affected)
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]


def span_of(exceptions: Iterable[HoursException], today: date) -> tuple[date, date]:
    """The days to come that the exceptions speak of, at most a year of them."""
    most = today + FARTHEST
    first = min((max(one.from_date, today) for one in exceptions), default=today)
    last = max((min(one.to_date or most, most) for one in exceptions), default=today)
    return first, max(first, last)


def official_on(office: Directory, lane: int) -> Official | None:
    """Whose lane it is; None for a lane of an agenda."""
    pk = next((pk for pk, own in lanes_of(office).items() if own == lane), None)
    return office.officials[pk] if pk else None


def _touched(
    office: Directory, after: Directory, exceptions: Sequence[HoursException], now: datetime
) -> list[Booking]:
    """Bookings and holds to come that fit the hours now and would not afterwards."""
    days = span_of(exceptions, calendar.day_of(now, office.tz))
    rows = Booking.objects.filter(
        office=office.office,
        date__range=days,
        state__in=(State.HELD, *OPEN),
        ends_at__gt=now,
    ).exclude(Q(state__in=EXPIRING) & Q(expires_at__lte=now))
    fits, still = Fits(office), Fits(after)
    return [one for one in rows.order_by("starts_at", "pk") if fits(one) and not still(one)]


class Fits:
    """Whether a booking lies within the hours of its lane; each day is laid out once."""

    def __init__(self, office: Directory) -> None:
        self.office = office
        self.known: dict[Hashable, list[During]] = {}

    def __call__(self, booking: Booking) -> bool:
        """Ask about the lane that the booking has."""
        official = official_of(self.office, booking)
        if official:
            return self.with_official(booking, official)
        lanes = terms.lanes_of(self.office, self.office.services[booking.service_id])
        return booking.lane_id in lanes[: self.places(booking)]

    def with_official(self, booking: Booking, official: Official) -> bool:
        """Whether the official takes people for the service at that time."""
        return self._within(booking, official)

    def places(self, booking: Booking) -> int:
        """How many lanes of the agenda can be booked during the whole time of the booking."""
        if not self._within(booking, None):
            return 0
        service, tz = self.office.services[booking.service_id], self.office.tz
        start = calendar.minute_of(booking.starts_at, tz)
        length = int((booking.ends_at - booking.starts_at).total_seconds()) // 60
        reduced = self.office.places(service.agenda_id, booking.date)
        during = Interval(start, start + max(length, 1))
        quota = self.office.rules_of(service).quota
        return min([quota, *(places for when, places in reduced if when.overlaps(during))])

    def _within(self, booking: Booking, official: Official | None) -> bool:
        whose = official.pk if official else 0, booking.companion_of_id is not None
        key = booking.service_id, booking.date, whose, booking.mode
        if key not in self.known:
            service, day = self.office.services[booking.service_id], booking.date
            hours = (
                # Who comes to a colleague's meeting needs no topic, only to be at work.
                self.office.diary_hours(official, day)
                if official and booking.companion_of_id
                else self.office.official_hours(official, service, day, booking.mode)
                if official
                else self.office.booking_hours(service, day, booking.mode)
            )
            laid = (calendar.instants(one, day, self.office.tz) for one in hours)
            self.known[key] = [one for one in laid if one]
        wanted = Interval(booking.starts_at, booking.ends_at)
        return any(one.contains(wanted) for one in self.known[key])


def _candidates(after: Directory, booking: Booking) -> tuple[int, ...]:
    """Lanes that could serve the booking at its time, were they free."""
    fits = after.kept.setdefault("fits", Fits(after))
    service = after.services[booking.service_id]
    if official_of(after, booking) is None:
        lanes = terms.lanes_of(after, service)[: fits.places(booking)]
        return tuple(lane for lane in lanes if lane != booking.lane_id)
    own = lanes_of(after)
    return tuple(
        own[one.pk]
        for one in after.officials_for(service.pk)
        if own[one.pk] != booking.lane_id and fits.with_official(booking, one)
    )


def _propose(
    after: Directory, rows: list[Row], choices: Mapping[UUID, Choice], now: datetime
) -> None:
    taken = _calendar(after, rows, now)
    undecided, offered = [], []
    for row in rows:
        row.candidates = tuple(
            lane for lane in row.candidates if taken.is_free(lane, during_of(row.booking))
        )
    for row in rows:
        choice = choices.get(row.booking.pk)
        if choice is None or choice == (Decision.REASSIGN, None):
            undecided.append(row)
            continue
        row.decision, row.lane = choice
        if choice.decision == Decision.REASSIGN:
            if row.lane is None or row.lane not in row.candidates:
                raise NoSuchLane
            if not taken.is_free(row.lane, during_of(row.booking)):
                raise NoSuchLane
            taken.add(row.lane, during_of(row.booking))
        elif choice.decision == Decision.OFFER:
            offered.append(row)
    found = impact.stay(
        [impact.Visit(r.booking.pk, during_of(r.booking), r.candidates) for r in undecided], taken
    )
    for row in undecided:
        row.lane = found.get(row.booking.pk)
        if row.lane is None:
            row.decision = Decision.OFFER
            offered.append(row)
        else:
            row.decision = Decision.REASSIGN
            taken.add(row.lane, during_of(row.booking))
    _offer(after, sorted(offered, key=lambda r: (r.booking.starts_at, r.booking.pk)), taken, now)


def _offer(after: Directory, rows: list[Row], taken: impact.Calendar, now: datetime) -> None:
    known: dict[tuple[int, int, str], list[impact.Term]] = {}
    for row in rows:
        key = _wanted(row.booking)
        if key not in known:
            known[key] = other_terms(after, *key, now)
    visits = [impact.Visit(r.booking.pk, during_of(r.booking), (r.booking.lane_id,)) for r in rows]
    wanted: dict[Hashable, list[impact.Term]] = {
        r.booking.pk: known[_wanted(r.booking)] for r in rows
    }
    found = impact.substitutes(
        visits, wanted, taken, MOST_TERMS, lambda at: at.astimezone(after.tz)
    )
    for row in rows:
        row.terms = found[row.booking.pk]


def _wanted(booking: Booking) -> tuple[int, int, str]:
    return booking.service_id, booking.persons, booking.mode


def other_terms(
    office: Directory, service: int, persons: int, mode: str, now: datetime
) -> list[impact.Term]:
    """All free terms of the service that somebody can still be asked about, with their lanes."""
    wanted = office.services[service]
    whose = office.officials_for(service)
    own = lanes_of(office)
    lanes = [own[one.pk] for one in whose] if whose else terms.lanes_of(office, wanted)
    sets: dict[int, tuple[int, ...]] = {}
    found = []
    for term in terms.offered(
        office=office, service=wanted, now=now, persons=persons, channel="desk", mode=mode
    ):
        if term.starts_at >= now + SOONEST:
            if term.lanes not in sets:
                sets[term.lanes] = tuple(
                    lane for n, lane in enumerate(lanes) if term.lanes >> n & 1
                )
            found.append(impact.Term(Interval(term.starts_at, term.ends_at), sets[term.lanes]))
    return found


def _calendar(after: Directory, rows: list[Row], now: datetime) -> impact.Calendar:
    """What is taken on the lanes of the candidates, in two statements."""
    own = {lane: pk for pk, lane in lanes_of(after).items()}
    buffers = buffers_of(after)
    lanes = {lane for row in rows for lane in row.candidates}
    if not lanes:
        return impact.Calendar.of((), buffers)
    claims = Booking.objects.filter(
        office=after.office,
        lane__in=lanes,
        date__range=(min(r.booking.date for r in rows), max(r.booking.date for r in rows)),
        state__in=LIVE,
    ).exclude(Q(state__in=EXPIRING) & Q(expires_at__lte=now))
    taken = [
        (lane, Interval(start, end))
        for lane, start, end in claims.values_list("lane_id", "starts_at", "ends_at")
    ]
    lane_of = lanes_of(after)
    busy = Busy.objects.filter(
        office=after.office,
        official__in=[own[lane] for lane in lanes if lane in own],
        starts_at__lt=max(r.booking.ends_at for r in rows) + timedelta(days=1),
        ends_at__gt=min(r.booking.starts_at for r in rows) - timedelta(days=1),
    )
    taken += [
        (lane_of[pk], Interval(start, end))
        for pk, start, end in busy.values_list("official_id", "starts_at", "ends_at")
    ]
    return impact.Calendar.of(taken, buffers)


def buffers_of(office: Directory) -> dict[int, timedelta]:
    """How long each official needs between two people, by lane."""
    return {
        lane: timedelta(minutes=office.officials[pk].buffer_min)
        for pk, lane in lanes_of(office).items()
    }


def during_of(booking: Booking) -> During:
    """The time of the booking."""
    return Interval(booking.starts_at, booking.ends_at)
