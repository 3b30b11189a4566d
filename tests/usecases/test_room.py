"""Who comes into the room, and what the official may do with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from prepazka.booking.models import Booking, BookingState
from prepazka.core.refusal import Refused
from prepazka.journal.models import Event
from prepazka.meetings import participant_links, room, seats, signals
from prepazka.meetings.erasing import erase_meetings
from prepazka.meetings.models import ChatMessage, Meeting, Participant, Signal
from prepazka.reporting import meeting_schedule
from tests import town
from tests.meetings_town import Held, held

pytestmark = pytest.mark.django_db
NOW = town.at("8:58")


@pytest.fixture
def here() -> Held:
    return held()


def place(who: Participant) -> str:
    return Participant.objects.get(pk=who.pk).place


def refused(kind: type[Refused], act: Any, **more: Any) -> None:
    before = list(Participant.objects.order_by("pk").values()), Signal.objects.count()
    with pytest.raises(kind):
        act(now=NOW, **more)
    assert before == (list(Participant.objects.order_by("pk").values()), Signal.objects.count())


def test_the_way_of_a_meeting(here: Held) -> None:
    here.enter(here.citizen, NOW)
    assert place(here.citizen) == "lobby"
    assert Booking.objects.get().state == BookingState.ARRIVED, "who waits has come"
    here.enter(here.chair, NOW)
    assert (place(here.chair), Meeting.objects.get().state) == ("inside", "running")
    room.admit_participant(chair=here.chair.pk, participant=here.citizen.pk, now=NOW)
    assert place(here.citizen) == "inside"
    seat = here.seat(here.citizen)
    room.post_chat_message(participant=here.citizen.pk, seat=seat, text=" Dobrý den ", now=NOW)
    assert ChatMessage.objects.get().text == "Dobrý den"
    room.raise_hand(participant=here.citizen.pk, seat=seat, up=True, now=NOW)
    assert Participant.objects.get(pk=here.citizen.pk).hand_at == NOW
    room.mute_participant(chair=here.chair.pk, participant=here.citizen.pk, now=NOW)
    assert Signal.objects.get(kind="mute").receiver == seat
    room.return_to_lobby(chair=here.chair.pk, participant=here.citizen.pk, now=NOW)
    assert place(here.citizen) == "lobby"
    room.end_meeting(chair=here.chair.pk, now=NOW)
    assert Booking.objects.get().state == BookingState.SERVED
    found = Event.objects.filter(kind__startswith="Meeting").order_by("pk")
    kinds = list(found.values_list("kind", flat=True))
    assert kinds == [
        "MeetingJoined",
        "MeetingJoined",
        "MeetingStarted",
        "MeetingAdmitted",
        "MeetingMuted",
        "MeetingPutBack",
        "MeetingEnded",
    ]
    assert "Dobrý" not in str(list(Event.objects.values())), "ids only"
    refused(room.MeetingOver, room.enter_room, participant=here.citizen.pk, link=1)


def test_who_may_not_come_in(here: Held) -> None:
    come: dict[str, Any] = {"participant": here.citizen.pk, "link": 1}
    refused(room.LinkRevoked, room.enter_room, participant=here.citizen.pk, link=2)
    with pytest.raises(room.TooEarly):
        room.enter_room(**come, now=NOW - timedelta(minutes=30))
    with pytest.raises(room.OtherDay):
        room.enter_room(**come, now=NOW + timedelta(days=1))
    Participant.objects.filter(pk=here.guest.pk).update(revoked_at=NOW)
    refused(room.LinkRevoked, room.enter_room, participant=here.guest.pk, link=1)
    Booking.objects.update(state=BookingState.CANCELLED_BY_CITIZEN)
    refused(room.MeetingCancelled, room.enter_room, **come)


def test_powers_are_the_chairs_alone(here: Held) -> None:
    for who in (here.citizen, here.guest):
        here.enter(who, NOW)
    theirs = {"chair": here.citizen.pk, "participant": here.guest.pk}
    for act in (
        room.admit_participant,
        room.return_to_lobby,
        room.remove_participant,
        room.mute_participant,
    ):
        refused(room.OnlyTheChair, act, **theirs)
        refused(room.OnlyTheChair, act, **theirs | {"chair": here.chair.pk})  # not in the room
    refused(room.OnlyTheChair, room.end_meeting, chair=here.citizen.pk)
    seat = here.seat(here.citizen)
    refused(
        room.NotInside,
        room.post_chat_message,
        participant=here.citizen.pk,
        seat=seat,
        text="z čekárny",
    )
    here.enter(here.chair, NOW)
    room.remove_participant(chair=here.chair.pk, participant=here.guest.pk, now=NOW)
    refused(room.RemovedFromRoom, room.enter_room, participant=here.guest.pk, link=1)
    other = held(here.office, starts_at=town.at("10:00"))
    foreign = {"chair": here.chair.pk, "participant": other.citizen.pk}
    refused(room.NotInside, room.admit_participant, **foreign)


def test_a_second_tab_is_asked_and_takes_over(here: Held) -> None:
    first = here.enter(here.chair, NOW).participant.seat
    refused(room.SeatTaken, room.enter_room, participant=here.chair.pk, link=1)
    second = here.enter(here.chair, NOW, take=True).participant.seat
    assert second != first
    assert place(here.chair) == "inside"
    # The same tab comes anew after a long silence, and a tab that is gone holds nobody up.
    here.enter(here.chair, NOW, seat=second)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE meetings_participant SET seen_at = now() - interval '1 minute'")
    here.enter(here.chair, NOW)


def test_the_room_holds_six(here: Held) -> None:
    here.enter(here.chair, NOW)
    guests = [
        Participant.objects.create(
            office=here.office.row,
            meeting=here.meeting,
            role="guest",
            name=f"Host {number}",
            invited_at=NOW,
        )
        for number in range(6)
    ]
    for one in guests:
        here.enter(one, NOW)
    for one in guests[:5]:
        room.admit_participant(chair=here.chair.pk, participant=one.pk, now=NOW)
    refused(room.RoomFull, room.admit_participant, chair=here.chair.pk, participant=guests[5].pk)


def test_the_turn_in_the_lobby(here: Held) -> None:
    second = held(here.office, starts_at=town.at("9:30"))
    third = held(here.office, starts_at=town.at("10:00"))
    assert meeting_schedule.meeting_turn(third.meeting, now=NOW) == meeting_schedule.Turn(3, 62)
    here.enter(here.chair, NOW)
    # The first has begun and takes half an hour from now; nobody of the second has come.
    assert meeting_schedule.meeting_turn(
        second.meeting, now=town.at("9:20")
    ) == meeting_schedule.Turn(2, 10)
    assert meeting_schedule.meeting_turn(
        third.meeting, now=town.at("9:41")
    ) == meeting_schedule.Turn(2, 19)
    second.enter(second.citizen, town.at("9:41"))
    assert meeting_schedule.meeting_turn(
        third.meeting, now=town.at("9:41")
    ) == meeting_schedule.Turn(3, 32)
    room.end_meeting(chair=here.chair.pk, now=town.at("9:42"))
    assert meeting_schedule.meeting_turn(
        second.meeting, now=town.at("9:42")
    ) == meeting_schedule.Turn(1, 0)


def test_credentials(here: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    seat = seats.Seat(here.citizen.pk, here.meeting.pk, here.guest.pk, 3)
    credential = seats.sign_seat(seat)
    assert seats.read_seat(credential) == seat
    for wrong in (
        "",
        "nope",
        credential[:-1],
        "x" + credential,
        participant_links.sign_token(here.citizen.pk, 1),
    ):
        assert seats.read_seat(wrong) is None
    monkeypatch.setattr(seats, "LASTS", timedelta(seconds=-1))
    assert seats.read_seat(credential) is None
    assert participant_links.participant_of_link(
        participant_links.sign_token(here.citizen.pk, 4)
    ) == (
        here.citizen.pk,
        4,
    )
    assert participant_links.participant_of_link(credential) is None


def test_relays_are_opened_as_coturn_checks_it(here: Held, settings: Any) -> None:
    assert seats.ice_servers(here.citizen.pk, now=NOW) == []
    settings.STUN_URLS, settings.TURN_URLS = ["stun:a"], ["turn:a"]
    settings.TURN_SECRET = "tajemství"
    stun, turn = seats.ice_servers(here.citizen.pk, now=NOW)
    assert stun == {"urls": ["stun:a"]}
    assert turn["username"] == f"{int(NOW.timestamp()) + 4 * 3600}:{here.citizen.pk.hex}"
    assert len(turn["credential"]) == 28


def test_signals_are_forgotten(here: Held) -> None:
    here.enter(here.chair, NOW)
    assert signals.purge_signals() == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE meetings_signal SET at = now() - interval '11 minutes'")
    assert signals.purge_signals() == 1


def test_what_was_said_is_erased_with_the_booking(here: Held) -> None:
    here.enter(here.chair, NOW)
    room.post_chat_message(
        participant=here.chair.pk, seat=here.seat(here.chair), text="Ahoj", now=NOW
    )
    office = here.office.row
    assert erase_meetings(office=office, now=NOW) == 0
    Booking.objects.update(erased_at=NOW)
    assert erase_meetings(office=office, now=NOW) == 1
    assert not ChatMessage.objects.exists()
    public = Participant.objects.exclude(role=Participant.Role.CHAIR)
    assert not public.exclude(name="", email="").exists()
    assert erase_meetings(office=office, now=NOW) == 0
