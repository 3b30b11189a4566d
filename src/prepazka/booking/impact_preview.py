"""Preview of a change of hours: the bookings affected and a proposal for each. Writes nothing.

The number of SQL statements depends on the services concerned, not on the number of bookings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from prepazka.booking import slot_search
from prepazka.booking.diaries import lanes_of, official_of
from prepazka.booking.models import (
    EXPIRING,
    LIVE,
    OPEN,
    Booking,
    BookingState,
    Busy,
    DisruptedBooking,
)
from prepazka.booking.refusals import NoSuchLane
from prepazka.core import calendar, displacement
from prepazka.core.interval import Interval
from prepazka.offices.models import HoursException, Official
from prepazka.offices.office_snapshot import OfficeSnapshot

Decision = DisruptedBooking.Decision
During = Interval[datetime]
FARTHEST = timedelta(days=366)
MOST_SLOTS = 3
# The earliest substitute: people need time to answer and to come.
SOONEST = timedelta(hours=2)


class Choice(NamedTuple):
    """The head's decision for one booking; without a lane, any colleague who is free."""

    decision: Decision
    lane: int | None = None


@dataclass
class Row:
    """A booking that no longer fits, the proposed decision, and the lanes that could take it."""

    booking: Booking
    decision: Decision
    lane: int | None = None
    slots: list[tuple[int, During]] = field(default_factory=list)
    candidates: tuple[int, ...] = ()


@dataclass
class Impact:
    """The affected bookings ordered by time; `token` identifies this list."""

    rows: list[Row]
    # Holds of people who are filling in the form, and holds kept for an offer.
    holds: list[Booking]
    # Companions who can no longer come; the meetings themselves stay.
    companions: list[Booking]
    token: str
    after: OfficeSnapshot


def impact_of(
    *,
    office: OfficeSnapshot,
    exceptions: Sequence[HoursException],
    now: datetime,
    choices: Mapping[UUID, Choice] | None = None,
) -> Impact:
    """The bookings that would lose their time by the exceptions, with a decision for each.

    The decision is the one in `choices`, else a proposal. `office` is the snapshot without the
    exceptions. Raises NoSuchLane.
    """
    after = office.besides(exceptions)
    touched = _touched(office, after, exceptions, now)
    affected = [booking for booking in touched if booking.state in OPEN]
    rows = [
        Row(booking, Decision.OFFER, candidates=_candidates(after, booking)) for booking in affected
    ]
    _propose_decisions(after, rows, choices or {}, now)
    held = [booking for booking in touched if booking.state == BookingState.HELD]
    return Impact(
        rows,
        [booking for booking in held if booking.companion_of_id is None],
        [booking for booking in held if booking.companion_of_id],
        impact_token(affected),
        after,
    )


def impact_token(affected: Iterable[Booking]) -> str:
    """A fingerprint of the list; changes with the bookings, their lanes, times and states."""
    lines = sorted(
        f"{booking.pk}{booking.lane_id}{booking.starts_at}{booking.state}" for booking in affected
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def days_affected(exceptions: Iterable[HoursException], today: date) -> tuple[date, date]:
    """The first and last future day of the exceptions, at most a year ahead."""
    farthest = today + FARTHEST
    first_day = min((max(exception.from_date, today) for exception in exceptions), default=today)
    last_day = max(
        (min(exception.to_date or farthest, farthest) for exception in exceptions), default=today
    )
    return first_day, max(first_day, last_day)


def lane_official(office: OfficeSnapshot, lane: int) -> Official | None:
    """The official of the lane; None for a lane of an agenda."""
    pk = next((pk for pk, lane_id in lanes_of(office).items() if lane_id == lane), None)
    return office.officials[pk] if pk else None


def _touched(
    office: OfficeSnapshot,
    after: OfficeSnapshot,
    exceptions: Sequence[HoursException],
    now: datetime,
) -> list[Booking]:
    """Future bookings and holds that fit the hours before the change and not after it."""
    days = days_affected(exceptions, calendar.day_of(now, office.tz))
    rows = Booking.objects.filter(
        office=office.row,
        date__range=days,
        state__in=(BookingState.HELD, *OPEN),
        ends_at__gt=now,
    ).exclude(Q(state__in=EXPIRING) & Q(expires_at__lte=now))
    fits_before, fits_after = Fits(office), Fits(after)
    return [
        booking
        for booking in rows.order_by("starts_at", "pk")
        if fits_before(booking) and not fits_after(booking)
    ]


class Fits:
    """Tells whether a booking lies within the hours of its lane; caches the hours of each day."""

    def __init__(self, office: OfficeSnapshot) -> None:
        self.office = office
        self.openings: dict[Hashable, list[During]] = {}

    def __call__(self, booking: Booking) -> bool:
        """Whether the booking fits on the lane that it has."""
        official = official_of(self.office, booking)
        if official:
            return self.with_official(booking, official)
        lanes = slot_search.lanes_of(self.office, self.office.services[booking.service_id])
        return booking.lane_id in lanes[: self.places(booking)]

    def with_official(self, booking: Booking, official: Official) -> bool:
        """Whether the booking would fit with this official."""
        return self._is_within_hours(booking, official)

    def places(self, booking: Booking) -> int:
        """The number of lanes of the agenda that are open during the whole booking."""
        if not self._is_within_hours(booking, None):
            return 0
        service, tz = self.office.services[booking.service_id], self.office.tz
        start = calendar.minute_of(booking.starts_at, tz)
        length = int((booking.ends_at - booking.starts_at).total_seconds()) // 60
        reduced = self.office.opening_hours.reduced_places(service.agenda_id, booking.date)
        during = Interval(start, start + max(length, 1))
        quota = self.office.rules_of(service).quota
        return min([quota, *(places for when, places in reduced if when.overlaps(during))])

    def _is_within_hours(self, booking: Booking, official: Official | None) -> bool:
        diary_key = official.pk if official else 0, booking.companion_of_id is not None
        key = booking.service_id, booking.date, diary_key, booking.mode
        if key not in self.openings:
            service, day = self.office.services[booking.service_id], booking.date
            hours = (
                # A companion only has to be at work; the service does not matter.
                self.office.opening_hours.of_diary(official.pk, day)
                if official and booking.companion_of_id
                else self.office.opening_hours.of_official(
                    official.pk, service.pk, day, booking.mode
                )
                if official
                else self.office.opening_hours.bookable(service.pk, day, booking.mode)
            )
            laid = (calendar.instants_of_minutes(minutes, day, self.office.tz) for minutes in hours)
            self.openings[key] = [opening for opening in laid if opening]
        booked_time = Interval(booking.starts_at, booking.ends_at)
        return any(opening.contains(booked_time) for opening in self.openings[key])


def _candidates(after: OfficeSnapshot, booking: Booking) -> tuple[int, ...]:
    """Lanes whose hours allow the booking at its time, free or not."""
    fits = after.kept.setdefault("fits", Fits(after))
    service = after.services[booking.service_id]
    if official_of(after, booking) is None:
        lanes = slot_search.lanes_of(after, service)[: fits.places(booking)]
        return tuple(lane for lane in lanes if lane != booking.lane_id)
    lane_of = lanes_of(after)
    return tuple(
        lane_of[official.pk]
        for official in after.officials_for(service.pk)
        if lane_of[official.pk] != booking.lane_id and fits.with_official(booking, official)
    )


def _propose_decisions(
    after: OfficeSnapshot, rows: list[Row], choices: Mapping[UUID, Choice], now: datetime
) -> None:
    occupied = _occupied_time(after, rows, now)
    undecided, offered = [], []
    for row in rows:
        row.candidates = tuple(
            lane
            for lane in row.candidates
            if occupied.is_free(lane, interval_of_booking(row.booking))
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
            if not occupied.is_free(row.lane, interval_of_booking(row.booking)):
                raise NoSuchLane
            occupied.add(row.lane, interval_of_booking(row.booking))
        elif choice.decision == Decision.OFFER:
            offered.append(row)
    assigned = displacement.lanes_to_stay_on(
        [
            displacement.Visit(r.booking.pk, interval_of_booking(r.booking), r.candidates)
            for r in undecided
        ],
        occupied,
    )
    for row in undecided:
        row.lane = assigned.get(row.booking.pk)
        if row.lane is None:
            row.decision = Decision.OFFER
            offered.append(row)
        else:
            row.decision = Decision.REASSIGN
            occupied.add(row.lane, interval_of_booking(row.booking))
    _offer_substitutes(
        after, sorted(offered, key=lambda r: (r.booking.starts_at, r.booking.pk)), occupied, now
    )


def _offer_substitutes(
    after: OfficeSnapshot, rows: list[Row], occupied: displacement.Calendar, now: datetime
) -> None:
    slots_of: dict[tuple[int, int, str], list[displacement.Slot]] = {}
    for row in rows:
        key = _wish_of(row.booking)
        if key not in slots_of:
            slots_of[key] = substitute_slots(after, *key, now)
    visits = [
        displacement.Visit(r.booking.pk, interval_of_booking(r.booking), (r.booking.lane_id,))
        for r in rows
    ]
    wishes: dict[Hashable, list[displacement.Slot]] = {
        r.booking.pk: slots_of[_wish_of(r.booking)] for r in rows
    }
    substitutes = displacement.choose_substitutes(
        visits, wishes, occupied, MOST_SLOTS, lambda at: at.astimezone(after.tz)
    )
    for row in rows:
        row.slots = substitutes[row.booking.pk]


def _wish_of(booking: Booking) -> tuple[int, int, str]:
    return booking.service_id, booking.persons, booking.mode


def substitute_slots(
    office: OfficeSnapshot, service: int, persons: int, mode: str, now: datetime
) -> list[displacement.Slot]:
    """All free slots of the service from two hours ahead on, with their lanes."""
    wanted_service = office.services[service]
    officials = office.officials_for(service)
    lane_of = lanes_of(office)
    lanes = (
        [lane_of[official.pk] for official in officials]
        if officials
        else slot_search.lanes_of(office, wanted_service)
    )
    sets: dict[int, tuple[int, ...]] = {}
    free_slots = []
    for slot in slot_search.search_slots(
        office=office, service=wanted_service, now=now, persons=persons, channel="desk", mode=mode
    ):
        if slot.starts_at >= now + SOONEST:
            if slot.lanes not in sets:
                sets[slot.lanes] = tuple(
                    lane for n, lane in enumerate(lanes) if slot.lanes >> n & 1
                )
            free_slots.append(
                displacement.Slot(Interval(slot.starts_at, slot.ends_at), sets[slot.lanes])
            )
    return free_slots


def _occupied_time(after: OfficeSnapshot, rows: list[Row], now: datetime) -> displacement.Calendar:
    """The occupied time on the candidates' lanes; two SQL statements."""
    official_of_lane = {lane: pk for pk, lane in lanes_of(after).items()}
    buffers = buffers_by_lane(after)
    lanes = {lane for row in rows for lane in row.candidates}
    if not lanes:
        return displacement.Calendar.of((), buffers)
    claims = Booking.objects.filter(
        office=after.row,
        lane__in=lanes,
        date__range=(min(r.booking.date for r in rows), max(r.booking.date for r in rows)),
        state__in=LIVE,
    ).exclude(Q(state__in=EXPIRING) & Q(expires_at__lte=now))
    occupied = [
        (lane, Interval(start, end))
        for lane, start, end in claims.values_list("lane_id", "starts_at", "ends_at")
    ]
    lane_of = lanes_of(after)
    busy = Busy.objects.filter(
        office=after.row,
        official__in=[official_of_lane[lane] for lane in lanes if lane in official_of_lane],
        starts_at__lt=max(r.booking.ends_at for r in rows) + timedelta(days=1),
        ends_at__gt=min(r.booking.starts_at for r in rows) - timedelta(days=1),
    )
    occupied += [
        (lane_of[pk], Interval(start, end))
        for pk, start, end in busy.values_list("official_id", "starts_at", "ends_at")
    ]
    return displacement.Calendar.of(occupied, buffers)


def buffers_by_lane(office: OfficeSnapshot) -> dict[int, timedelta]:
    """The break that each official needs between two bookings, by lane."""
    return {
        lane: timedelta(minutes=office.officials[pk].buffer_min)
        for pk, lane in lanes_of(office).items()
    }


def interval_of_booking(booking: Booking) -> During:
    """The time of the booking."""
    return Interval(booking.starts_at, booking.ends_at)
