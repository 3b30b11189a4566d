from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core.calendar import (
    has_clock_change,
    instants_of_minutes,
    lasting_minutes,
    local_instant,
)
from prepazka.core.interval import Interval, subtract, union
from prepazka.core.slots import (
    Moment,
    Offer,
    Rules,
    Taken,
    bookable_slots,
    candidates_of_day,
    consecutive_windows,
    count_places,
    count_places_for_desk,
    free_lane,
    lanes_by_candidate,
    lay_out_day,
    lay_out_diaries,
    nearest_offers,
    next_release,
    possible_starts,
    releases_at,
    windows_of_length,
)

MONDAY = date(2026, 11, 23)
KRUMLOV = [Interval(450, 630), Interval(750, 930)]
EARLY = Moment(MONDAY - timedelta(days=7), 600)

spans = st.tuples(st.integers(360, 1080), st.integers(1, 200)).map(lambda p: Interval.lasting(*p))
openings = st.lists(spans, max_size=4).map(union)
lanes = st.lists(st.lists(spans, max_size=5).map(union), max_size=4)
rules = st.builds(
    Rules,
    kind=st.sampled_from(["window", "slot"]),
    window_min=st.sampled_from([30, 60]),
    raster_min=st.sampled_from([5, 15]),
    quota=st.integers(1, 4),
    reserved_share=st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0]),
)


def masks(lanes_now):
    """What is taken on each lane, as sets of lanes."""
    return sorted(
        Taken(one.start, one.end, 1 << number)
        for number, lane in enumerate(lanes_now) for one in lane
    )  # fmt: skip


def day_offer(*, opening=KRUMLOV, lanes=(), duration=20, units=1, **changes):
    asked = {
        "day": MONDAY, "claims": masks(lanes), "now": EARLY,
        "rules": Rules(window_min=60, horizon_days=90), **changes,
    }  # fmt: skip
    laid = lay_out_day(opening, asked["rules"], duration=duration, units=units)
    return bookable_slots(laid=laid, **asked)


class TestLaying:
    def test_krumlov_monday_has_its_six_windows(self):
        assert [w.start for w in windows_of_length(KRUMLOV, 60)] == [450, 510, 570, 750, 810, 870]

    def test_only_whole_windows(self):
        assert windows_of_length([Interval(480, 565)], 30) == [
            Interval(480, 510),
            Interval(510, 540),
        ]

    def test_starts_on_the_raster_of_the_opening(self):
        assert possible_starts([Interval(485, 540)], 20, 15) == [485, 500, 515]

    def test_a_family_takes_consecutive_windows_but_not_over_lunch(self):
        threes = consecutive_windows(windows_of_length(KRUMLOV, 60), 3)
        assert threes == [Interval(450, 630), Interval(750, 930)]

    @given(openings, rules, st.integers(1, 90), st.integers(1, 4))
    def test_candidates_lie_within_the_opening_and_have_their_length(
        self, opening, r, duration, units
    ):
        length = (r.window_min if r.kind == "window" else duration) * units
        for one in candidates_of_day(opening, r, duration=duration, units=units):
            assert one.end - one.start == length
            assert subtract([one], opening) == []


class TestFree:
    @given(openings, st.integers(5, 90), st.integers(5, 30), lanes)
    def test_counts_the_lanes_without_an_overlap(self, opening, duration, raster, taken):
        wanted = [Interval(at, at + duration) for at in possible_starts(opening, duration, raster)]
        plain = [
            {n for n, lane in enumerate(taken) if not any(one.overlaps(t) for t in lane)}
            for one in wanted
        ]
        found = lanes_by_candidate(wanted, masks(taken), len(taken))
        assert [{n for n in range(8) if lanes >> n & 1} for lanes in found] == plain

    @given(spans, lanes)
    def test_the_lane_given_is_the_lowest_free_one(self, wanted, taken):
        plain = [n for n, lane in enumerate(taken) if not any(wanted.overlaps(t) for t in lane)]
        assert free_lane(wanted, masks(taken), len(taken)) == (plain[0] if plain else None)


class TestOffered:
    @given(openings, lanes, rules, st.integers(5, 60), st.integers(1, 3))
    def test_never_overlaps_what_is_taken(self, opening, taken, r, duration, units):
        for channel in ("web", "desk"):
            for offer in day_offer(
                opening=opening,
                lanes=taken,
                rules=r,
                duration=duration,
                units=units,
                channel=channel,
            ):
                some_lane = free_lane(offer.interval, masks(taken), r.quota)
                assert some_lane is not None
                busy = taken[some_lane] if some_lane < len(taken) else []
                assert not any(offer.interval.overlaps(one) for one in busy)
                assert 1 <= offer.free <= r.quota

    @given(openings, rules, st.integers(5, 60), st.sampled_from(["web", "desk", "phone", "kiosk"]))
    def test_a_day_booked_out_by_the_web_leaves_the_desk_its_share(
        self, opening, r, duration, channel
    ):
        lanes_now, public = [[] for _ in range(r.quota)], 0
        total = count_places(opening, r, duration=duration)
        while offers := day_offer(
            opening=opening,
            lanes=lanes_now,
            rules=r,
            duration=duration,
            channel="web",
            public_taken=public,
        ):
            slot = offers[0].interval
            lane = free_lane(slot, masks(lanes_now), r.quota)
            lanes_now[lane] = sorted([*lanes_now[lane], slot])
            public += 1
            assert public <= total - count_places_for_desk(MONDAY, EARLY.day, total, r)
        if r.kind == "window":
            left = day_offer(
                opening=opening, lanes=lanes_now, rules=r, duration=duration, channel="desk"
            )
            assert sum(o.free for o in left) == count_places_for_desk(MONDAY, EARLY.day, total, r)
        on_the_eve = Moment(MONDAY - timedelta(days=1), 0)
        at_desk, at_web = (
            day_offer(opening=opening, lanes=lanes_now, rules=r, duration=duration, now=on_the_eve,
                      channel=who, public_taken=public)
            for who in ("desk", channel)
        )  # fmt: skip
        assert at_desk == at_web

    def test_the_share_is_rounded_up_in_decimals(self):
        assert count_places_for_desk(MONDAY, EARLY.day, 50, Rules(reserved_share=0.14)) == 7
        assert count_places_for_desk(MONDAY, EARLY.day, 6, Rules(reserved_share=0.3)) == 2

    def test_keeps_the_lead_time_for_the_public_only(self):
        at_8 = Moment(MONDAY, 480)
        r = Rules(window_min=60, lead_min=60)
        assert [o.interval.start for o in day_offer(rules=r, now=at_8)] == [570, 750, 810, 870]
        assert day_offer(rules=r, now=at_8, channel="desk")[0].interval.start == 510

    def test_lead_time_reaches_over_midnight(self):
        evening = Moment(MONDAY - timedelta(days=1), 1200)
        r = Rules(window_min=60, lead_min=12 * 60)
        assert next(o.interval.start for o in day_offer(rules=r, now=evening)) == 510

    def test_offers_nothing_in_the_past_or_beyond_the_horizon(self):
        r = Rules(horizon_days=7, release_time_min=420)
        assert day_offer(rules=r, now=Moment(MONDAY + timedelta(days=1), 0)) == []
        assert (
            day_offer(rules=r, now=Moment(MONDAY - timedelta(days=8), 1439), channel="desk") == []
        )
        assert day_offer(rules=r, now=Moment(MONDAY - timedelta(days=7), 419)) == []
        assert day_offer(rules=r, now=Moment(MONDAY - timedelta(days=7), 419), channel="desk")
        assert day_offer(rules=r, now=Moment(MONDAY - timedelta(days=7), 420))

    @given(st.integers(0, 90), st.integers(0, 1439), st.integers(0, 1439))
    def test_the_next_release_is_the_first_day_not_yet_offered(self, horizon, release, minute):
        r, now = (
            Rules(horizon_days=horizon, release_time_min=release, lead_min=0),
            Moment(MONDAY, minute),
        )
        all_day, day = [Interval(0, 1440)], next_release(now, r)
        then = releases_at(day, r)
        assert then > now
        assert day_offer(day=day, opening=all_day, rules=r, now=now) == []
        before = day - timedelta(days=1)
        assert before < MONDAY or releases_at(before, r) <= now


class TestNearest:
    def test_looks_across_days(self):
        offers = [
            Offer(MONDAY + timedelta(days=d), Interval(at, at + 30), 1)
            for d, at in ((0, 480), (0, 960), (1, 480), (2, 480))
        ]
        got = nearest_offers(offers, Moment(MONDAY, 1000), n=2)
        assert [(o.day, o.interval.start) for o in got] == [(MONDAY, 960), (MONDAY, 480)]
        got = nearest_offers(offers, Moment(MONDAY + timedelta(days=1), 400), n=1)
        assert got[0].day == MONDAY + timedelta(days=1)


class TestRules:
    @pytest.mark.parametrize(
        ("field", "value"),
        [("kind", "x"), ("window_min", 0), ("quota", 0), ("raster_min", 0), ("horizon_days", -1),
         ("lead_min", -1), ("confirm_min", -5), ("early_min", -1), ("late_min", 1441),
         ("max_persons", 0), ("max_open_per_contact", 0), ("reserved_share", 1.1),
         ("reserved_until_days", -1), ("release", "weekly"), ("release_time_min", 1440)],
    )  # fmt: skip
    def test_a_wrong_value_is_named(self, field, value):
        with pytest.raises(ValueError, match=f"^{field} must be"):
            Rules(**{field: value})


ZONES = [
    "Europe/Prague",
    "Atlantic/Azores",
    "America/New_York",
    "America/Santiago",  # changes at midnight
    "Australia/Lord_Howe",  # changes by half an hour
    "Pacific/Apia",  # a day is missing in 2011
    "Asia/Kathmandu",
]
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
days = st.one_of(
    st.sampled_from([SPRING, AUTUMN, date(2011, 12, 30), date(2027, 4, 4), date(2027, 10, 3)]),
    st.dates(date(2011, 1, 1), date(2029, 12, 31)),
)
all_day_spans = st.tuples(st.integers(0, 1200), st.integers(1, 240)).map(
    lambda p: Interval.lasting(*p)
)
all_day = st.lists(all_day_spans, max_size=4).map(union)
zones = st.sampled_from(ZONES).map(ZoneInfo)


def lasting(day, zone):
    return partial(lasting_minutes, day=day, tz=zone)


class TestAClockChange:
    @given(all_day, rules, days, zones, st.integers(5, 60), st.integers(1, 3))
    def test_whatever_can_be_booked_lasts_as_long_as_it_says(
        self, opening, r, day, zone, duration, units
    ):
        laid = lay_out_day(opening, r, duration=duration, units=units, lasts=lasting(day, zone))
        single = r.window_min if r.kind == "window" else duration
        for one in laid.candidates:
            during = instants_of_minutes(one, day, zone)
            assert during.end - during.start == timedelta(minutes=single * units)

    @given(all_day, rules, days, zones, st.integers(5, 60))
    def test_nothing_else_is_left_out(self, opening, r, day, zone, duration):
        laid = lay_out_day(opening, r, duration=duration, lasts=lasting(day, zone))
        usual = lay_out_day(opening, r, duration=duration)
        for one in set(usual.candidates) - set(laid.candidates):
            start, end = (local_instant(day, minute, zone) for minute in (one.start, one.end))
            assert end - start != timedelta(minutes=one.end - one.start)
        if not has_clock_change(day, zone):
            assert laid == usual

    @given(all_day, rules, days, zones, st.integers(5, 60))
    def test_the_capacity_is_that_of_what_can_be_booked(self, opening, r, day, zone, duration):
        laid = lay_out_day(opening, r, duration=duration, lasts=lasting(day, zone))
        if r.kind == "window":
            assert laid.places == len(laid.candidates) * r.quota
        else:
            open_min = sum(lasting_minutes(one, day, zone) for one in opening)
            assert laid.places * duration <= open_min * r.quota

    @given(st.lists(all_day, min_size=1, max_size=3), rules, days, zones, st.integers(5, 60))
    def test_diaries_follow_it_too(self, openings, r, day, zone, duration):
        laid = lay_out_diaries(openings, r, duration=duration, lasts=lasting(day, zone))
        for one, lanes_of_it in zip(laid.candidates, laid.lanes, strict=True):
            during = instants_of_minutes(one, day, zone)
            assert during.end - during.start == timedelta(minutes=duration)
            for lane, opening in enumerate(openings):
                assert bool(lanes_of_it >> lane & 1) == (
                    one in candidates_of_day(opening, Rules(kind="slot", raster_min=r.raster_min),
                                      duration=duration, lasts=lasting(day, zone))
                )  # fmt: skip

    @pytest.mark.parametrize(
        ("day", "starts_at"), [(SPRING, [0, 60, 180, 240]), (AUTUMN, [0, 60, 180, 240])]
    )
    def test_a_night_in_prague(self, day, starts_at):
        night, zone = [Interval(0, 300)], ZoneInfo("Europe/Prague")
        laid = lay_out_day(night, Rules(window_min=60), duration=20, lasts=lasting(day, zone))
        assert [one.start for one in laid.candidates] == starts_at
        assert laid.places == 4
