"""Busy time in a diary: nobody books it, whoever asks, and nobody loses a slot by it."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from prepazka.booking import booking_lifecycle, private_appointments, slot_search
from prepazka.booking.absences import Affected
from prepazka.booking.models import Booking, Busy, OutsideCalendar
from prepazka.booking.private_appointments import AppointmentTooFar, weekly_intervals
from prepazka.booking.refusals import SlotTaken
from prepazka.core.contact import Contact
from prepazka.core.interval import Interval
from prepazka.journal.models import Event
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import officials, town
from tests.officials import hold, official

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE


@pytest.fixture
def lhota() -> OfficeSnapshot:
    return officials.office()


def span(start: str, end: str, day: date = town.MONDAY) -> Interval[datetime]:
    return Interval(town.at(start, day), town.at(end, day))


def add(
    where: OfficeSnapshot, *times: Interval[datetime], code: str = "novakova", **more: Any
) -> list[Booking]:
    return private_appointments.add_appointment(
        office=where,
        official=official(where, code),
        times=list(times),
        title="zubař",
        now=NOW,
        actor=0,
        **more,
    )


def clocks(
    where: OfficeSnapshot, code: str | None = "novakova", day: date = town.MONDAY
) -> list[str]:
    found = slot_search.search_slots(
        office=where,
        service=town.service(where, "ohlaseni"),
        now=NOW,
        days=[day],
        official=official(where, code) if code else None,
    )
    return [f"{t.starts_at.astimezone(town.PRAGUE):%H:%M}" for t in found]


def test_nobody_books_busy_time(lhota: OfficeSnapshot) -> None:
    add(lhota, span("8:20", "9:00"))
    assert clocks(lhota)[:3] == ["08:00", "09:00", "09:15"]
    for channel in ("web", "api", "desk", "phone"):
        with pytest.raises(SlotTaken):
            hold(lhota, "8:45", "novakova", channel=channel)
    booked = hold(lhota, "9:00", "novakova")
    booked = booking_lifecycle.request_confirmation(
        booking=booked.pk, contact=Contact(name="A", email="a@b.cz"), now=NOW
    )
    with pytest.raises(SlotTaken):
        booking_lifecycle.move_booking(booking=booked.pk, starts_at=town.at("8:30"), now=NOW)
    # A longer service must not reach into it either.
    with pytest.raises(SlotTaken):
        hold(lhota, "8:00", "novakova", service="povoleni")


def test_a_colleague_takes_over_and_the_buffer_counts(lhota: OfficeSnapshot) -> None:
    add(lhota, span("9:00", "9:15"))
    assert officials.whose(hold(lhota, "9:00")) == "dvorak"
    add(lhota, span("9:30", "9:45"), code="dvorak", accept=True)  # his buffer is 15 minutes
    assert clocks(lhota, "dvorak") == []


def test_several_days_and_the_night(lhota: OfficeSnapshot) -> None:
    add(
        lhota,
        Interval(town.at("18:00"), town.at("9:15", town.MONDAY + timedelta(days=8))),
        accept=True,
    )
    assert clocks(lhota)[-1] == "17:45"
    assert clocks(lhota, day=town.MONDAY + timedelta(days=7)) == []


def test_the_hour_stays_the_same_when_the_clocks_change(lhota: OfficeSnapshot) -> None:
    first = span("8:00", "9:00", date(2026, 10, 19))
    found = weekly_intervals(first, date(2026, 11, 2), lhota)
    assert [one.start.astimezone(town.PRAGUE).hour for one in found] == [8, 8, 8]
    assert [one.start.hour for one in found] == [6, 7, 7]


def test_a_repeated_appointment_and_its_end(lhota: OfficeSnapshot) -> None:
    add(lhota, *weekly_intervals(span("8:00", "9:00"), town.MONDAY + timedelta(days=21), lhota))
    rows = list(Busy.objects.order_by("starts_at"))
    assert len({one.series for one in rows}) == 1
    assert clocks(lhota, day=town.MONDAY + timedelta(days=14))[0] == "09:00"
    who: dict[str, Any] = {"office": lhota, "official": official(lhota), "now": NOW, "actor": 0}
    private_appointments.remove_appointment(appointment=rows[1].pk, **who)
    private_appointments.remove_appointment(appointment=rows[2].pk, later_too=True, **who)
    private_appointments.remove_appointment(appointment=rows[2].pk, later_too=True, **who)
    assert list(Busy.objects.all()) == [rows[0]]


def test_who_is_booked_comes_first_and_stays(lhota: OfficeSnapshot) -> None:
    booked = hold(lhota, "8:00", "novakova")
    with pytest.raises(Affected) as found:
        add(lhota, span("8:10", "9:00"))
    assert found.value.bookings == [booked]
    assert not Busy.objects.exists()
    assert add(lhota, span("8:10", "9:00"), accept=True) == [booked]
    booked.refresh_from_db()
    assert booked.state == "held"
    busy = Busy.objects.get()
    assert private_appointments.bookings_in_busy_time([busy], [booked]) == {booked}
    # Making it shorter asks nobody again; moving it over somebody else does.
    more: dict[str, Any] = {
        "office": lhota,
        "official": official(lhota),
        "now": NOW,
        "actor": 0,
        "title": "x",
    }
    assert (
        private_appointments.change_appointment(
            appointment=busy.pk, time=span("8:10", "8:30"), **more
        )
        == []
    )
    other = hold(lhota, "9:45", "novakova")
    with pytest.raises(Affected) as again:
        private_appointments.change_appointment(
            appointment=busy.pk, time=span("9:30", "10:00"), **more
        )
    assert again.value.bookings == [other]
    assert "zubař" not in str(list(Event.objects.values_list("data", flat=True)))


def test_too_far_and_over(lhota: OfficeSnapshot) -> None:
    for day in (town.MONDAY - timedelta(days=7), town.MONDAY + timedelta(days=500)):
        with pytest.raises(AppointmentTooFar):
            add(lhota, span("8:00", "9:00", day))


def test_an_appointment_of_an_outside_calendar_is_not_ours_to_change(lhota: OfficeSnapshot) -> None:
    outside = OutsideCalendar.objects.create(
        office=lhota.row, official=official(lhota), kind="ics", url="https://x.example/a.ics"
    )
    row = Busy.objects.create(
        office=lhota.row,
        official=official(lhota),
        calendar=outside,
        starts_at=town.at("8:00"),
        ends_at=town.at("9:00"),
    )
    private_appointments.remove_appointment(
        office=lhota, official=official(lhota), appointment=row.pk, now=NOW, actor=0
    )
    with pytest.raises(Busy.DoesNotExist):
        private_appointments.change_appointment(
            office=lhota,
            official=official(lhota),
            appointment=row.pk,
            time=span("8:00", "8:30"),
            title="",
            now=NOW,
            actor=0,
        )
    assert Busy.objects.get().ends_at == town.at("9:00")


def test_as_many_statements_with_busy_time_as_without(lhota: OfficeSnapshot) -> None:
    service = town.service(lhota, "ohlaseni")
    slot_search.search_slots(office=lhota, service=service, now=NOW)
    add(lhota, *weekly_intervals(span("8:00", "8:15"), town.MONDAY + timedelta(days=60), lhota))
    with CaptureQueriesContext(connection) as seen:
        slot_search.search_slots(office=lhota, service=service, now=NOW)
    assert len(seen) == 1
