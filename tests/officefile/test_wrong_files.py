"""A wrong file names the line, the value and what was expected, and changes nothing."""

from typing import Any

import pytest

from prepazka.journal.models import Event
from prepazka.officefile.check import check
from prepazka.officefile.nodes import WrongFile
from prepazka.officefile.office_loading import load
from prepazka.offices.models import Agenda, Office, OpeningHours, Service
from tests import officials
from tests.town import FRIDAY_BEFORE

RIGHT = """\
office:
  code: lhota
  name: {cs: Lhota, en: Lhota}
  email: urad@lhota.example
  languages: [cs, en]
hours:
  mon: "8:00-12:00, 13:00-17:00"
  tue: closed
departments:
  doprava: {name: Doprava}
agendas:
  vozidla:
    letter: V
    name: Vozidla
    department: doprava
    booking:
      window: 60 min
      quota: 1
    services:
      prepis: {name: Přepis, duration: 20 min}
      znacky: {name: Značky, duration: 10 min}
counters:
  p1: {number: 1, serves: vozidla}
kiosks:
  kiosk: {printer: none}
exceptions:
  - closed: 2026-12-24 to 2026-12-31
    reason: Vánoce
"""

# what to replace, with what; line, words of the value, words of what was expected
TABLE = [
    ("60 min", "60", 17, '"60"', "a length of time from 1 min to 1 day"),
    ("60 min", "0 min", 17, '"0 min"', "a length of time"),
    ("60 min", "1 fortnight", 17, '"1 fortnight"', "a length of time"),
    ("quota: 1", "quota: 0", 18, '"0"', "a whole number from 1 to 62"),
    ("quota: 1", "quota: 90", 18, '"90"', "a whole number from 1 to 62"),
    ("quota: 1", "quota: 2", 18, "1.86 times as long (1 counter", '"quota reason"'),
    ("quota: 1", "quota: 9", 18, "leaves no time of the counters", "a longer window"),
    ("quota: 1", f"quota reason: {'x' * 201}", 18, "xxx", "at most 200 characters"),
    ("quota: 1", "quota: no", 18, '"no"', "a whole number"),
    ("letter: V", "rooms: [zoom]", 13, '"zoom"', "a list of embedded, jitsi"),
    ("letter: V", "rooms: [jitsi, jitsi]", 13, "", "each once"),
    (
        "tue: closed",
        'tue: closed\nvideo: {link: "http://a.cz/{code}"}',
        9,
        "http://a.cz",
        "https://",
    ),
    ("tue: closed", 'tue: closed\nvideo: {link: "https://a.cz/x"}', 9, "a.cz/x", "{code}"),
    ("tue: closed", "tue: closed\nvideo: {secret: x}", 9, '"secret"', "rooms"),
    ("tue: closed", "tue: closed\npolicy: {second factor: haed}", 9, '"haed"', '"head"'),
    (
        "tue: closed",
        "tue: closed\npolicy: {second factor: [all, head]}",
        9,
        '"all"',
        "or all, or none",
    ),
    (
        "tue: closed",
        "tue: closed\nvideo: {largest file: 500 MB}",
        9,
        '"500 MB"',
        "from 1 MB to 20 MB, the most of this installation",
    ),
    ("tue: closed", "tue: closed\nvideo: {all files: 5}", 9, '"5"', "from 1 MB to 5000 MB"),
    ("tue: closed", "tue: closed\nvideo: {number of files: 31}", 9, '"31"', "from 1 to 30"),
    (
        "tue: closed",
        "tue: closed\nvideo: {largest file: 20 MB, files of a meeting: 10 MB}",
        9,
        '"10 MB"',
        'at least as much as "largest file", 20 MB',
    ),
    ("quota: 1", "qouta: 1", 18, '"qouta"', '"quota"'),
    ("quota: 1", 'released in parts: ["20 % at noon"]', 18, '"20 % at noon"', "2 days before at"),
    ("quota: 1", 'released in parts: ["20 % 40 days before at 7:00"]', 18, "", "the horizon"),
    ("quota: 1", 'released in parts: ["100 % same day at 7:00"]', 18, "", "later parts"),
    ("quota: 1", "returns after: 15-2 min", 18, '"15-2 min"', '"2-15 min"'),
    ("quota: 1", "returns after: 10 min", 18, '"10 min"', '"2-15 min"'),
    ("quota: 1", "offers kept: 1 min", 18, '"1 min"', "from 15 min"),
    ("quota: 1", "proof of work: perhaps", 18, '"perhaps"', "when busy"),
    ("quota: 1", "window: 30 min", 18, '"window"', "each key once (the first is on line 17)"),
    ("8:00-12:00", "8-12", 7, '"8-12"', '"7:30-11:30, 12:30-17:00"'),
    ("8:00-12:00", "12:00-8:00", 7, '"12:00-8:00"', "ends after it starts"),
    ("13:00-17:00", "11:00-17:00", 7, '"11:00-17:00"', "do not overlap"),
    ("13:00-17:00", "13:00-25:00", 7, '"13:00-25:00"', "within one day"),
    ("  tue: closed", "  út: closed", 8, '"út"', '"mon-fri"'),
    (
        "  tue: closed",
        "  mon-tue: 9:00-10:00",
        8,
        '"9:00-10:00"',
        "hours of mon that do not overlap",
    ),
    ("letter: V", "letter: vw", 13, '"vw"', "capital letters"),
    ("department: doprava", "department: dopava", 15, '"dopava"', '"doprava"'),
    ("serves: vozidla", "serves: vozydla", 23, '"vozydla"', '"vozidla"'),
    ("serves: vozidla", "serves: prepis", 23, "none of the counters", 'serves "znacky"'),
    ("duration: 20 min", "fee: 800 Kč", 20, "nothing", "duration"),
    ("duration: 20 min", "duration: 20 min, bookable: maybe", 20, '"maybe"', '"yes" or "no"'),
    (
        "duration: 20 min",
        "duration: 20 min, bookable: no, walk-in: no",
        20,
        "nobody can come",
        "walk-in",
    ),
    (
        "      znacky:",
        "      vozidla:",
        21,
        '"vozidla" a second time',
        "no other agenda or service",
    ),
    ("[cs, en]", "[cz, en]", 5, '"[cz, en]"|a list', "Czech is cs"),
    ("{cs: Lhota, en: Lhota}", "{cs: Lhota, de: Lhota}", 3, '"de"', "the office's languages"),
    ("{cs: Lhota, en: Lhota}", "{en: Lhota}", 3, "a mapping", "Czech (cs)"),
    ("urad@lhota.example", "urad.lhota.example", 4, '"urad.lhota.example"', "an e-mail address"),
    ("code: lhota", "code: Lhota u Prahy", 2, '"Lhota u Prahy"', "a short code"),
    ("  code: lhota\n", "", 2, "nothing", "a short code"),
    ("printer: none", "printer: escpos", 25, '"escpos"', "escpos 192.168.1.50:9100"),
    ("2026-12-24 to 2026-12-31", "2026-12-31 to 2026-12-24", 27, "2026-12-31", "a last day"),
    ("2026-12-24 to 2026-12-31", "2026-02-30", 27, '"2026-02-30"', "days such as"),
    ("closed: 2026-12-24", "extra: 2026-12-24", 27, "nothing", "times of the extra hours"),
    ("2026-12-24 to", "2026-12-24 14.00 to", 27, "14.00", "2026-11-30 14:00 to 2026-12-02 10:00"),
    ("2026-12-24 to", "2026-12-24 25:00 to", 27, "25:00", "days such as"),
    ("2026-12-24 to 2026-12-31", "2026-12-24 14:00", 27, "14:00", "a time on its own line"),
    (
        "2026-12-24 to 2026-12-31",
        "2026-12-24 14:00 to 2026-12-24 9:00",
        27,
        "9:00",
        "an end that does not come before the beginning",
    ),
    ("2026-12-24 to 2026-12-31", "2026-12-24 to 2026-12-31 0:00", 27, "0:00", "an end after 0:00"),
    (
        "closed: 2026-12-24 to 2026-12-31",
        'instead: 2026-12-24 14:00 to 2026-12-31\n    times: "8:00-9:00"',
        27,
        "2026-12-24 14:00",
        "days without times",
    ),
    (
        "closed: 2026-12-24 to 2026-12-31",
        'closed: 2026-12-24 14:00 to 2026-12-31\n    times: "8:00-9:00"',
        27,
        "2026-12-24 14:00",
        "days without times",
    ),
    ("closed: 2026-12-24", "shut: 2026-12-24", 27, '"shut"', '"closed", "extra"|one of'),
    ('"8:00-12:00, 13:00-17:00"', '"8:00-12:00', 7, "", "correct YAML"),
    ("letter: V", "letter: !!int 5", 13, '"5"', "capital letters"),
    ("name: Doprava", "name:", 10, "nothing", "a text"),
    ("office:", "offices:", 1, '"offices"', '"office"'),
]


@pytest.mark.parametrize(("old", "new", "line", "value", "expected"), TABLE)
def test_what_is_wrong_is_said(old: str, new: str, line: int, value: str, expected: str) -> None:
    assert old in RIGHT
    with pytest.raises(WrongFile) as wrong:
        check(RIGHT.replace(old, new, 1))
    said = [str(problem) for problem in wrong.value.problems if problem.line == line]
    assert any(
        any(one in sentence for one in value.split("|"))
        and any(one in sentence for one in expected.split("|"))
        for sentence in said
    ), str(wrong.value)


PEOPLE = [
    ("    topics: stavby", "    topics: stavba", 35, '"stavba"', '"stavby"'),
    ("    topics: stavby", "    topics: rodny-list", 35, '"rodny-list"', "kind: slot"),
    ("    topics: stavby\n", "", 32, "nothing", "booked with them"),
    ("    counter: d12", "    counter: d13", 34, '"d13"', '"d12"'),
    (
        "    department: vystavba\n    counter",
        "    department: vystava\n    counter",
        33,
        '"vystava"',
        '"vystavba"',
    ),
    ('    hours: {mon: "8:00-10:00, 17:00-19:00"}\n', "", 32, "nothing", "the official's hours"),
    ("buffer: 15 min", "buffer: 15", 45, '"15"', "a length of time"),
    ("novakova@lhota.example", "novakova", 38, '"novakova"', "mail"),
    ("    place:", "    room:", 36, '"room"', "one of"),
]


@pytest.mark.parametrize(("old", "new", "line", "value", "expected"), PEOPLE)
def test_what_is_wrong_with_officials_is_said(
    old: str, new: str, line: int, value: str, expected: str
) -> None:
    assert old in officials.FILE
    with pytest.raises(WrongFile) as wrong:
        check(officials.FILE.replace(old, new, 1))
    said = [str(problem) for problem in wrong.value.problems if problem.line == line]
    assert any(value in sentence and expected in sentence for sentence in said), str(wrong.value)


def test_the_untouched_file_is_right() -> None:
    assert check(RIGHT).slug == "lhota"


def test_all_mistakes_come_at_once_by_line() -> None:
    text = (
        RIGHT.replace("60 min", "60")
        .replace("8:00-12:00", "8-12")
        .replace("letter: V", "letter: 9")
    )
    with pytest.raises(WrongFile) as wrong:
        check(text)
    assert [problem.line for problem in wrong.value.problems] == [7, 13, 17]


def test_a_comma_in_a_time_without_quotes_is_explained() -> None:
    text = RIGHT.replace(
        '\n  mon: "8:00-12:00, 13:00-17:00"\n  tue: closed', " {mon: 8:00-12:00, 13:00-17:00}"
    )
    with pytest.raises(WrongFile, match="need quotes"):
        check(text)


def test_days_with_a_comma_without_quotes_are_explained() -> None:
    text = RIGHT.replace(
        '\n  mon: "8:00-12:00, 13:00-17:00"\n  tue: closed', ' {mon, wed: "8:00-12:00"}'
    )
    with pytest.raises(WrongFile, match='need quotes: "mon, wed"'):
        check(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n",
        "- a\n- b\n",
        "just words",
        "a: b\x00",
        "a: &a [*a]",
        "---\noffice: {}\n---\noffice: {}\n",
        "office: [",
        "[" * 3000,
    ],
)
def test_what_is_no_office_at_all_is_said_too(text: str) -> None:
    with pytest.raises(WrongFile) as wrong:
        check(text)
    assert wrong.value.problems


@pytest.mark.django_db
@pytest.mark.parametrize("known", [False, True])
def test_a_wrong_file_changes_nothing(*, known: bool) -> None:
    if known:
        load(RIGHT, now=FRIDAY_BEFORE)
    before = _everything()
    with pytest.raises(WrongFile):
        load(
            RIGHT.replace("name: Vozidla", "name: Auta").replace("quota: 1", "quota: x"),
            now=FRIDAY_BEFORE,
        )
    assert _everything() == before


def _everything() -> list[Any]:
    models: tuple[Any, ...] = (Office, Agenda, Service, OpeningHours, Event)
    return [list(model.objects.order_by("pk").values()) for model in models]
