"""Random delay before freed time is offered to the public again.

It keeps people from passing a booking on by agreement or for money, as nobody can tell when the
time becomes free. The waiting list sees it at once. The time is kept by a hold without a person:
the lane's constraint protects it, and it expires without any job.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import SystemRandom

from prepazka.booking.models import (
    Booking,
    BookingState,
    Channel,
    WaitingListEntry,
    WaitingListState,
)
from prepazka.core.slots import Rules
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id

# The shortest delay if somebody is on the waiting list: time enough to make them an offer.
LIST_FIRST = timedelta(minutes=2)
chance = SystemRandom()


@dataclass(frozen=True)
class Freed:
    """The lane and time that a booking had."""

    office: int
    service: int
    lane: int
    date: date
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, booking: Booking) -> Freed:
        """The lane and time of the booking as it is now."""
        return cls(
            booking.office_id,
            booking.service_id,
            booking.lane_id,
            booking.date,
            booking.starts_at,
            booking.ends_at,
        )

    def overlaps(self, booking: Booking) -> bool:
        """Whether the booking takes a part of the freed time."""
        return (
            self.lane == booking.lane_id
            and self.starts_at < booking.ends_at
            and booking.starts_at < self.ends_at
        )


def delay_return(freed: Freed, *, now: datetime, since: datetime | None = None) -> None:
    """Hold freed time back from the public for the agenda's delay; its day is locked.

    The delay counts from `since`, by default from now.
    """
    if freed.starts_at <= now:
        return
    office = snapshot_by_id(freed.office)
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
        state=BookingState.HELD,
        channel=Channel.LIST,
        expires_at=until,
        created_at=now,
    )


def _delay(office: OfficeSnapshot, service: int) -> timedelta:
    rules = office.rules_of(office.services[service])
    delay = timedelta()
    if rules.return_to_min:
        delay = timedelta(
            seconds=chance.uniform(60 * rules.return_from_min, 60 * rules.return_to_min)
        )
    if rules.waiting_list and delay < LIST_FIRST and _somebody_waits(office, service):
        delay = LIST_FIRST
    return delay


def _somebody_waits(office: OfficeSnapshot, service: int) -> bool:
    return WaitingListEntry.objects.filter(
        office=office.row,
        service__agenda=office.services[service].agenda_id,
        state=WaitingListState.WAITING,
    ).exists()


def longest_return_delay(rules: Rules) -> timedelta:
    """How long an offer's hold outlives the offer, so that the offer is ended before the hold."""
    return max(timedelta(minutes=rules.return_to_min), 2 * LIST_FIRST)
