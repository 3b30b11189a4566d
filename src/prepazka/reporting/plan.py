"""The day of a department for whoever answers the telephone: its diaries and windows in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Q

from prepazka.booking import terms
from prepazka.booking.diaries import lanes_of as diary_lanes
from prepazka.booking.diaries import official_of
from prepazka.booking.models import EXPIRING, LIVE, Booking, Channel
from prepazka.core import calendar, slots
from prepazka.core.interval import Interval
from prepazka.offices.directory import Directory
from prepazka.offices.models import Agenda, Department, Official, Service

FREE, TAKEN, GOES_ON, BUSY, CLOSED = "free", "taken", "goes_on", "busy", "closed"


@dataclass(frozen=True)
class Wanted:
    """What the caller wants, or the booking that is to be moved."""

    service: Service
    persons: int = 1
    channel: str = Channel.PHONE
    moving: Booking | None = None
    mode: str | None = None


@dataclass
class Column:
    """An official, or the windows of an agenda."""

    official: Official | None = None
    agenda: Agenda | None = None
    takes: bool = False  # whether the wanted service is done here
    places: int = 1
    opening: list[Interval[datetime]] = field(default_factory=list)
    starts: list[datetime] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)
    free: dict[datetime, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As the heading says it."""
        whose = self.official or self.agenda
        return str(whose.name) if whose else ""

    def cell(self, at: datetime) -> Cell:
        """What can be seen at that time."""
        here = [one for one in self.bookings if one.starts_at == at]
        during = sum(one.starts_at <= at < one.ends_at for one in self.bookings)
        if at in self.free:
            return Cell(self, FREE, here, during, self.free[at])
        if here:
            return Cell(self, TAKEN, here, during)
        if during:
            return Cell(self, GOES_ON, [], during)
        opened = any(one.start <= at < one.end for one in self.opening)
        return Cell(self, BUSY if opened else CLOSED, [], 0)


@dataclass(frozen=True)
class Cell:
    """A time in a column: who starts there, how many are there, how many places are free."""

    column: Column
    state: str
    bookings: list[Booking]
    taken: int
    free: int = 0


@dataclass(frozen=True)
class Plan:
    """The day side by side; the counts are of the wanted service."""

    columns: list[Column]
    rows: list[tuple[datetime, list[Cell]]]
    free: int
    kept: int  # places of the whole day that the public may not take


def day_plan(
    office: Directory, department: Department | None, wanted: Wanted, *, day: date, now: datetime
) -> Plan:
    """The plan of one day. Two SQL statements whatever the number of officials and bookings."""
    columns = _columns(office, department, wanted, day)
    offered = _offered(office, wanted, now, [day])
    takers = _takers(office, wanted)
    for column in columns:
        column.free = _free(column, offered, takers)
        if wanted.moving:
            column.free.pop(wanted.moving.starts_at, None)  # it is there already
    _fill(office, columns, day, now)
    times = {at for one in columns for at in (*one.starts, *one.free)}
    times |= {one.starts_at for column in columns for one in column.bookings}
    return Plan(
        columns,
        [(at, [column.cell(at) for column in columns]) for at in sorted(times)],
        sum(one.free for one in offered),
        terms.kept_for_desk(office, wanted.service, day, now),
    )


def next_free_day(office: Directory, wanted: Wanted, *, after: date, now: datetime) -> date | None:
    """The next day with a free term for it."""
    days = [day for day in terms.horizon(office, wanted.service, now) if day > after]
    return next((one.day for one in _offered(office, wanted, now, days)), None)


def services_of(office: Directory, department: Department | None) -> list[Service]:
    """What can be booked there: of its agendas, and the topics of its officials."""
    return [
        one
        for one in office.offered_services()
        if terms.is_bookable(office, one)
        and (department is None or department.pk in _departments_of(office, one))
    ]


def _departments_of(office: Directory, service: Service) -> set[int | None]:
    of_officials = {one.department_id for one in office.officials_for(service.pk)}
    return {office.agenda_of(service).department_id} | of_officials


def _offered(
    office: Directory, wanted: Wanted, now: datetime, days: list[date]
) -> list[terms.Term]:
    moving = wanted.moving
    return terms.offered(
        office=office,
        service=wanted.service,
        now=now,
        days=days,
        persons=wanted.persons,
        channel=wanted.channel,
        besides=moving.pk if moving else None,
        official=official_of(office, moving) if moving else None,
        mode=wanted.mode,
    )


def _takers(office: Directory, wanted: Wanted) -> list[Official]:
    """Who may take it, in the order of the bits of a term; a booking stays with its official."""
    own = official_of(office, wanted.moving) if wanted.moving else None
    every = office.officials_for(wanted.service.pk)
    return [one for one in every if own is None or one == own]


def _columns(
    office: Directory, department: Department | None, wanted: Wanted, day: date
) -> list[Column]:
    """Who does the wanted service first, then who is there at all; with the day's hours."""
    services = services_of(office, department)
    found = [
        _official_column(office, one, wanted, day)
        for one in office.open_officials()
        if department is None or one.department_id == department.pk
    ]
    laid: dict[int, Service] = {}
    for one in (wanted.service, *services):
        if one in services and not office.officials_for(one.pk):
            laid.setdefault(one.agenda_id, one)
    found += [_windows_column(office, one, wanted, day) for one in laid.values()]
    return sorted(found, key=lambda one: (not one.takes, not one.opening))


def _official_column(office: Directory, official: Official, wanted: Wanted, day: date) -> Column:
    hours = office.diary_hours(official, day)
    topics = office.topics_of(official)
    raster = min((office.rules_of(one).raster_min for one in topics), default=slots.DAY_MIN)
    return Column(
        official=official,
        takes=official in _takers(office, wanted),
        opening=_instants(office, hours, day),
        # Starts that the spring change skips are all the moment of the change.
        starts=sorted({_at(office, day, one) for one in slots.starts(hours, raster, raster)}),
    )


def _windows_column(office: Directory, service: Service, wanted: Wanted, day: date) -> Column:
    rules, hours = office.rules_of(service), office.booking_hours(service, day)
    laid = slots.candidates(
        hours, rules, duration=service.duration_min, lasts=terms.lasts_on(day, office.tz)
    )
    return Column(
        agenda=office.agenda_of(service),
        takes=service == wanted.service,
        places=rules.quota,
        opening=_instants(office, hours, day),
        starts=[_at(office, day, one.start) for one in laid],
    )


def _free(
    column: Column, offered: Sequence[terms.Term], takers: list[Official]
) -> dict[datetime, int]:
    if column.official in takers:
        bit = takers.index(column.official)
        return {one.starts_at: 1 for one in offered if one.lanes >> bit & 1}
    if column.agenda and column.takes and not takers:
        return {one.starts_at: one.free for one in offered}
    return {}


def _fill(office: Directory, columns: list[Column], day: date, now: datetime) -> None:
    """Put the live bookings of the day into their columns, in one statement."""
    diaries = diary_lanes(office)
    by_lane = {diaries[one.official.pk]: one for one in columns if one.official}
    by_agenda = {one.agenda.pk: one for one in columns if one.agenda}
    rows = (
        Booking.objects.filter(office=office.office, date=day, state__in=LIVE)
        .exclude(Q(state__in=EXPIRING, expires_at__lte=now))
        .order_by("starts_at")
    )
    for one in rows:
        column = by_lane.get(one.lane_id)
        if column is None and one.lane_id not in diaries.values():
            column = by_agenda.get(office.services[one.service_id].agenda_id)
        if column:
            column.bookings.append(one)


def _instants(office: Directory, hours: list[Interval[int]], day: date) -> list[Interval[datetime]]:
    return [Interval(_at(office, day, one.start), _at(office, day, one.end)) for one in hours]


def _at(office: Directory, day: date, minute: int) -> datetime:
    return calendar.local_instant(day, minute, office.tz)
