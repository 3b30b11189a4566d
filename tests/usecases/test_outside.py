"""Outside calendars in the diary: what was read stays until it is read well again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from prepazka.booking import outside
from prepazka.booking.models import Busy, OutsideCalendar
from prepazka.booking.outside import TooManyCalendars
from prepazka.booking.refusals import TermTaken
from prepazka.core.external_times import Reading
from prepazka.core.interval import Interval
from prepazka.jobs import calendars
from prepazka.journal.models import Event
from prepazka.offices.directory import Directory
from prepazka.offices.models import Official
from tests import officials, town
from tests.gateways import calendar_peer
from tests.gateways.calendar_peer import Peer
from tests.gateways.test_calendars import ics
from tests.officials import hold, official

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
MEETING = "UID:a|SUMMARY:tajné|DTSTART:20261123T070000Z|DTEND:20261123T080000Z"  # 8:00-9:00


@pytest.fixture
def lhota() -> Directory:
    return officials.office()


@pytest.fixture
def peer(settings: Any) -> Iterator[Peer]:
    settings.CALENDAR_NETWORKS = [ip_network("127.0.0.0/8")]
    with calendar_peer.running() as made:
        made.body, made.etag = ics(MEETING), '"jedna"'
        yield made


def add(where: Directory, url: str, **more: Any) -> OutsideCalendar:
    kind = OutsideCalendar.Kind.ICS
    return outside.add_calendar(
        official=official(where), kind=kind, url=url, now=NOW, actor=1, **more
    )


def refreshed(which: OutsideCalendar, minutes: int = 0) -> OutsideCalendar:
    calendars.refresh(calendar=which.pk, now=NOW + timedelta(minutes=minutes))
    which.refresh_from_db()
    return which


def test_its_events_take_time_and_nothing_else_is_kept(lhota: Directory, peer: Peer) -> None:
    found = refreshed(add(lhota, peer.url))
    assert (found.failure, found.refreshed_at) == ("", NOW)
    row = Busy.objects.get()
    assert (row.starts_at, row.ends_at, row.title) == (town.at("8:00"), town.at("9:00"), "")
    with pytest.raises(TermTaken):
        hold(lhota, "8:30", "novakova")
    hold(lhota, "9:00", "novakova")


def test_an_unchanged_calendar_writes_no_event_and_no_row(lhota: Directory, peer: Peer) -> None:
    found = refreshed(add(lhota, peer.url))
    before = (list(Busy.objects.values_list("pk")), Event.objects.count())
    assert refreshed(found, 5).refreshed_at == NOW + timedelta(minutes=5)
    assert peer.asked[1]["if-none-match"] == '"jedna"'
    peer.etag = '"dve"'  # the same events again
    refreshed(found, 10)
    assert before == (list(Busy.objects.values_list("pk")), Event.objects.count())
    # On a new day the window has moved on, so everything is asked for.
    refreshed(found, 24 * 60)
    assert "if-none-match" not in peer.asked[-1]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"status": 500}, "broken"),
        ({"body": b"nesmysl"}, "garbage"),
        ({"status": 302, "location": "http://10.0.0.1/"}, "forbidden"),
    ],
)
def test_what_was_read_stays_while_it_cannot_be_read(
    lhota: Directory, peer: Peer, fault: dict[str, Any], reason: str
) -> None:
    found = refreshed(add(lhota, peer.url))
    was = dict(peer.__dict__)
    peer.__dict__.update(fault | {"etag": ""})
    refreshed(found, 5)
    assert (found.failure, found.refreshed_at) == (reason, NOW)
    assert found.tried_at == NOW + timedelta(minutes=5)
    assert Busy.objects.count() == 1
    later = MEETING.replace("T07", "T09").replace("T08", "T10")
    peer.__dict__.update(was | {"body": ics(later), "etag": '"nic"'})
    assert refreshed(found, 10).failure == ""
    assert Busy.objects.get().starts_at == town.at("10:00")


def test_what_cannot_be_understood_is_said(lhota: Directory, peer: Peer) -> None:
    peer.body = ics(MEETING, "DTSTART:20261124T080000Z|DTEND:nic")
    found = refreshed(add(lhota, peer.url))
    assert found.failure == "partly"
    assert refreshed(found, 5).failure == "partly"  # unchanged, so still so
    assert Busy.objects.count() == 2


def test_nobody_is_displaced(lhota: Directory, peer: Peer) -> None:
    booked = hold(lhota, "8:30", "novakova")
    refreshed(add(lhota, peer.url))
    booked.refresh_from_db()
    assert booked.state == "held"


def test_the_password_is_kept_sealed(lhota: Directory, peer: Peer, settings: Any) -> None:
    found = add(lhota, peer.url, username="jana", password="velmi tajné")
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM booking_outsidecalendar")
        assert "tajn" not in cursor.fetchone()[0]
    assert outside.opened(found.password) == "velmi tajné"
    settings.SECRET_KEY = "jiné tajemství"
    assert refreshed(found).failure == "sealed"
    assert peer.asked == []


def test_the_same_address_again_and_too_many(lhota: Directory) -> None:
    first = add(lhota, "https://a.example/0.ics")
    assert add(lhota, "https://a.example/0.ics", password="nové").pk == first.pk
    for number in range(1, outside.MOST_CALENDARS):
        add(lhota, f"https://a.example/{number}.ics")
    with pytest.raises(TooManyCalendars):
        add(lhota, "https://a.example/9.ics")


def test_removed_it_takes_nothing(lhota: Directory, peer: Peer) -> None:
    found = refreshed(add(lhota, peer.url))
    outside.remove_calendar(which=found, now=NOW, actor=1)
    outside.remove_calendar(which=found, now=NOW, actor=1)
    assert not Busy.objects.exists()
    # A job that was reading it meanwhile finds nothing to write to.
    reading = Reading({"a": [Interval(town.at("8:00"), town.at("9:00"))]})
    outside.note_read(which=found.pk, reading=reading, now=NOW)
    outside.note_failure(which=found.pk, reason="slow", now=NOW)
    calendars.refresh(calendar=found.pk, now=NOW)
    assert not Busy.objects.exists()


def test_five_thousand_events_are_written_in_few_statements(lhota: Directory, peer: Peer) -> None:
    found = add(lhota, peer.url)
    start = town.at("8:00")
    events = {
        str(n): [Interval(start + timedelta(hours=n), start + timedelta(hours=n, minutes=30))]
        for n in range(5_000)
    }
    with CaptureQueriesContext(connection) as seen:
        outside.note_read(which=found.pk, reading=Reading(events), now=NOW)
    assert Busy.objects.count() == 5_000
    assert len(seen) < 20


@pytest.mark.django_db(transaction=True)
def test_a_round_asks_each_calendar_once_and_the_broken_ones_seldom(
    lhota: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    well, broken, gone = (add(lhota, f"https://a.example/{n}.ics") for n in range(3))
    outside.note_failure(which=broken.pk, reason="slow", now=NOW)
    OutsideCalendar.objects.filter(pk=broken.pk).update(refreshed_at=NOW - timedelta(days=2))
    outside.remove_calendar(which=gone, now=NOW, actor=1)
    calendars.defer_due(now=NOW)
    calendars.defer_due(now=NOW)
    jobs = ProcrastinateJob.objects.filter(task_name="refresh_calendar")
    assert [job.args for job in jobs] == [{"calendar": well.pk}]
    assert calendars.due(now=NOW + timedelta(hours=2)) == [well.pk, broken.pk]
    Official.objects.update(retired=True)
    assert calendars.due(now=NOW) == []
