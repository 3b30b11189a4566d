"""Modes of a visit: what is offered, changed without losing the slot, and how it ends."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from prepazka.booking import booking_lifecycle, scheduled, slot_search
from prepazka.booking.models import BookingState
from prepazka.booking.refusals import ModeNotOffered, PhoneNeeded, SlotNotOffered
from prepazka.core.contact import Contact
from prepazka.core.pins import Outcome
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.tickets import _verdict
from tests import meetings, officials, town

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE


@pytest.fixture
def where() -> OfficeSnapshot:
    return meetings.office()


def starts(where: OfficeSnapshot, mode: str | None, **more: Any) -> set[str]:
    found = slot_search.search_slots(
        office=where,
        service=town.service(where, "ohlaseni"),
        now=NOW,
        days=[town.MONDAY],
        official=officials.official(where),
        mode=mode,
        **more,
    )
    return {f"{one.starts_at.astimezone(town.PRAGUE):%H:%M}" for one in found}


def test_electronic_office_hours_are_for_video_only(where: OfficeSnapshot) -> None:
    assert "12:00" in starts(where, "video")
    assert starts(where, "video") - {"12:00", "12:15", "12:30", "12:45"} == starts(where, "person")
    assert starts(where, "phone") == starts(where, "person") == starts(where, None)
    with pytest.raises(SlotNotOffered):
        officials.hold(where, "12:00", "novakova", mode="person")
    assert officials.hold(where, "12:00", "novakova", mode="video").mode == "video"


def test_a_mode_the_service_does_not_have_is_not_offered(where: OfficeSnapshot) -> None:
    with pytest.raises(SlotNotOffered):
        officials.hold(where, "9:00", service="povoleni", mode="person")
    assert officials.hold(where, "9:00", service="povoleni").mode == "video"  # its usual one


def test_a_meeting_by_video_takes_the_official_as_any_visit_does(where: OfficeSnapshot) -> None:
    meetings.confirmed(where, "9:00")
    assert "09:00" not in starts(where, "person")


def test_the_mode_changes_and_the_slot_stays(where: OfficeSnapshot) -> None:
    made = meetings.confirmed(where)
    changed = booking_lifecycle.change_mode(booking=made.pk, mode="person", now=NOW)
    assert (changed.mode, changed.starts_at, changed.lane_id) == (
        "person",
        made.starts_at,
        made.lane_id,
    )
    assert (changed.pin, changed.sequence) == (made.pin, made.sequence + 1)
    again = booking_lifecycle.change_mode(booking=made.pk, mode="person", now=NOW)
    assert again.sequence == changed.sequence


def test_no_mode_that_the_hours_do_not_allow(where: OfficeSnapshot) -> None:
    made = meetings.confirmed(where, "12:00")
    with pytest.raises(ModeNotOffered):
        booking_lifecycle.change_mode(booking=made.pk, mode="person", now=NOW)
    made.refresh_from_db()
    assert made.mode == "video"


def test_a_call_needs_a_number(where: OfficeSnapshot) -> None:
    held = officials.hold(where, "9:00", "novakova", mode="phone")
    with pytest.raises(PhoneNeeded):
        booking_lifecycle.request_confirmation(
            booking=held.pk, contact=Contact(name="Jana", email="j@example.cz"), now=NOW
        )
    held = officials.hold(where, "9:15", "novakova", mode="video")
    made = booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name="J", email="j@example.cz"), now=NOW
    )
    with pytest.raises(PhoneNeeded):
        booking_lifecycle.change_mode(booking=made.pk, mode="phone", now=NOW)
    done = booking_lifecycle.change_mode(
        booking=made.pk, mode="phone", phone="+420777123456", now=NOW
    )
    assert (done.mode, done.phone) == ("phone", "+420777123456")


def test_a_move_stays_in_its_mode(where: OfficeSnapshot) -> None:
    made = meetings.confirmed(where)
    moved = booking_lifecycle.move_booking(booking=made.pk, starts_at=town.at("12:30"), now=NOW)
    assert (moved.mode, moved.starts_at) == ("video", town.at("12:30"))


def test_how_visits_end_by_their_mode(where: OfficeSnapshot) -> None:
    video = meetings.confirmed(where, "9:00")
    phone = meetings.confirmed(where, "9:15", mode="phone")
    scheduled.mark_no_shows(office=where, day=town.MONDAY, now=town.at("13:00"))
    video.refresh_from_db()
    phone.refresh_from_db()
    assert (video.state, phone.state) == (BookingState.NO_SHOW, BookingState.SERVED)


def test_the_kiosk_sends_nobody_to_a_queue_who_need_not_come(where: OfficeSnapshot) -> None:
    made = meetings.confirmed(where)
    now = town.at("9:00") - timedelta(minutes=5)
    assert _verdict(where, [made], town.MONDAY, now).outcome is Outcome.REMOTE
    there = booking_lifecycle.change_mode(booking=made.pk, mode="person", now=NOW)
    assert _verdict(where, [there], town.MONDAY, now).outcome is Outcome.REGISTERED_EARLY
