"""A small fixture town: one office, two counters, three services, Czech names."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from prepazka.accounts.models import User
from prepazka.booking import booking_lifecycle, slot_search
from prepazka.booking.models import Booking, Lane
from prepazka.core.contact import Contact
from prepazka.core.slots import Slot
from prepazka.offices.models import (
    Agenda,
    Counter,
    Device,
    Membership,
    Office,
    OpeningHours,
    Service,
)
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of

PRAGUE = ZoneInfo("Europe/Prague")
# A Monday; office hours 8:00-12:00 and 13:00-17:00.
MONDAY = date(2026, 11, 23)


def shows_pin(text: str, pin: str) -> bool:
    """Whether the text shows the PIN, with spaces or without, but not inside a token or number."""
    digits = "[ \u00a0]?".join(pin)
    return re.search(rf"(?<![\w-]){digits}(?![\w-])", text) is not None


def at(clock: str, day: date = MONDAY) -> datetime:
    """The instant of a local time, for example `at("8:30")`."""
    hour, minute = map(int, clock.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=PRAGUE).astimezone(UTC)


FRIDAY_BEFORE = at("9:00", MONDAY - timedelta(days=3))


def zone_by_day(moment: datetime) -> ZoneInfo:
    """A zone where the moment's day began hours ago and goes on for hours, and its hour is one.

    Who came nine minutes ago came on another day just after midnight, and waits no more. A test of
    a hall on the real clock, whatever the hour, has its office there; `tests/faults/test_midnight`
    crosses midnight on purpose. Nor does an office offer the hour that comes twice in October.
    """
    local = moment.astimezone(PRAGUE)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return (
        PRAGUE if 1 <= local.hour < 22 and not twice else ZoneInfo("Asia/Tokyo")
    )  # which never changes its clocks


@transaction.atomic  # a running program never sees half an office
def office(
    slug: str = "lhota", *, quota: int = 1, zone: ZoneInfo = PRAGUE, **rules: Any
) -> OfficeSnapshot:
    """An office that is open on workdays, with vehicles (V, bookable) and documents (D)."""
    row = Office.objects.create(
        timezone=zone.key,
        slug=slug,
        name={"cs": "Městský úřad Lhota", "en": "Lhota Town Office"},
        address={"cs": "Náměstí 1, Lhota"},
        languages=["cs", "en"],
        email=f"urad@{slug}.example",
    )
    vehicles = Agenda.objects.create(
        office=row,
        code="vozidla",
        letter="V",
        name={"cs": "Registr vozidel", "en": "Vehicles"},
        rules_data={"window_min": 60, "quota": quota, "horizon_days": 30, **rules},
    )
    documents = Agenda.objects.create(
        office=row,
        code="doklady",
        letter="D",
        name={"cs": "Doklady", "en": "Documents"},
        position=1,
    )
    lanes = [Lane(office=row, agenda=vehicles, number=lane) for lane in range(quota)]
    Lane.objects.bulk_create([*lanes, Lane(office=row, agenda=documents, number=0)])
    services = [
        Service(
            office=row,
            agenda=vehicles,
            code="prepis",
            duration_min=20,
            name={"cs": "Přepis vozidla", "en": "Transfer of a vehicle"},
        ),
        Service(
            office=row,
            agenda=vehicles,
            code="znacky",
            duration_min=10,
            position=1,
            name={"cs": "Značky", "en": "Plates"},
        ),
        Service(
            office=row,
            agenda=documents,
            code="pas",
            duration_min=15,
            position=2,
            name={"cs": "Cestovní pas", "en": "Passport"},
        ),
    ]
    Service.objects.bulk_create(services)
    _furnish(row, services)
    row.refresh_from_db()  # so that its texts say themselves in the active language
    return snapshot_of(row)


def _furnish(row: Office, services: list[Service]) -> None:
    """Two counters, the second for everything; hours and devices."""
    desks = [
        Counter(
            office=row,
            code=f"p{number}",
            number=str(number),
            position=number,
            name={"cs": f"Přepážka {number}", "en": f"Counter {number}"},
        )
        for number in (1, 2)
    ]
    Counter.objects.bulk_create(desks)
    pair = Counter.services.through
    served = [(desks[0], services[:2]), (desks[1], services)]
    pair.objects.bulk_create(
        [pair(counter=desk, service=one) for desk, some in served for one in some]
    )
    halves = ((480, 720), (780, 1020))
    OpeningHours.objects.bulk_create(
        [
            OpeningHours(office=row, weekday=weekday, opens=opens, closes=closes)
            for weekday in range(5)
            for opens, closes in halves
        ]
    )
    devices = (("kiosk", "kiosk", "Kiosek"), ("panel", "display", "Panel"))
    Device.objects.bulk_create(
        [
            Device(office=row, code=code, kind=kind, name={"cs": name})
            for code, kind, name in devices
        ]
    )


def service(where: OfficeSnapshot, code: str = "prepis") -> Service:
    """A service of the office."""
    found = where.service_by_code(code)
    assert found
    return found


def counter(where: OfficeSnapshot, number: str = "1") -> Counter:
    """A counter of the office."""
    return next(c for c in where.counters.values() if c.number == number)


def clerk(where: OfficeSnapshot, username: str = "novakova", role: str = "clerk") -> User:
    """A member of staff who can log in with the password `heslo heslo heslo`."""
    user = User.objects.create_user(username=username, password="heslo heslo heslo")
    Membership.objects.create(office=where.row, user=user, role=role, name=username.title())
    return user


def kiosk(where: OfficeSnapshot) -> Device:
    """The office's kiosk."""
    return Device.objects.get(office=where.row, code="kiosk")


def hold(
    where: OfficeSnapshot,
    clock: str = "9:00",
    now: datetime = FRIDAY_BEFORE,
    *,
    day: date = MONDAY,
    **more: Any,
) -> Booking:
    """A held slot of the Monday, or of that day."""
    wanted = service(where, more.pop("service", "prepis"))
    return booking_lifecycle.hold_slot(
        office=where, service=wanted, starts_at=at(clock, day), now=now, **more
    )


def requested(
    where: OfficeSnapshot,
    clock: str = "9:00",
    now: datetime = FRIDAY_BEFORE,
    email: str = "jana@example.cz",
    phone: str = "",
    **more: Any,
) -> Booking:
    """A booking that waits for the client to confirm it."""
    held = hold(where, clock, now, **more)
    return booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name="Jana", email=email, phone=phone), now=now
    )


def confirmed(
    where: OfficeSnapshot, clock: str = "9:00", now: datetime = FRIDAY_BEFORE, **more: Any
) -> Booking:
    """A confirmed booking with its PIN."""
    email = more.pop("email", f"jana{clock.replace(':', '')}@example.cz")
    asked = requested(where, clock, now, email=email, **more)
    return booking_lifecycle.confirm_booking(booking=asked.pk, now=now)


def offered(where: OfficeSnapshot, now: datetime = FRIDAY_BEFORE, **more: Any) -> list[Slot]:
    """The slots of the vehicle agenda on the Monday."""
    more.setdefault("service", service(where))
    return slot_search.search_slots(office=where, days=[MONDAY], now=now, **more)
