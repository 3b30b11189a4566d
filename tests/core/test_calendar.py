import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.calendar import (
    DayException,
    WeeklyHours,
    czech_holidays,
    day_of,
    instants_of_minutes,
    local_instant,
    minute_of,
    open_minutes,
)
from prepazka.core.interval import Interval

PRAGUE = ZoneInfo("Europe/Prague")
MONDAY = date(2026, 11, 23)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
KRUMLOV_MONDAY = [WeeklyHours(0, 450, 630), WeeklyHours(0, 750, 930)]
times = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda t: t[0] < t[1])
days = st.dates(MONDAY - timedelta(days=9), MONDAY + timedelta(days=9))


@st.composite
def exceptions(draw):
    first, opens_closes = draw(days), draw(st.none() | times)
    kind = draw(
        st.sampled_from(["closed", "extra", "instead"]) if opens_closes else st.just("closed")
    )
    last = draw(st.none() | st.integers(0, 5).map(lambda n: first + timedelta(days=n)))
    if kind == "closed" and opens_closes is None and last != first and draw(st.booleans()):
        begins = draw(st.none() | st.integers(0, 1439))
        ends = None if last is None else draw(st.none() | st.integers(1, 1440))
        return DayException(first, last, begins=begins, ends=ends)
    return DayException(first, last, *(opens_closes or (None, None)), kind=kind)


weekly_hours = st.builds(lambda d, t: WeeklyHours(d, *t), st.integers(0, 6), times)


def minutes(parts):
    return {minute for one in parts for minute in range(one.start, one.end)}


def of_day(exception, day):
    """The minutes that the exception speaks of, told again in another way."""
    opens = 0 if exception.opens is None else exception.opens
    closes = 1440 if exception.closes is None else exception.closes
    if exception.begins and day == exception.from_date:
        opens = exception.begins
    if exception.ends and day == exception.to_date:
        closes = exception.ends
    return Interval(opens, closes)


class TestOpenMinutes:
    def test_follows_the_week(self):
        assert open_minutes(MONDAY, KRUMLOV_MONDAY) == [Interval(450, 630), Interval(750, 930)]
        assert open_minutes(MONDAY + timedelta(days=1), KRUMLOV_MONDAY) == []

    def test_keeps_to_the_dates_of_validity(self):
        until = WeeklyHours(0, 480, 1020, valid_to=MONDAY)
        since = WeeklyHours(0, 480, 720, valid_from=MONDAY + timedelta(days=1))
        assert open_minutes(MONDAY, [until, since]) == [Interval(480, 1020)]
        assert open_minutes(MONDAY + timedelta(days=7), [until, since]) == [Interval(480, 720)]

    def test_is_closed_on_a_holiday_unless_opened(self):
        holiday = frozenset({MONDAY})
        extra = DayException(MONDAY, MONDAY, 540, 600, "extra")
        assert open_minutes(MONDAY, KRUMLOV_MONDAY, (), holiday) == []
        assert open_minutes(MONDAY, KRUMLOV_MONDAY, [extra], holiday) == [Interval(540, 600)]

    def test_instead_replaces_and_a_partial_closing_cuts(self):
        instead = DayException(MONDAY, MONDAY, 480, 720, "instead")
        cut = DayException(MONDAY, MONDAY, 600, 660)
        assert open_minutes(MONDAY, KRUMLOV_MONDAY, [instead, cut]) == [
            Interval(480, 600),
            Interval(660, 720),
        ]

    def test_a_closing_from_noon_until_further_notice(self):
        closing = DayException(MONDAY, None, opens=720)
        for week in range(3):
            assert open_minutes(MONDAY + timedelta(weeks=week), KRUMLOV_MONDAY, [closing]) == [
                Interval(450, 630)
            ]

    def test_one_absence_from_monday_14_00_to_wednesday_10_00(self):
        every_day = [WeeklyHours(weekday, 480, 1020) for weekday in range(7)]
        away = DayException(MONDAY, MONDAY + timedelta(days=2), begins=840, ends=600)
        hours = [
            open_minutes(MONDAY + timedelta(days=n), every_day, [away]) for n in (-1, 0, 1, 2, 3)
        ]
        whole = [Interval(480, 1020)]
        assert hours == [whole, [Interval(480, 840)], [], [Interval(600, 1020)], whole]

    def test_within_one_day_it_has_times_of_the_day(self):
        away = DayException.without_break(MONDAY, MONDAY, 840, 960)
        assert away == DayException(MONDAY, MONDAY, 840, 960)
        assert DayException.without_break(MONDAY, None, 0, None) == DayException(MONDAY, None)

    @given(
        days, st.lists(weekly_hours, max_size=6), st.lists(exceptions(), max_size=5), st.booleans()
    )
    def test_says_minute_by_minute_what_the_rules_say(self, day, weekly, changes, holiday):
        on = [e for e in changes if e.from_date <= day and (e.to_date is None or day <= e.to_date)]
        of = {
            k: minutes(of_day(e, day) for e in on if e.kind == k)
            for k in ("closed", "extra", "instead")
        }
        week = minutes(Interval(w.opens, w.closes) for w in weekly if w.weekday == day.weekday())
        base = of["instead"] or (set() if holiday else week)
        got = open_minutes(day, weekly, changes, frozenset({day} if holiday else ()))
        assert minutes(got) == (base | of["extra"]) - of["closed"]
        assert all(a.end < b.start for a, b in itertools.pairwise(got))

    @pytest.mark.parametrize(
        "wrong",
        [
            lambda: WeeklyHours(7, 480, 500),
            lambda: WeeklyHours(0, 500, 480),
            lambda: WeeklyHours(0, 480, 1441),
            lambda: DayException(MONDAY, MONDAY - timedelta(days=1)),
            lambda: DayException(MONDAY, MONDAY, kind="extra"),
            lambda: DayException(MONDAY, MONDAY, closes=0),
            lambda: DayException.without_break(MONDAY, MONDAY + timedelta(days=1), 840, 0),
            lambda: DayException.without_break(MONDAY, MONDAY, 840, 600),
        ],
    )
    def test_refuses_hours_that_cannot_be(self, wrong):
        with pytest.raises(ValueError, match="must"):
            wrong()


class TestCzechHolidays:
    def test_knows_all_thirteen(self):
        of_2026 = czech_holidays([2026])
        assert len(of_2026) == 13
        assert {date(2026, 4, 3), date(2026, 4, 6), date(2026, 11, 17)} <= of_2026
        assert czech_holidays([2026, 2027]) > of_2026


class TestInstants:
    def test_of_an_ordinary_winter_morning(self):
        assert local_instant(MONDAY, 450, PRAGUE) == datetime(2026, 11, 23, 6, 30, tzinfo=UTC)

    def test_a_skipped_time_is_the_moment_of_the_change(self):
        change = datetime(2026, 3, 29, 1, tzinfo=UTC)
        assert {local_instant(SPRING, m, PRAGUE) for m in (120, 121, 150, 179, 180)} == {change}
        assert instants_of_minutes(Interval(120, 180), SPRING, PRAGUE) is None

    def test_a_doubled_time_is_its_first_occurrence(self):
        assert local_instant(AUTUMN, 150, PRAGUE) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        assert local_instant(AUTUMN, 180, PRAGUE) == datetime(2026, 10, 25, 2, tzinfo=UTC)

    @given(
        st.sampled_from(
            [SPRING, AUTUMN, SPRING - timedelta(days=1), AUTUMN + timedelta(days=1), MONDAY]
        ),
        st.sampled_from([5, 10, 15, 20, 30, 45, 60, 90]),
        st.sampled_from(
            ["Europe/Prague", "Atlantic/Azores", "America/Santiago", "Australia/Lord_Howe"]
        ),
    )
    def test_windows_of_a_day_never_share_an_instant(self, day, length, zone):
        tz = ZoneInfo(zone)
        laid = [
            instants_of_minutes(Interval(m, m + length), day, tz)
            for m in range(0, 1440 - length + 1, length)
        ]
        real = [one for one in laid if one is not None]
        assert len(real) >= 22 * 60 // length
        assert all(a.end <= b.start for a, b in itertools.pairwise(real))

    @given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)))
    def test_an_instant_comes_back_from_its_day_and_minute(self, instant):
        whole = instant.replace(second=0, microsecond=0)
        back = local_instant(day_of(whole, PRAGUE), minute_of(whole, PRAGUE), PRAGUE)
        second_time = whole.astimezone(PRAGUE).fold == 1
        assert back == (whole - timedelta(hours=1) if second_time else whole)

    def test_the_day_is_the_local_one(self):
        assert day_of(datetime(2026, 11, 22, 23, 30, tzinfo=UTC), PRAGUE) == MONDAY
