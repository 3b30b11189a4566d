"""A freed term comes back to the public after a while that nobody can guess.

Whoever gives a term up for somebody else to take, by agreement or for money, cannot know when. The
waiting list sees the term at once. The claim that keeps it is an ordinary one without a person: the
lane's constraint guards it, and it runs out by itself, without any job.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import SystemRandom

from prepazka.booking.models import Booking, Channel, State, WaitingListEntry
from prepazka.core.slots import Rules
from prepazka.offices.directory import Directory, directory_by_id

# Where no delay is asked for, but somebody waits: long enough for the list to be asked.
LIST_FIRST = timedelta(minutes=2)
chance = SystemRandom()


@dataclass(frozen=True)
class Freed:
    """The term that a booking had."""

    office: int
    service: int
    lane: int
    date: date
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, booking: Booking) -> Freed:
        """The term of the booking as it is now."""
        return cls(
            booking.office_id,
            booking.service_id,
            booking.lane_id,
            booking.date,
            booking.starts_at,
            booking.ends_at,
        )

    def overlaps(self, booking: Booking) -> bool:
        """Whether the booking takes a part of it."""
        return (
            self.lane == booking.lane_id
            and self.starts_at < booking.ends_at
            and booking.starts_at < self.ends_at
        )


def give_back(freed: Freed, *, now: datetime, since: datetime | None = None) -> None:
    """Keep a term that is free since then, as the agenda's rules ask; its day is locked."""
    if freed.starts_at <= now:
        return
    office = directory_by_id(freed.office)
    until = (since or now) + _delay(office, freed.service)
    if until <= now:
        return
    Booking.objects.create(
        office_id=freed.office,
        service_id=freed.service,
        lane_id=freed.lane,
        date=freed.date,
        starts_at=freed.starts_at,
        ends_at=freed.ends_at,
        state=State.HELD,
        channel=Channel.LIST,
        expires_at=until,
        created_at=now,
    )


def _delay(office: Directory, service: int) -> timedelta:
    rules = office.rules_of(office.services[service])
    delay = timedelta()
    if rules.return_to_min:
        delay = timedelta(
            seconds=chance.uniform(60 * rules.return_from_min, 60 * rules.return_to_min)
        )
    if rules.waiting_list and delay < LIST_FIRST and _somebody_waits(office, service):
        delay = LIST_FIRST
    return delay


def _somebody_waits(office: Directory, service: int) -> bool:
    return WaitingListEntry.objects.filter(
        office=office.office,
        service__agenda=office.services[service].agenda_id,
        state=WaitingListEntry.State.WAITING,
    ).exists()


def longest(rules: Rules) -> timedelta:
    """How long an offer's claim outlives the offer, so that what follows happens before."""
    return max(timedelta(minutes=rules.return_to_min), 2 * LIST_FIRST)
