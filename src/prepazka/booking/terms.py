"""Which terms can be taken: read in a fixed number of statements, decided by `core.slots`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from prepazka.booking.models import EXPIRING, LIVE, Channel, Lane
from prepazka.booking.refusals import TermNotOffered, TermTaken
from prepazka.core import calendar, slots
from prepazka.core.interval import Interval
from prepazka.offices.directory import Directory
from prepazka.offices.models import Service

MINUTE = timedelta(minutes=1)


def _quoted(states: Iterable[str]) -> str:
    return "(" + ", ".join(f"'{state}'" for state in states) + ")"


# Written out, so that the planner sees that the partial index of live claims serves.
LIVE_SQL, EXPIRING_SQL = _quoted(LIVE), _quoted(EXPIRING)


@dataclass(frozen=True, slots=True)
class Term:
    """A term that can be taken now, as instants, and on how many lanes."""

    day: date
    starts_at: datetime
    ends_at: datetime
    free: int


@dataclass(frozen=True, slots=True)
class Claim:
    """The lane and the time that a hold takes."""

    lane: int
    during: Interval[datetime]


@dataclass
class Taken:
    """What is taken in one day: local minutes per lane, and the places the public has taken."""

    lanes: dict[int, list[Interval[int]]]
    public: int = 0


def units_of(office: Directory, service: Service, persons: int) -> int:
    """How many windows (or durations) one booking takes: consecutive time for each person."""
    rules = office.rules_of(service)
    if rules.kind == "slot":
        return persons
    return persons * -(-service.duration_min // rules.window_min)


def offered(
    *,
    office: Directory,
    service: Service,
    now: datetime,
    days: Iterable[date] | None = None,
    persons: int = 1,
    channel: str = Channel.WEB,
    besides: UUID | None = None,
) -> list[Term]:
    """The terms that can be taken now, in the order of time; by default in the whole horizon.

    `besides` names a booking that does not count as taking anything, because it is being moved.
    Two SQL statements whatever the number of days, lanes and bookings.
    """
    wanted = list(days) if days is not None else horizon(office, service, now)
    if not wanted or not service.bookable or service.retired:
        return []
    lanes = lanes_of(office, service)
    taken = _taken(office, service, lanes, wanted, now, besides)
    found = (
        Term(offer.day, *_instants(offer, office.tz), offer.free)
        for day in wanted
        for offer in _offers(office, service, day, lanes, taken[day], persons, channel, now)
    )
    # A window that the spring change swallows has no length and cannot be held.
    return [term for term in found if now < term.starts_at < term.ends_at]


def find(
    *,
    office: Directory,
    service: Service,
    starts_at: datetime,
    persons: int,
    channel: str,
    now: datetime,
    besides: UUID | None = None,
) -> Claim:
    """The lane on which the term can be taken; the caller has locked its day.

    Raises TermNotOffered if the office has no such term, TermTaken if it has none left.
    """
    day = calendar.day_of(starts_at, office.tz)
    lanes = lanes_of(office, service)
    taken = _taken(office, service, lanes, [day], now, besides)[day]
    if not service.bookable or service.retired:
        raise TermNotOffered
    for offer in _offers(office, service, day, lanes, taken, persons, channel, now):
        start, end = _instants(offer, office.tz)
        if start == starts_at and now < start < end:
            number = slots.free_lane(offer.interval, _by_number(lanes, taken))
            return Claim(lanes[cast("int", number)], Interval(start, end))
    empty = Taken({})
    for offer in _offers(office, service, day, lanes, empty, persons, channel, now):
        if _instants(offer, office.tz)[0] == starts_at > now:
            raise TermTaken
    raise TermNotOffered


def nearest(
    *,
    office: Directory,
    service: Service,
    starts_at: datetime,
    now: datetime,
    persons: int = 1,
    channel: str = Channel.WEB,
) -> list[Term]:
    """The three terms nearest to one that was taken, in the order of time."""
    terms = offered(office=office, service=service, now=now, persons=persons, channel=channel)
    closest = sorted(terms, key=lambda t: (abs(t.starts_at - starts_at), t.starts_at))[:3]
    return sorted(closest, key=lambda t: t.starts_at)


def horizon(office: Directory, service: Service, now: datetime) -> list[date]:
    """Today and all days that may be booked, the released ones and those for the desk only."""
    today = calendar.day_of(now, office.tz)
    return [
        today + timedelta(days=n) for n in range(office.rules_of(service).horizon_days + 1)
    ]


def lanes_of(office: Directory, service: Service) -> list[int]:
    """The ids of the agenda's lanes within its quota, lowest number first."""
    key = ("lanes", service.agenda_id)
    if key not in office.kept:
        within = Lane.objects.filter(
            agenda=service.agenda_id, number__lt=office.rules_of(service).quota
        )
        office.kept[key] = list(within.order_by("number").values_list("pk", flat=True))
    return cast("list[int]", office.kept[key])


def moment(instant: datetime, tz: ZoneInfo) -> slots.Moment:
    """The instant as the office's wall clock shows it."""
    return slots.Moment(calendar.day_of(instant, tz), calendar.minute_of(instant, tz))


def _offers(
    office: Directory,
    service: Service,
    day: date,
    lanes: list[int],
    taken: Taken,
    persons: int,
    channel: str,
    now: datetime,
) -> list[slots.Offer]:
    return slots.offered(
        day=day,
        opening=_opening(office, service, day),
        lanes=_by_number(lanes, taken),
        rules=office.rules_of(service),
        now=moment(now, office.tz),
        duration=service.duration_min,
        units=units_of(office, service, persons),
        channel="web" if channel == Channel.API else cast("slots.Channel", channel),
        public_taken=taken.public,
    )


def _opening(office: Directory, service: Service, day: date) -> list[Interval[int]]:
    """The hours of a day, computed once per snapshot: they change only with its version."""
    key = ("opening", service.pk, day)
    if key not in office.kept:
        office.kept[key] = office.booking_hours(service, day)
    return cast("list[Interval[int]]", office.kept[key])


def _by_number(lanes: list[int], taken: Taken) -> list[list[Interval[int]]]:
    return [taken.lanes.get(lane, []) for lane in lanes]


def _instants(offer: slots.Offer, tz: ZoneInfo) -> tuple[datetime, datetime]:
    return (
        _instant(offer.day, offer.interval.start, tz), _instant(offer.day, offer.interval.end, tz)
    )


def _taken(
    office: Directory,
    service: Service,
    lanes: list[int],
    days: list[date],
    now: datetime,
    besides: UUID | None,
) -> dict[date, Taken]:
    """Live claims of the days by lane; an expired hold takes nothing, whatever its row says."""
    rules = office.rules_of(service)
    unit = rules.window_min if rules.kind == "window" else service.duration_min
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT date, lane_id, (extract(epoch FROM starts_at) / 60)::int,"
            " (extract(epoch FROM ends_at) / 60)::int, channel IN ('web', 'api')"
            " FROM booking_booking"
            " WHERE office_id = %s AND lane_id = ANY(%s) AND date BETWEEN %s AND %s"
            f" AND state IN {LIVE_SQL}"
            f" AND NOT (state IN {EXPIRING_SQL} AND expires_at <= %s)"
            " AND (%s::uuid IS NULL OR id <> %s)"
            " ORDER BY date, lane_id, starts_at",
            [service.office_id, lanes, min(days), max(days), now, besides, besides],
        )
        rows = cursor.fetchall()
    found: dict[date, Taken] = defaultdict(lambda: Taken(defaultdict(list)))
    for day, lane, start, end, public in rows:
        one = found[day]
        minutes = Interval(_wall(day, start, office.tz), _wall(day, end, office.tz))
        one.lanes[lane].append(minutes)
        if public:
            one.public += -(-(minutes.end - minutes.start) // unit)
    return found


@lru_cache(maxsize=4096)
def _midnight(day: date, tz: ZoneInfo) -> int | None:
    """The minute since 1970 from which the day's wall clock counts; None on a day it is changed."""
    noon = calendar.local_instant(day, 720, tz) - 720 * MINUTE
    plain = calendar.local_instant(day, 0, tz) == noon
    return int(noon.timestamp()) // 60 if plain else None


def _wall(day: date, minute: int, tz: ZoneInfo) -> int:
    """Local minutes after the midnight of `day`, of a minute since 1970."""
    midnight = _midnight(day, tz)
    if midnight is not None:
        return minute - midnight
    local = datetime.fromtimestamp(minute * 60, tz)
    return (local.date() - day).days * calendar.DAY_MIN + local.hour * 60 + local.minute


@lru_cache(maxsize=65_536)
def _instant(day: date, minute: int, tz: ZoneInfo) -> datetime:
    return calendar.local_instant(day, minute, tz)
