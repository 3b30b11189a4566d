"""Notices that the official runs late, to the meetings of the rest of the day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_noop

from prepazka.booking.booking_locks import lock_booking
from prepazka.booking.models import Booking, BookingState
from prepazka.core import events
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.meetings.models import Meeting, MeetingState
from prepazka.meetings.participants import meeting_for
from prepazka.offices.models import Mode

LONGEST = 240


class LateTooLong(Refused):
    """The delay is not from 1 to `most` minutes; announce less, or move the meetings."""

    message = gettext_noop(
        "Enter the number of minutes, at most %(most)s. If it will take longer, please "
        "move the meetings."
    )


@transaction.atomic
def announce_delay(
    meeting: Meeting, minutes: int, now: datetime, actor: int | None = None
) -> list[Meeting]:
    """Announce a delay of this meeting and the later ones of the day; returns those announced.

    A pause between two meetings reduces the delay of the next. Meetings without a delay, or whose
    delay was announced before, get no message. Raises LateTooLong.
    """
    if not 1 <= minutes <= LONGEST:
        raise LateTooLong(most=LONGEST)
    delayed = lock_booking(meeting.booking_id)
    late_meetings = []
    for booking, late_min in _delays(delayed, _rest_of_day(delayed), minutes):
        if booking.mode != Mode.VIDEO or booking.state != BookingState.CONFIRMED:
            continue
        later = meeting_for(booking, now)
        if later.state != MeetingState.PLANNED or later.late_min == late_min:
            continue
        later.late_min = late_min
        later.save(update_fields=["late_min"])
        late_meetings.append(later)
        record(
            events.MeetingLate(
                office=later.office_id,
                booking=str(booking.pk),
                meeting=str(later.pk),
                minutes=late_min,
                at=now,
                actor=actor,
            )
        )
    return late_meetings


def _rest_of_day(delayed: Booking) -> Iterable[Booking]:
    """This booking and the later ones of its official on that day, ordered by time."""
    rows = Booking.objects.filter(
        lane=delayed.lane_id,
        date=delayed.date,
        starts_at__gte=delayed.starts_at,
        companion_of=None,
        state__in=(BookingState.CONFIRMED, BookingState.ARRIVED),
    )
    return rows.order_by("starts_at")


def _delays(
    delayed: Booking, rows: Iterable[Booking], minutes: int
) -> Iterable[tuple[Booking, int]]:
    """The bookings that begin later, each with its delay in minutes."""
    free_at = delayed.starts_at + timedelta(minutes=minutes)
    if delayed.state != BookingState.CONFIRMED:  # it has begun and takes longer
        free_at = delayed.ends_at + timedelta(minutes=minutes)
    for booking in rows:
        if booking.pk == delayed.pk and booking.state != BookingState.CONFIRMED:
            continue
        late_min = int((free_at - booking.starts_at).total_seconds()) // 60
        if late_min <= 0:
            return
        yield booking, late_min
        free_at = booking.ends_at + timedelta(minutes=late_min)
