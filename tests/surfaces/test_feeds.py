"""The private feeds: who reads what, for how little, and that calendar programs understand it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import vobject
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from prepazka.booking import booking_lifecycle, calendar_feeds
from prepazka.booking.models import Booking, CalendarFeed
from prepazka.core.contact import Contact
from prepazka.offices.models import Counter, Official
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.calendars import views
from prepazka.web import limits
from tests import officials, town
from tests.gateways import caldav_peers

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE


@pytest.fixture
def lhota(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    monkeypatch.setattr(views, "now", lambda: NOW)
    return officials.office()


def booked(where: OfficeSnapshot, clock: str = "9:00", **more: Any) -> Booking:
    held = officials.hold(where, clock, "novakova", **more)
    return booking_lifecycle.request_confirmation(
        booking=held.pk,
        contact=Contact(name="Karel Vomáčka", email=f"k{clock.replace(':', '')}@example.cz"),
        now=NOW,
    )


def feed(where: OfficeSnapshot, of: Any = None, *, names: bool = False) -> str:
    _, token = calendar_feeds.make_feed(
        office=where.row,
        owner=of or officials.official(where),
        with_names=names,
        now=NOW,
        actor=town.clerk(where, f"kdo{CalendarFeed.objects.count()}").pk,
    )
    return f"/kalendar/{token}.ics"


def read(address: str, **headers: str) -> Any:
    return Client().get(address, headers=headers)


def events(address: str) -> list[Any]:
    """The events as another library reads them."""
    found = vobject.readOne(read(address).content.decode())
    return list(getattr(found, "vevent_list", []))


def test_topics_only_unless_names_are_wanted(lhota: OfficeSnapshot) -> None:
    booking = booked(lhota)
    plain, named = read(feed(lhota)), read(feed(lhota, names=True))
    assert plain.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "SUMMARY:Ohlášení stavby" in plain.content.decode()
    for private in ("Karel", "example.cz", booking.pin):
        assert private not in plain.content.decode()
    assert "SUMMARY:Karel Vomáčka – Ohlášení stavby" in named.content.decode()
    assert "example.cz" not in named.content.decode()


def test_another_library_reads_time_zone_and_changes(lhota: OfficeSnapshot) -> None:
    booking, address = booked(lhota), feed(lhota)
    text = read(address).content.decode()
    assert "BEGIN:VTIMEZONE" in text
    assert "DTSTART;TZID=Europe/Prague:20261123T090000" in text
    (event,) = events(address)
    assert event.dtstart.value == town.at("9:00")
    assert event.dtend.value == town.at("9:15")
    uid = event.uid.value
    booking_lifecycle.move_booking(booking=booking.pk, starts_at=town.at("17:00"), now=NOW)
    (event,) = events(address)
    assert (event.uid.value, event.sequence.value) == (uid, "1")
    assert event.dtstart.value == town.at("17:00")
    booking_lifecycle.cancel_booking(booking=booking.pk, now=NOW)
    assert events(address) == []


def test_unchanged_it_is_cheap(lhota: OfficeSnapshot) -> None:
    booked(lhota)
    address = feed(lhota)
    first = read(address)
    mark = first.headers["ETag"]
    with CaptureQueriesContext(connection) as seen:
        again = read(address, if_none_match=mark)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", mark)
    assert len(seen) <= 4
    assert read(address, if_none_match=f"W/{mark}").status_code == 304
    booked(lhota, "9:30")
    changed = read(address, if_none_match=mark)
    assert changed.status_code == 200
    assert read(address).content == changed.content  # the same bytes for the same bookings


def test_nobody_finds_keeps_or_changes_it(lhota: OfficeSnapshot) -> None:
    address = feed(lhota)
    answer = read(address)
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "private" in answer.headers["Cache-Control"]
    assert len(address) > 50
    assert Client().post(address).status_code == 405
    assert address.split("/")[2][:-4] not in CalendarFeed.objects.get().token_hash
    row = CalendarFeed.objects.get()
    calendar_feeds.revoke_feed(feed=row, now=NOW, actor=0)
    calendar_feeds.revoke_feed(feed=row, now=NOW, actor=0)
    assert read(address).status_code == 404
    assert read("/kalendar/nikdo.ics").headers["X-Robots-Tag"] == "noindex, nofollow"


def test_too_often(lhota: OfficeSnapshot, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.RATE_LIMITS = True
    monkeypatch.setattr(views, "READS", limits.Limit("feed", 2, timedelta(minutes=10)))
    address = feed(lhota)
    assert [read(address).status_code for _ in range(3)] == [200, 200, 429]


def test_a_counters_feed_has_what_is_served_there(lhota: OfficeSnapshot) -> None:
    booked(lhota)  # with an official whose counter is d12
    d12, p1 = (Counter.objects.get(code=code) for code in ("d12", "p1"))
    assert len(events(feed(lhota, d12))) == 1
    assert events(feed(lhota, p1)) == []
    held = officials.hold(lhota, "9:00", "dvorak")  # he has no counter of his own
    booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name="A", email="a@b.cz"), now=NOW
    )
    assert len(events(feed(lhota, p1))) == 1


def test_others_and_the_past_are_not_in_it(lhota: OfficeSnapshot) -> None:
    booking = booked(lhota)
    address = feed(lhota, Official.objects.get(code="dvorak"))
    assert events(address) == []
    old = town.MONDAY - timedelta(days=60)
    Booking.objects.filter(pk=booking.pk).update(date=old)
    assert events(feed(lhota)) == []


@pytest.fixture(scope="module")
def radicale(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("radicale")
    with caldav_peers.radicale(folder) as made:
        yield made


def test_radicale_takes_it_over(lhota: OfficeSnapshot, radicale: str) -> None:
    for clock in ("9:00", "9:30"):
        booked(lhota, clock)
    text = read(feed(lhota, names=True)).content
    calendar = radicale.replace("/kalendar/", "/z-prepazky/")
    status, said = caldav_peers.request("PUT", calendar, text, Content_Type="text/calendar")
    assert status == 201, said
    status, back = caldav_peers.request("GET", calendar)
    assert status == 200
    found = vobject.readOne(back.decode())
    assert [one.summary.value for one in found.vevent_list] == [
        "Karel Vomáčka – Ohlášení stavby",
        "Karel Vomáčka – Ohlášení stavby",
    ]
    assert min(one.dtstart.value for one in found.vevent_list) == town.at("9:00")


def test_who_did_not_come_stays_and_is_marked(lhota: OfficeSnapshot) -> None:
    booking = booked(lhota)
    Booking.objects.filter(pk=booking.pk).update(state="no_show", ended_at=NOW)
    (event,) = events(feed(lhota, names=True))
    assert event.summary.value == "Karel Vomáčka – Ohlášení stavby (bez příchodu)"
