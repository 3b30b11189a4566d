"""Who may come to a meeting: the citizen, guests, the official of the term and colleagues.

Everybody but the staff at their consoles comes by a signed link of their own. The booking's day is
locked first, then the meeting.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import translation

from prepazka.booking import companions
from prepazka.booking.diaries import official_of
from prepazka.booking.locks import lock_booking
from prepazka.booking.models import OPEN, Booking, State
from prepazka.booking.parts import release_expired
from prepazka.booking.usecases import move_booking, serve_remotely
from prepazka.core import events
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.meetings import links
from prepazka.meetings.models import Meeting, Participant
from prepazka.offices.directory import Directory, directory_by_id
from prepazka.offices.models import Mode, Official

MOST = 6  # people in one room, the official and the citizen among them
MOST_EVER = 15  # rows of one meeting: nobody sends mails to the whole world through us
MOST_LINKS = 10  # mails to one person
LEFT_OPEN = timedelta(hours=6)  # after the term, until nobody comes back to end the meeting
Role = Participant.Role


class NoMeeting(Refused):
    """This booking is not a meeting by video, or it is over."""


class TooManyParticipants(Refused):
    """At most %(most)s people can come to one meeting."""


class TooManyInvitations(Refused):
    """Too many invitations have been sent for this meeting. Please ask the office."""


class MustStay(Refused):
    """The official and the person who booked belong to the meeting."""


@transaction.atomic
def meeting_for(booking: Booking, now: datetime) -> Meeting:
    """The meeting of a booking by video, made on the first asking, with its citizen and its chair.

    Asked again, it follows the booking to another official. Raises NoMeeting.
    """
    found = lock_booking(booking.pk)
    if found.mode != Mode.VIDEO or found.companion_of_id:
        raise NoMeeting
    meeting = Meeting.objects.select_for_update(no_key=True).filter(booking=found).first()
    if meeting is None:
        if found.state not in {*OPEN, State.ARRIVED}:
            raise NoMeeting
        meeting = Meeting.objects.create(office_id=found.office_id, booking=found, created_at=now)
        Participant.objects.create(
            office_id=found.office_id,
            meeting=meeting,
            role=Role.CITIZEN,
            name=found.name,
            email=found.email,
            language=found.language,
            invited_at=now,
        )
    _seat_chair(meeting, found, now)
    return meeting


def _seat_chair(meeting: Meeting, booking: Booking, now: datetime) -> None:
    """The official of the term leads; one who took it over gets a link of their own."""
    office = directory_by_id(booking.office_id)
    official = official_of(office, booking)
    known = meeting.participants.filter(role=Role.CHAIR).first()
    if known and known.official_id == (official and official.pk):
        return
    if official:  # was a colleague in it until now
        meeting.participants.filter(role=Role.COLLEAGUE, official=official).update(
            official=None, revoked_at=now
        )
    chair = known or Participant(
        office_id=booking.office_id, meeting=meeting, role=Role.CHAIR, link=0, invited_at=now
    )
    chair.official = official
    chair.link += 1
    chair.name, chair.email = _official_words(office, official)
    chair.language = _first_language(office)
    chair.save()


def _official_words(office: Directory, official: Official | None) -> tuple[str, str]:
    with translation.override(_first_language(office)):
        who = official or office.office
        return str(who.name)[:120], official.email if official else ""


def _first_language(office: Directory) -> str:
    return (office.office.languages or ["cs"])[0]


@transaction.atomic
def invite(
    *,
    booking: UUID,
    email: str,
    now: datetime,
    name: str = "",
    language: str = "cs",
    by: Participant | None = None,
    actor: int | None = None,
) -> Participant:
    """Let somebody come too, by a link that is mailed to them; who is invited already, stays so.

    Raises NoMeeting, TooManyParticipants, TooManyInvitations.
    """
    _found, meeting = _lock(booking, now)
    email = email.strip()
    rows = meeting.participants.filter(revoked_at=None)
    known = rows.filter(email__iexact=email).first()
    if known:
        return known
    _must_have_room(meeting)
    guest = Participant.objects.create(
        office_id=meeting.office_id,
        meeting=meeting,
        role=Role.GUEST,
        name=name.strip()[:120],
        email=email,
        language=language,
        invited_at=now,
        invited_by=by or rows.filter(role=Role.CHAIR if actor else Role.CITIZEN).first(),
    )
    _say(events.ParticipantInvited, guest, now, actor)
    return guest


@transaction.atomic
def invite_colleague(
    *, booking: UUID, official: Official, now: datetime, actor: int | None = None
) -> Participant:
    """Let another official come: the time in their diary is taken from this moment.

    Raises NoMeeting, ColleagueNotFree, TooManyParticipants, TooManyInvitations.
    """
    found, meeting = _lock(booking, now)
    mine = meeting.participants.filter(official=official)
    known = mine.filter(revoked_at=None).first()
    release_expired(office=found.office_id, day=found.date, now=now)
    if known is None:
        _must_have_room(meeting)
    companions.add(found, official, now=now)
    if known:
        return known
    office = directory_by_id(found.office_id)
    back = mine.first() or Participant(
        office_id=found.office_id, meeting=meeting, role=Role.COLLEAGUE, official=official, link=0
    )
    back.name, back.email = _official_words(office, official)
    back.language, back.invited_at, back.revoked_at = _first_language(office), now, None
    back.link += 1
    back.save()
    _say(events.ParticipantInvited, back, now, actor)
    return back


@transaction.atomic
def move_together(
    *,
    booking: UUID,
    starts_at: datetime,
    colleagues: list[Official],
    now: datetime,
    actor: int | None = None,
) -> Booking:
    """Move the booking as the office, and let these colleagues come as well, or do nothing.

    Raises as move_booking and invite_colleague.
    """
    moved = move_booking(booking=booking, starts_at=starts_at, now=now, by_office=True, actor=actor)
    for one in colleagues:
        invite_colleague(booking=booking, official=one, now=now, actor=actor)
    return moved


@transaction.atomic
def revoke(*, participant: UUID, now: datetime, actor: int | None = None) -> None:
    """Take an invitation back: the link opens nothing, a colleague's time is free again.

    Repeated, it changes nothing. Raises MustStay.
    """
    known = Participant.objects.select_related("meeting").get(pk=participant)
    booking = lock_booking(known.meeting.booking_id)
    Meeting.objects.select_for_update(no_key=True).get(pk=known.meeting_id)
    known.refresh_from_db()
    if known.role in {Role.CHAIR, Role.CITIZEN}:
        raise MustStay
    if known.revoked_at:
        return
    known.revoked_at = now
    known.save(update_fields=["revoked_at"])
    if known.official:
        companions.drop(booking, known.official, now=now)
    _say(events.ParticipantRevoked, known, now, actor)


@transaction.atomic
def renew_link(*, participant: UUID, now: datetime, actor: int | None = None) -> Participant:
    """Mail a new link, for example because the old one was passed on; it opens nothing any more.

    Raises NoMeeting, TooManyInvitations.
    """
    known = Participant.objects.select_related("meeting").get(pk=participant)
    _lock(known.meeting.booking_id, now)
    known.refresh_from_db()
    if known.revoked_at:
        raise NoMeeting
    if known.link >= MOST_LINKS:
        raise TooManyInvitations
    known.link += 1
    known.save(update_fields=["link"])
    _say(events.ParticipantInvited, known, now, actor)
    return known


def link_of(participant: Participant) -> str:
    """The participant's own token, as it stands in the address of the room."""
    return links.sign(participant.pk, participant.link)


def participant_of(token: str) -> Participant | None:
    """Whose token it is; None if it was changed, replaced by a newer one, or taken back."""
    known = links.read(token)
    if known is None:
        return None
    rows = Participant.objects.select_related("meeting__booking", "office", "official")
    return rows.filter(pk=known[0], link=known[1], revoked_at=None).first()


def room_path(participant: Participant, slug: str) -> str:
    """The address of the room for this participant, without the site; before the term, the test."""
    prefix = "" if participant.language == "cs" else f"/{participant.language}"
    return f"{prefix}/{slug}/schuzka/{link_of(participant)}/"


def citizen_of(booking: Booking) -> Participant | None:
    """The participant who booked, once there is a meeting."""
    if booking.mode != Mode.VIDEO:
        return None
    return Participant.objects.filter(meeting__booking=booking, role=Role.CITIZEN).first()


def invited_to(booking: Booking) -> list[Participant]:
    """Guests and colleagues, in the order in which they were invited."""
    rows = Participant.objects.filter(
        meeting__booking=booking, revoked_at=None, role__in=(Role.GUEST, Role.COLLEAGUE)
    )
    return list(rows.order_by("invited_at", "pk"))


def away_of(bookings: Iterable[Booking]) -> list[Participant]:
    """Colleagues who were invited to these meetings and cannot come after all."""
    rows = Participant.objects.filter(
        meeting__booking__in=list(bookings), revoked_at=None, role=Role.COLLEAGUE
    )
    comes = Booking.objects.filter(
        companion_of=OuterRef("meeting__booking"),
        lane__official=OuterRef("official"),
        state=State.HELD,
    )
    found = rows.filter(~Exists(comes)).select_related("meeting", "official")
    return list(found.order_by("invited_at", "pk"))


def everybody_of(booking: Booking) -> list[Participant]:
    """Everybody of the meeting who was neither sent out nor disinvited: whom the minutes concern."""
    rows = Participant.objects.filter(meeting__booking=booking, revoked_at=None)
    return list(rows.exclude(place=Participant.Place.REMOVED).order_by("invited_at", "pk"))


def left_open(office: int, now: datetime) -> list[UUID]:
    """The bookings of meetings that nobody has ended."""
    due = Meeting.objects.filter(
        office=office,
        booking__state__in=(State.ARRIVED, State.SERVED),
        booking__ends_at__lte=now - LEFT_OPEN,
    ).exclude(state=Meeting.State.ENDED)
    return list(due.values_list("booking_id", flat=True))


@transaction.atomic
def settle(booking: UUID, now: datetime) -> bool:
    """End a meeting that was left open; whoever came to it was served."""
    serve_remotely(booking=booking, now=now)
    open_ = Meeting.objects.filter(booking=booking).exclude(state=Meeting.State.ENDED)
    return bool(open_.update(state=Meeting.State.ENDED, ended_at=now))


def _lock(booking: UUID, now: datetime) -> tuple[Booking, Meeting]:
    """The booking and its meeting, both locked. Raises NoMeeting."""
    found = lock_booking(booking)
    if found.state not in {*OPEN, State.ARRIVED} or found.ends_at <= now:
        raise NoMeeting
    return found, meeting_for(found, now)


def _must_have_room(meeting: Meeting) -> None:
    rows = meeting.participants.all()
    if rows.filter(revoked_at=None).count() >= MOST:
        raise TooManyParticipants(most=MOST)
    if rows.count() >= MOST_EVER:
        raise TooManyInvitations


def _say(
    kind: type[events.ParticipantInvited | events.ParticipantRevoked],
    who: Participant,
    now: datetime,
    actor: int | None,
) -> None:
    record(
        kind(
            office=who.office_id,
            booking=str(who.meeting.booking_id),
            meeting=str(who.meeting_id),
            participant=str(who.pk),
            at=now,
            actor=actor,
        )
    )
