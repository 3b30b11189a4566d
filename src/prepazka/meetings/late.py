"""The official runs late: whoever meets them next that day is told, and by how much."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from prepazka.booking.locks import lock_booking
from prepazka.booking.models import Booking, State
from prepazka.core import events
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.meetings.models import Meeting
from prepazka.meetings.participants import meeting_for
from prepazka.offices.models import Mode

LONGEST = 240


class LateTooLong(Refused):
    """Say by how many minutes, at most %(most)s. If it takes longer, please move the meetings."""


@transaction.atomic
def tell_late(
    meeting: Meeting, minutes: int, now: datetime, actor: int | None = None
) -> list[Meeting]:
    """Tell the people of this meeting, if it has not begun, and of the later ones of the day.

    A pause between two meetings makes up for a part of the delay; who waits no longer than before
    is told nothing, and nobody is told the same twice. Raises LateTooLong.
    """
    if not 1 <= minutes <= LONGEST:
        raise LateTooLong(most=LONGEST)
    first = lock_booking(meeting.booking_id)
    told = []
    for booking, late in _delays(first, _later(first), minutes):
        if booking.mode != Mode.VIDEO or booking.state != State.CONFIRMED:
            continue
        found = meeting_for(booking, now)
        if found.state != Meeting.State.PLANNED or found.late_min == late:
            continue
        found.late_min = late
        found.save(update_fields=["late_min"])
        told.append(found)
        record(
            events.MeetingLate(
                office=found.office_id,
                booking=str(booking.pk),
                meeting=str(found.pk),
                minutes=late,
                at=now,
                actor=actor,
            )
        )
    return told


def _later(first: Booking) -> Iterable[Booking]:
    """This booking and the later ones of its official on that day, in the order of time."""
    rows = Booking.objects.filter(
        lane=first.lane_id,
        date=first.date,
        starts_at__gte=first.starts_at,
        companion_of=None,
        state__in=(State.CONFIRMED, State.ARRIVED),
    )
    return rows.order_by("starts_at")


def _delays(first: Booking, rows: Iterable[Booking], minutes: int) -> Iterable[tuple[Booking, int]]:
    """By how many minutes each of them begins later."""
    free_at = first.starts_at + timedelta(minutes=minutes)
    if first.state != State.CONFIRMED:  # it has begun and takes longer
        free_at = first.ends_at + timedelta(minutes=minutes)
    for booking in rows:
        if booking.pk == first.pk and booking.state != State.CONFIRMED:
            continue
        late = int((free_at - booking.starts_at).total_seconds()) // 60
        if late <= 0:
            return
        yield booking, late
        free_at = booking.ends_at + timedelta(minutes=late)
