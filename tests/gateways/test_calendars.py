"""Reading calendars kept elsewhere: what takes time in them, and servers that misbehave."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.interval import Interval
from prepazka.gateways import calendars
from prepazka.gateways.calendars import (
    Preferences,
    Read,
    Source,
    Unreadable,
    budget,
    busy,
    fetch,
    read_busy_time,
    report,
    unfold,
)
from prepazka.gateways.calendars.series import key_of
from tests import town
from tests.gateways import calendar_peer
from tests.gateways.calendar_peer import Peer

WINDOW = Interval(town.at("0:00"), town.at("0:00") + timedelta(days=400))
PRAGUE = ZoneInfo("Europe/Prague")


def ics(*events: str, more: str = "") -> bytes:
    """A calendar of events; the lines of each are divided by spaces."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y//CS", *more.splitlines()]
    for number, event in enumerate(events):
        uid = [] if "UID:" in event else [f"UID:{number}@x"]
        lines += ["BEGIN:VEVENT", *uid, *event.split("|"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def times(*texts: bytes) -> list[str]:
    """The busy times as local text."""
    return local(busy.read_texts(texts, WINDOW, PRAGUE).busy())


def local(found: Iterable[Interval[Any]]) -> list[str]:
    """The times as the clock in Prague shows them."""
    return [
        f"{one.start.astimezone(PRAGUE):%d.%m. %H:%M}-{one.end.astimezone(PRAGUE):%d.%m. %H:%M}"
        for one in found
    ]


@pytest.fixture
def peer(settings: Any) -> Iterator[Peer]:
    settings.CALENDAR_NETWORKS = [ip_network("127.0.0.0/8")]
    with calendar_peer.running() as made:
        made.body = ics("DTSTART:20261123T080000Z|DTEND:20261123T090000Z")
        yield made


def ask(peer: Peer, **more: Any) -> Read:
    return read_busy_time(Source(peer.url, **more), mark="", window=WINDOW, tz=PRAGUE)


def reason(peer: Peer, **more: Any) -> str:
    with pytest.raises(Unreadable) as found:
        ask(peer, **more)
    return found.value.reason


OWN_ZONE = """\
BEGIN:VTIMEZONE
TZID:Muj cas
BEGIN:STANDARD
DTSTART:19701025T030000
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
END:STANDARD
END:VTIMEZONE"""


@pytest.mark.parametrize(
    ("event", "taken"),
    [
        ("DTSTART:20261123T080000Z|DTEND:20261123T090000Z", ["23.11. 09:00-23.11. 10:00"]),
        ("DTSTART:20261123T090000|DURATION:PT30M", ["23.11. 09:00-23.11. 09:30"]),
        (
            "DTSTART;TZID=Europe/London:20261123T090000|DURATION:PT1H",
            ["23.11. 10:00-23.11. 11:00"],
        ),
        (
            "DTSTART;TZID=Central Europe Standard Time:20261123T090000|DURATION:PT1H",
            ["23.11. 09:00-23.11. 10:00"],
        ),
        ("DTSTART;TZID=Muj cas:20261123T090000|DURATION:PT1H", ["23.11. 08:00-23.11. 09:00"]),
        ("DTSTART;TZID=Nikde/Nic:20261123T090000|DURATION:PT1H", ["23.11. 09:00-23.11. 10:00"]),
        ("DTSTART;VALUE=DATE:20261124", ["24.11. 00:00-25.11. 00:00"]),
        (
            "DTSTART;VALUE=DATE:20261124|DTEND;VALUE=DATE:20261127",
            ["24.11. 00:00-27.11. 00:00"],
        ),
        ("DTSTART:20261123T080000Z|DTEND:20261123T090000Z|TRANSP:TRANSPARENT", []),
        ("DTSTART:20261123T080000Z|DTEND:20261123T090000Z|STATUS:CANCELLED", []),
        ("DTSTART:20261123T080000Z|DTEND:20261123T090000Z|X-MICROSOFT-CDO-BUSYSTATUS:FREE", []),
        ("DTSTART:20261123T080000Z|DTEND:20261123T080000Z", []),
        ("DTSTART:20261123T080000Z", []),
        ("DTSTART:20261120T080000Z|DTEND:20261120T090000Z", []),  # over
        ("DTSTART:20281120T080000Z|DTEND:20281120T090000Z", []),  # too far
        (
            "DTSTART;TZID=Europe/Prague:20261012T090000|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=8",
            ["23.11. 09:00-23.11. 10:00", "30.11. 09:00-30.11. 10:00"],
        ),
        (
            "DTSTART;VALUE=DATE:20201124|RRULE:FREQ=YEARLY",
            ["24.11. 00:00-25.11. 00:00", "24.11. 00:00-25.11. 00:00"],
        ),
    ],
)
def test_what_takes_time(event: str, taken: list[str]) -> None:
    assert times(ics(event, more=OWN_ZONE)) == taken


def test_a_recurrence_with_its_exceptions() -> None:
    weekly = "UID:a|DTSTART;TZID=Europe/Prague:20261123T090000|DURATION:PT1H|SUMMARY:tajné"
    found = times(
        ics(
            f"{weekly}|RRULE:FREQ=WEEKLY;COUNT=5|EXDATE;TZID=Europe/Prague:20261130T090000",
            "UID:a|RECURRENCE-ID;TZID=Europe/Prague:20261207T090000"
            "|DTSTART;TZID=Europe/Prague:20261208T140000|DURATION:PT2H",
            "UID:a|RECURRENCE-ID;TZID=Europe/Prague:20261214T090000|STATUS:CANCELLED"
            "|DTSTART;TZID=Europe/Prague:20261214T090000|DURATION:PT1H",
        )
    )
    assert found == [
        "23.11. 09:00-23.11. 10:00",
        "08.12. 14:00-08.12. 16:00",
        "21.12. 09:00-21.12. 10:00",
    ]


def test_published_free_busy() -> None:
    text = ics(more="").replace(
        b"END:VCALENDAR",
        b"BEGIN:VFREEBUSY\r\nFREEBUSY:20261123T080000Z/PT1H,20261123T100000Z/20261123T110000Z\r\n"
        b"FREEBUSY;FBTYPE=FREE:20261123T120000Z/PT1H\r\nEND:VFREEBUSY\r\nEND:VCALENDAR",
    )
    assert times(text) == ["23.11. 09:00-23.11. 10:00", "23.11. 11:00-23.11. 12:00"]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("FREQ=SECONDLY", "budget"),
        ("FREQ=MINUTELY", "budget"),
        (
            "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
            "budget",
        ),  # never, which a library seeks for ever
        ("FREQ=DAILY;INTERVAL=0", "rule"),
        ("FREQ=NIKDY", "rule"),
        ("FREQ=DAILY;BYMONTH=13", "rule"),
    ],
)
def test_an_endless_or_wrong_rhythm_costs_nothing_but_itself(
    rule: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "OF_SERIES", 0.3)
    started = time.process_time()
    found = busy.read_texts(
        [
            ics(
                f"UID:a|DTSTART:20200101T080000Z|DURATION:PT1S|RRULE:{rule}",
                "UID:b|DTSTART:20261123T080000Z|DTEND:20261123T090000Z",
            )
        ],
        WINDOW,
        PRAGUE,
    )
    assert local(found.times[key_of("b")]) == ["23.11. 09:00-23.11. 10:00"]
    assert [(one.event, one.why) for one in found.doubts] == [(key_of("a"), why)]
    assert time.process_time() - started < 2


def test_five_thousand_events() -> None:
    start = datetime(2026, 11, 23, tzinfo=UTC)
    events = [
        f"DTSTART:{start + timedelta(hours=n):%Y%m%dT%H%M%SZ}|DURATION:PT30M" for n in range(5_000)
    ]
    started = time.process_time()
    assert len(busy.read_texts([ics(*events)], WINDOW, PRAGUE).busy()) == 5_000
    assert time.process_time() - started < 10


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode()))
def test_garbage_is_refused_or_read(text: bytes) -> None:
    for wrapped in (text, ics("DTSTART:20261123T080000Z|DURATION:PT1H") + text):
        try:
            found = busy.read_texts([wrapped], WINDOW, PRAGUE)
        except Unreadable:
            continue  # said to be no calendar; any other exception fails the test
        assert all(one.start < one.end for one in found.busy())


def test_an_address_and_its_mark(peer: Peer) -> None:
    peer.etag = '"jedna"'
    first = ask(peer)
    assert first.busy == [Interval(town.at("9:00"), town.at("10:00"))]
    again = read_busy_time(Source(peer.url), mark=first.mark, window=WINDOW, tz=PRAGUE)
    assert again == Read(None, first.mark)
    assert peer.asked[1]["if-none-match"] == '"jedna"'


def again(peer: Peer, first: Read) -> Read:
    return read_busy_time(Source(peer.url), mark=first.mark, window=WINDOW, tz=PRAGUE)


def test_the_same_text_with_another_mark_is_not_taken_apart_again(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.etag = '"jedna"'
    first = ask(peer)
    peer.etag = '"dve"'
    monkeypatch.setattr(calendars, "unfold_in_process", None)
    second = again(peer, first)
    assert second.reading is None
    assert second.mark.endswith('"dve"')
    peer.etag = "x" * 500  # too long to be kept
    assert len(again(peer, second).mark) <= 200


def test_other_wishes_another_day_or_zone_read_everything_anew(peer: Peer) -> None:
    peer.etag = '"jedna"'
    first = ask(peer)
    tomorrow = Interval(WINDOW.start + timedelta(days=1), WINDOW.end + timedelta(days=1))
    for more in (
        {"wishes": Preferences(tentative=False)},
        {"window": tomorrow},
        {"tz": ZoneInfo("Europe/London")},
    ):
        given: dict[str, Any] = {"window": WINDOW, "tz": PRAGUE, **more}
        assert read_busy_time(Source(peer.url), mark=first.mark, **given).reading
        assert "if-none-match" not in peer.asked[-1]


def test_not_modified_with_another_tag_is_not_believed(peer: Peer) -> None:
    peer.etag = '"jedna"'
    first = ask(peer)
    for tag in ("", '"jedna"', 'W/"jedna"'):
        peer.not_modified = tag
        assert again(peer, first) == Read(None, first.mark)
    peer.not_modified = '"dve"'
    with pytest.raises(Unreadable) as found:  # asked again without a tag, it says the same
        again(peer, first)
    assert found.value.reason == "broken"
    assert "if-none-match" not in peer.asked[-1]


def test_not_modified_though_nothing_was_known(peer: Peer) -> None:
    peer.not_modified = ""
    assert reason(peer) == "broken"


def test_an_answer_that_breaks_off(peer: Peer) -> None:
    peer.promised = 100
    assert reason(peer) == "unreachable"


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://kalendář.example/a.ics", "https://xn--kalend-uta47g.example/a.ics"),
        ("https://x.example/kalendář/a b.ics?klíč=č", None),
        ("https://x.example:8443/a%20b.ics?q=1&r=%C4%8D#x", None),
        ("http://[2001:db8::1]:80/a.ics", "http://[2001:db8::1]:80/a.ics"),
    ],
)
def test_addresses_with_diacritics(url: str, sent: str | None) -> None:
    found = fetch.in_ascii(url)
    assert found.isascii()
    assert found == fetch.in_ascii(found), "what is written already stays"
    assert sent in {None, found}


def test_a_host_and_a_path_with_diacritics_reach_their_server(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo
    asked = []

    def named(host: Any, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return resolve("127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", named)
    peer.url = peer.url.replace("127.0.0.1", "kalendář.example").replace("kalendar.ics", "č.ics")
    assert ask(peer).busy
    assert asked[0] == "xn--kalend-uta47g.example"
    assert peer.asked[0][""] == "/%C4%8D.ics"
    peer.status, peer.location = 302, "https://-.example/"
    assert reason(peer) in {"forbidden", "unreachable"}


MULTISTATUS = (
    b'<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">%b</D:multistatus>'
)
OBJECT = (
    b"<D:response><D:href>/a.ics</D:href><D:propstat><D:prop><C:calendar-data>%b"
    b"</C:calendar-data></D:prop></D:propstat></D:response>"
)
ONE = OBJECT % ics("DTSTART:20261123T080000Z|DTEND:20261123T090000Z")


@pytest.mark.parametrize(
    "missing",
    [
        OBJECT % b"",
        OBJECT % b"nesmysl",
        b"<D:response><D:href>/b.ics</D:href><D:status>HTTP/1.1 404</D:status></D:response>",
        b"<D:response><D:href>/</D:href><D:status>HTTP/1.1 507</D:status></D:response>",
    ],
)
def test_an_object_that_is_missing_in_an_answer_is_said(peer: Peer, missing: bytes) -> None:
    peer.body = MULTISTATUS % (ONE + missing)
    found = ask(peer, caldav=True).reading
    assert found
    assert found.damaged
    assert local(found.busy()) == ["23.11. 09:00-23.11. 10:00"]
    peer.body = MULTISTATUS % (ONE + b"<D:response><D:href>/</D:href></D:response>")
    found = ask(peer, caldav=True).reading
    assert found
    assert not found.damaged


def test_a_calendar_that_counts_for_nothing_by_its_server(peer: Peer) -> None:
    peer.body = MULTISTATUS % ONE
    shown = (
        b"<D:response><C:schedule-calendar-transp><C:%b/></C:schedule-calendar-transp></D:response>"
    )
    for word, transparent in ((b"opaque", False), (b"transparent", True)):
        peer.properties = MULTISTATUS % (shown % word)
        found = ask(peer, caldav=True)
        assert (found.transparent, bool(found.busy)) == (transparent, not transparent)
    peer.properties = b"nesmysl"
    assert ask(peer, caldav=True).busy


def test_a_reader_that_does_not_come_back_is_ended(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfold, "WAITS", 0.01)
    assert reason(peer) == "heavy"
    monkeypatch.setattr(unfold, "WAITS", 30)
    monkeypatch.setattr(unfold, "PROGRAM", "this_fails")
    with pytest.raises(RuntimeError, match="No module named"):
        ask(peer)


def test_the_reader_learns_nothing_of_our_environment(
    monkeypatch: pytest.MonkeyPatch, peer: Peer
) -> None:
    run = subprocess.run
    seen: list[Any] = []

    def watched(command: Any, **more: Any) -> Any:
        seen.append((command[1], more["env"]))
        return run(command, **more)

    monkeypatch.setattr(subprocess, "run", watched)
    assert ask(peer).busy
    assert seen == [("-I", {})]


def test_name_and_password(peer: Peer) -> None:
    ask(peer, username="jana", password="heslo:é")
    assert peer.asked[0]["authorization"].startswith("Basic amFuYTpoZXNsb")
    peer.status = 401
    assert reason(peer) == "denied"


@pytest.mark.parametrize(
    ("status", "why"), [(500, "broken"), (404, "missing"), (410, "missing"), (403, "denied")]
)
def test_answers_that_are_no_calendar(peer: Peer, status: int, why: str) -> None:
    peer.status = status
    assert reason(peer) == why


def test_garbage_of_a_server(peer: Peer) -> None:
    peer.body = b"<html>Prihlaste se</html>"
    assert reason(peer) == "garbage"
    assert reason(peer, caldav=True) == "garbage"
    peer.body = b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    assert reason(peer, caldav=True) == "garbage"


def test_a_server_that_is_silent_or_drips(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "WITHIN", 0.6)
    peer.silent = True
    started = time.perf_counter()
    assert reason(peer) == "slow"
    assert reason(peer, caldav=True) == "slow"
    peer.silent, peer.drip = False, 0.05
    assert reason(peer) == "slow"
    assert reason(peer, caldav=True) == "slow"
    assert time.perf_counter() - started < 15


def test_a_server_that_sends_too_much_or_is_not_there(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "LARGEST", 50)
    assert reason(peer) == "big"
    peer.url = "http://127.0.0.1:1/"
    assert reason(peer) == "unreachable"
    peer.url = "http://neexistuje.invalid/"
    assert reason(peer) == "unreachable"


def test_redirects_are_followed_and_keep_the_password_at_home(peer: Peer) -> None:
    with calendar_peer.running() as other:
        other.body = peer.body
        peer.status, peer.location = 302, other.url
        assert ask(peer, username="jana", password="heslo").busy
        assert "authorization" not in other.asked[0]
    peer.location = peer.url
    assert reason(peer) == "broken"
    peer.location = "file:///etc/passwd"
    assert reason(peer) == "forbidden"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.ics",
        "http://localhost/a.ics",
        "http://10.1.2.3/a.ics",
        "http://192.168.1.1/a.ics",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/a.ics",
        "http://[::ffff:127.0.0.1]/a.ics",
        "http://[fd00::1]/a.ics",
        "http://0.0.0.0/a.ics",
        "http://2130706433/a.ics",
        "http://224.0.0.1/a.ics",
        "ftp://example.org/a.ics",
        "file:///etc/passwd",
        "http:///a.ics",
        "http://[x/a.ics",
        "nic",
    ],
)
def test_our_own_network_is_not_asked(url: str, settings: Any) -> None:
    settings.CALENDAR_NETWORKS = []
    with pytest.raises(Unreadable) as found:
        read_busy_time(Source(url), mark="", window=WINDOW, tz=PRAGUE)
    assert found.value.reason in {"forbidden", "unreachable"}
    if "2130706433" not in url:
        assert found.value.reason == "forbidden"


def test_a_redirect_into_our_network_is_not_followed(settings: Any) -> None:
    """The control: the first address is permitted, the second is asked nothing."""
    with calendar_peer.running() as inside, calendar_peer.running() as outside:
        settings.CALENDAR_NETWORKS = [ip_network("127.0.0.1/32")]
        target = inside.url.replace("127.0.0.1", "127.0.0.2")
        outside.status, outside.location = 302, target
        assert reason(outside) == "forbidden"
        assert inside.asked == []


def test_the_query_names_the_window() -> None:
    said = report.events_query(WINDOW).decode()
    assert '<C:time-range start="20261122T230000Z" end="20271227T230000Z"/>' in said


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_answer_that_defines_entities_is_refused_in_every_encoding(encoding: str) -> None:
    answer = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE d [<!ENTITY e "x">]>'
        '<d:multistatus xmlns:d="DAV:"><d:response><d:href>&e;</d:href></d:response></d:multistatus>'
    )
    with pytest.raises(Unreadable):
        report.contents_of(answer.encode(encoding))
