"""A meeting by video at the small office of officials: the official, a citizen and a guest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.test import Client

from prepazka.booking.booking_locks import lock_days
from prepazka.booking.models import Booking, BookingState, Lane
from prepazka.core import calendar
from prepazka.meetings import participant_links, room
from prepazka.meetings.models import Meeting, Participant
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import officials, town
from tests.clock import real_now


@dataclass
class Held:
    """A meeting, its people and their links."""

    office: OfficeSnapshot
    meeting: Meeting
    chair: Participant
    citizen: Participant
    guest: Participant

    def path(self, who: Participant) -> str:
        return f"/{self.office.slug}/schuzka/{participant_links.sign_token(who.pk, who.link)}/"

    def enter(self, who: Participant, now: datetime, **more: Any) -> room.Entered:
        return room.enter_room(participant=who.pk, link=who.link, now=now, **more)

    def seat(self, who: Participant) -> UUID:
        found = Participant.objects.get(pk=who.pk).seat
        assert found
        return found

    def client(self, who: Participant) -> Client:
        """A browser of the participant; the official's is logged in."""
        made = Client()
        if who.role == Participant.Role.CHAIR:
            made.force_login(town.clerk(self.office, "predseda"))
        return made


def held(
    office: OfficeSnapshot | None = None, *, starts_at: datetime | None = None, minutes: int = 30
) -> Held:
    """A confirmed booking with a meeting at 9:00 of the Monday, or at that moment.

    Without an office, its own is in a zone where the moment's day goes on for hours.
    """
    where = office or officials.office()
    if office is None and starts_at is not None:
        where = officials.moved_to(where, town.zone_by_day(starts_at))
    official = officials.official(where)
    starts = starts_at or town.at("9:00")
    lane, _ = Lane.objects.get_or_create(office=where.row, official=official)
    booking = Booking.objects.create(
        office=where.row,
        service=service(where),
        lane=lane,
        date=calendar.day_of(starts, where.tz),
        starts_at=starts,
        ends_at=starts + timedelta(minutes=minutes),
        state=BookingState.CONFIRMED,
        mode="video",
        name="Karel Veselý",
        email="karel@posta.example",
        created_at=town.FRIDAY_BEFORE,
    )
    with transaction.atomic():
        lock_days(where.office_id, [booking.date])
    meeting = Meeting.objects.create(
        office=where.row, booking=booking, created_at=town.FRIDAY_BEFORE
    )

    def person(role: str, **more: Any) -> Participant:
        return Participant.objects.create(
            office=where.row, meeting=meeting, role=role, invited_at=town.FRIDAY_BEFORE, **more
        )

    return Held(
        where,
        meeting,
        person("chair", official=official),
        person("citizen", name="Karel Veselý"),
        person("guest", name="Eva Malá"),
    )


def service(where: OfficeSnapshot) -> Any:
    found = where.service_by_code("ohlaseni")
    assert found
    return found


def soon() -> datetime:
    """A slot that is now, for processes on the real clock."""
    return real_now() + timedelta(minutes=2)
