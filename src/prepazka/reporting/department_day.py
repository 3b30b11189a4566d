"""The day of a department for its telephone operators: diaries and windows in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db.models import Q

from prepazka.booking import slot_search
from prepazka.booking.diaries import lanes_of as diary_lanes
from prepazka.booking.diaries import official_of
from prepazka.booking.models import EXPIRING, LIVE, Booking, Channel
from prepazka.core import calendar, slots
from prepazka.core.day_layout import elapsed_minutes_on
from prepazka.core.interval import Interval
from prepazka.core.slots import Slot
from prepazka.offices.models import Agenda, Department, Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot

FREE, TAKEN, GOES_ON, BUSY, CLOSED = "free", "taken", "goes_on", "busy", "closed"


@dataclass(frozen=True)
class Wanted:
    """What a caller wants to book, or the booking that is to be moved."""

    service: Service
    persons: int = 1
    channel: str = Channel.PHONE
    moving: Booking | None = None
    mode: str | None = None


@dataclass
class Column:
    """A column of the plan: an official, or the windows of an agenda."""

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
        """The heading of the column."""
        owner = self.official or self.agenda
        return str(owner.name) if owner else ""

    def cell(self, at: datetime) -> Cell:
        """The cell of the column at that time."""
        starting = [booking for booking in self.bookings if booking.starts_at == at]
        during = sum(booking.starts_at <= at < booking.ends_at for booking in self.bookings)
        if at in self.free:
            return Cell(self, FREE, starting, during, self.free[at])
        if starting:
            return Cell(self, TAKEN, starting, during)
        if during:
            return Cell(self, GOES_ON, [], during)
        opened = any(opening.start <= at < opening.end for opening in self.opening)
        return Cell(self, BUSY if opened else CLOSED, [], 0)


@dataclass(frozen=True)
class Cell:
    """A time in a column: bookings that start, places taken, places free."""

    column: Column
    state: str
    bookings: list[Booking]
    taken: int
    free: int = 0


@dataclass(frozen=True)
class Plan:
    """The columns of a day; the counts are of the wanted service."""

    columns: list[Column]
    rows: list[tuple[datetime, list[Cell]]]
    free: int
    kept: int  # places of the whole day that the public may not take


def day_plan(
    office: OfficeSnapshot, department: Department | None, wish: Wanted, *, day: date, now: datetime
) -> Plan:
    """The plan of one day. Two SQL statements whatever the number of officials and bookings."""
    columns = _columns(office, department, wish, day)
    offered = _offered(office, wish, now, [day])
    takers = _takers(office, wish)
    for column in columns:
        column.free = _free(column, offered, takers)
        if wish.moving:
            column.free.pop(wish.moving.starts_at, None)  # where the booking is now
    _add_bookings(office, columns, day, now)
    times = {at for column in columns for at in (*column.starts, *column.free)}
    times |= {booking.starts_at for column in columns for booking in column.bookings}
    return Plan(
        columns,
        [(at, [column.cell(at) for column in columns]) for at in sorted(times)],
        sum(slot.free for slot in offered),
        slot_search.places_kept_for_desk(office, wish.service, day, now),
    )


def next_free_day(
    office: OfficeSnapshot, wish: Wanted, *, after: date, now: datetime
) -> date | None:
    """The next day with a free slot for the wish; None within the horizon."""
    days = [day for day in slot_search.days_of_horizon(office, wish.service, now) if day > after]
    return next((slot.day for slot in _offered(office, wish, now, days)), None)


def services_of(office: OfficeSnapshot, department: Department | None) -> list[Service]:
    """Services that can be booked in the department: of its agendas, and its officials' topics."""
    return [
        service
        for service in office.offered_services()
        if slot_search.is_bookable(office, service)
        and (department is None or department.pk in _departments_of(office, service))
    ]


def _departments_of(office: OfficeSnapshot, service: Service) -> set[int | None]:
    of_officials = {official.department_id for official in office.officials_for(service.pk)}
    return {office.agenda_of(service).department_id} | of_officials


def _offered(office: OfficeSnapshot, wish: Wanted, now: datetime, days: list[date]) -> list[Slot]:
    moving = wish.moving
    return slot_search.search_slots(
        office=office,
        service=wish.service,
        now=now,
        days=days,
        persons=wish.persons,
        channel=wish.channel,
        besides=moving.pk if moving else None,
        official=official_of(office, moving) if moving else None,
        mode=wish.mode,
    )


def _takers(office: OfficeSnapshot, wish: Wanted) -> list[Official]:
    """Officials who may take the wish, in the order of a slot's bits; a booking keeps its own."""
    own = official_of(office, wish.moving) if wish.moving else None
    officials = office.officials_for(wish.service.pk)
    return [official for official in officials if own is None or official == own]


def _columns(
    office: OfficeSnapshot, department: Department | None, wish: Wanted, day: date
) -> list[Column]:
    """The columns: those that do the wanted service first, then those with hours on the day."""
    services = services_of(office, department)
    columns = [
        _official_column(office, official, wish, day)
        for official in office.open_officials()
        if department is None or official.department_id == department.pk
    ]
    laid: dict[int, Service] = {}
    for service in (wish.service, *services):
        if service in services and not office.officials_for(service.pk):
            laid.setdefault(service.agenda_id, service)
    columns += [_windows_column(office, service, wish, day) for service in laid.values()]
    return sorted(columns, key=lambda column: (not column.takes, not column.opening))


def _official_column(office: OfficeSnapshot, official: Official, wish: Wanted, day: date) -> Column:
    hours = office.opening_hours.of_diary(official.pk, day)
    topics = office.topics_of(official)
    raster = min((office.rules_of(topic).raster_min for topic in topics), default=slots.DAY_MIN)
    return Column(
        official=official,
        takes=official in _takers(office, wish),
        opening=_instants(office, hours, day),
        # A set, because starts that the spring change skips all become the moment of the change.
        starts=sorted(
            {_at(office, day, minute) for minute in slots.possible_starts(hours, raster, raster)}
        ),
    )


def _windows_column(office: OfficeSnapshot, service: Service, wish: Wanted, day: date) -> Column:
    rules, hours = office.rules_of(service), office.opening_hours.bookable(service.pk, day)
    laid = slots.candidates_of_day(
        hours,
        rules,
        duration=service.duration_min,
        lasts=elapsed_minutes_on(day, office.tz),
    )
    return Column(
        agenda=office.agenda_of(service),
        takes=service == wish.service,
        places=rules.quota,
        opening=_instants(office, hours, day),
        starts=[_at(office, day, candidate.start) for candidate in laid],
    )


def _free(column: Column, offered: Sequence[Slot], takers: list[Official]) -> dict[datetime, int]:
    if column.official in takers:
        bit = takers.index(column.official)
        return {slot.starts_at: 1 for slot in offered if slot.lanes >> bit & 1}
    if column.agenda and column.takes and not takers:
        return {slot.starts_at: slot.free for slot in offered}
    return {}


def _add_bookings(office: OfficeSnapshot, columns: list[Column], day: date, now: datetime) -> None:
    """Put the live bookings of the day into their columns, in one statement."""
    diaries = diary_lanes(office)
    by_lane = {diaries[column.official.pk]: column for column in columns if column.official}
    by_agenda = {column.agenda.pk: column for column in columns if column.agenda}
    rows = (
        Booking.objects.filter(office=office.row, date=day, state__in=LIVE)
        .exclude(Q(state__in=EXPIRING, expires_at__lte=now))
        .order_by("starts_at")
    )
    for booking in rows:
        column = by_lane.get(booking.lane_id)
        if column is None and booking.lane_id not in diaries.values():
            column = by_agenda.get(office.services[booking.service_id].agenda_id)
        if column:
            column.bookings.append(booking)


def _instants(
    office: OfficeSnapshot, hours: list[Interval[int]], day: date
) -> list[Interval[datetime]]:
    return [
        Interval(_at(office, day, hours_part.start), _at(office, day, hours_part.end))
        for hours_part in hours
    ]


def _at(office: OfficeSnapshot, day: date, minute: int) -> datetime:
    return calendar.local_instant(day, minute, office.tz)
