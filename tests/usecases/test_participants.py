"""Participants of a meeting: links, guests, colleagues with their claims, the official late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from prepazka.booking import booking_lifecycle, scheduled, slot_release
from prepazka.booking import colleague_claims as companion_claims
from prepazka.booking.absences import Affected, add_exception
from prepazka.booking.colleague_claims import colleagues_of
from prepazka.booking.disruptions import apply_disruption
from prepazka.booking.impact_preview import impact_of
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.refusals import ColleagueNotFree, SlotTaken
from prepazka.core.calendar import DayException
from prepazka.journal.models import Event
from prepazka.meetings import delay_notices, participants
from prepazka.meetings.erasing import erase_meetings
from prepazka.meetings.models import Meeting, MeetingState, Participant
from prepazka.messaging import message_delivery
from prepazka.messaging.kind_parts import Audience
from prepazka.messaging.kinds import KINDS
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.models import Message
from prepazka.offices.models import HoursException
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import meetings, officials, town

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
TO_PARTICIPANTS = {c for c, kind in KINDS.items() if kind.audience is Audience.PARTICIPANTS}
Role = Participant.Role


@pytest.fixture
def where() -> OfficeSnapshot:
    return meetings.office()


def companions(of: Booking) -> list[Booking]:
    return list(Booking.objects.filter(companion_of=of, state=BookingState.HELD))


def with_colleague(where: OfficeSnapshot, clock: str = "9:00") -> tuple[Booking, Participant]:
    made = meetings.confirmed(where, clock)
    who = participants.invite_colleague(
        booking=made.pk, official=officials.official(where, "dvorak"), now=NOW, actor=0
    )
    return made, who


def compose(kind: str) -> list[Message]:
    event = Event.objects.filter(kind=kind).latest("pk")
    return message_delivery.compose_messages(event=event.pk, now=NOW)


def test_a_meeting_is_made_once_with_citizen_and_chair(where: OfficeSnapshot) -> None:
    made = meetings.confirmed(where)
    meeting = participants.meeting_for(made, NOW)
    assert participants.meeting_for(made, NOW) == meeting
    people = {one.role: one for one in meeting.participants.all()}
    assert set(people) == {Role.CITIZEN, Role.CHAIR}
    assert people[Role.CHAIR].official == officials.official(where)
    assert people[Role.CITIZEN].email == made.email
    in_person = meetings.confirmed(where, "9:30", mode="person")
    with pytest.raises(participants.NoMeeting):
        participants.meeting_for(in_person, NOW)


def test_every_link_is_ones_own_and_a_new_one_ends_the_old(where: OfficeSnapshot) -> None:
    made = meetings.confirmed(where)
    guest = participants.invite_guest(booking=made.pk, email="host@example.cz", now=NOW)
    token = participants.link_of(guest)
    assert participants.participant_of(token) == guest
    assert participants.participant_of(token[:-1] + "x") is None
    renewed = participants.renew_link(participant=guest.pk, now=NOW)
    assert participants.participant_of(token) is None
    assert participants.participant_of(participants.link_of(renewed)) == guest
    participants.revoke_invitation(participant=guest.pk, now=NOW)
    assert participants.participant_of(participants.link_of(renewed)) is None


def test_six_people_at_most_and_nobody_twice(where: OfficeSnapshot) -> None:
    made = meetings.confirmed(where)
    guests = [
        participants.invite_guest(booking=made.pk, email=f"h{n}@example.cz", now=NOW)
        for n in range(4)
    ]
    assert participants.invite_guest(booking=made.pk, email="H0@example.cz", now=NOW) == guests[0]
    with pytest.raises(participants.TooManyParticipants):
        participants.invite_guest(booking=made.pk, email="h9@example.cz", now=NOW)
    for n in range(20):  # a place is free again, but mails do not go out for ever
        participants.revoke_invitation(participant=guests.pop().pk, now=NOW)
        try:
            guests.append(participants.invite_guest(booking=made.pk, email=f"x{n}@e.cz", now=NOW))
        except participants.TooManyInvitations:
            break
    assert Participant.objects.count() == participants.MOST_EVER


def test_the_official_and_the_citizen_stay(where: OfficeSnapshot) -> None:
    meeting = participants.meeting_for(meetings.confirmed(where), NOW)
    for one in meeting.participants.all():
        with pytest.raises(participants.MustStay):
            participants.revoke_invitation(participant=one.pk, now=NOW)


def test_a_colleague_keeps_the_time_and_gives_it_back(where: OfficeSnapshot) -> None:
    made, who = with_colleague(where)
    (claim,) = companions(made)
    assert (claim.starts_at, claim.expires_at) == (made.starts_at, made.ends_at)
    with pytest.raises(SlotTaken):
        officials.hold(where, "9:00", "dvorak")
    participants.revoke_invitation(participant=who.pk, now=NOW)
    assert companions(made) == []
    assert officials.hold(where, "9:00", "dvorak").state == BookingState.HELD
    with pytest.raises(ColleagueNotFree):
        participants.invite_colleague(
            booking=made.pk, official=officials.official(where, "dvorak"), now=NOW
        )


def test_a_colleague_who_is_not_at_work_is_not_free(where: OfficeSnapshot) -> None:
    with pytest.raises(ColleagueNotFree):
        with_colleague(where, "8:00")
    assert not Participant.objects.filter(role=Role.COLLEAGUE).exists()


def test_only_common_slots_are_offered_and_the_colleague_follows(where: OfficeSnapshot) -> None:
    made, _who = with_colleague(where)
    dvorak = officials.official(where, "dvorak")
    with pytest.raises(SlotTaken):  # Dvořák is not there
        booking_lifecycle.move_booking(booking=made.pk, starts_at=town.at("8:00"), now=NOW)
    moved = booking_lifecycle.move_booking(booking=made.pk, starts_at=town.at("9:45"), now=NOW)
    (claim,) = companions(made)
    assert (claim.starts_at, claim.expires_at) == (moved.starts_at, moved.ends_at)
    assert colleagues_of(where, made.pk) == [dvorak]


@pytest.mark.parametrize("how", ["cancel", "mode", "expire"])
def test_whatever_ends_the_booking_frees_the_colleague(where: OfficeSnapshot, how: str) -> None:
    made, _who = with_colleague(where)
    if how == "cancel":
        booking_lifecycle.cancel_booking(booking=made.pk, now=NOW)
    elif how == "mode":
        booking_lifecycle.change_mode(booking=made.pk, mode="person", now=NOW)
    else:
        Booking.objects.filter(pk=made.pk).update(state=BookingState.UNCONFIRMED, expires_at=NOW)
        scheduled.expire_day(office=where.office_id, day=made.date, now=NOW)
    assert companions(made) == []


def test_a_move_together_is_one_step(where: OfficeSnapshot) -> None:
    made = meetings.confirmed(where, "8:00")
    dvorak = officials.official(where, "dvorak")
    with pytest.raises(ColleagueNotFree):
        participants.move_with_colleagues(
            booking=made.pk, starts_at=town.at("8:30"), colleagues=[dvorak], now=NOW
        )
    made.refresh_from_db()
    assert made.starts_at == town.at("8:00")
    participants.move_with_colleagues(
        booking=made.pk, starts_at=town.at("9:15"), colleagues=[dvorak], now=NOW
    )
    assert [one.starts_at for one in companions(made)] == [town.at("9:15")]


def test_everybody_is_told_by_a_mail_of_their_own(where: OfficeSnapshot) -> None:
    made = meetings.confirmed(where)
    (citizens,) = compose("BookingConfirmed")
    guest = participants.invite_guest(
        booking=made.pk, email="host@example.cz", now=NOW, name="Host"
    )
    (invitation,) = compose("ParticipantInvited")
    mine, theirs = (compose_mail(one, now=NOW) for one in (citizens, invitation))
    link = participants.link_of(guest)
    assert theirs.to == "host@example.cz"
    assert link in theirs.text
    assert link not in mine.text
    citizen = participants.citizen_of(made)
    assert citizen
    assert participants.link_of(citizen) in mine.text
    for said in (theirs.text, theirs.html, theirs.attachments[0].content.decode()):
        assert not town.shows_pin(said, made.pin)
        assert "objednavka" not in said
    assert "PIN" not in mine.text
    booking_lifecycle.cancel_booking(booking=made.pk, now=NOW)
    told = {(one.kind, one.to.email) for one in compose("BookingCancelled")}
    assert told == {("cancelled", "jana@example.cz"), ("meeting_cancelled", "host@example.cz")}


@pytest.mark.parametrize("language", ["cs", "en"])
@pytest.mark.parametrize("kind", sorted({*TO_PARTICIPANTS, "mode_changed", "late", "room_changed"}))
def test_every_mail_of_meetings_in_both_languages(
    where: OfficeSnapshot, kind: str, language: str
) -> None:
    made = meetings.confirmed(where, language=language)
    meeting = participants.meeting_for(made, NOW)
    Meeting.objects.filter(pk=meeting.pk).update(late_min=10)
    to: dict[str, Any] = {}
    if kind in TO_PARTICIPANTS:
        to["participant"] = participants.invite_guest(
            booking=made.pk, email="h@example.cz", language=language, now=NOW
        )
    message = Message.objects.create(
        office=where.row, booking=made, kind=kind, event=0, created_at=NOW, **to
    )
    sent = compose_mail(message, now=NOW)
    assert sent.text.startswith("Dobrý den," if language == "cs" else "Good day,")
    assert "\n\n\n" not in sent.text
    assert "<" not in sent.text
    if language == "cs":
        assert "meeting" not in (sent.subject + sent.text).lower()


def test_who_comes_later_is_told_by_how_much(where: OfficeSnapshot) -> None:
    first = meetings.confirmed(where, "9:00")
    second = meetings.confirmed(where, "9:15")
    last = meetings.confirmed(where, "17:00")
    for one in (first, second, last):
        participants.meeting_for(one, NOW)
    at = town.at("9:00")
    told = delay_notices.announce_delay(first.meeting, 20, at, actor=0)
    assert [(one.booking_id, one.late_min) for one in told] == [(first.pk, 20), (second.pk, 20)]
    assert delay_notices.announce_delay(first.meeting, 20, at) == []
    assert Event.objects.filter(kind="MeetingLate").count() == 2
    with pytest.raises(delay_notices.LateTooLong):
        delay_notices.announce_delay(first.meeting, 1000, at)


def test_erasing_and_settling(where: OfficeSnapshot) -> None:
    made = meetings.confirmed(where)
    participants.invite_guest(booking=made.pk, email="host@example.cz", name="Host", now=NOW)
    Booking.objects.filter(pk=made.pk).update(state=BookingState.ARRIVED)
    participants.end_open_meeting(made.pk, made.ends_at + timedelta(hours=7))
    made.refresh_from_db()
    assert (made.state, made.meeting.state) == (BookingState.SERVED, MeetingState.ENDED)
    after = made.ends_at + timedelta(days=8)
    assert erase_meetings(office=made.office, now=after) == 0
    scheduled.erase_personal_data(office=made.office, now=after)
    assert erase_meetings(office=made.office, now=after) == 1
    said = Participant.objects.filter(role__in=(Role.GUEST, Role.CITIZEN))
    assert set(said.values_list("name", "email")) == {("", "")}
    assert Participant.objects.get(role=Role.CHAIR).name


def test_a_freed_slot_of_a_colleague_is_nobodys_returning_one(where: OfficeSnapshot) -> None:
    made, _who = with_colleague(where)
    booking_lifecycle.cancel_booking(booking=made.pk, now=NOW)
    freed = Booking.objects.filter(companion_of=made).get()
    assert freed.state == BookingState.EXPIRED
    assert not slot_release.Freed.of(freed).overlaps(made)


def day_off(where: OfficeSnapshot, code: str = "dvorak", **more: Any) -> list[HoursException]:
    given = {"kind": "closed", "from_date": town.MONDAY, "to_date": town.MONDAY, **more}
    return [HoursException(office=where.row, official=officials.official(where, code), **given)]


def told_of_colleague() -> Message:
    (message,) = compose("ColleagueFreed")
    assert (message.kind, message.to.email) == ("meeting_colleague", "novakova@lhota.example")
    assert not message_delivery.is_pointless(message, NOW)
    return message


class TestColleagueAway:
    def test_the_head_sees_it_first_and_the_official_is_told_once(
        self, where: OfficeSnapshot
    ) -> None:
        made, who = with_colleague(where)
        (claim,) = companions(made)
        exceptions, head = day_off(where), int(town.clerk(where, "vedouci", "head").pk)
        found = impact_of(office=where, exceptions=exceptions, now=NOW)
        assert (found.rows, found.holds, found.companions) == ([], [], [claim])
        assert companions(made), "nothing is changed by looking"
        apply_disruption(
            office=where, exceptions=exceptions, seen_token=found.token, now=NOW, actor=head
        )
        assert companions(made) == []
        made.refresh_from_db()
        assert made.state == BookingState.CONFIRMED
        assert participants.unavailable_colleagues([made]) == [who]
        assert participants.invited_participants(made) == [who], "may come all the same"
        sent = compose_mail(told_of_colleague(), now=NOW)
        assert "Nemůže přijít: Petr Dvořák" in sent.text
        assert "/pult/lhota/schuzky/" in sent.html
        assert Event.objects.filter(kind="ColleagueFreed").count() == 1

    def test_the_same_by_the_colleagues_own_diary(self, where: OfficeSnapshot) -> None:
        made, who = with_colleague(where)
        day = DayException(town.MONDAY, town.MONDAY, None, None, "closed")
        change: dict[str, Any] = {
            "office": where,
            "official": officials.official(where, "dvorak"),
            "days": day,
            "reason": "",
            "now": NOW,
            "actor": 0,
        }
        with pytest.raises(Affected):
            add_exception(**change)
        assert participants.unavailable_colleagues([made]) == []
        assert add_exception(**change, accept=True) == [], "nobody of their own is left"
        assert participants.unavailable_colleagues([made]) == [who]
        message = told_of_colleague()
        booking_lifecycle.cancel_booking(booking=made.pk, now=NOW)
        assert message_delivery.is_pointless(Message.objects.get(pk=message.pk), NOW)

    def test_a_colleague_without_the_topic_is_seen_too(self, where: OfficeSnapshot) -> None:
        made = meetings.confirmed(where, service="povoleni")
        official = officials.official(where, "dvorak")
        participants.invite_colleague(booking=made.pk, official=official, now=NOW, actor=0)
        found = impact_of(office=where, exceptions=day_off(where), now=NOW)
        assert [one.companion_of_id for one in found.companions] == [made.pk]
        day = DayException(town.MONDAY, town.MONDAY, None, None, "closed")
        with pytest.raises(Affected):
            add_exception(office=where, official=official, days=day, reason="", now=NOW, actor=0)

    def test_invited_again_the_colleague_comes(self, where: OfficeSnapshot) -> None:
        made, who = with_colleague(where)
        carried = companions(made)
        companion_claims.release_companions(carried, now=NOW)
        assert participants.unavailable_colleagues([made]) == [who]
        official = officials.official(where, "dvorak")
        participants.invite_colleague(booking=made.pk, official=official, now=NOW, actor=0)
        assert participants.unavailable_colleagues([made]) == []
