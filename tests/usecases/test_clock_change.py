"""A Sunday on which the clocks change: what is offered lasts as long as it says, everywhere."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from prepazka.booking import slot_search
from prepazka.booking.models import Booking
from prepazka.booking.refusals import SlotNotOffered
from prepazka.core.slots import Slot
from prepazka.journal.models import Event
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.models import Message
from prepazka.offices.models import Office, OpeningHours
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from tests import rounds, town

pytestmark = pytest.mark.django_db
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
HOUR = timedelta(hours=1)


def night_office(opens: int = 0, **rules: Any) -> OfficeSnapshot:
    """Open on Sundays until 5:00, booked in windows of 60 minutes."""
    row = town.office(**rules).row
    OpeningHours.objects.create(office=row, weekday=6, opens=opens, closes=300)
    Office.objects.filter(pk=row.pk).update(version=row.version + 1)
    return snapshot_of(Office.objects.get(pk=row.pk))


def before(day: date) -> datetime:
    """Nine o'clock on the Friday before."""
    return town.at("9:00", day - timedelta(days=2))


def offered(office: OfficeSnapshot, day: date, persons: int = 1) -> list[Slot]:
    return slot_search.search_slots(
        office=office,
        service=town.service(office),
        days=[day],
        now=before(day),
        persons=persons,
    )


def clocks(found: list[Slot]) -> list[str]:
    return [f"{one.starts_at.astimezone(town.PRAGUE):%-H:%M}" for one in found]


@pytest.mark.parametrize(
    ("day", "opens", "starts"),
    [
        (SPRING, 0, ["0:00", "1:00", "3:00", "4:00"]),
        (SPRING, 30, ["0:30", "3:30"]),
        (AUTUMN, 0, ["0:00", "1:00", "3:00", "4:00"]),
        (AUTUMN, 30, ["0:30", "1:30", "3:30"]),
    ],
)
def test_windows_of_an_hour_last_an_hour(day: date, opens: int, starts: list[str]) -> None:
    found = offered(night_office(opens, max_persons=2), day)
    assert clocks(found) == starts
    assert {one.ends_at - one.starts_at for one in found} == {HOUR}


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_a_family_gets_two_hours_beside_the_change(day: date) -> None:
    found = offered(night_office(max_persons=2), day, persons=2)
    assert clocks(found) == ["0:00", "3:00"]
    assert {one.ends_at - one.starts_at for one in found} == {2 * HOUR}


@pytest.mark.parametrize(("day", "opens", "over"), [(SPRING, 30, "1:30"), (AUTUMN, 0, "2:00")])
def test_nobody_holds_a_window_over_the_change(day: date, opens: int, over: str) -> None:
    office = night_office(opens)
    with pytest.raises(SlotNotOffered):
        town.hold(office, over, before(day), day=day)


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_the_capacity_counts_what_is_offered(day: date) -> None:
    office = night_office(quota=2, reserved_share=0.5, horizon_days=30)
    service, early = town.service(office), before(day) - timedelta(days=2)
    assert slot_search.places_kept_for_desk(office, service, day, early) == 4, (
        "half of four windows by two"
    )
    for clock in ("0:00", "0:00", "1:00", "3:00"):
        town.confirmed(office, clock, early, day=day, email=f"a{Booking.objects.count()}@a.example")
    public = slot_search.search_slots(office=office, service=service, days=[day], now=early)
    desk = slot_search.search_slots(
        office=office, service=service, days=[day], now=early, channel="desk"
    )
    assert public == []
    assert clocks(desk) == ["1:00", "3:00", "4:00"]


@pytest.mark.parametrize(
    ("day", "start"),
    [
        (SPRING, datetime(2027, 3, 28, 1, tzinfo=UTC)),
        (AUTUMN, datetime(2027, 10, 31, 2, tzinfo=UTC)),
    ],
)
def test_calendar_file_and_reminder_agree_with_the_offer(day: date, start: datetime) -> None:
    office = night_office()
    booking = town.confirmed(office, "3:00", before(day), day=day)
    assert (booking.starts_at, booking.ends_at) == (start, start + HOUR)

    message = Message(pk=1, office=booking.office, booking=booking, kind="confirmed", event=1)
    (file,) = compose_mail(message, now=before(day)).attachments
    event: Any = Calendar.from_ical(file.content).walk("VEVENT")[0]
    assert event["DTSTART"].dt.astimezone(UTC) == start
    assert event["DTEND"].dt.astimezone(UTC) == start + HOUR

    rounds.remind(now=start - timedelta(days=1, seconds=1))
    assert not Event.objects.filter(kind="ReminderDue").exists()
    rounds.remind(now=start - timedelta(days=1))
    assert Event.objects.filter(kind="ReminderDue").count() == 1
    rounds.remind(now=start - 2 * HOUR - timedelta(seconds=1))
    assert not Event.objects.filter(kind="SoonReminderDue").exists()
    rounds.remind(now=start - 2 * HOUR)
    assert Event.objects.filter(kind="SoonReminderDue").count() == 1
