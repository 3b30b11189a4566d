"""How many times of an office one network keeps, and what the head does about it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from prepazka.booking import booking_lifecycle, networks, scheduled, slot_search
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.refusals import TooManyHolds
from prepazka.core.contact import Contact
from prepazka.core.hold_limits import CITIZEN, FULL_LENGTH, SHORT_LENGTH, SIGNED_IN, Asker
from prepazka.jobs import rounds
from prepazka.journal.models import Event
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from tests import town

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
CLOCKS = ("8:00", "9:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00")
DAYS = [town.MONDAY + timedelta(days=n) for n in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]
PLACES = list(product(DAYS, CLOCKS))


def network(name: str, area: str = "", site: str = "") -> Asker:
    return Asker((name, area or name, site or area or name), CITIZEN)


def take(
    office: OfficeSnapshot, asker: Asker | None, number: int, *, now: datetime = NOW, **more: Any
) -> Booking:
    day, clock = PLACES[number]
    return town.hold(office, clock, now, day=day, asker=asker, **more)


def request(held: Booking, number: int, asker: Asker, *, now: datetime = NOW) -> Booking:
    return booking_lifecycle.request_confirmation(
        booking=held.pk,
        contact=Contact(name="Jana", email=f"j{number}@example.cz"),
        now=now,
        asker=asker,
    )


@pytest.fixture
def office() -> OfficeSnapshot:
    """One that is not crowded by what one network may keep."""
    return town.office(quota=8)


def test_five_for_ten_minutes_then_three_and_then_none(office: OfficeSnapshot) -> None:
    asker = network("a")
    kept = [take(office, asker, n) for n in range(20)]
    lengths = [one.expires_at - NOW for one in kept if one.expires_at]
    assert lengths == [FULL_LENGTH] * 5 + [SHORT_LENGTH] * 15
    with pytest.raises(TooManyHolds) as refusal:
        take(office, asker, 20)
    assert refusal.value.params == {"minutes": 3, "contact": "urad@lhota.example"}
    take(office, network("b"), 20)
    # Another of the same network's times is free as soon as the first has run out.
    assert take(office, asker, 21, now=NOW + SHORT_LENGTH).state == BookingState.HELD


def test_a_refused_change_of_the_time_leaves_the_old_one(office: OfficeSnapshot) -> None:
    asker = network("a")
    kept = [take(office, asker, n) for n in range(20)]
    changed = take(office, asker, 20, instead_of=kept[0].pk)
    assert changed.state == BookingState.HELD
    with pytest.raises(TooManyHolds):
        take(office, asker, 21)
    kept[1].refresh_from_db()
    assert kept[1].state == BookingState.HELD


def test_unconfirmed_requests_count_as_kept(office: OfficeSnapshot) -> None:
    asker = network("a")
    for n in range(20):
        request(take(office, asker, n), n, asker)
    with pytest.raises(TooManyHolds):
        take(office, asker, 20)


def test_many_addresses_of_one_site_are_one_network(office: OfficeSnapshot) -> None:
    for n in range(30):
        take(office, network(f"a{n}", "area", "site"), n)
    with pytest.raises(TooManyHolds):
        take(office, network("new", "area", "site"), 30)
    for n in range(30, 40):
        take(office, network(f"b{n}", f"other area {n}", "site"), n)
    with pytest.raises(TooManyHolds):
        take(office, network("new", "new", "site"), 40)
    take(office, network("new", "new", "new"), 40)


def test_extensions_of_a_network_that_keeps_many_are_short(office: OfficeSnapshot) -> None:
    asker = network("a")
    kept = [take(office, asker, n, now=NOW + timedelta(seconds=n)) for n in range(7)]
    late = NOW + timedelta(minutes=2)
    for number, lasts in ((0, FULL_LENGTH), (4, FULL_LENGTH), (6, SHORT_LENGTH)):
        longer = booking_lifecycle.extend_hold(booking=kept[number].pk, now=late, asker=asker)
        assert longer.expires_at == late + lasts
    # From another network it is no longer.
    other = booking_lifecycle.extend_hold(booking=kept[5].pk, now=late, asker=network("b"))
    assert other.expires_at == late + SHORT_LENGTH


def test_a_crowd_makes_all_short_and_leaves_three_to_each(office: OfficeSnapshot) -> None:
    for n in range(networks.crowded_ceiling(office)):
        take(office, network(f"robot {n}"), n)
    assert networks.is_office_crowded(office, now=NOW)
    person = network("person")
    for n in range(60, 63):
        assert take(office, person, n).expires_at == NOW + SHORT_LENGTH
    with pytest.raises(TooManyHolds):
        take(office, person, 63)
    staff = Asker(("staff",) * 3, SIGNED_IN, crowd=False)
    assert take(office, staff, 64, channel="desk").expires_at == NOW + FULL_LENGTH


def test_what_the_staff_keeps_crowds_nobody(office: OfficeSnapshot) -> None:
    staff = Asker(("staff",) * 3, SIGNED_IN, crowd=False)
    for n in range(60):
        take(office, staff, n, channel="phone")
    assert networks.count_unconfirmed(office, now=NOW) == 0
    with pytest.raises(TooManyHolds):
        take(office, staff, 60, channel="phone")


class TestWithoutAClick:
    @pytest.fixture
    def office(self) -> OfficeSnapshot:
        return town.office(quota=8, confirm_min=0)

    def test_six_an_hour_fifteen_a_day(self, office: OfficeSnapshot) -> None:
        asker = network("a")

        def book(number: int, hours: int) -> Booking:
            now = NOW + timedelta(hours=hours)
            return request(take(office, asker, number, now=now), number, asker, now=now)

        for n in range(6):
            assert book(n, 0).state == BookingState.CONFIRMED
        with pytest.raises(TooManyHolds):
            book(6, 0)
        for n in range(6, 15):
            book(n, 2 if n < 12 else 4)
        with pytest.raises(TooManyHolds):
            book(15, 6)
        assert book(16, 25).state == BookingState.CONFIRMED

    def test_held_by_one_network_and_confirmed_by_another(self, office: OfficeSnapshot) -> None:
        for n in range(6):
            request(take(office, network("a"), n), n, network(f"b{n}"))
        with pytest.raises(TooManyHolds):
            request(take(office, network("a"), 6), 6, network("c"))

    def test_they_crowd_the_office(self, office: OfficeSnapshot) -> None:
        for n in range(networks.crowded_ceiling(office)):
            asker = network(f"a{n}")
            request(take(office, asker, n), n, asker)
        assert networks.is_office_crowded(office, now=NOW)
        assert not networks.is_office_crowded(office, now=NOW + timedelta(hours=1))

    def test_the_network_is_forgotten_after_a_day(self, office: OfficeSnapshot) -> None:
        booking = request(take(office, network("a"), 0), 0, network("a"))
        rounds.expire_claims(office=office.office_id, now=NOW + timedelta(hours=23))
        booking.refresh_from_db()
        assert booking.network == "a"
        rounds.expire_claims(office=office.office_id, now=NOW + timedelta(hours=24))
        booking.refresh_from_db()
        assert (booking.network, booking.network_56, booking.network_48) == ("", "", "")


def networks_left() -> set[str]:
    rows = Booking.objects.values_list("network", "network_56", "network_48")
    return {name for row in rows for name in row} - {""}


def test_the_network_is_erased_with_the_hold(office: OfficeSnapshot) -> None:
    asker = network("a", "b", "c")
    booking_lifecycle.release_hold(booking=take(office, asker, 0).pk, now=NOW)
    take(office, asker, 1)
    scheduled.expire_day(office=office.office_id, day=town.MONDAY, now=NOW + FULL_LENGTH)
    asked = request(take(office, asker, 2), 2, asker)
    assert networks_left() == {"a", "b", "c"}
    corrected = booking_lifecycle.correct_request(booking=asked.pk, now=NOW)
    assert corrected.network_48 == "c"
    booking_lifecycle.confirm_booking(booking=request(corrected, 3, asker).pk, now=NOW)
    assert networks_left() == set()


def test_the_head_releases_one_network_and_no_confirmed_booking(office: OfficeSnapshot) -> None:
    robot, person = network("robot"), network("person")
    kept = [take(office, robot, n) for n in range(6)]
    request(kept[0], 0, robot)
    booking_lifecycle.confirm_booking(booking=request(kept[1], 1, robot).pk, now=NOW)
    own = take(office, person, 6)
    (keeper,) = networks.networks_with_most_holds(office, now=NOW)
    assert (keeper.key, keeper.times) == ("robot", 5)
    assert networks.release_network(office=office, network="robot", now=NOW, actor=7) == 5
    assert networks.release_network(office=office, network="robot", now=NOW, actor=7) == 0
    event = Event.objects.get(kind="NetworkReleased")
    assert (event.actor, event.data) == (7, {"times": 5})
    states = list(
        Booking.objects.order_by("created_at", "starts_at").values_list("state", flat=True)
    )
    assert sorted(states) == ["confirmed", *["expired"] * 5, "held"]
    own.refresh_from_db()
    assert own.state == BookingState.HELD
    assert networks.networks_with_most_holds(office, now=NOW) == []


def test_nothing_is_released_without_a_network(office: OfficeSnapshot) -> None:
    town.hold(office)
    assert networks.release_network(office=office, network="", now=NOW, actor=7) == 0
    assert Booking.objects.get().state == BookingState.HELD


def test_a_crowd_is_noted_once_an_hour(office: OfficeSnapshot) -> None:
    rounds.watch_crowd(office=office.office_id, now=NOW)
    assert not Event.objects.filter(kind="OfficeCrowded").exists()
    ceiling = networks.crowded_ceiling(office)
    for n in range(ceiling):
        take(office, network(f"robot {n}"), n)
    for minutes in (0, 1, 5):
        rounds.watch_crowd(office=office.office_id, now=NOW + timedelta(minutes=minutes))
    assert Event.objects.get(kind="OfficeCrowded").data == {"times": ceiling}
    assert networks.crowded_at(office, now=NOW + timedelta(minutes=5)) == NOW


def test_the_same_request_again_is_not_counted_twice(office: OfficeSnapshot) -> None:
    asker = network("a")
    key = Booking().pk
    for _ in range(25):
        take(office, asker, 0, request_key=key)
    assert Booking.objects.count() == 1


def test_a_flood_of_thirty_patient_networks_leaves_times_to_people() -> None:
    """Thirty addresses take all they can each minute for five minutes; a person still books."""
    office = town.office(quota=3)
    robots = [network(f"robot {n}") for n in range(30)]
    now = NOW
    for minute in range(6):
        now = NOW + timedelta(minutes=minute)
        free = _free_places(office, now)
        for asker in robots:
            while free and _held(office, asker, free[-1], now):
                free.pop()
    assert networks.is_office_crowded(office, now=now)
    assert len(_free_places(office, now)) > len(PLACES)
    assert _first_free(office, now)


def _free_places(office: OfficeSnapshot, now: datetime) -> list[tuple[date, str]]:
    """Each free place once for each of its lanes."""
    fresh = snapshot_of(office.row)
    offered = slot_search.search_slots(
        office=fresh, service=town.service(fresh), days=DAYS, now=now
    )
    return [(t.day, _clock(t.starts_at, office)) for t in offered for _ in range(t.free)]


def _held(office: OfficeSnapshot, asker: Asker, place: tuple[date, str], now: datetime) -> bool:
    try:
        town.hold(office, place[1], now, day=place[0], asker=asker)
    except TooManyHolds:
        return False
    return True


def _first_free(office: OfficeSnapshot, now: datetime) -> Booking | None:
    person = network("person")
    for day in DAYS:
        for slot in _offered(office, day, now):
            return town.hold(office, _clock(slot, office), now, day=day, asker=person)
    return None


def _offered(office: OfficeSnapshot, day: date, now: datetime) -> list[datetime]:
    fresh = snapshot_of(office.row)
    rows = slot_search.search_slots(office=fresh, service=town.service(fresh), days=[day], now=now)
    return [row.starts_at for row in rows]


def _clock(at: datetime, office: OfficeSnapshot) -> str:
    return f"{at.astimezone(office.tz):%H:%M}"


def test_control_without_limits_the_flood_takes_everything() -> None:
    office = town.office(quota=3)
    for day, clock, _ in product(DAYS, CLOCKS, range(3)):
        town.hold(office, clock, NOW, day=day, asker=None)
    assert not any(_offered(office, day, NOW) for day in DAYS)
