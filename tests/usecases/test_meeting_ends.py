"""Meetings that nobody came to, that were ended from the list, and those that follow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from prepazka.booking.models import Booking, BookingState
from prepazka.booking.refusals import ColleagueNotFree
from prepazka.core.refusal import Refused
from prepazka.journal.models import Event
from prepazka.meetings import closing, delay_notices, participants, room
from prepazka.meetings.models import Meeting, MeetingState, Participant
from prepazka.messaging import message_delivery
from prepazka.messaging.mail import compose_mail
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting.meeting_schedule import Turn, meeting_turn, meetings_of_day
from tests import meetings, officials, town

pytestmark = pytest.mark.django_db
NOW = town.at("9:00")


@pytest.fixture
def where() -> OfficeSnapshot:
    return meetings.office()


def came(booking: Booking, role: str, at: Any) -> Meeting:
    """Somebody of that role enters the room."""
    meeting = participants.meeting_for(booking, at)
    who = Participant.objects.get(meeting=meeting, role=role)
    room.enter_room(participant=who.pk, link=who.link, now=at)
    return meeting


def test_nobody_came_frees_the_time_and_a_message_offers_another(where: OfficeSnapshot) -> None:
    booking = meetings.confirmed(where)
    meeting = participants.meeting_for(booking, NOW)
    official = officials.official(where, "dvorak")
    participants.invite_colleague(booking=booking.pk, official=official, now=town.at("8:00"))
    with pytest.raises(closing.NotMissedYet):
        closing.miss_meeting(booking=booking.pk, now=town.at("9:04"))
    assert (
        closing.miss_meeting(booking=booking.pk, now=town.at("9:06")).state == BookingState.NO_SHOW
    )
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.ENDED
    assert not Booking.objects.filter(companion_of=booking, state=BookingState.HELD).exists()
    closing.miss_meeting(booking=booking.pk, now=town.at("9:07"))  # pressed twice
    event = Event.objects.get(kind="MeetingMissed")
    (message,) = message_delivery.compose_messages(event=event.pk, now=NOW)
    assert message.kind == "missed"
    mail = compose_mail(message, now=town.at("9:06"))
    assert "Můžete si vybrat jiný termín" in mail.text
    assert not message_delivery.is_pointless(message, town.at("9:10"))


def test_who_has_come_is_not_missing(where: OfficeSnapshot) -> None:
    booking = meetings.confirmed(where)
    came(booking, "citizen", town.at("8:55"))
    with pytest.raises(closing.SomebodyCame):
        closing.miss_meeting(booking=booking.pk, now=town.at("9:20"))
    closing.end_held_elsewhere(booking=booking.pk, now=town.at("9:20"))
    booking.refresh_from_db()
    assert booking.state == BookingState.SERVED


def test_the_wait_for_a_late_official_is_not_the_citizens(where: OfficeSnapshot) -> None:
    booking = meetings.confirmed(where)
    delay_notices.announce_delay(participants.meeting_for(booking, NOW), 20, town.at("8:55"))
    with pytest.raises(closing.NotMissedYet):
        closing.miss_meeting(booking=booking.pk, now=town.at("9:20"))


def test_a_call_that_nobody_takes_and_one_that_was_made(where: OfficeSnapshot) -> None:
    first = meetings.confirmed(where, "9:00", mode="phone")
    second = meetings.confirmed(where, "9:15", mode="phone")
    closing.miss_meeting(booking=first.pk, now=town.at("9:06"))
    closing.end_held_elsewhere(booking=second.pk, now=town.at("9:20"))
    states = Booking.objects.in_bulk([first.pk, second.pk])
    assert states[first.pk].state == BookingState.NO_SHOW
    assert states[second.pk].state == BookingState.SERVED


def test_a_visit_at_the_office_is_none_of_these(where: OfficeSnapshot) -> None:
    booking = meetings.confirmed(where, mode="person")
    for act in (closing.miss_meeting, closing.end_held_elsewhere):
        with pytest.raises(closing.NotHeldRemotely):
            act(booking=booking.pk, now=town.at("9:30"))


def test_the_next_meeting_has_the_same_people(where: OfficeSnapshot) -> None:
    booking = meetings.confirmed(where, "9:00")
    colleague = officials.official(where, "dvorak")
    participants.invite_guest(
        booking=booking.pk, email="a@b.example", name="Eva", now=town.at("8:00")
    )
    participants.invite_colleague(booking=booking.pk, official=colleague, now=town.at("8:00"))
    made = closing.book_follow_up(
        booking=booking.pk, starts_at=town.at("9:30"), office=where, now=NOW, actor=None
    )
    assert (made.state, made.mode, made.name) == (BookingState.CONFIRMED, "video", booking.name)
    assert made.service_id == booking.service_id
    assert made.lane_id == booking.lane_id
    roles = made.meeting.participants.order_by("role").values_list("role", "name")
    assert {role for role, _ in roles} == {"citizen", "chair", "guest", "colleague"}
    assert ("guest", "Eva") in roles
    links = {participants.link_of(one) for one in made.meeting.participants.all()}
    assert not links & {participants.link_of(one) for one in booking.meeting.participants.all()}


def test_a_next_meeting_without_all_of_them_is_not_booked(where: OfficeSnapshot) -> None:
    booking = meetings.confirmed(where, "9:00")
    colleague = officials.official(where, "dvorak")
    participants.invite_colleague(booking=booking.pk, official=colleague, now=town.at("8:00"))
    before = Booking.objects.count()
    with pytest.raises(ColleagueNotFree):  # not at work at that time
        closing.book_follow_up(
            booking=booking.pk, starts_at=town.at("17:00"), office=where, now=NOW
        )
    assert Booking.objects.count() == before
    assert issubclass(ColleagueNotFree, Refused)


def test_the_list_and_the_lobby_are_one_queue(where: OfficeSnapshot) -> None:
    clocks = ("9:00", "9:15", "9:30")
    bookings = [meetings.confirmed(where, one) for one in clocks[:2]]
    bookings.append(meetings.confirmed(where, clocks[2], mode="phone"))
    meeting = came(bookings[1], "citizen", town.at("9:05"))
    came(bookings[0], "chair", town.at("9:05"))
    at = town.at("9:08")
    rows = meetings_of_day(where.row, bookings[0].date, [bookings[0].lane_id], now=at)
    assert [one.booking.pk for one in rows] == [one.pk for one in bookings]
    assert [one.runs for one in rows] == [True, False, False]
    assert [one.name for one in rows[1].lobby] == ["Jana Malá"]
    assert rows[1].lobby[0].came_at == town.at("9:05")
    # The running one takes its 15 minutes from its late beginning.
    assert [one.turn for one in rows] == [Turn(1, 0), Turn(2, 12), Turn(3, 27)]
    assert meeting_turn(Meeting.objects.get(pk=meeting.pk), now=at) == Turn(2, 12)
    assert meetings_of_day(where.row, bookings[0].date, [], now=at) == []
    later = meetings_of_day(where.row, bookings[0].date + timedelta(days=1), None, now=at)
    assert later == []
