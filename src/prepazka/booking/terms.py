"""Which terms can be taken: read in a fixed number of statements, decided by `core.slots`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from typing import NamedTuple, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from prepazka.booking import companions, diaries
from prepazka.booking.models import LIVE, Booking, Channel, Lane, quoted
from prepazka.booking.refusals import TermNotOffered, TermTaken
from prepazka.core import calendar, slots
from prepazka.core.interval import Interval
from prepazka.offices.directory import Directory
from prepazka.offices.models import Official, Service

MINUTE = timedelta(minutes=1)
PUBLIC = {Channel.WEB, Channel.API, Channel.LIST}  # all under the rules of the web


# Written out, so that the planner sees that the partial index of live claims serves.
TAKEN = f"""
    SELECT date, array_agg(starts ORDER BY starts), array_agg(ends ORDER BY starts),
           array_agg(lanes ORDER BY starts), sum(places)::int
      FROM (
        SELECT b.date, (extract(epoch FROM b.starts_at) / 60)::int AS starts,
               (extract(epoch FROM b.ends_at) / 60)::int AS ends,
               bit_or(1::bigint << l.number::int) AS lanes,
               count(*) FILTER (WHERE b.channel IN ('web', 'api', 'list'))
                   * ceil(extract(epoch FROM b.ends_at - b.starts_at) / 60 / %s) AS places
          FROM booking_booking b
          JOIN booking_lane l ON l.id = b.lane_id AND l.office_id = %s AND l.agenda_id = %s
                             AND l.number < %s
         WHERE b.office_id = %s AND b.date BETWEEN %s AND %s
           AND b.state IN {quoted(LIVE)}
           AND {diaries.STANDS}
           AND (%s::uuid IS NULL OR b.id <> %s)
         GROUP BY b.date, b.starts_at, b.ends_at
      ) AS together
     GROUP BY date
"""  # noqa: S608  # made of constants
# The waiting list is asked first: it sees the freed terms on their way back to the public.
TAKEN_FOR_LIST = TAKEN.replace(diaries.STANDS, diaries.STANDS_FOR_LIST)


class Term(NamedTuple):
    """A term that can be taken now, as instants, and on how many lanes."""

    day: date
    starts_at: datetime
    ends_at: datetime
    free: int
    lanes: int = 0  # the same as a set; `diaries.free_officials` says who they are


@dataclass(frozen=True, slots=True)
class Claim:
    """The lane and the time that a hold takes."""

    lane: int
    during: Interval[datetime]


@dataclass
class Taken:
    """What is taken in one day: minutes on sets of lanes, and the places the public has."""

    claims: list[slots.Taken] = field(default_factory=list)
    public: int = 0


class _Day(NamedTuple):
    """A day as it is laid when empty, and the instants at which its candidates start and end."""

    laid: slots.Laid
    instants: dict[int, tuple[datetime, datetime]]


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
    official: Official | None = None,
    mode: str | None = None,
    together: Sequence[Official] = (),
) -> list[Term]:
    """The terms that can be taken now, in the order of time; by default in the whole horizon.

    `besides` names a booking that does not count as taking anything, because it is being moved.
    Without an `official`, a service of officials is offered with whoever of them is free; without
    a `mode`, in the usual one. Those who come `together`, and the colleagues whom the booking of
    `besides` has already, must be free as well. Two SQL statements whatever the number of days, lanes, officials and bookings.
    """
    wanted = list(days) if days is not None else horizon(office, service, now)
    whose = _whose(office, service, official)
    mode = mode or service.usual_mode
    if not wanted or whose == [] or not _is_offered(service, mode):
        return []
    taken = _taken(office, service, wanted, now, besides, whose, channel)
    found: list[Term] = []
    for day in wanted:
        known = _day(office, service, day, persons, whose, mode)
        for offer in _offers(office, service, known, day, taken[day], channel, now):
            starts_at, ends_at = known.instants[offer.interval.start]
            if now < starts_at:
                found.append(Term(day, starts_at, ends_at, offer.free, offer.lanes))
    colleagues = [*together, *companions.colleagues_of(office, besides)]
    return companions.common(office, found, colleagues, now=now, besides=besides)


def find(
    *,
    office: Directory,
    service: Service,
    starts_at: datetime,
    persons: int,
    channel: str,
    now: datetime,
    besides: UUID | None = None,
    official: Official | None = None,
    mode: str | None = None,
) -> Claim:
    """The lane on which the term can be taken; the caller has locked its day.

    Of several free officials it is the one with the fewest claims and appointments that day,
    then the first of the file. Raises TermNotOffered if the office has no such term, TermTaken if
    none is left, also for the colleagues whom the booking of `besides` has.
    """
    whose = _whose(office, service, official)
    mode = mode or service.usual_mode
    if whose == [] or not _is_offered(service, mode):
        raise TermNotOffered
    day = calendar.day_of(starts_at, office.tz)
    known = _day(office, service, day, persons, whose, mode)
    taken = _taken(office, service, [day], now, besides, whose, channel)
    start = next((m for m, (begins, _) in known.instants.items() if begins == starts_at), None)
    if start is None or starts_at <= now:
        raise TermNotOffered
    for offer in _offers(office, service, known, day, taken[day], channel, now):
        if offer.interval.start == start:
            during = Interval(*known.instants[start])
            companions.must_be_free(office, during, now=now, of=besides)
            if whose is not None:
                free = diaries.least_loaded(whose, offer.lanes, taken[day].claims)
                return Claim(diaries.lanes_of(office)[free.pk], during)
            quota = office.rules_of(service).quota
            number = slots.free_lane(offer.interval, taken[day].claims, quota)
            return Claim(lanes_of(office, service)[cast("int", number)], during)
    if any(
        offer.interval.start == start
        for offer in _offers(office, service, known, day, Taken(), channel, now)
    ):
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
    official: Official | None = None,
    mode: str | None = None,
) -> list[Term]:
    """The three terms nearest to one that was taken, in the order of time."""
    terms = offered(
        office=office,
        service=service,
        now=now,
        persons=persons,
        channel=channel,
        official=official,
        mode=mode,
    )
    closest = sorted(terms, key=lambda t: (abs(t.starts_at - starts_at), t.starts_at))[:3]
    return sorted(closest, key=lambda t: t.starts_at)


def horizon(office: Directory, service: Service, now: datetime) -> list[date]:
    """Today and all days that may be booked, the released ones and those for the desk only."""
    today = calendar.day_of(now, office.tz)
    return [today + timedelta(days=n) for n in range(office.rules_of(service).horizon_days + 1)]


def is_bookable(office: Directory, service: Service) -> bool:
    """Whether terms are laid for the service at all, in windows or with officials."""
    if not service.bookable or service.retired:
        return False
    return bool(office.officials_for(service.pk) or lanes_of(office, service))


def has_hours(office: Directory, service: Service, day: date, mode: str | None = None) -> bool:
    """Whether terms would be laid on that day, were nothing taken."""
    whose, mode = _whose(office, service, None), mode or service.usual_mode
    if whose is None:
        return bool(office.booking_hours(service, day, mode))
    return any(office.official_hours(one, service, day, mode) for one in whose)


def allows(office: Directory, booking: Booking, mode: str) -> bool:
    """Whether the booking could stay where it is in that mode."""
    service, official = office.services[booking.service_id], diaries.official_of(office, booking)
    if not _is_offered(service, mode):
        return False
    hours = (
        office.official_hours(official, service, booking.date, mode)
        if official
        else office.booking_hours(service, booking.date, mode)
    )
    wanted = Interval(booking.starts_at, booking.ends_at)
    open_ = (calendar.instants(one, booking.date, office.tz) for one in hours)
    return any(one.contains(wanted) for one in open_ if one)


def _is_offered(service: Service, mode: str) -> bool:
    return service.bookable and not service.retired and mode in service.modes


def kept_for_desk(office: Directory, service: Service, day: date, now: datetime) -> int:
    """How many of the day's places only desk and telephone may take at this moment."""
    known = _day(office, service, day, 1, _whose(office, service, None), service.usual_mode)
    places = known.laid.places
    here, rules = moment(now, office.tz), office.rules_of(service)
    kept = slots.kept_for_desk(day, here.day, places, rules)
    return max(kept, places - slots.released(day, here, places, rules))


def laid(
    office: Directory,
    service: Service,
    day: date,
    persons: int,
    official: Official | None,
    mode: str | None = None,
) -> Sequence[Interval[int]]:
    """All terms of the day in local minutes, were nothing taken."""
    whose = _whose(office, service, official)
    if whose == []:
        return ()
    return _day(office, service, day, persons, whose, mode or service.usual_mode).laid.candidates


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
    known: _Day,
    day: date,
    taken: Taken,
    channel: str,
    now: datetime,
) -> list[slots.Offer]:
    return slots.offered(
        day=day,
        laid=known.laid,
        taken=taken.claims,
        rules=office.rules_of(service),
        now=moment(now, office.tz),
        channel="web" if channel in PUBLIC else cast("slots.Channel", channel),
        public_taken=taken.public,
    )


def _whose(office: Directory, service: Service, official: Official | None) -> list[Official] | None:
    """The officials in whose diaries to look; None where windows are laid instead."""
    every = office.officials_for(service.pk)
    if official is None:
        return every or None
    return [one for one in every if one.pk == official.pk]


def _day(
    office: Directory,
    service: Service,
    day: date,
    persons: int,
    whose: list[Official] | None,
    mode: str,
) -> _Day:
    """The day laid out, once per snapshot: it changes only with the office's version."""
    one = whose[0].pk if whose and len(whose) == 1 else None
    key = ("laid", service.pk, day, persons, one, mode)
    if key not in office.kept:
        office.kept[key] = _lay(office, service, day, persons, whose, mode)
    return cast("_Day", office.kept[key])


def _lay(
    office: Directory,
    service: Service,
    day: date,
    persons: int,
    whose: list[Official] | None,
    mode: str,
) -> _Day:
    rules, units = office.rules_of(service), units_of(office, service, persons)
    lasts = lasts_on(day, office.tz)
    if whose is None:
        hours = office.booking_hours(service, day, mode)
        laid = slots.lay(hours, rules, duration=service.duration_min, units=units, lasts=lasts)
    else:
        openings = [office.official_hours(one, service, day, mode) for one in whose]
        laid = slots.diaries(
            openings, rules, duration=service.duration_min, units=units, lasts=lasts
        )
    spans = ((one.start, calendar.instants(one, day, office.tz)) for one in laid.candidates)
    return _Day(laid, {minute: (span.start, span.end) for minute, span in spans if span})


def lasts_on(day: date, tz: ZoneInfo) -> slots.Lasts:
    """How many minutes really pass in local minutes of the day."""
    if calendar.has_clock_change(day, tz):
        return partial(calendar.lasting_minutes, day=day, tz=tz)
    return slots.shown_length


def _taken(
    office: Directory,
    service: Service,
    days: list[date],
    now: datetime,
    besides: UUID | None,
    whose: list[Official] | None,
    channel: str,
) -> dict[date, Taken]:
    """Live claims of the days; an expired hold takes nothing, whatever its row says.

    A booking that nobody confirmed takes its term until the delay of the agenda has passed.

    The database joins the lanes taken at the same time into one set, so that what is read grows
    with the windows of the days and not with the bookings.
    """
    rules = office.rules_of(service)
    for_list, lapsed = channel == Channel.LIST, now - rules.return_to_min * MINUTE
    unit = rules.window_min if rules.kind == "window" else service.duration_min
    if whose is not None:
        rows = diaries.taken(
            office, whose, unit, (min(days), max(days)), (now, lapsed), besides, for_list=for_list
        )
    else:
        with connection.cursor() as cursor:
            cursor.execute(
                TAKEN_FOR_LIST if for_list else TAKEN,
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
    found: dict[date, Taken] = defaultdict(Taken)
    for day, starts, ends, lanes, public in rows:
        minutes = zip(
            _wall(day, starts, office.tz), _wall(day, ends, office.tz), lanes, strict=True
        )
        found[day] = Taken([slots.Taken(*one) for one in minutes], public)
    if whose is None:
        for day in days:
            _reduce(office, service, day, found)
    return found


def _reduce(office: Directory, service: Service, day: date, found: dict[date, Taken]) -> None:
    """Take the lanes above the places that are left, where there are fewer than usual."""
    every = (1 << office.rules_of(service).quota) - 1
    if reduced := office.places(service.agenda_id, day):
        found[day].claims += [
            slots.Taken(during.start, during.end, lanes)
            for during, places in reduced
            if (lanes := every & ~((1 << places) - 1))
        ]
        found[day].claims.sort()


@lru_cache(maxsize=4096)
def _midnight(day: date, tz: ZoneInfo) -> int | None:
    """The minute since 1970 from which the day's wall clock counts; None on a day it is changed."""
    noon = calendar.local_instant(day, 720, tz) - 720 * MINUTE
    plain = calendar.local_instant(day, 0, tz) == noon
    return int(noon.timestamp()) // 60 if plain else None


def _wall(day: date, instants: list[int], tz: ZoneInfo) -> list[int]:
    """Local minutes after the midnight of `day`, of minutes since 1970."""
    midnight = _midnight(day, tz)
    if midnight is not None:
        return [one - midnight for one in instants]
    local = (datetime.fromtimestamp(one * 60, tz) for one in instants)
    return [
        (one.date() - day).days * calendar.DAY_MIN + one.hour * 60 + one.minute for one in local
    ]
