"""The waiting list: who is offered a freed slot, for how long, and what becomes of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from prepazka.booking import booking_lifecycle, slot_release, waiting_list, waiting_list_offers
from prepazka.booking.models import LIVE, Booking, BookingState, Lane, Offer, WaitingListEntry
from prepazka.booking.refusals import (
    AlreadyWaiting,
    NoWaitingList,
    PlaceOver,
    PlaceTaken,
    SlotTaken,
    TooManyBookings,
    TooManyPersons,
    WaitingOver,
    WishNotPossible,
)
from prepazka.booking.waiting_list import Wanted
from prepazka.core.contact import Contact
from prepazka.journal.models import Event
from prepazka.offices.models import Agenda, Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from tests import rounds, town

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
TUESDAY = town.MONDAY + timedelta(days=1)
MONDAY_ONLY = Wanted(town.MONDAY, town.MONDAY)
RULES: dict[str, Any] = {"waiting_list": True, "lead_min": 60}


def full_office(**rules: Any) -> OfficeSnapshot:
    """Only one window a day is open: 8:00-9:00 on Monday, and it is booked."""
    office = town.office(**RULES | rules)
    town.confirmed(office, "8:00")
    block(office)
    return office


def block(office: OfficeSnapshot, day: date = town.MONDAY) -> None:
    """Take what is left of the day by telephone."""
    for clock in ("9:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00"):
        held = booking_lifecycle.hold_slot(
            office=office,
            service=town.service(office),
            starts_at=town.at(clock, day),
            now=NOW,
            channel="phone",
        )
        booking_lifecycle.request_confirmation(
            booking=held.pk, contact=Contact(name="Telefon"), now=NOW
        )


def join(office: OfficeSnapshot, who: str, now: datetime = NOW, **more: Any) -> WaitingListEntry:
    entry = waiting_list.join_waiting_list(
        office=office,
        service=town.service(office),
        wish=more.pop("wanted", MONDAY_ONLY),
        contact=Contact(name=who.title(), email=f"{who}@example.cz"),
        now=now,
        **more,
    )
    return waiting_list.confirm_entry(entry=entry.pk, now=now)


def first() -> Booking:
    return Booking.objects.get(starts_at=town.at("8:00"), state=BookingState.CONFIRMED)


def cancel(now: datetime = NOW) -> None:
    booking_lifecycle.cancel_booking(booking=first().pk, now=now)


def offer_to(entry: WaitingListEntry) -> Offer | None:
    return Offer.objects.filter(entry=entry, state="open").first()


def round_at(now: datetime) -> None:
    rounds.tidy(now=now)
    rounds.offer_places(now=now)


def state(entry: WaitingListEntry) -> str:
    return WaitingListEntry.objects.get(pk=entry.pk).state


def at_eight() -> int:
    return Booking.objects.filter(starts_at=town.at("8:00"), state__in=LIVE).count()


class TestDelay:
    @pytest.fixture
    def lhota(self) -> OfficeSnapshot:
        office = town.office(return_from_min=2, return_to_min=15)
        town.confirmed(office, "8:00")
        return office

    def free_at_eight(self, office: OfficeSnapshot, now: datetime, channel: str = "web") -> bool:
        found = town.offered(office, now, channel=channel)
        return any(t.starts_at == town.at("8:00") for t in found)

    @pytest.mark.parametrize("channel", ["web", "api", "desk", "phone"])
    def test_nobody_sees_a_cancelled_slot_before_its_delay(
        self, lhota: OfficeSnapshot, channel: str
    ) -> None:
        cancel()
        claim = Booking.objects.get(starts_at=town.at("8:00"), state=BookingState.HELD)
        assert claim.expires_at
        assert timedelta(minutes=2) <= claim.expires_at - NOW <= timedelta(minutes=15)
        assert (claim.name, claim.contact_hash, claim.offer) == ("", "", None)
        just_before = claim.expires_at - timedelta(seconds=1)
        assert not self.free_at_eight(lhota, just_before, channel)
        with pytest.raises(SlotTaken):
            town.hold(lhota, "8:00", just_before, channel=channel)
        # It frees itself: no job has run.
        assert self.free_at_eight(lhota, claim.expires_at, channel)
        town.hold(lhota, "8:00", claim.expires_at, channel=channel)

    def test_the_list_sees_it_at_once(self, lhota: OfficeSnapshot) -> None:
        cancel()
        assert self.free_at_eight(lhota, NOW, "list")
        assert not self.free_at_eight(lhota, NOW)

    def test_delays_differ(self, lhota: OfficeSnapshot) -> None:
        drawn = {slot_release._delay(lhota, town.service(lhota).pk) for _ in range(20)}
        assert len(drawn) == 20
        assert all(timedelta(minutes=2) <= one <= timedelta(minutes=15) for one in drawn)

    def test_moved_away(self, lhota: OfficeSnapshot) -> None:
        booking_lifecycle.move_booking(booking=first().pk, starts_at=town.at("10:00"), now=NOW)
        assert not self.free_at_eight(lhota, NOW)
        assert self.free_at_eight(lhota, NOW + timedelta(minutes=15))

    def test_unconfirmed_is_not_seen_between_its_end_and_its_delay(
        self, lhota: OfficeSnapshot
    ) -> None:
        asked = town.requested(lhota, "9:00")
        assert asked.expires_at
        over = asked.expires_at

        def nine(now: datetime) -> bool:
            return any(t.starts_at == town.at("9:00") for t in town.offered(lhota, now))

        # Nobody has tidied yet: the slot is not shown.
        assert not nine(over)
        with pytest.raises(SlotTaken):
            town.hold(lhota, "9:00", over)
        rounds.tidy(now=over)
        assert not nine(over)
        # Even if nobody ever tidies, the longest delay ends it.
        assert nine(over + timedelta(minutes=15))
        town.hold(lhota, "9:00", over + timedelta(minutes=15))

    def test_a_hold_without_a_name_is_free_at_once(self, lhota: OfficeSnapshot) -> None:
        held = town.hold(lhota, "9:00")
        booking_lifecycle.release_hold(booking=held.pk, now=NOW)
        town.hold(lhota, "9:00")

    def test_without_the_rule_it_is_free_at_once(self) -> None:
        office = town.office()
        town.confirmed(office, "8:00")
        cancel()
        assert self.free_at_eight(office, NOW)

    def test_a_move_within_the_old_slot_needs_no_claim_of_both(self) -> None:
        office = town.office(
            kind="slot", raster_min=10, return_from_min=2, return_to_min=15, lead_min=0
        )
        booked = town.confirmed(office, "8:00")
        moved = booking_lifecycle.move_booking(
            booking=booked.pk, starts_at=town.at("8:10"), now=NOW
        )
        assert moved.starts_at == town.at("8:10")


class TestJoining:
    def test_an_agenda_without_a_list_refuses(self) -> None:
        with pytest.raises(NoWaitingList):
            join(town.office(), "jana")

    def test_one_entry_of_a_contact(self) -> None:
        office = full_office()
        join(office, "jana")
        with pytest.raises(AlreadyWaiting):
            join(office, "jana+druha")

    def test_nobody_can_block_the_contact_of_somebody_else(self) -> None:
        office = full_office()
        left = waiting_list.join_waiting_list(
            office=office,
            service=town.service(office),
            wish=MONDAY_ONLY,
            contact=Contact(name="Zlý", email="jana@example.cz"),
            now=NOW,
        )
        join(office, "jana")
        assert state(left) == "left"
        with pytest.raises(WaitingOver):
            waiting_list.confirm_entry(entry=left.pk, now=NOW)

    def test_who_has_a_booking_is_told_now_and_not_with_the_offer(self) -> None:
        office = full_office()
        with pytest.raises(TooManyBookings):
            join(office, "jana800")

    @pytest.mark.parametrize(
        "wanted",
        [
            Wanted(date(2026, 11, 28), date(2026, 11, 29)),  # a weekend
            Wanted(town.MONDAY, TUESDAY, weekdays=(5,)),
            Wanted(town.MONDAY, TUESDAY, from_min=720, to_min=780),  # lunch
            Wanted(town.MONDAY, TUESDAY, from_min=480, to_min=510),  # shorter than a window
            Wanted(TUESDAY, town.MONDAY),
            Wanted(date(2026, 11, 16), date(2026, 11, 19)),  # past
        ],
    )
    def test_a_wish_that_can_never_be_met(self, wanted: Wanted) -> None:
        with pytest.raises(WishNotPossible):
            join(full_office(), "jana", wanted=wanted)

    def test_more_persons_than_the_rules_let(self) -> None:
        with pytest.raises(TooManyPersons):
            join(full_office(), "jana", persons=2)

    def test_an_unconfirmed_entry_gets_nothing_and_ends(self) -> None:
        office = full_office()
        entry = waiting_list.join_waiting_list(
            office=office,
            service=town.service(office),
            wish=Wanted(town.MONDAY, town.MONDAY + timedelta(days=7)),
            contact=Contact(name="Jana", email="jana@example.cz"),
            now=NOW,
        )
        cancel()
        round_at(NOW)
        assert offer_to(entry) is None
        late = NOW + waiting_list.CONFIRM_WITHIN
        with pytest.raises(WaitingOver):
            waiting_list.confirm_entry(entry=entry.pk, now=late)
        round_at(late)
        assert state(entry) == "lapsed"


class TestOffers:
    def test_first_in_order_gets_the_slot_the_next_after_a_refusal(self) -> None:
        office = full_office(return_from_min=2, return_to_min=15)
        jana, petr = join(office, "jana"), join(office, "petr", NOW + timedelta(minutes=1))
        now = NOW + timedelta(minutes=2)
        cancel(now)
        round_at(now)
        offered = offer_to(jana)
        assert offered
        assert offer_to(petr) is None
        assert offered.expires_at == now + timedelta(minutes=60)
        assert at_eight() == 1
        waiting_list_offers.decline_waiting_list_offer(offer=offered.pk, now=now)
        waiting_list_offers.decline_waiting_list_offer(offer=offered.pk, now=now)  # pressed twice
        round_at(now)
        assert (state(jana), state(petr)) == ("waiting", "offered")
        second = offer_to(petr)
        assert second
        booked = waiting_list_offers.accept_waiting_list_offer(offer=second.pk, now=now)
        assert (booked.state, booked.email, len(booked.pin)) == ("confirmed", "petr@example.cz", 4)
        assert (
            waiting_list_offers.accept_waiting_list_offer(offer=second.pk, now=now).pk == booked.pk
        )  # clicked twice
        assert state(petr) == "fulfilled"
        assert at_eight() == 1
        with pytest.raises(PlaceTaken):
            waiting_list_offers.decline_waiting_list_offer(offer=second.pk, now=now)
        kinds = list(Event.objects.order_by("pk").values_list("kind", flat=True))
        assert kinds[-2:] == ["BookingConfirmed", "PlaceAccepted"]

    def test_what_somebody_declined_is_not_offered_to_them_again(self) -> None:
        office = full_office(return_from_min=2, return_to_min=15)
        jana = join(office, "jana")
        cancel()
        round_at(NOW)
        offered = offer_to(jana)
        assert offered
        waiting_list_offers.decline_waiting_list_offer(offer=offered.pk, now=NOW)
        round_at(NOW)
        assert offer_to(jana) is None
        # Nobody wants it: it comes back to the public by itself.
        assert not any(t.starts_at == town.at("8:00") for t in town.offered(office, NOW))
        later = NOW + timedelta(minutes=15)
        assert any(t.starts_at == town.at("8:00") for t in town.offered(office, later))

    def test_silence_puts_behind_and_the_third_silence_ends(self) -> None:
        office = full_office()
        tuesday = Wanted(town.MONDAY, town.MONDAY + timedelta(days=7))
        jana = join(office, "jana", wanted=tuesday)
        petr = join(office, "petr", NOW + timedelta(seconds=1), wanted=tuesday)
        cancel()
        round_at(NOW)
        assert (state(jana), state(petr)) == ("offered", "offered")  # Tuesday is free
        over = NOW + timedelta(hours=1)
        for number in (1, 2, 3):
            round_at(over + timedelta(hours=number - 1))
            row = WaitingListEntry.objects.get(pk=jana.pk)
            assert row.unanswered == number
        assert state(jana) == "dropped"
        assert Event.objects.filter(kind="ListDropped", data__entry=str(jana.pk)).count() == 1

    def test_after_silence_others_come_first(self) -> None:
        office = full_office()
        jana, petr = join(office, "jana"), join(office, "petr", NOW + timedelta(seconds=1))
        cancel()
        round_at(NOW)
        over = NOW + timedelta(hours=1)
        offered = offer_to(jana)
        assert offered
        with pytest.raises(PlaceOver):
            waiting_list_offers.accept_waiting_list_offer(offer=offered.pk, now=over)
        round_at(over)
        assert (state(jana), state(petr)) == ("waiting", "offered")
        rows = WaitingListEntry.objects.order_by("queued_at")
        assert [one.pk for one in rows] == [petr.pk, jana.pk]
        assert at_eight() == 1

    def test_an_offer_that_nobody_tidies_is_not_shown_to_the_public(self) -> None:
        office = full_office()
        jana = join(office, "jana")
        cancel()
        round_at(NOW)
        over = NOW + timedelta(hours=1)
        assert not any(t.starts_at == town.at("8:00") for t in town.offered(office, over))
        free = over + slot_release.longest_return_delay(office.rules_of(town.service(office)))
        assert any(t.starts_at == town.at("8:00") for t in town.offered(office, free))
        offered = offer_to(jana)
        assert offered
        with pytest.raises(PlaceOver):
            waiting_list_offers.accept_waiting_list_offer(offer=offered.pk, now=free)

    def test_new_hours_are_offered_too(self) -> None:
        office = full_office()
        jana = join(office, "jana")
        round_at(NOW)
        assert offer_to(jana) is None
        Agenda.objects.filter(code="vozidla").update(
            rules_data=town.service(office).agenda.rules_data | {"quota": 2}
        )
        Lane.objects.create(office=office.row, agenda=town.service(office).agenda, number=1)
        Office.objects.update(version=2)
        round_at(NOW)
        assert offer_to(jana)

    def test_an_offer_made_at_night_waits_for_the_morning(self) -> None:
        office = full_office()
        jana = join(office, "jana")
        night = town.at("23:00", date(2026, 11, 20))
        cancel(night)
        round_at(night)
        offered = offer_to(jana)
        assert offered
        assert offered.expires_at == town.at("9:00", date(2026, 11, 21))

    def test_a_slot_too_near_to_answer_is_not_offered(self) -> None:
        office = full_office(return_from_min=2, return_to_min=15)
        jana = join(office, "jana")
        soon = town.at("6:50")  # a lead of an hour leaves ten minutes
        cancel(soon)
        round_at(soon)
        assert offer_to(jana) is None

    def test_an_offer_ends_with_the_lead_of_its_slot(self) -> None:
        office = full_office(offer_min=120)
        # Quiet hours end at 8:00 as a rule; here there are none.
        office.row.messages_data = {"quiet_from_min": 480, "quiet_to_min": 480}
        office.row.save()
        Office.objects.update(version=3)
        jana = join(office, "jana")
        soon = town.at("6:00")
        cancel(soon)
        round_at(soon)
        offered = offer_to(jana)
        assert offered
        assert offered.expires_at == town.at("7:00")

    def test_the_limit_of_a_contact_holds_for_offers_too(self) -> None:
        office = full_office()
        jana = join(office, "jana")
        cancel()
        round_at(NOW)
        # Meanwhile they book another day by themselves.
        held = booking_lifecycle.hold_slot(
            office=office, service=town.service(office), starts_at=town.at("9:00", TUESDAY), now=NOW
        )
        asked = booking_lifecycle.request_confirmation(
            booking=held.pk, contact=Contact(name="Jana", email="jana@example.cz"), now=NOW
        )
        booking_lifecycle.confirm_booking(booking=asked.pk, now=NOW)
        offered = offer_to(jana)
        assert offered
        with pytest.raises(TooManyBookings):
            waiting_list_offers.accept_waiting_list_offer(offer=offered.pk, now=NOW)
        assert offer_to(jana)

    def test_leaving_with_an_open_offer_passes_it_on(self) -> None:
        office = full_office()
        jana, petr = join(office, "jana"), join(office, "petr", NOW + timedelta(seconds=1))
        cancel()
        round_at(NOW)
        waiting_list.leave_waiting_list(entry=jana.pk, now=NOW)
        waiting_list.leave_waiting_list(entry=jana.pk, now=NOW)
        round_at(NOW)
        assert (state(jana), state(petr)) == ("left", "offered")

    def test_the_wish_is_kept_to_the_minute(self) -> None:
        office = full_office()
        jana = join(office, "jana", wanted=Wanted(town.MONDAY, TUESDAY, (0, 1), 540, 1020))
        cancel()  # at eight, sooner than wished
        round_at(NOW)
        offered = offer_to(jana)
        assert offered
        assert offered.claims.get().starts_at == town.at("9:00", TUESDAY)

    def test_the_desk_s_share_is_not_given_away(self) -> None:
        office = town.office(**RULES)
        block(office)
        town.confirmed(office, "8:00", channel="phone")
        Agenda.objects.filter(code="vozidla").update(
            rules_data=town.service(office).agenda.rules_data
            | {"reserved_share": 1.0, "reserved_until_days": 1}
        )
        Office.objects.update(version=2)
        office = snapshot_of(Office.objects.get())
        jana = join(office, "jana")
        cancel()
        round_at(NOW)
        assert offer_to(jana) is None


class TestSooner:
    def test_accepting_moves_the_booking_and_frees_the_old_slot(self) -> None:
        office = full_office(return_from_min=2, return_to_min=15)
        now = NOW + timedelta(hours=9)  # Friday is over
        held = booking_lifecycle.hold_slot(
            office=office, service=town.service(office), starts_at=town.at("9:00", TUESDAY), now=now
        )
        asked = booking_lifecycle.request_confirmation(
            booking=held.pk, contact=Contact(name="Jana", email="jana@example.cz"), now=now
        )
        mine = booking_lifecycle.confirm_booking(booking=asked.pk, now=now)
        entry = waiting_list.join_list_for_sooner_slot(booking=mine.pk, now=now)
        with pytest.raises(AlreadyWaiting):
            waiting_list.join_list_for_sooner_slot(booking=mine.pk, now=now)
        round_at(now)
        first_offer = offer_to(entry)
        assert first_offer  # Tuesday at eight is free and sooner
        waiting_list_offers.decline_waiting_list_offer(offer=first_offer.pk, now=now)
        cancel(now)
        round_at(now)
        offered = offer_to(entry)
        assert offered
        moved = waiting_list_offers.accept_waiting_list_offer(offer=offered.pk, now=now)
        assert (moved.pk, moved.starts_at, moved.sequence) == (mine.pk, town.at("8:00"), 1)
        assert (
            waiting_list_offers.accept_waiting_list_offer(offer=offered.pk, now=now).pk == mine.pk
        )
        assert at_eight() == 1
        old = Booking.objects.get(starts_at=town.at("9:00", TUESDAY), state__in=LIVE)
        assert (old.state, old.channel, old.name) == ("held", "list", "")

    def test_it_ends_with_its_booking(self) -> None:
        full_office()
        entry = waiting_list.join_list_for_sooner_slot(booking=first().pk, now=NOW)
        cancel()
        round_at(NOW)
        assert state(entry) == "lapsed"
        assert offer_to(entry) is None


def test_names_and_contacts_of_who_waits_no_longer_are_erased() -> None:
    office = full_office()
    jana = join(office, "jana")
    waiting_list.leave_waiting_list(entry=jana.pk, now=NOW)
    rounds.purge(now=NOW + timedelta(hours=25))
    row = WaitingListEntry.objects.get(pk=jana.pk)
    assert (row.name, row.email, row.contact_hash) == ("", "", "")
