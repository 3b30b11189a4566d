"""The offices that are measured: made directly, because their size is the point."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.db import transaction

from prepazka.accounts.models import User
from prepazka.booking.models import Booking, BookingState, Busy, Lane, OfficeDay
from prepazka.offices.models import (
    Agenda,
    Counter,
    Device,
    Membership,
    Office,
    Official,
    OpeningHours,
    Service,
)
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing.models import Queue, Shift, Ticket

ZONE = ZoneInfo("Europe/Prague")
PASSWORD = "bench bench bench"  # noqa: S105  # of a database that lives for minutes


@transaction.atomic  # a running program never sees half an office
def office(slug: str, *, lanes: int, horizon_days: int = 90, letters: str = "A") -> OfficeSnapshot:
    """An office open all day and night, with 15-minute windows and one service per letter."""
    row = Office.objects.create(
        slug=slug,
        name={"cs": slug, "en": slug},
        languages=["cs", "en"],
        public_holidays="",
    )
    Queue.objects.create(office=row)
    for letter in letters:
        agenda = Agenda.objects.create(
            office=row,
            code=f"agenda-{letter}".lower(),
            letter=letter,
            name={"cs": letter},
            rules_data={
                "window_min": 15,
                "quota": lanes,
                "horizon_days": horizon_days,
                "confirm_min": 0,
                "lead_min": 0,
                "max_open_per_contact": 5,
            },
        )
        Lane.objects.bulk_create(Lane(office=row, agenda=agenda, number=n) for n in range(lanes))
        Service.objects.create(
            office=row,
            agenda=agenda,
            code=f"ukon-{letter}".lower(),
            name={"cs": f"Úkon {letter}", "en": f"Act {letter}"},
            duration_min=15,
        )
    for weekday in range(7):
        OpeningHours.objects.create(office=row, weekday=weekday, opens=0, closes=1440)
        # Slots are offered in ten hours of the day, as an office has them.
        OpeningHours.objects.create(
            office=row, weekday=weekday, opens=420, closes=1020, booking=True
        )
    return snapshot_of(row)


def fill(where: OfficeSnapshot, bookings: int, now: datetime) -> None:
    """Confirmed bookings, spread evenly over the days and lanes of the horizon."""
    service = where.offered_services()[0]
    lanes = list(Lane.objects.filter(agenda=service.agenda_id).values_list("pk", flat=True))
    days = [now.astimezone(ZONE).date() + timedelta(days=n) for n in range(1, 91)]
    OfficeDay.objects.bulk_create(
        [OfficeDay(office=where.row, date=day) for day in days], ignore_conflicts=True
    )
    places = ((slot, lane, day) for slot in range(40) for lane in lanes for day in days)
    rows = []
    for number, (slot, lane, day) in zip(range(bookings), places, strict=False):
        starts = _at(day, 420 + 15 * slot)
        rows.append(
            Booking(
                office=where.row,
                service=service,
                lane_id=lane,
                date=day,
                starts_at=starts,
                ends_at=starts + timedelta(minutes=15),
                state=BookingState.CONFIRMED,
                created_at=now,
                confirmed_at=now,
                pin=f"{number // len(days):04}",
                contact_hash=f"{number:064}",
            )
        )
    Booking.objects.bulk_create(rows, batch_size=2_000)


def officials(slug: str, *, officials: int, horizon_days: int) -> OfficeSnapshot:
    """An office whose officials are all booked for one service, eight hours of every day."""
    where = office(slug, lanes=1, horizon_days=horizon_days)
    row, service = where.row, where.offered_services()[0]
    agenda = where.agenda_of(service)
    agenda.rules_data |= {"kind": "slot", "raster_min": 15}
    agenda.save()
    people = Official.objects.bulk_create(
        Official(office=row, code=f"urednik-{n}", name={"cs": f"Úředník {n}"}, position=n)
        for n in range(officials)
    )
    topics = Official.services.through
    topics.objects.bulk_create(topics(official=one, service=service) for one in people)
    Lane.objects.bulk_create(Lane(office=row, official=one) for one in people)
    OpeningHours.objects.bulk_create(
        OpeningHours(office=row, official=one, weekday=weekday, opens=480, closes=960)
        for one in people
        for weekday in range(7)
    )
    row.version += 1
    row.save()
    return snapshot_of(row)


def fill_diaries(where: OfficeSnapshot, bookings: int, now: datetime, days: int) -> None:
    """Confirmed bookings spread over days, officials and times, and a busy noon of everybody."""
    service = where.offered_services()[0]
    lanes = list(Lane.objects.filter(official__office=where.row).values_list("pk", flat=True))
    dates = [now.astimezone(ZONE).date() + timedelta(days=n) for n in range(1, days + 1)]
    places = (
        (slot, number, day) for slot in range(32) for number in range(len(lanes)) for day in dates
    )
    rows = []
    for n, (slot, number, day) in zip(range(bookings), places, strict=False):
        starts = _at(day, 480 + 15 * ((slot + number * 5) % 32))
        rows.append(
            Booking(
                office=where.row,
                service=service,
                lane_id=lanes[number],
                date=day,
                starts_at=starts,
                ends_at=starts + timedelta(minutes=15),
                state=BookingState.CONFIRMED,
                created_at=now,
                confirmed_at=now,
                pin=f"{n // len(dates):04}",
                contact_hash=f"{n:064}",
            )
        )
    Booking.objects.bulk_create(rows, batch_size=2_000)
    Busy.objects.bulk_create(
        Busy(
            office=where.row,
            official_id=official,
            starts_at=_at(day, 720),
            ends_at=_at(day, 750 + 15 * (number % 4)),
        )
        for number, official in enumerate(where.officials)
        for day in dates
    )


def hall(where: OfficeSnapshot, *, counters: int, waiting: int, now: datetime) -> list[User]:
    """Open counters with a clerk each, and a full waiting room. Returns the clerks."""
    services = where.offered_services()
    clerks = []
    for number in range(counters):
        name = f"{where.slug}-{number}"
        clerk = User(username=name)
        clerk.set_unusable_password()
        clerk.save()
        Membership.objects.create(office=where.row, user=clerk, role="clerk", name=name)
        counter = Counter.objects.create(
            office=where.row,
            code=f"p{number}",
            number=str(number + 1),
            position=number,
            name={"cs": f"Přepážka {number + 1}"},
        )
        counter.services.set(services)
        Shift.objects.create(office=where.row, counter=counter, clerk=clerk, opened_at=now)
        clerks.append(clerk)
    queue(where, waiting, now)
    Office.objects.filter(pk=where.office_id).update(version=where.row.version + 1)
    return clerks


def queue(where: OfficeSnapshot, waiting: int, now: datetime) -> None:
    """Fill the waiting room."""
    services = where.offered_services()
    today = now.astimezone(ZONE).date()
    known = Ticket.objects.filter(office=where.row).count()
    Ticket.objects.bulk_create(
        Ticket(
            office=where.row,
            date=today,
            letter="Z",
            number=known + n,
            service=services[n % len(services)],
            code=uuid4().hex[:16].upper(),
            touch=uuid4(),
            issued_at=now - timedelta(minutes=waiting - n),
        )
        for n in range(waiting)
    )


def kiosk(where: OfficeSnapshot) -> Device:
    """A kiosk of the office."""
    return Device.objects.create(
        office=where.row, code="kiosk", kind="kiosk", name={"cs": "Kiosek"}
    )


def _at(day: date, minute: int) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE) + timedelta(minutes=minute)
