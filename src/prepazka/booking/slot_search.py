"""Search for free slots: reads what is taken in two SQL statements; `core.slots` decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import cast
from uuid import UUID

from django.db import connection

from prepazka.booking import colleague_claims, diaries, sql
from prepazka.booking.models import Booking, Channel, Lane
from prepazka.booking.refusals import SlotNotOffered, SlotTaken
from prepazka.core import calendar, slots
from prepazka.core.day_layout import (
    DayLayout,
    closed_lanes,
    lay_out,
    lay_out_diaries,
    local_claims,
    local_moment,
)
from prepazka.core.interval import Interval
from prepazka.core.slots import Moment, Rules, Slot
from prepazka.offices.models import Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """The lane and the interval to book."""

    lane: int
    during: Interval[datetime]


@dataclass
class Taken:
    """The bookings of one day as local minutes on sets of lanes, and the public's places."""

    claims: list[slots.Taken] = field(default_factory=list)
    public: int = 0


def units_of(office: OfficeSnapshot, service: Service, persons: int) -> int:
    """The number of windows (or durations) of one booking: consecutive time for each person."""
    return _units(office.rules_of(service), service, persons)


def _units(rules: Rules, service: Service, persons: int) -> int:
    if rules.kind == "slot":
        return persons
    return persons * -(-service.duration_min // rules.window_min)


def search_slots(
    *,
    office: OfficeSnapshot,
    service: Service,
    now: datetime,
    days: Iterable[date] | None = None,
    persons: int = 1,
    channel: str = Channel.WEB,
    besides: UUID | None = None,
    official: Official | None = None,
    mode: str | None = None,
    together: Sequence[Official] = (),
) -> list[Slot]:
    """The free slots ordered by time, by default in the whole horizon.

    `besides` is a booking being moved, which does not count as taken. Without an `official`, a
    service of officials is offered with any of them; without a `mode`, in the usual one. The
    officials in `together`, and the colleagues of the booking `besides`, must be free too. Two SQL
    statements whatever the number of days, lanes, officials and bookings.
    """
    day_list = list(days) if days is not None else days_of_horizon(office, service, now)
    officials = _officials_searched(office, service, official)
    mode = mode or service.usual_mode
    if not day_list or officials == [] or not _is_offered(service, mode):
        return []
    rules, moment = office.rules_of(service), local_moment(now, office.tz)
    occupied = _occupied_by_day(office, service, day_list, now, besides, officials, channel)
    free_slots: list[Slot] = []
    for day in day_list:
        layout = _cached_day(office, service, day, persons, officials, mode)
        for offer in _offers_of_day(rules, layout, day, occupied[day], channel, moment):
            starts_at, ends_at = layout.instants[offer.interval.start]
            if now < starts_at:
                free_slots.append(Slot(day, starts_at, ends_at, offer.free, offer.lanes))
    colleagues = [*together, *colleague_claims.colleagues_of(office, besides)]
    return colleague_claims.common_slots(office, free_slots, colleagues, now=now, besides=besides)


def find_claim(
    *,
    office: OfficeSnapshot,
    service: Service,
    starts_at: datetime,
    persons: int,
    channel: str,
    now: datetime,
    besides: UUID | None = None,
    official: Official | None = None,
    mode: str | None = None,
) -> Claim:
    """The lane on which the slot can be booked; the caller has locked its day.

    Of several free officials it is the one with the fewest claims and appointments that day, then
    the first in the office file. Raises SlotNotOffered if the office has no such slot, SlotTaken if
    it is taken or a colleague of the booking `besides` is not free.
    """
    officials = _officials_searched(office, service, official)
    mode = mode or service.usual_mode
    if officials == [] or not _is_offered(service, mode):
        raise SlotNotOffered
    day = calendar.day_of(starts_at, office.tz)
    layout = _cached_day(office, service, day, persons, officials, mode)
    occupied = _occupied_by_day(office, service, [day], now, besides, officials, channel)
    start = layout.minute_at(starts_at)
    if start is None or starts_at <= now:
        raise SlotNotOffered
    rules, moment = office.rules_of(service), local_moment(now, office.tz)
    for offer in _offers_of_day(rules, layout, day, occupied[day], channel, moment):
        if offer.interval.start == start:
            during = Interval(*layout.instants[start])
            colleague_claims.check_colleagues_free(office, during, now=now, of=besides)
            if officials is not None:
                free = diaries.least_loaded(officials, offer.lanes, occupied[day].claims)
                return Claim(diaries.lanes_of(office)[free.pk], during)
            number = slots.free_lane(offer.interval, occupied[day].claims, rules.quota)
            return Claim(lanes_of(office, service)[cast("int", number)], during)
    if any(
        offer.interval.start == start
        for offer in _offers_of_day(rules, layout, day, Taken(), channel, moment)
    ):
        raise SlotTaken
    raise SlotNotOffered


def nearest_slots(
    *,
    office: OfficeSnapshot,
    service: Service,
    starts_at: datetime,
    now: datetime,
    persons: int = 1,
    channel: str = Channel.WEB,
    official: Official | None = None,
    mode: str | None = None,
) -> list[Slot]:
    """The three free slots nearest to `starts_at`, ordered by time."""
    free_slots = search_slots(
        office=office,
        service=service,
        now=now,
        persons=persons,
        channel=channel,
        official=official,
        mode=mode,
    )
    closest = sorted(free_slots, key=lambda t: (abs(t.starts_at - starts_at), t.starts_at))[:3]
    return sorted(closest, key=lambda t: t.starts_at)


def days_of_horizon(office: OfficeSnapshot, service: Service, now: datetime) -> list[date]:
    """Today and all days of the horizon, including days that only the desk may book."""
    today = calendar.day_of(now, office.tz)
    return [today + timedelta(days=n) for n in range(office.rules_of(service).horizon_days + 1)]


def is_bookable(office: OfficeSnapshot, service: Service) -> bool:
    """Whether the service can be booked at all: by windows of its agenda or with officials."""
    if not service.bookable or service.retired:
        return False
    return bool(office.officials_for(service.pk) or lanes_of(office, service))


def has_hours(office: OfficeSnapshot, service: Service, day: date, mode: str | None = None) -> bool:
    """Whether the service has any booking hours on that day."""
    officials, mode = _officials_searched(office, service, None), mode or service.usual_mode
    if officials is None:
        return bool(office.opening_hours.bookable(service.pk, day, mode))
    return any(
        office.opening_hours.of_official(official.pk, service.pk, day, mode)
        for official in officials
    )


def allows_mode(office: OfficeSnapshot, booking: Booking, mode: str) -> bool:
    """Whether the mode is offered at the booking's time."""
    service, official = office.services[booking.service_id], diaries.official_of(office, booking)
    if not _is_offered(service, mode):
        return False
    hours = (
        office.opening_hours.of_official(official.pk, service.pk, booking.date, mode)
        if official
        else office.opening_hours.bookable(service.pk, booking.date, mode)
    )
    booked_time = Interval(booking.starts_at, booking.ends_at)
    openings = (calendar.instants_of_minutes(minutes, booking.date, office.tz) for minutes in hours)
    return any(opening.contains(booked_time) for opening in openings if opening)


def _is_offered(service: Service, mode: str) -> bool:
    return service.bookable and not service.retired and mode in service.modes


def places_kept_for_desk(office: OfficeSnapshot, service: Service, day: date, now: datetime) -> int:
    """The number of the day's places that only desk and telephone may book now."""
    layout = _cached_day(
        office, service, day, 1, _officials_searched(office, service, None), service.usual_mode
    )
    places = layout.laid.places
    local_now, rules = local_moment(now, office.tz), office.rules_of(service)
    kept_places = slots.count_places_for_desk(day, local_now.day, places, rules)
    return max(kept_places, places - slots.count_released_places(day, local_now, places, rules))


def slots_of_day(
    office: OfficeSnapshot,
    service: Service,
    day: date,
    persons: int,
    official: Official | None,
    mode: str | None = None,
) -> Sequence[Interval[int]]:
    """All slots of the day in local minutes, free or not."""
    officials = _officials_searched(office, service, official)
    if officials == []:
        return ()
    return _cached_day(
        office, service, day, persons, officials, mode or service.usual_mode
    ).laid.candidates


def lanes_of(office: OfficeSnapshot, service: Service) -> list[int]:
    """The ids of the agenda's lanes within its quota, ordered by number."""
    key = ("lanes", service.agenda_id)
    if key not in office.kept:
        within = Lane.objects.filter(
            agenda=service.agenda_id, number__lt=office.rules_of(service).quota
        )
        office.kept[key] = list(within.order_by("number").values_list("pk", flat=True))
    return cast("list[int]", office.kept[key])


def _offers_of_day(
    rules: Rules, layout: DayLayout, day: date, occupied: Taken, channel: str, moment: Moment
) -> list[slots.Offer]:
    return slots.bookable_slots(
        day=day,
        laid=layout.laid,
        claims=occupied.claims,
        rules=rules,
        now=moment,
        channel="web" if Channel(channel).is_public else cast("slots.Channel", channel),
        public_taken=occupied.public,
    )


def _officials_searched(
    office: OfficeSnapshot, service: Service, official: Official | None
) -> list[Official] | None:
    """The officials whose diaries are searched; None if the service uses its agenda's windows."""
    officials = office.officials_for(service.pk)
    if official is None:
        return officials or None
    return [candidate for candidate in officials if candidate.pk == official.pk]


def _cached_day(
    office: OfficeSnapshot,
    service: Service,
    day: date,
    persons: int,
    officials: list[Official] | None,
    mode: str,
) -> DayLayout:
    """The layout of the day, cached in the snapshot; it changes with the office's version only."""
    only_official = officials[0].pk if officials and len(officials) == 1 else None
    key = ("laid", service.pk, day, persons, only_official, mode)
    if key not in office.kept:
        office.kept[key] = _laid_day(office, service, day, persons, officials, mode)
    return cast("DayLayout", office.kept[key])


def _laid_day(
    office: OfficeSnapshot,
    service: Service,
    day: date,
    persons: int,
    officials: list[Official] | None,
    mode: str,
) -> DayLayout:
    rules, hours = office.rules_of(service), office.opening_hours
    units = _units(rules, service, persons)
    if officials is None:
        opening = hours.bookable(service.pk, day, mode)
        return lay_out(day, office.tz, rules, opening, duration=service.duration_min, units=units)
    openings = [hours.of_official(official.pk, service.pk, day, mode) for official in officials]
    return lay_out_diaries(
        day, office.tz, rules, openings, duration=service.duration_min, units=units
    )


def _occupied_by_day(
    office: OfficeSnapshot,
    service: Service,
    days: list[date],
    now: datetime,
    besides: UUID | None,
    officials: list[Official] | None,
    channel: str,
) -> dict[date, Taken]:
    """The live bookings by day; an expired hold does not count, whatever the state of its row.

    An unconfirmed booking counts until the agenda's return delay after its deadline has passed. The
    database joins lanes booked at the same time into one set, so the number of rows grows with the
    windows of the days and not with the bookings.
    """
    rules = office.rules_of(service)
    for_list, lapsed = channel == Channel.LIST, now - rules.return_to_min * MINUTE
    unit = rules.window_min if rules.kind == "window" else service.duration_min
    if officials is not None:
        rows = diaries.claims_by_day(
            office,
            officials,
            unit,
            (min(days), max(days)),
            (now, lapsed),
            besides,
            for_list=for_list,
        )
    else:
        with connection.cursor() as cursor:
            cursor.execute(
                sql.TAKEN_FOR_LIST if for_list else sql.TAKEN,
                [
                    unit,
                    service.office_id,
                    service.agenda_id,
                    rules.quota,
                    service.office_id,
                    min(days),
                    max(days),
                    now,
                    lapsed,
                    besides,
                    besides,
                ],
            )
            rows = cursor.fetchall()
    taken_by_day: dict[date, Taken] = defaultdict(Taken)
    for day, starts, ends, lanes, public in rows:
        taken_by_day[day] = Taken(local_claims(day, office.tz, starts, ends, lanes), public)
    if officials is None:
        for day in days:  # lanes are closed while the agenda has fewer places than usual
            if reduced := office.opening_hours.reduced_places(service.agenda_id, day):
                taken_by_day[day].claims += closed_lanes(reduced, rules.quota)
                taken_by_day[day].claims.sort()
    return taken_by_day
