"""Absences and extra hours: the impact first, and no booking slips in beside them."""

from datetime import date, timedelta
from typing import Any

import pytest

from prepazka.booking import absences, slot_search
from prepazka.booking.absences import Affected
from prepazka.booking.models import Booking
from prepazka.booking.refusals import SlotNotOffered
from prepazka.core.calendar import DayException
from prepazka.journal.models import Event
from prepazka.officefile.office_export import export
from prepazka.officefile.office_loading import load
from prepazka.offices.models import HoursException, Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from tests import officials, town
from tests.officials import hold, official

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
MORNING = DayException(town.MONDAY, town.MONDAY, 480, 570, "closed")  # 8:00-9:30


@pytest.fixture
def lhota() -> OfficeSnapshot:
    return officials.office()


def add(days: DayException = MORNING, code: str = "novakova", **more: Any) -> list[Booking]:
    where = snapshot_by_slug("lhota")
    return absences.add_exception(
        office=where,
        official=official(where, code),
        days=days,
        reason="lékař",
        now=NOW,
        actor=0,
        **more,
    )


def remove(pk: int, **more: Any) -> list[Booking]:
    where = snapshot_by_slug("lhota")
    return absences.remove_exception(
        office=where, official=official(where), exception=pk, now=NOW, actor=0, **more
    )


def clocks(code: str = "novakova") -> list[str]:
    where = snapshot_by_slug("lhota")
    found = slot_search.search_slots(
        office=where,
        service=town.service(where, "ohlaseni"),
        now=NOW,
        days=[town.MONDAY],
        official=official(where, code),
    )
    return [f"{t.starts_at.astimezone(town.PRAGUE):%H:%M}" for t in found]


def test_an_absence_takes_its_time_and_nobody_elses(lhota: OfficeSnapshot) -> None:
    before = clocks("dvorak")
    assert add() == []
    assert clocks()[:2] == ["09:30", "09:45"]
    assert clocks("dvorak") == before


def test_the_impact_comes_first_and_changes_nothing(lhota: OfficeSnapshot) -> None:
    in_it, across, after = (
        hold(lhota, "8:00", "novakova"),
        hold(lhota, "9:15", "novakova", service="povoleni"),
        hold(lhota, "9:45", "novakova"),
    )
    hold(lhota, "9:00", "dvorak")
    version = Office.objects.get().version
    with pytest.raises(Affected) as found:
        add()
    assert found.value.bookings == [in_it, across]
    assert (HoursException.objects.filter(official__code="novakova").count(), version) == (
        0,
        Office.objects.get().version,
    )
    assert "08:15" in clocks()
    assert add(accept=True) == [in_it, across]
    assert clocks() == ["17:00", "17:15", "17:30", "17:45", "18:00", "18:15", "18:30", "18:45"]
    # A second absence over the first touches nobody anew.
    assert add(DayException(town.MONDAY, town.MONDAY, 480, 540, "closed")) == []
    assert after in Booking.objects.filter(state="held")


def test_an_expired_hold_is_nobody(lhota: OfficeSnapshot) -> None:
    hold(lhota, "8:00", "novakova", now=NOW - timedelta(hours=1))
    assert add() == []


def test_extra_hours_come_and_go_with_their_people(lhota: OfficeSnapshot) -> None:
    saturday = date(2026, 11, 28)
    add(DayException(saturday, saturday, 600, 660, "extra"))
    extra = HoursException.objects.get(official__code="novakova")
    where = snapshot_by_slug("lhota")
    held = slot_search.find_claim(
        office=where,
        service=town.service(where, "ohlaseni"),
        starts_at=town.at("10:00", saturday),
        persons=1,
        channel="web",
        now=NOW,
    )
    Booking.objects.create(
        office=where.row,
        service=town.service(where, "ohlaseni"),
        lane_id=held.lane,
        date=saturday,
        starts_at=held.during.start,
        ends_at=held.during.end,
        state="confirmed",
        created_at=NOW,
    )
    with pytest.raises(Affected):
        remove(extra.pk)
    assert len(remove(extra.pk, accept=True)) == 1
    assert remove(extra.pk) == []  # pressed twice
    assert not HoursException.objects.filter(pk=extra.pk).exists()


def test_a_page_read_before_the_absence_books_nothing_in_it(lhota: OfficeSnapshot) -> None:
    add()
    with pytest.raises(SlotNotOffered):
        hold(lhota, "8:00", "novakova")  # `lhota` is the snapshot from before


def test_every_change_is_in_the_journal_without_its_reason(lhota: OfficeSnapshot) -> None:
    hold(lhota, "8:00", "novakova")
    add(accept=True)
    event = Event.objects.get(kind="DiaryChanged")
    assert event.data == {"official": official(lhota).pk, "bookings": 1}
    assert event.actor == 0


def test_it_survives_an_export_and_a_load(lhota: OfficeSnapshot) -> None:
    add()
    before = clocks()
    load(export(Office.objects.get()), now=NOW)
    assert clocks() == before
