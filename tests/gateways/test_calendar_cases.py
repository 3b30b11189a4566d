"""What single events take, case by case: each row is an input and the times that must be blocked.

Most stand for a bug that another calendar program has had. A row without doubts must be understood
whole; one with doubts blocks its time and lists it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prepazka.core.external_times import Reading
from prepazka.core.interval import Interval
from prepazka.gateways.calendars import budget, busy, series
from prepazka.gateways.calendars.attendance import Preferences
from tests.gateways.test_calendars import PRAGUE, ics, local

START = datetime(2026, 11, 29, 23, tzinfo=UTC)  # Monday 30 November, midnight in Prague
WINDOW = Interval(START, START + timedelta(days=400))
ZONE = "TZID=Europe/Prague"
JANA, ORG = "jana@lhota.example", "mailto:svolal@jinde.example"


def read(*events: str, more: str = "", wishes: Preferences | None = None) -> Reading:
    return busy.read_texts([ics(*events, more=more)], WINDOW, PRAGUE, wishes)


def day(number: int, hours: str, month: int = 12) -> str:
    """`day(8, "9-10")` as the helper `local` shows it."""
    first, last = (f"{part}:00" if ":" not in part else part for part in hours.split("-"))
    return f"{number:02}.{month:02}. {first:0>5}-{number:02}.{month:02}. {last:0>5}"


def whole(first: int, last: int, month: int = 12) -> str:
    """Whole days, the last one not included."""
    return f"{first:02}.{month:02}. 00:00-{last:02}.{month:02}. 00:00"


TUESDAY = f"DTSTART;{ZONE}:20261208T090000|DTEND;{ZONE}:20261208T100000"
NINE = day(8, "9-10")
DAILY = f"DTSTART;{ZONE}:20261207T090000|DTEND;{ZONE}:20261207T100000|RRULE:FREQ=DAILY;COUNT=3"
THREE = [day(7, "9-10"), NINE, day(9, "9-10")]
NEW_YORK_NINE = day(8, "15-16")

UNDERSTOOD = {
    # lengths
    "no length takes nothing": ["DTSTART:20261208T080000Z"],
    "end at the start takes nothing": ["DTSTART:20261208T080000Z|DTEND:20261208T080000Z"],
    "whole day without an end": ["DTSTART;VALUE=DATE:20261208", whole(8, 9)],
    "whole day that ends when it starts": [
        "DTSTART;VALUE=DATE:20261208|DTEND;VALUE=DATE:20261208", whole(8, 9),
    ],
    "whole day that ends before it starts": [
        "DTSTART;VALUE=DATE:20261208|DTEND;VALUE=DATE:20261201", whole(8, 9),
    ],
    "whole day with a duration of nothing": [
        "DTSTART;VALUE=DATE:20261208|DURATION:PT0S", whole(8, 9),
    ],
    "whole day with a duration of hours": [
        "DTSTART;VALUE=DATE:20261208|DURATION:PT8H", whole(8, 9),
    ],
    "whole days with a duration": ["DTSTART;VALUE=DATE:20261208|DURATION:P2D", whole(8, 10)],
    "duration in weeks": ["DTSTART;VALUE=DATE:20261208|DURATION:P1W", whole(8, 15)],
    "a date without VALUE=DATE": ["DTSTART:20261208", whole(8, 9)],
    "end and duration: the later": [
        "DTSTART:20261208T080000Z|DTEND:20261208T083000Z|DURATION:PT1H", NINE,
    ],
    # zones
    "UTC": ["DTSTART:20261208T080000Z|DTEND:20261208T090000Z", NINE],
    "floating is the office's": ["DTSTART:20261208T090000|DURATION:PT1H", NINE],
    "IANA": ["DTSTART;TZID=America/New_York:20261208T090000|DURATION:PT1H", NEW_YORK_NINE],
    "IANA in quotation marks": [
        'DTSTART;TZID="America/New_York":20261208T090000|DURATION:PT1H', NEW_YORK_NINE,
    ],
    "IANA in small letters": [
        "DTSTART;TZID=america/new_york:20261208T090000|DURATION:PT1H", NEW_YORK_NINE,
    ],
    "behind Mozilla's prefix": [
        "DTSTART;TZID=/mozilla.org/20050126_1/America/New_York:20261208T090000|DURATION:PT1H",
        NEW_YORK_NINE,
    ],
    "of Windows": [
        "DTSTART;TZID=Eastern Standard Time:20261208T090000|DURATION:PT1H", NEW_YORK_NINE,
    ],
    "a written offset": ["DTSTART;TZID=UTC+01:00:20261208T090000|DURATION:PT1H", NINE],
    "a colon in a quoted zone": [
        'DTSTART;TZID="(UTC-05:00)":20261208T090000|DURATION:PT1H', NEW_YORK_NINE,
    ],
    "an offset behind the time": ["DTSTART:20261208T090000-0500|DURATION:PT1H", NEW_YORK_NINE],
    "ends in another zone": [
        "DTSTART;TZID=America/New_York:20261208T030000|DTEND;TZID=Europe/Prague:20261208T100000",
        NINE,
    ],
    "written with dashes": ["DTSTART:2026-12-08T08:00:00Z|DTEND:2026-12-08T09:00:00Z", NINE],
    # repeats
    "until a day": [
        TUESDAY + "|RRULE:FREQ=DAILY;UNTIL=20261209", NINE, day(9, "9-10"),
    ],
    "until an instant that is the last start": [
        TUESDAY + "|RRULE:FREQ=DAILY;UNTIL=20261209T080000Z", NINE, day(9, "9-10"),
    ],
    "until a local time without zone": [
        TUESDAY + "|RRULE:FREQ=DAILY;UNTIL=20261209T090000", NINE, day(9, "9-10"),
    ],
    "whole days until midnight in UTC": [
        "DTSTART;VALUE=DATE:20261208|RRULE:FREQ=DAILY;UNTIL=20261208T230000Z", whole(8, 10),
    ],
    "whole days until a day": [
        "DTSTART;VALUE=DATE:20261208|RRULE:FREQ=DAILY;UNTIL=20261209", whole(8, 10),
    ],
    "every two hours": [
        f"DTSTART;{ZONE}:20261208T080000|DURATION:PT30M|RRULE:FREQ=HOURLY;INTERVAL=2;UNTIL=20261208T110000Z",
        day(8, "8-8:30"), day(8, "10-10:30"), day(8, "12-12:30"),
    ],
    "every twenty minutes": [
        f"DTSTART;{ZONE}:20261208T080000|DURATION:PT5M|RRULE:FREQ=MINUTELY;INTERVAL=20;COUNT=3",
        day(8, "8-8:05"), day(8, "8:20-8:25"), day(8, "8:40-8:45"),
    ],
    "a start that the rule does not name": [
        TUESDAY + "|RRULE:FREQ=WEEKLY;BYDAY=WE;UNTIL=20261210", NINE, day(9, "9-10"),
    ],
    "every other week from long ago": [
        f"DTSTART;{ZONE}:20260901T090000|DURATION:PT1H|RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20261231",
        NINE, day(22, "9-10"),
    ],
    "a birthday of 1604": [
        "DTSTART;VALUE=DATE:16041208|RRULE:FREQ=YEARLY;INTERVAL=1;UNTIL=20270101", whole(8, 9),
    ],
    "the last Tuesday": [
        f"DTSTART;{ZONE}:20260127T090000|DURATION:PT1H|RRULE:FREQ=MONTHLY;BYDAY=-1TU;UNTIL=20261231",
        day(29, "9-10"),
    ],
    "a rule in small letters": [TUESDAY + "|RRULE:freq=daily;count=2", NINE, day(9, "9-10")],
    "a rule with an empty end": [TUESDAY + "|RRULE:FREQ=DAILY;COUNT=2;", NINE, day(9, "9-10")],
    "two rules": [
        TUESDAY + "|RRULE:FREQ=DAILY;COUNT=2|RRULE:FREQ=WEEKLY;COUNT=2",
        NINE, day(9, "9-10"), day(15, "9-10"),
    ],
    "a date left out": [DAILY + f"|EXDATE;{ZONE}:20261208T090000", THREE[0], THREE[2]],
    "a date left out, in UTC": [DAILY + "|EXDATE:20261208T080000Z", THREE[0], THREE[2]],
    "a date left out, without zone": [DAILY + "|EXDATE:20261208T090000", THREE[0], THREE[2]],
    "a whole day left out": [DAILY + "|EXDATE;VALUE=DATE:20261208", THREE[0], THREE[2]],
    "dates left out in a list": [DAILY + f"|EXDATE;{ZONE}:20261207T090000,20261208T090000", THREE[2]],
    "a rule left out": [DAILY + "|EXRULE:FREQ=WEEKLY;BYDAY=TU", THREE[0], THREE[2]],
    "dates added": [
        TUESDAY + f"|RDATE;{ZONE}:20261210T140000,20261211T140000",
        NINE, day(10, "14-15"), day(11, "14-15"),
    ],
    "periods added": [
        TUESDAY + "|RDATE;VALUE=PERIOD:20261210T130000Z/PT2H,20261211T130000Z/20261211T133000Z",
        NINE, day(10, "14-16"), day(11, "14-14:30"),
    ],
    "a whole day added to an hour": [TUESDAY + "|RDATE;VALUE=DATE:20261210", NINE, whole(10, 11)],
    # clocks
    "in the hour that spring skips": [
        f"DTSTART;{ZONE}:20270327T020000|DTEND;{ZONE}:20270327T030000|RRULE:FREQ=DAILY;COUNT=3",
        day(27, "2-3", 3), day(28, "3-4", 3), day(29, "2-3", 3),
    ],
    "a duration over the spring change": [
        f"DTSTART;{ZONE}:20270328T010000|DURATION:PT2H", day(28, "1-4", 3),
    ],
    "a day over the spring change": [
        f"DTSTART;{ZONE}:20270327T120000|DURATION:P1D", "27.03. 12:00-28.03. 12:00",
    ],
    "the hour that comes twice, whole": [
        f"DTSTART;{ZONE}:20271031T020000|DTEND;{ZONE}:20271031T030000", day(31, "2-3", 10),
    ],
    # status
    "cancelled": [TUESDAY + "|STATUS:CANCELLED"],
    "cancelled in small letters": [TUESDAY + "|STATUS: cancelled"],
    "free": [TUESDAY + "|TRANSP:TRANSPARENT"],
    "free for Outlook": [TUESDAY + "|X-MICROSOFT-CDO-BUSYSTATUS:FREE"],
    "free and yet busy for Outlook": [
        TUESDAY + "|TRANSP:TRANSPARENT|X-MICROSOFT-CDO-BUSYSTATUS:BUSY", NINE,
    ],
    "a status twice": [TUESDAY + "|STATUS:CANCELLED|STATUS:CONFIRMED", NINE],
    "tentative": [TUESDAY + "|STATUS:TENTATIVE", NINE],
    "working elsewhere": [TUESDAY + "|X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE", NINE],
    "declined by the only one": [TUESDAY + "|ATTENDEE;PARTSTAT=DECLINED:mailto:nekdo@x.example"],
    "declined by one of two": [
        TUESDAY + "|ATTENDEE;PARTSTAT=DECLINED:mailto:a@x.example|ATTENDEE:mailto:b@x.example",
        NINE,
    ],
    "declined in a room": [
        TUESDAY + "|ATTENDEE;CUTYPE=ROOM:mailto:mistnost@x.example"
        '|ATTENDEE;CN="Jana; N:";PARTSTAT=declined:mailto:nekdo@x.example',
    ],
    # text
    "a wrong alarm": [TUESDAY + "|BEGIN:VALARM|TRIGGER:|END:VALARM", NINE],
    "wrong properties": [TUESDAY + "|SEQUENCE:x|DTSTAMP:nikdy|GEO:;|CREATED|:|;|PRIORITY;=:", NINE],
    "a line broken in a word": [TUESDAY + "|DESCRIPTION:dlouh|a druhy radek: bez mezery", NINE],
    "folded everywhere": ["DTSTA|\tRT:2026|  1208T080000Z|DUR|\tATION:PT1H".replace("|  ", "|\t"), NINE],
    "an unknown component": [TUESDAY + "|BEGIN:X-COSI|DTSTART:20261212T080000Z|END:X-COSI", NINE],
}  # fmt: skip

IN_DOUBT = {
    "rule": {
        "until never": [TUESDAY + "|RRULE:FREQ=WEEKLY;UNTIL=nikdy", NINE],
        "no rhythm": [TUESDAY + "|RRULE:COUNT=3", NINE],
        "a rhythm of the moon": [TUESDAY + "|RRULE:FREQ=LUNAR", NINE],
        "a Hebrew calendar": [TUESDAY + "|RRULE:RSCALE=HEBREW;FREQ=YEARLY", NINE],
        "no step": [TUESDAY + "|RRULE:FREQ=DAILY;INTERVAL=0", NINE],
        "hour 25": [TUESDAY + "|RRULE:FREQ=DAILY;BYHOUR=25", NINE],
        "vCalendar 1.0": [TUESDAY + "|RRULE:D1 #5", NINE],
        "a wrong date added": [TUESDAY + "|RDATE:zitra", NINE],
    },
    "left_out": {
        "a wrong date left out": [DAILY + "|EXDATE:nikdy", *THREE],
        "a wrong one in a list": [
            DAILY + f"|EXDATE;{ZONE}:20261208T090000,nikdy", THREE[0], THREE[2],
        ],
        "a wrong rule left out": [DAILY + "|EXRULE:FREQ=NIKDY", *THREE],
    },
    "end": {
        "a wrong end": [f"DTSTART;{ZONE}:20261208T090000|DTEND:nic", "08.12. 09:00-09.12. 00:00"],
        "an end before the start": [
            f"DTSTART;{ZONE}:20261208T090000|DTEND;{ZONE}:20261208T080000",
            "08.12. 09:00-09.12. 00:00",
        ],
        "a wrong duration": [
            f"DTSTART;{ZONE}:20261208T090000|DURATION:hodina", "08.12. 09:00-09.12. 00:00",
        ],
        "a negative duration": [
            f"DTSTART;{ZONE}:20261208T090000|DURATION:-PT1H", "08.12. 09:00-09.12. 00:00",
        ],
        "a day as the end of an hour": [
            f"DTSTART;{ZONE}:20261208T090000|DTEND;VALUE=DATE:20261209",
            "08.12. 09:00-09.12. 00:00",
        ],
        "a whole day with a wrong end": ["DTSTART;VALUE=DATE:20261208|DTEND:nic", whole(8, 9)],
    },
    "zone": {
        "an unknown zone": ["DTSTART;TZID=Nikde/Nic:20261208T090000|DURATION:PT1H", NINE],
        "a town alone": ["DTSTART;TZID=Muj cas:20261208T090000|DURATION:PT1H", NINE],
    },
    "start": {
        "no start": ["SUMMARY:x|DTEND:20261208T080000Z"],
        "a wrong start": ["DTSTART:20261308T080000Z|DURATION:PT1H"],
        "a day that is not": ["DTSTART;VALUE=DATE:20270229"],
        "two starts": [TUESDAY + "|DTSTART:20261210T080000Z", NINE],
    },
    "torn": {
        "a lost end of an alarm": [TUESDAY + "|BEGIN:VALARM|TRIGGER:-PT5M", NINE],
        "a strange end": [TUESDAY + "|END:VALARM", NINE],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("event", "taken"), [(row[0], row[1:]) for row in UNDERSTOOD.values()], ids=UNDERSTOOD
)
def test_what_is_understood(event: str, taken: list[str]) -> None:
    reading = read(event)
    assert local(reading.busy()) == taken
    assert not reading.doubts


@pytest.mark.parametrize(
    ("why", "event", "taken"),
    [(why, row[0], row[1:]) for why, rows in IN_DOUBT.items() for row in rows.values()],
    ids=[f"{why}: {name}" for why, rows in IN_DOUBT.items() for name in rows],
)
def test_what_is_in_doubt_takes_its_time_and_is_listed(
    why: str, event: str, taken: list[str]
) -> None:
    other = "UID:other|DTSTART:20261220T080000Z|DURATION:PT1H"
    reading = read(event, other)
    assert local(reading.busy()) == [*taken, day(20, "9-10")]
    assert {one.why for one in reading.doubts} == {why}


MASTER = (
    f"UID:a|DTSTART;{ZONE}:20261201T090000|DTEND;{ZONE}:20261201T100000|RRULE:FREQ=WEEKLY;COUNT=4"
)
WEEKS = [day(n, "9-10") for n in (1, 8, 15, 22)]
SECOND = f"UID:a|RECURRENCE-ID;{ZONE}:20261208T090000"
ONWARDS = f"UID:a|RECURRENCE-ID;RANGE=THISANDFUTURE;{ZONE}:20261215T090000"
MOVED = f"|DTSTART;{ZONE}:20261210T140000|DURATION:PT2H"


@pytest.mark.parametrize(
    ("change", "taken", "doubts"),
    [
        (SECOND + MOVED, [WEEKS[0], day(10, "14-16"), *WEEKS[2:]], []),
        ("UID:a|RECURRENCE-ID:20261208T080000Z" + MOVED,
         [WEEKS[0], day(10, "14-16"), *WEEKS[2:]], []),
        ("UID:a|RECURRENCE-ID;VALUE=DATE:20261208" + MOVED,
         [WEEKS[0], day(10, "14-16"), *WEEKS[2:]], []),
        (SECOND + f"|STATUS:CANCELLED|DTSTART;{ZONE}:20261208T090000", [WEEKS[0], *WEEKS[2:]], []),
        (SECOND + f"|TRANSP:TRANSPARENT|DTSTART;{ZONE}:20261208T090000",
         [WEEKS[0], *WEEKS[2:]], []),
        (SECOND + f"|ATTENDEE;PARTSTAT=DECLINED:mailto:a@x.example|DTSTART;{ZONE}:20261208T090000",
         [WEEKS[0], *WEEKS[2:]], []),
        # This and all later ones: an hour later and a day on, by the clock on the wall.
        (f"{ONWARDS}|DTSTART;{ZONE}:20261216T100000|DURATION:PT2H",
         [*WEEKS[:2], day(16, "10-12"), day(23, "10-12")], []),
        (f"{ONWARDS}|STATUS:CANCELLED|DTSTART;{ZONE}:20261215T090000|DURATION:PT1H", WEEKS[:2], []),
        # Of no occurrence: both the series and the change take their time.
        (f"UID:a|RECURRENCE-ID;{ZONE}:20261209T090000" + MOVED,
         [*WEEKS[:2], day(10, "14-16"), *WEEKS[2:]], []),
        # What cannot be read leaves the series whole.
        ("UID:a|RECURRENCE-ID:neznamo" + MOVED,
         [*WEEKS[:2], day(10, "14-16"), *WEEKS[2:]], ["exception"]),
        (f"UID:a|RECURRENCE-ID;RANGE=THISANDPRIOR;{ZONE}:20261208T090000" + MOVED,
         [*WEEKS[:2], day(10, "14-16"), *WEEKS[2:]], ["exception"]),
        ("UID:a|RECURRENCE-ID:neznamo|STATUS:CANCELLED" + MOVED, WEEKS, ["exception"]),
        (SECOND + "|DTSTART:nikdy|DURATION:PT1H", WEEKS, ["start"]),
        (SECOND + f"|DTSTART;{ZONE}:20261210T220000|DTEND:nic",
         [*WEEKS[:2], "10.12. 22:00-11.12. 00:00", *WEEKS[2:]], ["end"]),
    ],
)  # fmt: skip
def test_changes_of_one_repeat(change: str, taken: list[str], doubts: list[str]) -> None:
    for order in ([MASTER, change], [change, MASTER]):
        reading = read(*order)
        assert local(reading.busy()) == taken
        assert [one.why for one in reading.doubts] == doubts


def test_two_masters_of_one_uid_and_their_changes() -> None:
    other = f"UID:a|DTSTART;{ZONE}:20261203T090000|DURATION:PT1H"
    reading = read(MASTER, other, SECOND + MOVED)
    assert local(reading.busy()) == [
        WEEKS[0], day(3, "9-10"), day(10, "14-16"), *WEEKS[2:],
    ]  # fmt: skip
    # Each has a key of its own, so that one can vanish beside the other.
    assert len([times for times in reading.times.values() if times]) == 3


def test_a_change_without_its_master() -> None:
    assert local(read(SECOND + MOVED).busy()) == [day(10, "14-16")]


WISHES = Preferences(addresses=frozenset({JANA}))
INVITED = f"{TUESDAY}|ORGANIZER:{ORG}|ATTENDEE;PARTSTAT=ACCEPTED:{ORG}|ATTENDEE;PARTSTAT="


@pytest.mark.parametrize(
    ("event", "wish"),
    [
        (f"{INVITED}NEEDS-ACTION:mailto:{JANA}", "unanswered"),
        (f"{TUESDAY}|ORGANIZER:{ORG}|ATTENDEE:MAILTO:Jana@Lhota.example", "unanswered"),
        (f"{INVITED}TENTATIVE:mailto:{JANA}", "tentative"),
        (f"{TUESDAY}|STATUS:TENTATIVE", "tentative"),
        (f"{TUESDAY}|X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE", "tentative"),
        (f"{TUESDAY}|X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE", "elsewhere"),
        (f"DTSTART;VALUE=DATE:20261208|ORGANIZER:{ORG}", "all_day_by_others"),
    ],
)
def test_a_wish_frees_what_is_left_open(event: str, wish: str) -> None:
    assert read(event, wishes=WISHES).busy()
    off: dict[str, Any] = dict.fromkeys(vars(WISHES).keys() - {"addresses"}, False)
    only = off.pop(wish)
    assert not read(event, wishes=replace(WISHES, **{wish: only})).busy()
    assert read(event, wishes=replace(WISHES, **off)).busy()


def test_whose_answer_counts() -> None:
    assert not read(f"{INVITED}DECLINED:mailto:{JANA}", wishes=WISHES).busy()
    assert read(f"{INVITED}DECLINED:mailto:nekdo@x.example", wishes=WISHES).busy()
    own = f"{TUESDAY}|ORGANIZER:mailto:{JANA}|ATTENDEE;PARTSTAT=DECLINED:mailto:host@x.example"
    assert read(own, wishes=WISHES).busy(), "the only guest of an own event has declined"
    own_day = f"DTSTART;VALUE=DATE:20261208|ORGANIZER:mailto:{JANA}"
    assert read(own_day, wishes=replace(WISHES, all_day_by_others=False)).busy()


CRLF = ics(TUESDAY).replace(b"UID:0@x", "UID:žluťoučký".encode())


@pytest.mark.parametrize(
    "text",
    [
        CRLF,
        CRLF.replace(b"\r\n", b"\n"),
        CRLF.replace(b"\r\n", b"\r"),
        CRLF.replace(b"\r\n", b"\r\r\n"),
        CRLF.replace(b"\r\n", b"\r\n\r\n"),
        b"\xef\xbb\xbf" + CRLF,
        CRLF.decode().encode("utf-16"),
        CRLF.decode().encode("utf-16-le"),
        CRLF.decode().encode("cp1250"),
        b"Warning: date() in /srv/ical.php on line 3\r\n" + CRLF + b"<!-- 0.2 s -->",
        CRLF.replace(b"VERSION:2.0", b"VERSION:2.0\r\nnic\r\nX-PRAZDNE"),
        CRLF.replace(b"BEGIN:VEVENT", b"begin:vevent").replace(b"DTSTART", b"dtstart"),
        CRLF.replace(b"END:VEVENT", b"END:VEVENT "),
        ics() + CRLF,
        CRLF.rstrip(),
    ],
    ids=range(15),
)  # fmt: skip
def test_how_the_text_is_written(text: bytes) -> None:
    reading = busy.read_texts([text], WINDOW, PRAGUE)
    assert local(reading.busy()) == [NINE]
    assert not reading.doubts
    assert not reading.damaged


OTHER = "UID:other|DTSTART:20261220T080000Z|DURATION:PT1H"


@pytest.mark.parametrize(
    "text",
    [
        ics(TUESDAY, OTHER).replace(b"END:VCALENDAR", b""),
        ics(TUESDAY, OTHER).replace(b"BEGIN:VCALENDAR", b"BEGIN:VCALENDXR"),
        ics(TUESDAY, OTHER).replace(b"END:VEVENT\r\nBEGIN:VEVENT\r\n", b"BEGIN:VEVENT\r\n"),
        ics(TUESDAY, OTHER).replace(b"END:VEVENT\r\nBEGIN:VEVENT\r\n", b"END:VEVENT\r\n"),
        ics(TUESDAY, OTHER).replace(b"BEGIN:VEVENT\r\nUID:o", b"BEGIN:VEVXNT\r\nUID:o"),
        ics(TUESDAY, OTHER).replace(b"END:VEVENT\r\nEND:VC", b"END:VTODO\r\nEND:VC"),
    ],
    ids=range(6),
)
def test_a_torn_text_is_said_and_loses_nothing_that_is_in_it(text: bytes) -> None:
    reading = busy.read_texts([text], WINDOW, PRAGUE)
    assert local(reading.busy()) == [NINE, day(20, "9-10")]
    assert reading.damaged


def test_a_text_that_was_cut_off_in_the_middle_of_an_event() -> None:
    text = ics(TUESDAY, OTHER)
    reading = busy.read_texts([text[: text.index(b"RATION:PT1H")]], WINDOW, PRAGUE)
    assert local(reading.busy()) == [NINE, "20.12. 09:00-21.12. 00:00"]
    assert reading.damaged


def test_a_zone_defined_in_the_file_and_one_that_is_spoilt() -> None:
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Muj cas\nBEGIN:STANDARD\nDTSTART:19701025T030000\n"
        "TZOFFSETFROM:+0300\nTZOFFSETTO:+0200\nEND:STANDARD\nEND:VTIMEZONE"
    )
    event = "DTSTART;TZID=Muj cas:20261208T090000|DURATION:PT1H"
    assert local(read(event, more=zone).busy()) == [day(8, "8-9")]
    spoilt = read(event, more=zone.replace("+0200", "dve"))
    assert (local(spoilt.busy()), spoilt.doubts[0].why) == ([NINE], "zone")
    named = zone.replace("TZID:Muj cas", "TZID:Muj cas\nX-LIC-LOCATION:America/New_York")
    assert local(read(event, more=named).busy()) == [NEW_YORK_NINE]


def test_an_event_on_which_the_reader_itself_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(series, "Repeats", fails)
    reading = read(TUESDAY, SECOND + MOVED)
    assert local(reading.busy()) == [NINE, day(10, "14-16")]
    assert [one.why for one in reading.doubts] == ["event"]


def test_too_many_repeats_leave_those_that_are_near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MOST_OF_SERIES", 3)
    reading = read(MASTER, OTHER)
    assert local(reading.busy()) == [*WEEKS[:3], day(20, "9-10")]
    assert [one.why for one in reading.doubts] == ["budget"]


def test_when_all_time_is_spent_the_rest_takes_its_plain_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budget, "OF_CALENDAR", -1)
    reading = read(MASTER, OTHER)
    assert local(reading.busy()) == [WEEKS[0], day(20, "9-10")]
    assert {one.why for one in reading.doubts} == {"budget"}


def test_the_ends_of_the_calendar() -> None:
    reading = read(
        "DTSTART;VALUE=DATE:99991231",
        "DTSTART:99991231T235959|DTEND:99991231T235959Z",
        "DTSTART;TZID=Europe/Prague:00010101T090000|DURATION:PT1H|RRULE:FREQ=YEARLY;COUNT=3",
        "DTSTART;VALUE=DATE:20271231|DTEND;VALUE=DATE:99991231",
    )
    assert local(reading.busy()) == ["31.12. 00:00-04.01. 00:00"]  # to the end of the window
    assert not reading.doubts


def test_published_free_and_busy_time() -> None:
    text = ics().replace(
        b"END:VCALENDAR",
        b"BEGIN:VFREEBUSY\r\nFREEBUSY:20261208T080000Z/PT1H,20261209T080000Z/20261209T090000Z\r\n"
        b"FREEBUSY;FBTYPE=FREE:20261210T080000Z/PT1H\r\n"
        b"FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261211T080000Z/PT1H\r\n"
        b"FREEBUSY:20261214T220000Z/nikdy,kdysi/PT1H\r\nEND:VFREEBUSY\r\nEND:VCALENDAR",
    )
    reading = busy.read_texts([text], WINDOW, PRAGUE)
    assert local(reading.busy()) == [
        NINE, day(9, "9-10"), day(11, "9-10"), "14.12. 23:00-15.12. 00:00",
    ]  # fmt: skip
    assert sorted(one.why for one in reading.doubts) == ["end", "start"]
    firm = busy.read_texts([text], WINDOW, PRAGUE, Preferences(tentative=False))
    assert day(11, "9-10") not in local(firm.busy())
