"""Participants of a meeting: the citizen, guests, the official of the booking and colleagues.

Everybody except staff at their consoles enters by a personal signed link. The booking's day is
locked first, then the meeting.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import translation
from django.utils.translation import gettext_noop

from prepazka.booking import colleague_claims
from prepazka.booking.booking_lifecycle import mark_served_remotely, move_booking
from prepazka.booking.booking_locks import lock_booking
from prepazka.booking.diaries import official_of
from prepazka.booking.models import OPEN, Booking, BookingState
from prepazka.booking.transitions import release_expired
from prepazka.core import events
from prepazka.core.contact_text import LONGEST_NAME
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.meetings import participant_links
from prepazka.meetings.models import Meeting, MeetingState, Participant
from prepazka.offices.languages import path_prefix
from prepazka.offices.models import Mode, Official
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id

MOST = 6  # people in one room, the official and the citizen among them
MOST_EVER = 15  # participants ever invited to one meeting, so that nobody mails strangers en masse
MOST_LINKS = 10  # mails to one person
LEFT_OPEN = timedelta(hours=6)  # after the booked time, when an open meeting is ended automatically
Role = Participant.Role


class NoMeeting(Refused):
    """The booking is not by video, or has ended, so it has no participants to change."""

    message = gettext_noop("This booking is not a video meeting, or it has ended.")


class TooManyParticipants(Refused):
    """The meeting has `most` participants; remove one before inviting another."""

    message = gettext_noop("At most %(most)s people can come to one meeting.")


class TooManyInvitations(Refused):
    """The booking's person has sent as many invitations as allowed; the office can send more."""

    message = gettext_noop(
        "Too many invitations have been sent for this meeting. Please ask the office."
    )


class MustStay(Refused):
    """The participant is the chair or the person who booked, who cannot be removed."""

    message = gettext_noop(
        "The official and the person who booked cannot be removed from the meeting."
    )


@transaction.atomic
def meeting_for(booking: Booking, now: datetime) -> Meeting:
    """The meeting of a video booking, created on the first call, with its citizen and chair.

    The chair is updated if the booking has another official. Raises NoMeeting.
    """
    locked = lock_booking(booking.pk)
    if locked.mode != Mode.VIDEO or locked.companion_of_id:
        raise NoMeeting
    meeting = Meeting.objects.select_for_update(no_key=True).filter(booking=locked).first()
    if meeting is None:
        if locked.state not in {*OPEN, BookingState.ARRIVED}:
            raise NoMeeting
        meeting = Meeting.objects.create(office_id=locked.office_id, booking=locked, created_at=now)
        Participant.objects.create(
            office_id=locked.office_id,
            meeting=meeting,
            role=Role.CITIZEN,
            name=locked.name,
            email=locked.email,
            language=locked.language,
            invited_at=now,
        )
    _update_chair(meeting, locked, now)
    return meeting


def _update_chair(meeting: Meeting, booking: Booking, now: datetime) -> None:
    """Make the booking's official the chair; a new official gets a new link."""
    office = snapshot_by_id(booking.office_id)
    official = official_of(office, booking)
    existing = meeting.participants.filter(role=Role.CHAIR).first()
    if existing and existing.official_id == (official and official.pk):
        return
    if official:  # who may have been invited as a colleague before
        meeting.participants.filter(role=Role.COLLEAGUE, official=official).update(
            official=None, revoked_at=now
        )
    chair = existing or Participant(
        office_id=booking.office_id, meeting=meeting, role=Role.CHAIR, link=0, invited_at=now
    )
    chair.official = official
    chair.link += 1
    chair.name, chair.email = _name_and_email(office, official)
    chair.language = _first_language(office)
    chair.save()


def _name_and_email(office: OfficeSnapshot, official: Official | None) -> tuple[str, str]:
    with translation.override(_first_language(office)):
        named = official or office.row
        return str(named.name)[:LONGEST_NAME], official.email if official else ""


def _first_language(office: OfficeSnapshot) -> str:
    return next(iter(office.row.languages), str(settings.LANGUAGE_CODE))


@transaction.atomic
def invite_guest(
    *,
    booking: UUID,
    email: str,
    now: datetime,
    name: str = "",
    language: str = "cs",
    by: Participant | None = None,
    actor: int | None = None,
) -> Participant:
    """Invite a guest by e-mail, or return the guest who has that address already.

    Raises NoMeeting, TooManyParticipants, TooManyInvitations.
    """
    _booking, meeting = _lock_booking_and_meeting(booking, now)
    email = email.strip()
    rows = meeting.participants.filter(revoked_at=None)
    existing = rows.filter(email__iexact=email).first()
    if existing:
        return existing
    _must_have_room(meeting)
    guest = Participant.objects.create(
        office_id=meeting.office_id,
        meeting=meeting,
        role=Role.GUEST,
        name=name.strip()[:LONGEST_NAME],
        email=email,
        language=language,
        invited_at=now,
        invited_by=by or rows.filter(role=Role.CHAIR if actor else Role.CITIZEN).first(),
    )
    _record_event(events.ParticipantInvited, guest, now, actor)
    return guest


@transaction.atomic
def invite_colleague(
    *, booking: UUID, official: Official, now: datetime, actor: int | None = None
) -> Participant:
    """Invite another official and block the time in their diary.

    Returns the participant, existing or new. Raises NoMeeting, ColleagueNotFree,
    TooManyParticipants, TooManyInvitations.
    """
    locked, meeting = _lock_booking_and_meeting(booking, now)
    rows = meeting.participants.filter(official=official)
    existing = rows.filter(revoked_at=None).first()
    release_expired(office=locked.office_id, day=locked.date, now=now)
    if existing is None:
        _must_have_room(meeting)
    colleague_claims.add_colleague(locked, official, now=now)
    if existing:
        return existing
    office = snapshot_by_id(locked.office_id)
    colleague = rows.first() or Participant(
        office_id=locked.office_id, meeting=meeting, role=Role.COLLEAGUE, official=official, link=0
    )
    colleague.name, colleague.email = _name_and_email(office, official)
    colleague.language, colleague.invited_at, colleague.revoked_at = (
        _first_language(office),
        now,
        None,
    )
    colleague.link += 1
    colleague.save()
    _record_event(events.ParticipantInvited, colleague, now, actor)
    return colleague


@transaction.atomic
def move_with_colleagues(
    *,
    booking: UUID,
    starts_at: datetime,
    colleagues: list[Official],
    now: datetime,
    actor: int | None = None,
) -> Booking:
    """Move the booking on behalf of the office and invite the colleagues, in one transaction.

    Raises as move_booking and invite_colleague.
    """
    moved = move_booking(booking=booking, starts_at=starts_at, now=now, by_office=True, actor=actor)
    for colleague in colleagues:
        invite_colleague(booking=booking, official=colleague, now=now, actor=actor)
    return moved


@transaction.atomic
def revoke_invitation(*, participant: UUID, now: datetime, actor: int | None = None) -> None:
    """Revoke an invitation: the link becomes invalid, a colleague's time is free again.

    Does nothing if it is revoked. Raises MustStay.
    """
    person = Participant.objects.select_related("meeting").get(pk=participant)
    booking = lock_booking(person.meeting.booking_id)
    Meeting.objects.select_for_update(no_key=True).get(pk=person.meeting_id)
    person.refresh_from_db()
    if person.role in {Role.CHAIR, Role.CITIZEN}:
        raise MustStay
    if person.revoked_at:
        return
    person.revoked_at = now
    person.save(update_fields=["revoked_at"])
    if person.official:
        colleague_claims.remove_colleague(booking, person.official, now=now)
    _record_event(events.ParticipantRevoked, person, now, actor)


@transaction.atomic
def renew_link(*, participant: UUID, now: datetime, actor: int | None = None) -> Participant:
    """Send the participant a new link, which makes the old one invalid.

    Raises NoMeeting, TooManyInvitations.
    """
    person = Participant.objects.select_related("meeting").get(pk=participant)
    _lock_booking_and_meeting(person.meeting.booking_id, now)
    person.refresh_from_db()
    if person.revoked_at:
        raise NoMeeting
    if person.link >= MOST_LINKS:
        raise TooManyInvitations
    person.link += 1
    person.save(update_fields=["link"])
    _record_event(events.ParticipantInvited, person, now, actor)
    return person


def link_of(participant: Participant) -> str:
    """The participant's token in the address of the room."""
    return participant_links.sign_token(participant.pk, participant.link)


def participant_of(token: str) -> Participant | None:
    """The participant of the token; None if it is invalid, replaced or revoked."""
    parsed = participant_links.participant_of_link(token)
    if parsed is None:
        return None
    rows = Participant.objects.select_related("meeting__booking", "office", "official")
    return rows.filter(pk=parsed[0], link=parsed[1], revoked_at=None).first()


def room_path(participant: Participant, slug: str) -> str:
    """The path of the participant's room; before the meeting it shows the test of devices."""
    return f"{path_prefix(participant.language)}/{slug}/schuzka/{link_of(participant)}/"


def citizen_of(booking: Booking) -> Participant | None:
    """The participant who booked; None if there is no meeting yet."""
    if booking.mode != Mode.VIDEO:
        return None
    return Participant.objects.filter(meeting__booking=booking, role=Role.CITIZEN).first()


def invited_participants(booking: Booking) -> list[Participant]:
    """Guests and colleagues in the order of their invitations."""
    rows = Participant.objects.filter(
        meeting__booking=booking, revoked_at=None, role__in=(Role.GUEST, Role.COLLEAGUE)
    )
    return list(rows.order_by("invited_at", "pk"))


def unavailable_colleagues(bookings: Iterable[Booking]) -> list[Participant]:
    """Colleagues invited to these meetings whose time is no longer kept."""
    rows = Participant.objects.filter(
        meeting__booking__in=list(bookings), revoked_at=None, role=Role.COLLEAGUE
    )
    comes = Booking.objects.filter(
        companion_of=OuterRef("meeting__booking"),
        lane__official=OuterRef("official"),
        state=BookingState.HELD,
    )
    absent = rows.filter(~Exists(comes)).select_related("meeting", "official")
    return list(absent.order_by("invited_at", "pk"))


def all_participants(booking: Booking) -> list[Participant]:
    """All participants who were neither removed nor revoked; they get the minutes."""
    rows = Participant.objects.filter(meeting__booking=booking, revoked_at=None)
    return list(rows.exclude(place=Participant.Place.REMOVED).order_by("invited_at", "pk"))


def meetings_left_open(office: int, now: datetime) -> list[UUID]:
    """The bookings of meetings still open six hours after their end."""
    due = Meeting.objects.filter(
        office=office,
        booking__state__in=(BookingState.ARRIVED, BookingState.SERVED),
        booking__ends_at__lte=now - LEFT_OPEN,
    ).exclude(state=MeetingState.ENDED)
    return list(due.values_list("booking_id", flat=True))


@transaction.atomic
def end_open_meeting(booking: UUID, now: datetime) -> bool:
    """End a meeting left open and mark its booking as served; False if it had ended."""
    mark_served_remotely(booking=booking, now=now)
    open_meetings = Meeting.objects.filter(booking=booking).exclude(state=MeetingState.ENDED)
    return bool(open_meetings.update(state=MeetingState.ENDED, ended_at=now))


def _lock_booking_and_meeting(booking: UUID, now: datetime) -> tuple[Booking, Meeting]:
    """Lock the booking and its meeting; returns both. Raises NoMeeting."""
    locked = lock_booking(booking)
    if locked.state not in {*OPEN, BookingState.ARRIVED} or locked.ends_at <= now:
        raise NoMeeting
    return locked, meeting_for(locked, now)


def _must_have_room(meeting: Meeting) -> None:
    rows = meeting.participants.all()
    if rows.filter(revoked_at=None).count() >= MOST:
        raise TooManyParticipants(most=MOST)
    if rows.count() >= MOST_EVER:
        raise TooManyInvitations


def _record_event(
    kind: type[events.ParticipantInvited | events.ParticipantRevoked],
    participant: Participant,
    now: datetime,
    actor: int | None,
) -> None:
    record(
        kind(
            office=participant.office_id,
            booking=str(participant.meeting.booking_id),
            meeting=str(participant.meeting_id),
            participant=str(participant.pk),
            at=now,
            actor=actor,
        )
    )
