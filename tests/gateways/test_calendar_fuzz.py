"""Spoilt calendars: a fault inside one event frees nothing else, any other frees nothing unsaid."""

from __future__ import annotations

import re
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from prepazka.core.external_times import Known, Reading, Times, merge_reading
from prepazka.core.interval import subtract
from prepazka.gateways.calendars import Unreadable, busy
from prepazka.gateways.calendars.series import key_of
from tests.gateways.test_calendar_cases import WINDOW, ZONE
from tests.gateways.test_calendars import PRAGUE, ics

PLAIN_ZONE = """\
BEGIN:VTIMEZONE
TZID:Europe/Prague
BEGIN:STANDARD
DTSTART:19961027T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE"""
EVENTS = {
    "plain": "DTSTART:20261201T080000Z|DTEND:20261201T090000Z",
    "weekly": f"DTSTART;{ZONE}:20261202T090000|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=5"
    f"|EXDATE;{ZONE}:20261209T090000",
    "days": "DTSTART;VALUE=DATE:20261210|DTEND;VALUE=DATE:20261212",
    "alarm": f"DTSTART;{ZONE}:20261204T130000|DTEND;{ZONE}:20261204T150000"
    "|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-PT15M|END:VALARM",
    "invited": f"DTSTART;{ZONE}:20261207T100000|DURATION:PT90M|ORGANIZER:mailto:a@x.example"
    '|ATTENDEE;CN="Jana: N";PARTSTAT=ACCEPTED:mailto:b@x.example',
}
TEXT = ics(*(f"UID:{uid}|{event}" for uid, event in EVENTS.items()), more=PLAIN_ZONE)
NOW = WINDOW.start + timedelta(hours=8)
WORDS = [
    b"BEGIN:VEVENT\r\n", b"END:VEVENT\r\n", b"BEGIN:VALARM\r\n", b"END:VALARM\r\n",
    b"END:VCALENDAR\r\n", b"\r\n", b"\r\n ", b":", b";", b'"', b"\xc3", b"\0", b"TZID=",
    b"RRULE:FREQ=DAILY;COUNT=2\r\n", b"DTSTART:\r\n", b"UID:plain\r\n", b"STATUS:CANCELLED\r\n",
    b"RECURRENCE-ID:20261201T080000Z\r\n", b"P", b"9",
]  # fmt: skip
pieces = st.sampled_from(WORDS) | st.binary(max_size=3)


def read(text: bytes) -> Reading:
    return busy.read_texts([text], WINDOW, PRAGUE)


BEFORE = read(TEXT)
KNOWN = merge_reading(Known(), BEFORE, NOW)


def of(uid: str) -> Times:
    return list(BEFORE.times[key_of(uid)])


def inside(uid: str) -> tuple[int, int]:
    """Where the lines of the event are, without its BEGIN and END."""
    start = TEXT.index(f"UID:{uid}".encode())
    return start, TEXT.index(b"END:VEVENT", start)


@st.composite
def spoilt_inside(draw: st.DrawFn) -> tuple[str, bytes]:
    uid = draw(st.sampled_from([*EVENTS]))
    first, last = inside(uid)
    a, b = sorted((draw(st.integers(first, last)), draw(st.integers(first, last))))
    return uid, TEXT[:a] + draw(pieces) + TEXT[min(b, a + draw(st.integers(0, 40))) :]


@st.composite
def spoilt_outside(draw: st.DrawFn) -> bytes:
    """One fault in the frame: BEGIN and END lines, headers, the zone, or the text cut off."""
    frame = [n for n in range(len(TEXT)) if not any(a <= n < b for a, b in map(inside, EVENTS))]
    at = draw(st.sampled_from(frame))
    kind = draw(st.sampled_from(["cut", "replace", "insert", "line"]))
    if kind == "cut":
        return TEXT[:at]
    if kind == "line":  # the whole line is lost
        start = TEXT.rfind(b"\n", 0, at) + 1
        return TEXT[:start] + TEXT[TEXT.index(b"\n", at) + 1 :]
    noise = draw(st.binary(min_size=1, max_size=3))
    return TEXT[:at] + noise + TEXT[at + (len(noise) if kind == "replace" else 0) :]


def test_the_control() -> None:
    assert KNOWN.busy() == BEFORE.busy()
    assert sum(len(of(uid)) for uid in EVENTS) == 8
    assert not BEFORE.doubts
    assert not BEFORE.damaged


@settings(max_examples=250, deadline=None)
@given(spoilt_inside())
def test_a_fault_inside_one_event_frees_nothing_else(spoilt: tuple[str, bytes]) -> None:
    uid, text = spoilt
    after = merge_reading(KNOWN, read(text), NOW)
    for other in EVENTS.keys() - {uid}:
        assert not subtract(of(other), after.busy()), other


@settings(max_examples=250, deadline=None)
@given(spoilt_outside())
def test_a_fault_outside_of_events_frees_nothing(text: bytes) -> None:
    try:
        reading = read(text)
    except Unreadable:
        return  # noted with its reason, and everything stays
    after = merge_reading(KNOWN, reading, NOW)
    assert not subtract(KNOWN.busy(), after.busy())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(TEXT)), pieces, st.integers(0, 60)), max_size=8))
def test_many_faults_are_read_or_refused(faults: list[tuple[int, bytes, int]]) -> None:
    text = TEXT
    for at, noise, lost in faults:
        text = text[:at] + noise + text[at + lost :]
    try:
        reading = read(text)
    except Unreadable:
        return
    present = len(re.findall(rb"(?m)^DTSTART", text))
    assert reading.times or reading.doubts or reading.damaged or not present
