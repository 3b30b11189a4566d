"""Time taken back: who stays, who is offered what, answers of all kinds, and the undo."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from prepazka.booking import booking_lifecycle, call_entries, offers, slot_search
from prepazka.booking.disruptions import apply_disruption, undo_disruption
from prepazka.booking.impact_preview import Choice, Decision, Impact, impact_of
from prepazka.booking.models import Booking, CallListEntry, DisruptedBooking, Disruption, Offer
from prepazka.booking.refusals import (
    CallTaken,
    ImpactChanged,
    NoSuchLane,
    OfferedSlotGone,
    OfferOver,
    SlotTaken,
    UndoTooLate,
)
from prepazka.core.contact import Contact
from prepazka.journal.models import Event
from prepazka.messaging import message_delivery
from prepazka.messaging.models import Message
from prepazka.offices.models import Agenda, HoursException, Office, OpeningHours
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from tests import officials, rounds, town
from tests.officials import official, whose

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE


@pytest.fixture
def lhota() -> OfficeSnapshot:
    """Two officials who share a topic; Nováková also works in the evening."""
    return officials.office()


@pytest.fixture
def head(lhota: OfficeSnapshot) -> int:
    return int(town.clerk(lhota, "vedouci", "head").pk)


def here() -> OfficeSnapshot:
    return snapshot_by_slug("lhota")


def absence(code: str = "novakova", **more: Any) -> list[HoursException]:
    given = {"kind": "closed", "from_date": town.MONDAY, "to_date": town.MONDAY, **more}
    where = here()
    return [HoursException(office=where.row, official=official(where, code), **given)]


def booked(
    clock: str,
    code: str = "novakova",
    *,
    service: str = "ohlaseni",
    email: str | None = None,
    phone: str = "",
) -> Booking:
    held = officials.hold(here(), clock, code, service=service)
    asked = booking_lifecycle.request_confirmation(
        booking=held.pk,
        contact=Contact(
            name="Jana",
            email=f"jana{clock.replace(':', '')}{code}@example.cz" if email is None else email,
            phone=phone,
        ),
        now=NOW,
    )
    if asked.state == "unconfirmed":
        asked = booking_lifecycle.confirm_booking(booking=asked.pk, now=NOW)
    return asked


def look(exceptions: list[HoursException], **more: Any) -> Impact:
    return impact_of(office=here(), exceptions=exceptions, now=NOW, **more)


def do(exceptions: list[HoursException], head: int, now: datetime = NOW, **more: Any) -> Disruption:
    seen = more.pop("seen", None) or look(exceptions).token
    return apply_disruption(
        office=here(), exceptions=exceptions, seen_token=seen, now=now, actor=head, **more
    )


def kinds(*named: str) -> list[str]:
    return [e.kind for e in Event.objects.order_by("pk") if e.kind in named]


def again(booking: Booking) -> Booking:
    return Booking.objects.get(pk=booking.pk)


def test_the_office_says_how_long_an_offer_waits(lhota: OfficeSnapshot, head: int) -> None:
    Office.objects.update(answer_offers_min=180, version=F("version") + 1)
    booking = booked("9:00")
    # The colleague could take the person over, so it is said that slots are to be offered.
    do(absence(), head, choices={booking.pk: Choice(Decision.OFFER)})
    offer = offer_to(booking)
    assert offer.expires_at == NOW + timedelta(hours=3)
    half = NOW + timedelta(minutes=90)
    rounds.follow_offers(now=half - timedelta(minutes=1))
    assert not CallListEntry.objects.exists()
    rounds.follow_offers(now=half)
    assert CallListEntry.objects.get().booking_id == booking.pk
    assert offer_to(booking).expires_at == half + timedelta(hours=3)


def offer_to(booking: Booking) -> Offer:
    return Offer.objects.get(booking=booking, state="open")


def test_a_colleague_takes_whom_they_can_and_the_rest_are_offered_slots(
    lhota: OfficeSnapshot, head: int
) -> None:
    stays, topic, early = (
        booked("9:15"),
        booked("9:30", service="povoleni"),  # only Nováková does permits
        booked("8:00"),  # nobody else is there at 8:00
    )
    found = look(absence())
    assert [(r.booking, r.decision) for r in found.rows] == [
        (early, "offer"),
        (stays, "reassign"),
        (topic, "offer"),
    ]
    assert all(len(r.slots) == 3 for r in found.rows if r.decision == "offer")
    do(absence(), head)
    assert (whose(again(stays)), again(stays).state, again(stays).sequence) == (
        "dvorak",
        "confirmed",
        1,
    )
    assert again(stays).starts_at == stays.starts_at
    assert again(topic).state == again(early).state == "displaced"
    assert offer_to(early).claims.filter(state="held").count() == 3
    assert kinds("BookingReassigned", "BookingDisplaced", "OfferMade", "OfficeDisrupted") == [
        "BookingDisplaced",
        "OfferMade",
        "BookingReassigned",
        "BookingDisplaced",
        "OfferMade",
        "OfficeDisrupted",
    ]
    assert (
        slot_search.search_slots(
            office=here(),
            service=town.service(here(), "ohlaseni"),
            now=NOW,
            days=[town.MONDAY],
            official=official(here()),
        )
        == []
    )


def test_looking_writes_nothing_and_reads_a_fixed_number_of_times(
    lhota: OfficeSnapshot,
) -> None:
    booked("9:15")
    booked("8:00")
    counts = []
    for clock in ("8:15", "8:30", "9:00"):
        booked(clock)
        with CaptureQueriesContext(connection) as captured:
            look(absence())
        counts.append(len(captured))
    assert counts[0] == counts[1] == counts[2] <= 9
    assert not HoursException.objects.filter(official__code="novakova").exists()


def test_an_offer_is_accepted_once_whatever_is_clicked(lhota: OfficeSnapshot, head: int) -> None:
    early = booked("8:00")
    do(absence(), head)
    offer = offer_to(early)
    claims = list(offers.holds_of_offer(offer))
    taken = offers.accept_offer(offer=offer.pk, choice=2, now=NOW)
    assert (taken.pk, taken.lane_id, taken.starts_at) == (
        early.pk,
        claims[1].lane_id,
        claims[1].starts_at,
    )
    assert taken.state == "confirmed"
    assert taken.pin
    assert taken.sequence == 2
    assert Booking.objects.filter(state="held").count() == 0
    for choice in (2, 1):
        same = offers.accept_offer(offer=offer.pk, choice=choice, now=NOW + timedelta(days=2))
        assert (same.starts_at, same.sequence) == (taken.starts_at, 2)
    assert kinds("OfferAccepted") == ["OfferAccepted"]


def test_two_heads_second_sees_the_new_list(lhota: OfficeSnapshot, head: int) -> None:
    early = booked("8:00")
    seen = look(absence()).token
    do(absence(), head, seen=seen)
    with pytest.raises(ImpactChanged):
        do(absence(), head, seen=seen)
    assert look(absence()).rows == []
    assert Offer.objects.filter(booking=early).count() == 1


def test_somebody_who_books_meanwhile_is_not_overlooked(lhota: OfficeSnapshot, head: int) -> None:
    seen = look(absence()).token
    booked("8:30")
    with pytest.raises(ImpactChanged):
        do(absence(), head, seen=seen)
    assert not HoursException.objects.filter(official__code="novakova").exists()


def test_the_head_decides_per_person(lhota: OfficeSnapshot, head: int) -> None:
    kept, cancelled, given = booked("9:00"), booked("9:15"), booked("8:00")
    rows = {r.booking.pk: r for r in look(absence()).rows}
    assert rows[kept.pk].candidates == rows[cancelled.pk].candidates != ()
    do(
        absence(),
        head,
        choices={kept.pk: Choice(Decision.KEEP), cancelled.pk: Choice(Decision.CANCEL)},
    )
    assert (again(kept).state, whose(again(kept))) == ("confirmed", "novakova")
    assert again(cancelled).state == "cancelled_by_office"
    assert again(given).state == "displaced"
    assert set(DisruptedBooking.objects.values_list("decision", flat=True)) == {
        "keep",
        "cancel",
        "offer",
    }


def test_a_colleague_who_is_not_free_cannot_be_chosen(lhota: OfficeSnapshot, head: int) -> None:
    mine, theirs = booked("9:00"), booked("9:00", "dvorak")
    with pytest.raises(NoSuchLane):
        do(absence(), head, choices={mine.pk: Choice(Decision.REASSIGN, theirs.lane_id)})
    assert again(mine).lane_id == mine.lane_id


def test_undo_restores_who_has_not_answered(lhota: OfficeSnapshot, head: int) -> None:
    stays, waits, answered = booked("9:15"), booked("8:00"), booked("8:30")
    gone = booked("8:45")
    made = do(absence(), head, choices={gone.pk: Choice(Decision.CANCEL)})
    offers.accept_offer(offer=offer_to(answered).pk, choice=1, now=NOW)
    assert undo_disruption(disruption=made.pk, now=NOW + timedelta(minutes=59), actor=head) == 3
    for was in (stays, waits, gone):
        now = again(was)
        assert (now.state, now.lane_id, now.starts_at, now.pin) == (
            "confirmed",
            was.lane_id,
            was.starts_at,
            was.pin,
        )
    assert again(answered).starts_at != answered.starts_at
    assert Booking.objects.filter(state="held").count() == 0
    assert not HoursException.objects.filter(official__code="novakova").exists()
    assert undo_disruption(disruption=made.pk, now=NOW, actor=head) == 0


def test_after_an_hour_nothing_is_undone(lhota: OfficeSnapshot, head: int) -> None:
    made = do(absence(), head)
    with pytest.raises(UndoTooLate):
        undo_disruption(disruption=made.pk, now=NOW + timedelta(minutes=61), actor=head)


def test_undo_leaves_the_offer_of_one_whose_place_is_taken(
    lhota: OfficeSnapshot, head: int
) -> None:
    waits = booked("8:00")
    made = do(absence(), head)
    HoursException.objects.filter(official__code="novakova").delete()
    Office.objects.update(version=99)
    officials.hold(here(), "8:00", "novakova")
    assert undo_disruption(disruption=made.pk, now=NOW, actor=head) == 0
    assert again(waits).state == "displaced"
    assert offer_to(waits).state == "open"


def test_an_unanswered_offer_goes_to_the_operators_then_ends_with_a_word(
    lhota: OfficeSnapshot, head: int
) -> None:
    waits = booked("8:00")
    do(absence(), head)
    offer = offer_to(waits)
    rounds.follow_offers(now=NOW + timedelta(hours=11))
    assert not CallListEntry.objects.exists()
    rounds.follow_offers(now=NOW + timedelta(hours=13))
    rounds.follow_offers(now=NOW + timedelta(hours=13))
    assert CallListEntry.objects.get().reason == "unanswered"
    offer.refresh_from_db()
    assert offer.expires_at > NOW + timedelta(hours=36)
    kept = offer.claims.filter(state="held", expires_at__gt=NOW + timedelta(hours=36))
    assert kept.count() == 3
    late = offer.expires_at
    rounds.follow_offers(now=late)
    offer.refresh_from_db()
    assert (offer.state, again(waits).state) == ("expired", "cancelled_by_office")
    assert CallListEntry.objects.get().outcome == "withdrawn"
    assert Booking.objects.filter(state="held").count() == 0
    assert kinds("OfferExpired", "BookingCancelled") == ["OfferExpired", "BookingCancelled"]
    with pytest.raises(OfferOver):
        offers.accept_offer(offer=offer.pk, choice=1, now=late)


def test_who_cannot_be_written_to_is_called_at_once_and_never_dropped(
    lhota: OfficeSnapshot, head: int
) -> None:
    waits = booked("8:00", email="", phone="+420321456789")
    do(absence(), head)
    entry = CallListEntry.objects.get()
    assert (entry.reason, entry.booking) == ("no_contact", waits)
    assert entry.offer == offer_to(waits)
    rounds.follow_offers(now=offer_to(waits).expires_at)
    assert again(waits).state == "displaced"
    assert CallListEntry.objects.get().closed_at is None


def test_no_accepts_declines_and_a_free_choice(lhota: OfficeSnapshot, head: int) -> None:
    waits, other = booked("8:00"), booked("8:30")
    do(absence(), head)
    with pytest.raises(OfferedSlotGone):
        offers.accept_offer(offer=offer_to(waits).pk, choice=4, now=NOW)
    declined = offer_to(waits)
    offers.decline_offer(offer=declined.pk, now=NOW)
    offers.decline_offer(offer=declined.pk, now=NOW)
    assert CallListEntry.objects.get(booking=waits).reason == "declined"
    tuesday = town.at("9:30", town.MONDAY + timedelta(days=1))
    held = next(iter(offers.holds_of_offer(offer_to(other))))
    with pytest.raises(SlotTaken):
        offers.move_to_other_slot(booking=waits.pk, starts_at=held.starts_at, now=NOW)
    Booking.objects.filter(state="held").update(state="expired", expires_at=None)
    taken = offers.move_to_other_slot(booking=waits.pk, starts_at=tuesday, now=NOW)
    assert (taken.starts_at, whose(taken)) == (tuesday, "dvorak")
    assert CallListEntry.objects.get(booking=waits).outcome == "answered"
    assert offers.move_to_other_slot(booking=waits.pk, starts_at=tuesday, now=NOW).sequence == 2
    offers.cancel_by_person(booking=other.pk, now=NOW)
    offers.cancel_by_person(booking=other.pk, now=NOW)
    assert again(other).state == "cancelled_by_citizen"
    assert Offer.objects.get(booking=other).state == "declined"


def test_operators_share_the_list(lhota: OfficeSnapshot, head: int) -> None:
    waits = booked("8:00", email="", phone="+420777123456")
    do(absence(), head)
    first, second = (town.clerk(lhota, name, "operator").pk for name in ("prvni", "druhy"))
    entry = call_entries.entries_to_call(lhota.row, NOW).get()
    call_entries.take_call(entry=entry.pk, actor=first, now=NOW)
    assert not call_entries.entries_to_call(lhota.row, NOW).exists()
    with pytest.raises(CallTaken):
        call_entries.take_call(entry=entry.pk, actor=second, now=NOW + timedelta(minutes=9))
    call_entries.take_call(entry=entry.pk, actor=second, now=NOW + timedelta(minutes=11))
    for attempt in range(3):
        at = NOW + timedelta(hours=3 * attempt)
        call_entries.take_call(entry=entry.pk, actor=second, now=at)
        call_entries.note_unreached(entry=entry.pk, actor=second, now=at)
        call_entries.note_unreached(entry=entry.pk, actor=second, now=at)
    assert again(waits).state == "cancelled_by_office"
    assert CallListEntry.objects.get().outcome == "unreached"
    assert kinds("CalledByPhone") == ["CalledByPhone"] * 3


def test_an_operator_finds_other_slots_and_the_person_takes_one(
    lhota: OfficeSnapshot, head: int
) -> None:
    waits = booked("8:00", email="", phone="+420777123456")
    do(absence(), head)
    operator = town.clerk(lhota, "prvni", "operator").pk
    before = {c.starts_at for c in offers.holds_of_offer(offer_to(waits))}
    made = offers.offer_other_slots(booking=waits.pk, now=NOW, actor=operator)
    assert made
    after = {c.starts_at for c in offers.holds_of_offer(made)}
    assert len(after) == 3
    assert not before & after
    assert Booking.objects.filter(state="held").count() == 3
    taken = offers.accept_offer(offer=made.pk, choice=1, now=NOW, by="office", actor=operator)
    assert taken.state == "confirmed"
    assert CallListEntry.objects.get().outcome == "accepted"
    assert Event.objects.get(kind="CalledByPhone").actor == operator


def test_fewer_places_move_people_to_the_lanes_that_are_left(db: None) -> None:
    office = town.office(quota=2, confirm_min=0)
    head = town.clerk(office, "vedouci", "head").pk
    first, second, third, fourth = (
        town.confirmed(office, clock, email=f"{n}@example.cz")
        for n, clock in enumerate(("9:00", "9:00", "10:00", "10:00"))
    )
    booking_lifecycle.cancel_booking(booking=third.pk, now=NOW)
    agenda = Agenda.objects.get(code="vozidla")
    fewer = [
        HoursException(
            office=office.row,
            agenda=agenda,
            kind="reduced",
            places=1,
            from_date=town.MONDAY,
            to_date=town.MONDAY,
        )
    ]
    found = look(fewer)
    assert [(r.booking, r.decision) for r in found.rows] == [
        (second, "offer"),
        (fourth, "reassign"),
    ]
    do(fewer, head)
    assert again(first).state == again(fourth).state == "confirmed"
    assert (again(fourth).lane_id, again(fourth).sequence) == (third.lane_id, 0)
    assert not kinds("BookingReassigned")
    free = {t.starts_at: t.free for t in town.offered(here())}
    assert town.at("9:00") not in free
    assert max(free.values()) == 1
    assert again(second).state == "displaced"
    assert len(list(offers.holds_of_offer(offer_to(second)))) == 3


def test_the_registry_is_down_until_eleven(db: None) -> None:
    office = town.office(quota=2, confirm_min=0)
    head = town.clerk(office, "vedouci", "head").pk
    early, late = town.confirmed(office, "9:00"), town.confirmed(office, "11:00")
    filling = town.hold(office, "10:00")
    now = town.at("8:10")
    down = [
        HoursException(
            office=office.row,
            agenda=Agenda.objects.get(code="vozidla"),
            kind="closed",
            closes=660,
            from_date=town.MONDAY,
            to_date=town.MONDAY,
        )
    ]
    Booking.objects.filter(pk=filling.pk).update(expires_at=now + timedelta(minutes=9))
    found = impact_of(office=here(), exceptions=down, now=now)
    assert ([r.booking for r in found.rows], found.holds) == ([early], [filling])
    apply_disruption(office=here(), exceptions=down, seen_token=found.token, now=now, actor=head)
    assert (again(late).state, again(filling).state) == ("confirmed", "expired")
    claims = list(offers.holds_of_offer(offer_to(early)))
    tuesday, wednesday = (town.MONDAY + timedelta(days=n) for n in (1, 2))
    assert [c.starts_at for c in claims] == [
        town.at("11:00"),
        town.at("9:00", tuesday),
        town.at("9:00", wednesday),
    ]
    assert claims[0].expires_at == town.at("10:30")


def test_who_is_here_already_is_not_touched(lhota: OfficeSnapshot, head: int) -> None:
    here_already = booked("8:00")
    Booking.objects.filter(pk=here_already.pk).update(state="arrived")
    assert look(absence()).rows == []


def test_a_second_absence_frees_slots_that_were_offered(lhota: OfficeSnapshot, head: int) -> None:
    waits = booked("8:00", service="povoleni")
    do(absence(), head)
    offer = offer_to(waits)
    first, last = (
        getattr(offer.claims.order_by(o).first(), "date", None) for o in ("date", "-date")
    )
    do(absence(from_date=first, to_date=last), head)
    offer.refresh_from_db()
    assert offer.state == "withdrawn"
    assert CallListEntry.objects.get().reason == "no_term"


def test_messages_of_a_disruption(lhota: OfficeSnapshot, head: int) -> None:
    stays, waits = booked("9:15"), booked("8:00")
    made = do(absence(), head)
    for event in Event.objects.filter(kind__in=["BookingReassigned", "OfferMade"]):
        message_delivery.compose_messages(event=event.pk, now=NOW)
    assert dict(Message.objects.values_list("booking", "kind")) == {
        stays.pk: "reassigned",
        waits.pk: "offer",
    }
    Message.objects.filter(kind="offer").update(state="sent")
    undo_disruption(disruption=made.pk, now=NOW, actor=head)
    for event in Event.objects.filter(kind="BookingRestored"):
        message_delivery.compose_messages(event=event.pk, now=NOW)
    told = {
        m.booking_id: message_delivery.is_pointless(m, NOW)
        for m in Message.objects.filter(kind="restored")
    }
    assert told == {stays.pk: True, waits.pk: False}


def test_closed_for_good_offers_nothing_and_calls(lhota: OfficeSnapshot, head: int) -> None:
    waits = booked("8:00")
    OpeningHours.objects.exclude(official__code="novakova").delete()
    HoursException.objects.all().delete()
    Office.objects.update(version=50)
    do(absence(to_date=None), head)
    assert again(waits).state == "displaced"
    assert CallListEntry.objects.get().reason == "no_term"
