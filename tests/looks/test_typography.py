from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.template import engines
from django.utils import timezone, translation

from prepazka.looks import typography
from prepazka.looks.templatetags import typo

DAY = date(2026, 11, 20)


def shown(source: str, language: str, **context: object) -> str:
    with translation.override(language), timezone.override(ZoneInfo("Europe/Prague")):
        return engines["django"].from_string("{% load typo %}" + source).render(context)


@pytest.mark.parametrize(
    ("language", "short", "long"),
    [
        ("cs", "20.\u00a011.\u00a02026", "pátek 20.\u00a0listopadu\u00a02026"),
        ("en", "20\u00a0November\u00a02026", "Friday 20\u00a0November\u00a02026"),
        ("en-gb", "20\u00a0November\u00a02026", "Friday 20\u00a0November\u00a02026"),
    ],
)
def test_dates(language: str, short: str, long: str) -> None:
    assert typography.short_date(DAY, language) == short
    assert typography.long_date(DAY, language) == long
    assert shown("{{ day|cs_date }}|{{ day|long_date }}", language, day=DAY) == f"{short}|{long}"


def test_every_month_and_day_has_its_name() -> None:
    months = {
        typography.long_date(date(2026, month, 1), "cs").split("\u00a0")[1]
        for month in range(1, 13)
    }
    days = {typography.long_date(date(2026, 11, day), "cs").split()[0] for day in range(16, 23)}
    assert (len(months), len(days)) == (12, 7)


def test_times_are_shown_in_the_office_zone_and_without_a_leading_zero() -> None:
    start, end = datetime(2026, 11, 20, 7, 30, tzinfo=UTC), datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
    assert (
        shown("{{ start|clock }} {% span start end %}", "cs", start=start, end=end)
        == "8:30 8:30–9:00"
    )
    assert typography.clock(time(14, 5)) == "14:05"
    summer = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert (
        shown("{{ moment|cs_date }} {{ moment|clock }}", "cs", moment=summer)
        == "2.\u00a07.\u00a02026 0:30"
    )


def test_a_span_until_midnight_ends_at_24() -> None:
    late, midnight = datetime(2026, 11, 20, 23), datetime(2026, 11, 21)  # local
    assert typography.span(late, midnight, "cs") == "23:00–24:00"
    assert typography.span(time(23), time(0), "cs") == "23:00–24:00"
    days_later = midnight + timedelta(days=1)
    assert "22.\u00a011.\u00a02026 0:00" in typography.span(late, days_later, "cs")


def test_a_span_over_midnight_names_both_days() -> None:
    text = typography.span(
        datetime(2026, 11, 20, 22, tzinfo=UTC), datetime(2026, 11, 21, 2, tzinfo=UTC), "cs"
    )
    assert text == "20.\u00a011.\u00a02026 22:00 – 21.\u00a011.\u00a02026 2:00"


@pytest.mark.parametrize(
    ("duration", "czech", "english"),
    [
        (0, "0 minut", "0 minutes"),
        (1, "1 minuta", "1 minute"),
        (3, "3 minuty", "3 minutes"),
        (5, "5 minut", "5 minutes"),
        (22, "22 minut", "22 minutes"),
        (60, "1 hodina", "1 hour"),
        (125, "2 hodiny 5 minut", "2 hours 5 minutes"),
        (timedelta(seconds=61), "2 minuty", "2 minutes"),
        (timedelta(hours=5, minutes=1), "5 hodin 1 minuta", "5 hours 1 minute"),
    ],
)
def test_minutes(duration: float | timedelta, czech: str, english: str) -> None:
    assert typography.minutes(duration, "cs").replace("\u00a0", " ") == czech
    assert typography.minutes(duration, "en").replace("\u00a0", " ") == english


def test_a_range_of_minutes() -> None:
    assert typography.minutes_range(20, 30, "cs") == "20–30\u00a0minut"
    assert typography.minutes_range(1, 3, "cs") == "1–3\u00a0minuty"
    assert typography.minutes_range(1, 1, "en") == "1\u00a0minute"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k přepážce v přízemí", "k~přepážce v~přízemí"),
        ("V pondělí a ve středu", "V~pondělí a~ve středu"),
        ("doklad s fotografií i bez ní", "doklad s~fotografií i~bez ní"),
        ("poplatek 1 200 Kč, asi 20 minut", "poplatek 1~200~Kč, asi 20~minut"),
        ("do 20. 11. 2026", "do 20.~11.~2026"),
        ("od 20. listopadu", "od 20.~listopadu"),
        ("čekají 3 lidé", "čekají 3~lidé"),
        ("přepážka č. 4", "přepážka č.~4"),
        ("a v Toužimi", "a~v~Toužimi"),
        ("1. patro, dveře 12", "1.~patro, dveře~12"),
        ("ve 2. patře, 3. den", "ve 2.~patře, 3.~den"),
        ("1. NP, přepážka 4", "1.~NP, přepážka~4"),
        ("<a href='1. patro'>1. patro</a>", "<a href='1. patro'>1.~patro</a>"),
        ("do 8. PROSÍM", "do 8. PROSÍM"),
    ],
)
def test_czech_ties(text: str, expected: str) -> None:
    assert typography.nbsp(text, "cs") == expected.replace("~", "\u00a0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I wait in a hall, 20 minutes", "I wait in a hall, 20~minutes"),
        ("1st floor, door 12", "1st~floor, door~12"),
        ("Counter 4 on the 2nd floor", "Counter~4 on the 2nd~floor"),
        ("indoor 2, 21 stars", "indoor 2, 21 stars"),
    ],
)
def test_english_ties(text: str, expected: str) -> None:
    assert typography.nbsp(text, "en") == expected.replace("~", "\u00a0")


def test_nbsp_escapes_text_and_leaves_markup_alone() -> None:
    assert shown("{{ text|nbsp }}", "cs", text="<b>k oknu</b>") == "&lt;b&gt;k\u00a0oknu&lt;/b&gt;"
    link = '<a href="/x" title="k oknu">k oknu</a>'
    assert (
        shown("{{ link|safe|nbsp }}", "cs", link=link)
        == '<a href="/x" title="k oknu">k\u00a0oknu</a>'
    )


@pytest.mark.parametrize(
    ("pin", "pairs"),
    [("1234", ["12", "34"]), ("123456", ["123", "456"]), ("12345", ["12", "34", "5"])],
)
def test_pin_pairs(pin: str, pairs: list[str]) -> None:
    assert typography.pin_pairs(pin) == pairs


def test_a_pin_can_be_copied_and_is_read_by_digits() -> None:
    html = shown("{{ pin|pin_groups }}", "cs", pin="1234")
    visual, spoken = html.split('<span class="visually-hidden">')
    assert "".join(part.split("<")[0] for part in visual.split(">")) == "1234"
    assert spoken.startswith("1 2 3 4<")
    assert "&lt;" in shown("{{ pin|pin_groups }}", "cs", pin="<b")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("777123456", "777 123 456"),
        ("+420777123456", "777 123 456"),
        ("00420 777 123 456", "777 123 456"),
        ("+421905123456", "+421 905 123 456"),
        ("linka 12", "linka 12"),
    ],
)
def test_phone(number: str, expected: str) -> None:
    assert typography.phone(number).replace("\u00a0", " ") == expected


@pytest.mark.parametrize(
    ("text", "heading", "rest"),
    [
        ("Je obsazeno. Zkuste to za 3 min.", "Je obsazeno.", "Zkuste to za 3 min."),
        ("Platí 23. 11. 2026 v 8.00 hod.", "Platí 23. 11. 2026 v 8.00 hod.", ""),
        ("Co dál? Řekneme Vám.", "Co dál?", "Řekneme Vám."),
        ("Je obsazeno", "Je obsazeno", ""),
    ],
)
def test_a_text_s_first_sentence_is_its_heading(text: str, heading: str, rest: str) -> None:
    assert typography.first_sentence(text) == (heading, rest)


def test_a_number_in_a_text_can_be_pressed_and_the_rest_is_escaped() -> None:
    shown = typo.to_dial("Volejte 380\u00a0000\u00a0300 <b>", "380000300")
    assert '<a class="nowrap" href="tel:380000300">380\u00a0000\u00a0300</a>' in shown
    assert "<b>" not in shown
    assert "tel:380000300" in typo.to_dial("Volejte 380 000 300.", "380 000 300")
    assert "href" not in typo.to_dial("Pište na urad@lhota.example", "380000300")
    assert "href" not in typo.to_dial("Pište nám", "")


@pytest.mark.parametrize(
    ("day", "czech", "english"),
    [
        (date(2026, 11, 23), "dnes", "today"),
        (date(2026, 11, 24), "zítra", "tomorrow"),
        (date(2026, 11, 25), "ve středu 25.\u00a0listopadu", "on Wednesday 25\u00a0November"),
        (date(2027, 1, 4), "v\u00a0pondělí 4.\u00a0ledna", "on Monday 4\u00a0January"),
        (
            date(2027, 10, 1),
            "v\u00a0pátek 1.\u00a0října\u00a02027",
            "on Friday 1\u00a0October\u00a02027",
        ),
    ],
)
def test_days_as_people_say_them(day: date, czech: str, english: str) -> None:
    today = date(2026, 11, 23)
    assert typography.on_day(day, today, "cs") == czech
    assert typography.on_day(day, today, "en") == english


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2026, 12, 1), date(2026, 12, 18), "1.–18. prosince 2026"),
        (date(2026, 11, 28), date(2026, 12, 3), "28. listopadu – 3. prosince 2026"),
        (date(2026, 12, 28), date(2027, 1, 3), "28. prosince 2026 – 3. ledna 2027"),
        (date(2026, 12, 1), date(2026, 12, 1), "1. 12. 2026"),
    ],
)
def test_a_span_of_days_says_once_what_both_share(first: date, last: date, said: str) -> None:
    assert typography.date_span(first, last, "cs").replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("high", "said"),
    [
        (0, "bez čekání"),
        (15, "obvykle do 15 minut"),
        (140, "obvykle do 2 hodin 20 minut"),
        (61, "obvykle do 1 hodiny 1 minuty"),
    ],
)
def test_a_long_wait_is_said_in_hours(high: int, said: str) -> None:
    assert typography.usual_wait(high, "cs").replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("language", "short", "long", "of_month", "units"),
    [
        ("sk", "20. 11. 2026", "piatok 20. novembra 2026", "1.–18. decembra 2026", "2 hodiny 5 minút"),
        ("uk", "20 листопада 2026 р.", "пʼятниця, 20 листопада 2026 р.", "1–18 грудня 2026 р.", "2 години 5 хвилин"),
        ("de", "20.11.2026", "Freitag, 20. November 2026", "1.–18. Dezember 2026", "2 Stunden 5 Minuten"),
    ],
)  # fmt: skip
def test_a_language_without_code_of_ours_has_its_own_dates_and_units(
    language: str, short: str, long: str, of_month: str, units: str
) -> None:
    written = [
        typography.short_date(DAY, language),
        typography.long_date(DAY, language),
        typography.date_span(date(2026, 12, 1), date(2026, 12, 18), language),
        typography.minutes(125, language),
    ]
    assert [text.replace("\u00a0", " ") for text in written] == [short, long, of_month, units]
    assert typography.nbsp("ab k 5 cde", language) == "ab k\u00a05\u00a0cde"
