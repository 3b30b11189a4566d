"""CalDAV by real servers: what is asked, what they answer, and our own feed put into one."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from prepazka.core.interval import Interval
from prepazka.gateways.calendars import Source, Unreadable, read_busy_time
from prepazka.gateways.calendars.report import events_query
from tests.gateways import caldav_peers
from tests.gateways.caldav_peers import PASSWORD, USER, put
from tests.gateways.test_calendars import PRAGUE, WINDOW, ics, local


@pytest.fixture(scope="module", params=["radicale", "xandikos"])
def calendar(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A calendar with a meeting, one that repeats with an exception, a free and an old one."""
    folder = tmp_path_factory.mktemp(request.param)
    with getattr(caldav_peers, request.param)(folder) as made:
        zone = "TZID=Europe/Prague"
        put(
            made,
            "a.ics",
            ics("UID:a|DTSTAMP:20261101T000000Z|DTSTART:20261123T080000Z|DTEND:20261123T090000Z"),
        )
        put(
            made,
            "b.ics",
            ics(
                f"UID:b|DTSTAMP:20261101T000000Z|DTSTART;{zone}:20261013T090000|DURATION:PT1H"
                f"|RRULE:FREQ=WEEKLY;COUNT=9|EXDATE;{zone}:20261201T090000",
                f"UID:b|DTSTAMP:20261101T000000Z|RECURRENCE-ID;{zone}:20261124T090000"
                f"|DTSTART;{zone}:20261125T140000|DURATION:PT1H",
            ),
        )
        put(
            made,
            "c.ics",
            ics(
                "UID:c|DTSTAMP:20261101T000000Z|DTSTART:20261126T080000Z|DURATION:PT1H|TRANSP:TRANSPARENT"
            ),
        )
        put(
            made,
            "d.ics",
            ics("UID:d|DTSTAMP:20201101T000000Z|DTSTART:20201126T080000Z|DURATION:PT1H"),
        )
        put(made, "e.ics", ics("UID:e|DTSTAMP:20201101T000000Z|DTSTART;VALUE=DATE:20261224"))
        yield made


def asked(url: str, password: str = PASSWORD) -> list[Interval[Any]]:
    found = read_busy_time(Source(url, True, USER, password), mark="", window=WINDOW, tz=PRAGUE)
    assert found.reading is not None
    assert found.busy is not None
    assert not found.reading.doubts
    assert not found.reading.damaged
    return found.busy


def test_the_same_of_each_server(calendar: str, settings: Any) -> None:
    settings.CALENDAR_NETWORKS = [ip_network("127.0.0.1/32")]
    local = [
        (one.start.astimezone(PRAGUE).strftime("%d.%m. %H:%M"), one.end - one.start)
        for one in asked(calendar)
    ]
    assert [(when, length.total_seconds() / 3600) for when, length in local] == [
        ("23.11. 09:00", 1),
        ("25.11. 14:00", 1),
        ("08.12. 09:00", 1),
        ("24.12. 00:00", 24),
    ]


def test_a_wrong_password_and_a_calendar_that_is_not_there(calendar: str, settings: Any) -> None:
    settings.CALENDAR_NETWORKS = [ip_network("127.0.0.1/32")]
    with pytest.raises(Unreadable) as found:
        asked(f"{calendar}neni/")
    assert found.value.reason in {"missing", "broken"}
    if "calendars" not in calendar:  # xandikos asks for none
        with pytest.raises(Unreadable) as found:
            asked(calendar, "jine")
        assert found.value.reason == "denied"


def test_an_unchanged_calendar_is_not_taken_apart_again(calendar: str, settings: Any) -> None:
    settings.CALENDAR_NETWORKS = [ip_network("127.0.0.1/32")]
    source = Source(calendar, True, USER, PASSWORD)
    first = read_busy_time(source, mark="", window=WINDOW, tz=PRAGUE)
    # Neither server can mark a calendar as taking no time; xandikos says that it does.
    assert not first.transparent
    assert read_busy_time(source, mark=first.mark, window=WINDOW, tz=PRAGUE).reading is None


def test_one_event_over_which_the_server_itself_stumbles(tmp_path: Path, settings: Any) -> None:
    settings.CALENDAR_NETWORKS = [ip_network("127.0.0.1/32")]
    with caldav_peers.xandikos(tmp_path) as made:
        put(made, "a.ics", ics("UID:a|DTSTAMP:20261101T000000Z|DTSTART;VALUE=DATE:20261224"))
        source = Source(made, True, USER, PASSWORD)
        first = read_busy_time(source, mark="", window=WINDOW, tz=PRAGUE)
        put(made, "b.ics", ics("UID:b|DTSTAMP:20261101T000000Z|DTSTART:20261228T080000Z|DTEND:nic"))
        status, _ = caldav_peers.request(
            "REPORT", made, events_query(WINDOW), Depth="1", Content_Type="application/xml"
        )
        assert status == 500, "the control: asked for a time, it answers nothing at all"
        second = read_busy_time(source, mark=first.mark, window=WINDOW, tz=PRAGUE).reading
        assert second
        assert local(second.busy()) == ["24.12. 00:00-25.12. 00:00", "28.12. 09:00-29.12. 00:00"]
        assert [one.why for one in second.doubts] == ["end"]
