"""The day's meetings by video and telephone in their order, for the lobby and the official."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from prepazka.booking.models import LIVE, Booking, BookingState
from prepazka.meetings.models import Meeting, MeetingState, Participant
from prepazka.offices.models import Mode, Office

# The least remaining time of a meeting that is running over.
FAREWELL = timedelta(minutes=2)
# A meeting nobody has joined so long after its start no longer delays those behind it.
MISSED = timedelta(minutes=10)
SHOWN = (BookingState.CONFIRMED, BookingState.ARRIVED, BookingState.SERVED, BookingState.NO_SHOW)
HERE = (Participant.Place.LOBBY, Participant.Place.INSIDE)


@dataclass(frozen=True)
class Turn:
    """The place in the queue, from 1, and the approximate minutes until the turn."""

    place: int
    minutes: int


@dataclass
class Row:
    """A meeting by video or a telephone call of the day."""

    booking: Booking
    meeting: Meeting | None
    lobby: list[Participant] = field(default_factory=list)
    inside: list[Participant] = field(default_factory=list)
    turn: Turn | None = None  # none once it is over

    @property
    def begins(self) -> datetime:
        """When the official plans to begin, including the announced delay."""
        late = self.meeting.late_min if self.meeting else 0
        return self.booking.starts_at + timedelta(minutes=late)

    @property
    def runs(self) -> bool:
        """Whether the meeting is running."""
        return self.meeting is not None and self.meeting.state == MeetingState.RUNNING

    @property
    def over(self) -> bool:
        """Whether it no longer takes the official's time."""
        ended = self.meeting is not None and self.meeting.state == MeetingState.ENDED
        return ended or self.booking.state not in LIVE


def meetings_of_day(
    office: Office, day: date, lanes: Iterable[int] | None, *, now: datetime
) -> list[Row]:
    """The meetings and calls of these lanes (None: all) in the order of time, with their turns."""
    bookings = Booking.objects.filter(
        office=office,
        date=day,
        mode__in=(Mode.VIDEO, Mode.PHONE),
        state__in=SHOWN,
        companion_of=None,
    ).select_related("lane")
    if lanes is not None:
        bookings = bookings.filter(lane__in=list(lanes))
    rows = _rows(list(bookings.order_by("starts_at", "pk")))
    by_lane: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_lane[row.booking.lane_id].append(row)
    for queue in by_lane.values():
        _give_turns(queue, now)
    return rows


def meeting_turn(meeting: Meeting, *, now: datetime) -> Turn:
    """The turn of this meeting with its official."""
    booking = meeting.booking
    rows = meetings_of_day(meeting.office, booking.date, [booking.lane_id], now=now)
    own_turn = next((row.turn for row in rows if row.booking.pk == booking.pk), None)
    return own_turn or Turn(1, 0)


def _rows(bookings: list[Booking]) -> list[Row]:
    """A row for each booking with the participants present. Two SQL statements."""
    meetings = {
        meeting.booking_id: meeting for meeting in Meeting.objects.filter(booking__in=bookings)
    }
    rows = {booking.pk: Row(booking, meetings.get(booking.pk)) for booking in bookings}
    present = Participant.objects.filter(
        meeting__in=meetings.values(), place__in=HERE, revoked_at=None
    )
    for participant in present.select_related("meeting", "official").order_by("came_at", "pk"):
        row = rows[participant.meeting.booking_id]
        (row.lobby if participant.place == Participant.Place.LOBBY else row.inside).append(
            participant
        )
    return list(rows.values())


def _give_turns(queue: list[Row], now: datetime) -> None:
    """Set the turns of one official's queue by time; those ahead take the time they booked."""
    ahead, free_at = 0, now
    for row in queue:
        if row.over:
            continue
        if row.runs and row.meeting:
            row.turn = Turn(1, 0)
            lasts = row.booking.ends_at - row.booking.starts_at
            remaining = (row.meeting.started_at or now) + lasts - now
            free_at = max(free_at, now + max(remaining, FAREWELL))
        else:
            starts = max(free_at, row.begins)
            row.turn = Turn(ahead + 1, max(0, -int(-(starts - now).total_seconds() // 60)))
            if now > row.begins + MISSED and not (row.lobby or row.inside):
                continue
            free_at = starts + (row.booking.ends_at - row.booking.starts_at)
        ahead += 1
