"""Outside calendars in the diary: what was read stays until it is read well again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from prepazka.booking import booking_lifecycle, external_calendars
from prepazka.booking.event_uids import feed_uid, mailed_uid
from prepazka.booking.external_calendars import TooManyCalendars
from prepazka.booking.models import Booking, Busy, OutsideCalendar
from prepazka.booking.refusals import SlotTaken
from prepazka.core.contact import Contact
from prepazka.core.external_times import Reading
from prepazka.core.interval import Interval
from prepazka.gateways import calendars as gateway
from prepazka.gateways.calendars.busy import read_texts
from prepazka.jobs import calendar_jobs
from prepazka.journal.models import Event
from prepazka.messaging import mail
from prepazka.offices.models import Official
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import officials, town
from tests.gateways import calendar_peer
from tests.gateways.calendar_peer import Peer
from tests.gateways.test_calendars import ics
from tests.officials import hold, official

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
MEETING = "UID:a|SUMMARY:tajné|DTSTART:20261123T070000Z|DTEND:20261123T080000Z"  # 8:00-9:00


@pytest.fixture
def lhota() -> OfficeSnapshot:
    return officials.office()


@pytest.fixture
def peer(settings: Any) -> Iterator[Peer]:
    settings.CALENDAR_NETWORKS = [ip_network("127.0.0.0/8")]
    with calendar_peer.running() as made:
        made.body, made.etag = ics(MEETING), '"jedna"'
        yield made


@pytest.fixture(autouse=True)
def _read_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save a process for each reading; tests of the gateway and journeys start real ones."""
    monkeypatch.setattr(gateway, "unfold_in_process", read_texts)


def add(where: OfficeSnapshot, url: str, **more: Any) -> OutsideCalendar:
    kind = OutsideCalendar.Kind.ICS
    return external_calendars.add_calendar(
        official=official(where), kind=kind, url=url, now=NOW, actor=0, **more
    )


def refreshed(which: OutsideCalendar, minutes: int = 0) -> OutsideCalendar:
    calendar_jobs.read_and_store(calendar=which.pk, now=NOW + timedelta(minutes=minutes))
    which.refresh_from_db()
    return which


def test_its_events_take_time_and_nothing_else_is_kept(lhota: OfficeSnapshot, peer: Peer) -> None:
    found = refreshed(add(lhota, peer.url))
    assert (found.failure, found.refreshed_at) == ("", NOW)
    row = Busy.objects.get()
    assert (row.starts_at, row.ends_at, row.title) == (town.at("8:00"), town.at("9:00"), "")
    with pytest.raises(SlotTaken):
        hold(lhota, "8:30", "novakova")
    hold(lhota, "9:00", "novakova")


def test_an_unchanged_calendar_writes_no_event_and_no_row(
    lhota: OfficeSnapshot, peer: Peer
) -> None:
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
    lhota: OfficeSnapshot, peer: Peer, fault: dict[str, Any], reason: str
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


def test_what_cannot_be_understood_is_said(lhota: OfficeSnapshot, peer: Peer) -> None:
    peer.body = ics(MEETING, "DTSTART:20261124T080000Z|DTEND:nic")
    found = refreshed(add(lhota, peer.url))
    assert found.failure == "partly"
    assert refreshed(found, 5).failure == "partly"  # unchanged, so still so
    assert Busy.objects.count() == 2


def taken() -> list[str]:
    return [f"{row.starts_at:%d. %H}-{row.ends_at:%d. %H}" for row in Busy.objects.order_by("pk")]


def test_what_is_in_doubt_takes_time_until_a_person_says_that_it_is_free(
    lhota: OfficeSnapshot, peer: Peer
) -> None:
    series = "UID:s|DTSTART:20261124T080000Z|DTEND:20261124T090000Z|RRULE:FREQ=WEEKLY;COUNT=2"
    peer.etag = ""
    peer.body = ics(MEETING, series)
    found = refreshed(add(lhota, peer.url))
    assert taken() == ["23. 07-23. 08", "24. 08-24. 09", "01. 08-01. 09"]
    peer.body = ics(MEETING, series.replace("COUNT=2", "UNTIL=nikdy"))
    refreshed(found, 5)
    assert taken() == ["23. 07-23. 08", "24. 08-24. 09", "01. 08-01. 09"]
    [doubt] = external_calendars.doubts_of_calendar(found).doubts
    events = Event.objects.count()
    external_calendars.unblock_doubtful_event(
        outside_calendar=found, mark=doubt.mark, now=NOW, actor=7
    )
    assert taken() == ["23. 07-23. 08"]
    assert Event.objects.count() == events + 1
    external_calendars.unblock_doubtful_event(
        outside_calendar=found, mark=doubt.mark, now=NOW, actor=7
    )
    assert Event.objects.count() == events + 1
    refreshed(found, 10)
    assert (taken(), found.failure) == (["23. 07-23. 08"], "")
    peer.body = ics(MEETING, series.replace("COUNT=2", "UNTIL=nikdy").replace("T09", "T10"))
    assert refreshed(found, 15).failure == "partly"
    assert taken() == ["23. 07-23. 08", "24. 08-24. 10"]


def many(count: int) -> bytes:
    start = town.at("8:00")
    days = [start + timedelta(days=n) for n in range(count)]
    return ics(*(f"UID:{n}|DTSTART:{at:%Y%m%dT%H%M%SZ}|DURATION:PT1H" for n, at in enumerate(days)))


def test_an_empty_calendar_after_many_events_frees_nothing_for_a_day(
    lhota: OfficeSnapshot, peer: Peer
) -> None:
    peer.body = many(50)
    found = refreshed(add(lhota, peer.url))
    peer.body, peer.etag = ics(), '"prazdny"'
    assert refreshed(found, 5).failure == "vanished"
    assert Busy.objects.count() == 50
    assert len(external_calendars.doubts_of_calendar(found).missing) == 50
    # The same text, and the server's "not modified", hold nothing up.
    assert refreshed(found, 24 * 60).failure == "vanished"
    assert refreshed(found, 24 * 60 + 5).failure == ""
    assert not Busy.objects.exists()


def test_a_person_may_say_at_once_that_all_was_cancelled(lhota: OfficeSnapshot, peer: Peer) -> None:
    peer.etag = ""
    peer.body = many(3)
    found = refreshed(add(lhota, peer.url))
    peer.body = ics()
    refreshed(found, 5)
    external_calendars.unblock_vanished_events(outside_calendar=found, now=NOW, actor=7)
    found.refresh_from_db()
    assert (found.failure, Busy.objects.count()) == ("", 0)
    assert refreshed(found, 10).failure == ""
    assert not Busy.objects.exists()


def test_a_calendar_that_was_read_by_the_release_before(lhota: OfficeSnapshot, peer: Peer) -> None:
    """Its times are known without their events: they are no less protected."""
    found = add(lhota, peer.url)
    OutsideCalendar.objects.filter(pk=found.pk).update(etag='"jedna"', refreshed_at=NOW)
    for n in range(3):
        Busy.objects.create(
            office=found.office,
            official=found.official,
            calendar=found,
            starts_at=town.at("8:00") + timedelta(days=n),
            ends_at=town.at("9:00") + timedelta(days=n),
        )
    peer.body = ics()
    assert refreshed(found, 5).failure == "vanished"
    assert Busy.objects.count() == 3
    peer.body = many(2)
    refreshed(found, 10)
    assert Busy.objects.count() == 3
    refreshed(found, 25 * 60)
    assert Busy.objects.count() == 2


def test_a_damaged_text_is_said_and_frees_nothing(lhota: OfficeSnapshot, peer: Peer) -> None:
    peer.etag = ""
    peer.body = many(5)
    found = refreshed(add(lhota, peer.url))
    peer.body = many(5)[:130]
    assert refreshed(found, 5).failure == "damaged"
    assert refreshed(found, 48 * 60).failure == "damaged"
    assert Busy.objects.count() == 5


def own_uids(booking: Booking) -> list[str]:
    return [mailed_uid(booking.pk), feed_uid(booking.pk), mailed_uid(booking.pk).upper()]


def test_our_own_bookings_are_known_in_both_forms(lhota: OfficeSnapshot, peer: Peer) -> None:
    booked = hold(lhota, "8:30", "novakova")
    at = "DTSTART:20261123T090000Z|DURATION:PT1H"  # where the booking was before it was moved
    peer.body = ics(*(f"UID:{uid}|{at}" for uid in own_uids(booked)))
    refreshed(add(lhota, peer.url))
    assert not Busy.objects.exists()


@pytest.mark.parametrize(
    "uid",
    [
        "{pk}-termin@jine-mesto.cz",
        "{pk}@jine-mesto.cz",
        "x-{pk}@{host}",
        "00000000-0000-0000-0000-000000000000@{host}",
        "00000000-0000-0000-0000-000000000000-termin@{host}",
        "------------------------------------@{host}",
        "77-termin@{host}",
        "{pk}-schuzka@{host}",
    ],
)
def test_what_only_looks_like_ours_takes_its_time(
    lhota: OfficeSnapshot, peer: Peer, uid: str
) -> None:
    booked = hold(lhota, "8:30", "novakova")
    said = uid.format(pk=booked.pk, host=mailed_uid(booked.pk).partition("@")[2])
    peer.body = ics(f"UID:{said}|DTSTART:20261123T090000Z|DURATION:PT1H")
    refreshed(add(lhota, peer.url))
    assert Busy.objects.count() == 1


def test_a_mailed_file_that_was_imported_leaves_the_old_time_free(
    lhota: OfficeSnapshot, peer: Peer
) -> None:
    held = hold(lhota, "8:30", "novakova")
    booked = booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name="Karel Vomáčka", email="k@example.cz"), now=NOW
    )
    peer.body = mail.calendar_file(booked, lhota, now=NOW)
    refreshed(add(lhota, peer.url))
    assert f"UID:{booked.pk}@".encode() in peer.body, "mails that were sent keep their UID"
    booking_lifecycle.move_booking(booking=booked.pk, starts_at=town.at("9:30"), now=NOW)
    refreshed(OutsideCalendar.objects.get(), 5)
    hold(lhota, "8:30", "novakova")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://neexistuje-kalendář.invalid/a.ics", "unreachable"),
        ("https://" + "a" * 70 + ".example/", "unreachable"),
        ("https://xn--a.invalid/", "unreachable"),
    ],
)
def test_a_host_that_cannot_be_asked_is_noted(lhota: OfficeSnapshot, url: str, reason: str) -> None:
    found = refreshed(add(lhota, url), 5)
    assert found.failure in {reason, "forbidden"}
    assert found.tried_at == NOW + timedelta(minutes=5)


def test_a_fault_of_our_own_is_noted_with_its_time(
    lhota: OfficeSnapshot, peer: Peer, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    found = refreshed(add(lhota, peer.url))

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(calendar_jobs, "read_busy_time", fails)
    refreshed(found, 5)
    assert (found.failure, found.tried_at) == ("fault", NOW + timedelta(minutes=5))
    assert "could not be read" in caplog.text
    assert Busy.objects.count() == 1


def test_an_event_in_the_hour_that_spring_skips(lhota: OfficeSnapshot, peer: Peer) -> None:
    zone = "TZID=Europe/Prague"
    peer.body = ics(
        "UID:l|DTSTART;VALUE=DATE:20261207|DTEND;VALUE=DATE:20261214",
        f"UID:n|DTSTART;{zone}:20261101T020000|DTEND;{zone}:20261101T030000|RRULE:FREQ=DAILY",
    )
    found = refreshed(add(lhota, peer.url))
    assert found.failure == ""
    assert Busy.objects.filter(starts_at=town.at("0:00", date(2026, 12, 7))).exists()
    spring = Busy.objects.get(starts_at__date=date(2027, 3, 28))
    assert spring.ends_at - spring.starts_at == timedelta(hours=1)


def test_wishes_of_a_calendar_count_from_the_next_reading_on(
    lhota: OfficeSnapshot, peer: Peer
) -> None:
    peer.body = ics(
        "UID:a|DTSTART:20261123T070000Z|DURATION:PT1H|STATUS:TENTATIVE",
        "UID:b|DTSTART:20261123T090000Z|DURATION:PT1H|ATTENDEE;PARTSTAT=DECLINED:mailto:Já@x.cz"
        "|ATTENDEE:mailto:b@x.cz",
    )
    found = refreshed(add(lhota, peer.url))
    assert taken() == ["23. 07-23. 08", "23. 09-23. 10"]
    wishes = external_calendars.Wishes(
        takes_unanswered=True,
        takes_tentative=False,
        takes_elsewhere=True,
        takes_all_day_by_others=True,
        owner_address="já@x.cz",
    )
    external_calendars.change_settings(outside_calendar=found, wishes=wishes, now=NOW, actor=7)
    refreshed(found, 5)
    assert taken() == []


def test_a_calendar_that_its_server_keeps_out_of_time(lhota: OfficeSnapshot, peer: Peer) -> None:
    found = refreshed(add(lhota, peer.url))
    reading = Reading({})
    external_calendars.store_reading(
        calendar_id=found.pk, reading=reading, transparent=True, now=NOW
    )
    found.refresh_from_db()
    assert (found.failure, Busy.objects.count()) == ("transparent", 0)


def test_nobody_is_displaced(lhota: OfficeSnapshot, peer: Peer) -> None:
    booked = hold(lhota, "8:30", "novakova")
    refreshed(add(lhota, peer.url))
    booked.refresh_from_db()
    assert booked.state == "held"


def test_the_password_is_kept_sealed(lhota: OfficeSnapshot, peer: Peer, settings: Any) -> None:
    found = add(lhota, peer.url, username="jana", password="velmi tajné")
    with connection.cursor() as cursor:
        cursor.execute("SELECT password FROM booking_outsidecalendar")
        assert "tajn" not in cursor.fetchone()[0]
    assert external_calendars.decrypt_secret(found.password) == "velmi tajné"
    settings.SECRET_KEY = "jiné tajemství"
    assert refreshed(found).failure == "sealed"
    assert peer.asked == []


def test_the_same_address_again_and_too_many(lhota: OfficeSnapshot) -> None:
    first = add(lhota, "https://a.example/0.ics")
    assert add(lhota, "https://a.example/0.ics", password="nové").pk == first.pk
    for number in range(1, external_calendars.MOST_CALENDARS):
        add(lhota, f"https://a.example/{number}.ics")
    with pytest.raises(TooManyCalendars):
        add(lhota, "https://a.example/9.ics")


def test_removed_it_takes_nothing(lhota: OfficeSnapshot, peer: Peer) -> None:
    found = refreshed(add(lhota, peer.url))
    external_calendars.remove_calendar(outside_calendar=found, now=NOW, actor=0)
    external_calendars.remove_calendar(outside_calendar=found, now=NOW, actor=0)
    assert not Busy.objects.exists()
    # A job that was reading it meanwhile finds nothing to write to.
    reading = Reading({"a": [Interval(town.at("8:00"), town.at("9:00"))]})
    external_calendars.store_reading(calendar_id=found.pk, reading=reading, now=NOW)
    external_calendars.store_reading_failure(calendar_id=found.pk, reason="slow", now=NOW)
    calendar_jobs.read_and_store(calendar=found.pk, now=NOW)
    assert not Busy.objects.exists()


def test_five_thousand_events_are_written_in_few_statements(
    lhota: OfficeSnapshot, peer: Peer
) -> None:
    found = add(lhota, peer.url)
    start = town.at("8:00")
    events = {
        str(n): [Interval(start + timedelta(hours=n), start + timedelta(hours=n, minutes=30))]
        for n in range(5_000)
    }
    with CaptureQueriesContext(connection) as seen:
        external_calendars.store_reading(calendar_id=found.pk, reading=Reading(events), now=NOW)
    assert Busy.objects.count() == 5_000
    assert len(seen) < 20


@pytest.mark.django_db(transaction=True)
def test_a_round_asks_each_calendar_once_and_the_broken_ones_seldom(
    lhota: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    well, broken, gone = (add(lhota, f"https://a.example/{n}.ics") for n in range(3))
    external_calendars.store_reading_failure(calendar_id=broken.pk, reason="slow", now=NOW)
    OutsideCalendar.objects.filter(pk=broken.pk).update(refreshed_at=NOW - timedelta(days=2))
    external_calendars.remove_calendar(outside_calendar=gone, now=NOW, actor=0)
    calendar_jobs.defer_due(now=NOW)
    calendar_jobs.defer_due(now=NOW)
    jobs = ProcrastinateJob.objects.filter(task_name="refresh_calendar")
    assert [job.args for job in jobs] == [{"calendar": well.pk}]
    assert calendar_jobs.due_calendars(now=NOW + timedelta(hours=2)) == [well.pk, broken.pk]
    Official.objects.update(retired=True)
    assert calendar_jobs.due_calendars(now=NOW) == []


def test_a_reading_asked_for_does_not_wait_for_its_minute_of_the_round(
    lhota: OfficeSnapshot, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = add(lhota, peer.url)
    monkeypatch.setattr("random.randrange", lambda stop: stop - 1)
    calendar_jobs.defer_due(now=NOW)
    jobs = ProcrastinateJob.objects.filter(task_name="refresh_calendar")
    assert jobs.get().scheduled_at is not None
    with TestCase.captureOnCommitCallbacks(execute=True):
        calendar_jobs.read_soon(found.pk)
    assert jobs.get().scheduled_at is None
