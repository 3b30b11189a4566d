"""When it will be somebody's turn: the queue of an official's meetings of the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from prepazka.booking.models import LIVE
from prepazka.meetings.models import Meeting, Participant

# A meeting that has used up its time still needs a farewell.
FAREWELL = timedelta(minutes=2)
# Who is not there so long after the beginning is not waited for by those behind.
MISSED = timedelta(minutes=10)


@dataclass(frozen=True)
class Turn:
    """The place in the queue, from 1, and in how many minutes about it is one's turn."""

    place: int
    minutes: int


def turn(meeting: Meeting, *, now: datetime) -> Turn:
    """Whom the official sees first, by the term; the meetings ahead take the time they booked."""
    begins = _begins(meeting)
    rows = Meeting.objects.filter(
        booking__lane=meeting.booking.lane_id,
        booking__date=meeting.booking.date,
        booking__state__in=LIVE,
        booking__starts_at__lt=meeting.booking.starts_at,
    ).exclude(state=Meeting.State.ENDED)
    ahead, free_at = 0, now
    for one in rows.select_related("booking").order_by("booking__starts_at"):
        lasts = one.booking.ends_at - one.booking.starts_at
        if one.state == Meeting.State.RUNNING:
            left = (one.started_at or now) + lasts - now
            free_at = max(free_at, now + max(left, FAREWELL))
        elif now > _begins(one) + MISSED and not _somebody_waits(one):
            continue
        else:
            free_at = max(free_at, _begins(one)) + lasts
        ahead += 1
    if meeting.state == Meeting.State.RUNNING:
        return Turn(1, 0)
    wait = max(free_at, begins) - now
    return Turn(ahead + 1, max(0, -int(-wait.total_seconds() // 60)))


def _begins(meeting: Meeting) -> datetime:
    return meeting.booking.starts_at + timedelta(minutes=meeting.late_min)


def _somebody_waits(meeting: Meeting) -> bool:
    return meeting.participants.filter(
        place__in=(Participant.Place.LOBBY, Participant.Place.INSIDE)
    ).exists()
