"""The waiting list under load: one offer a person, one answer an offer, one claim a slot."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError

from prepazka.booking import booking_lifecycle, waiting_list, waiting_list_offers
from prepazka.booking.models import LIVE, Booking, BookingState, Offer, WaitingListEntry
from prepazka.booking.refusals import AlreadyWaiting, PlaceOver, PlaceTaken, SlotTaken
from prepazka.booking.waiting_list import Wanted
from prepazka.core.contact import Contact
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from tests import town
from tests.races.together import meet_after, meet_before, together

pytestmark = pytest.mark.django_db(transaction=True)
NOW = town.FRIDAY_BEFORE
HOUR = timedelta(hours=1)
RULES: dict[str, Any] = {"waiting_list": True, "return_from_min": 2, "return_to_min": 15}


def join(office: OfficeSnapshot, who: str, now: datetime = NOW) -> WaitingListEntry:
    entry = waiting_list.join_waiting_list(
        office=office,
        service=town.service(office),
        wish=Wanted(town.MONDAY, town.MONDAY),
        contact=Contact(name=who, email=f"{who}@example.cz"),
        now=now,
    )
    return waiting_list.confirm_entry(entry=entry.pk, now=now)


def fill(office: OfficeSnapshot, *left: str) -> None:
    """Take the Monday by telephone, but for these slots."""
    for clock in ("8:00", "9:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00"):
        if clock not in left:
            town.hold(office, clock, channel="phone")
    # The delay of a freed slot is random and may outlast an ordinary hold.
    Booking.objects.filter(channel="phone").update(expires_at=NOW + timedelta(days=1))


def one_offer() -> tuple[OfficeSnapshot, Offer]:
    office = town.office(**RULES)
    fill(office, "8:00")
    join(office, "jana")
    waiting_list_offers.offer_freed_slots(office=office.row, now=NOW)
    return office, Offer.objects.get()


def live_at(clock: str) -> list[str]:
    rows = Booking.objects.filter(starts_at=town.at(clock), state__in=LIVE)
    return list(rows.values_list("state", flat=True))


def test_two_freed_slots_and_one_entry() -> None:
    office = town.office(**RULES)
    fill(office, "8:00", "9:00")
    jana = join(office, "jana")
    made = together(4, lambda _: waiting_list_offers.offer_freed_slots(office=office.row, now=NOW))
    assert sorted(map(str, made)) == ["0", "0", "0", "1"]
    assert Offer.objects.get().entry_id == jana.pk


def test_control_without_the_list_s_lock_the_constraint_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = town.office(**RULES)
    fill(office, "8:00", "9:00")
    join(office, "jana")
    waiting_list_offers.offer_freed_slots(office=office.row, now=NOW)  # the days are laid
    Booking.objects.filter(offer__isnull=False).delete()
    Offer.objects.all().delete()
    WaitingListEntry.objects.update(state="waiting")
    monkeypatch.setattr(waiting_list_offers, "lock_list", lambda _: None)
    # Past the last look of both, before the first row of either.
    monkeypatch.setattr(
        waiting_list_offers,
        "_end_returning_holds",
        meet_before(2, waiting_list_offers._end_returning_holds),
    )
    monkeypatch.setattr(waiting_list_offers, "lock_days", lambda *_: None)
    answers = together(
        2, lambda _: waiting_list_offers.offer_freed_slots(office=office.row, now=NOW)
    )
    # Both meant to make an offer to her; the table lets one stand.
    assert any(isinstance(a, IntegrityError) for a in answers), answers
    assert Offer.objects.filter(state="open").count() == 1


def test_in_order_even_if_many_processes_offer() -> None:
    office = town.office(**RULES)
    fill(office, "8:00", "9:00", "10:00")
    people = [join(office, f"p{n}", NOW + timedelta(seconds=n)) for n in range(5)]
    now = NOW + timedelta(minutes=1)
    together(4, lambda _: waiting_list_offers.offer_freed_slots(office=office.row, now=now))
    asked = Offer.objects.order_by("claims__starts_at").values_list("entry", flat=True)
    assert list(asked) == [one.pk for one in people[:3]]


def test_accepted_eight_times_it_is_one_booking() -> None:
    _, offer = one_offer()
    answers = together(
        8, lambda _: waiting_list_offers.accept_waiting_list_offer(offer=offer.pk, now=NOW)
    )
    assert len({(a.pk, a.pin) for a in answers if isinstance(a, Booking)}) == 1
    assert [a for a in answers if not isinstance(a, Booking)] == []
    assert live_at("8:00") == [BookingState.CONFIRMED]


def answer_at_once(offer: Offer, other: Callable[[], object]) -> list[Any]:
    def act(number: int) -> object:
        if number == 0:
            return waiting_list_offers.accept_waiting_list_offer(
                offer=offer.pk, now=offer.expires_at - timedelta(seconds=1)
            )
        return other()

    return together(2, act)


@pytest.mark.parametrize("attempt", range(3))
def test_accepted_or_expired_never_both(attempt: int) -> None:
    _, offer = one_offer()
    accepted, expired = answer_at_once(
        offer, lambda: waiting_list_offers.expire_waiting_list_offer(offer.pk, offer.expires_at)
    )
    assert (isinstance(accepted, Booking), expired) in {(True, False), (False, True)}
    if expired:
        assert isinstance(accepted, PlaceOver)
        assert live_at("8:00") == [BookingState.HELD]  # on its way back
    else:
        assert live_at("8:00") == [BookingState.CONFIRMED]


def test_accepted_or_declined_never_both() -> None:
    _, offer = one_offer()
    accepted, declined = answer_at_once(
        offer, lambda: waiting_list_offers.decline_waiting_list_offer(offer=offer.pk, now=NOW)
    )
    assert isinstance(accepted, Booking) != (declined is None)
    assert isinstance(accepted, PlaceOver) or isinstance(declined, PlaceTaken)


def test_control_without_the_day_s_lock_an_offer_is_accepted_and_expired(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, offer = one_offer()
    monkeypatch.setattr(
        waiting_list_offers, "lock_booking", lambda pk, *_: Booking.objects.get(pk=pk)
    )
    monkeypatch.setattr(
        waiting_list_offers, "_lock_offer", meet_after(2, waiting_list_offers._lock_offer)
    )
    accepted, expired = answer_at_once(
        offer, lambda: waiting_list_offers.expire_waiting_list_offer(offer.pk, offer.expires_at)
    )
    # Both believed it open; only the constraint of the lane may still have refused one.
    assert expired is True, expired
    assert isinstance(accepted, (Booking, IntegrityError)), accepted


def test_leaving_and_accepting_at_once() -> None:
    _, offer = one_offer()
    entry = offer.entry_id
    assert entry
    accepted, left = answer_at_once(
        offer, lambda: waiting_list.leave_waiting_list(entry=entry, now=NOW)
    )
    assert isinstance(left, WaitingListEntry), left
    state = WaitingListEntry.objects.get(pk=entry).state
    assert (isinstance(accepted, Booking), state) in {(True, "fulfilled"), (False, "left")}


def test_the_list_and_the_public_at_the_end_of_the_delay() -> None:
    office = town.office(**RULES)
    fill(office, "8:00")
    booked = town.confirmed(office, "8:00")
    booking_lifecycle.cancel_booking(booking=booked.pk, now=NOW)
    claim = Booking.objects.get(starts_at=town.at("8:00"), state=BookingState.HELD)
    over = claim.expires_at
    assert over
    join(office, "jana")

    def act(number: int) -> object:
        office = snapshot_by_slug("lhota")
        if number == 0:
            return waiting_list_offers.offer_freed_slots(office=office.row, now=over)
        return town.hold(office, "8:00", over)

    answers = together(4, act)
    assert len(live_at("8:00")) == 1
    if answers[0] == 1:
        assert {type(a) for a in answers[1:]} == {SlotTaken}
    else:
        assert sum(isinstance(a, Booking) for a in answers[1:]) == 1


def test_one_entry_of_a_contact_however_often_it_is_sent() -> None:
    office = town.office(**RULES)
    waiting = join(office, "jana")

    def again(_: int) -> object:
        return join(office, "jana")

    assert {type(a) for a in together(4, again)} == {AlreadyWaiting}
    waiting_list.leave_waiting_list(entry=waiting.pk, now=NOW)
    together(4, again)
    assert WaitingListEntry.objects.filter(state="waiting").count() == 1
