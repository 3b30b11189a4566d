"""Colleagues who join a meeting; each is a booking of its own on the colleague's lane.

A companion is stored as a hold that expires when the meeting ends, as the claims of an offer are.
The lane's constraint protects it and counts of visits leave it out. It moves and ends with its
booking.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

from prepazka.booking import diaries
from prepazka.booking.models import EXPIRING, Booking, BookingState, Channel, Lane
from prepazka.booking.refusals import ColleagueNotFree, SlotTaken
from prepazka.core import calendar, events
from prepazka.core.interval import Interval
from prepazka.core.slots import Slot
from prepazka.journal.record import record
from prepazka.offices.models import Mode, Official
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id

During = Interval[datetime]


def add_colleague(booking: Booking, official: Official, *, now: datetime) -> Booking:
    """Add a colleague to the booking's meeting; returns the companion, or the existing one.

    The booking's day is locked. Raises ColleagueNotFree.
    """
    office = snapshot_by_id(booking.office_id)
    lane = diaries.lanes_of(office)[official.pk]
    existing = Booking.objects.filter(
        companion_of=booking, lane=lane, state=BookingState.HELD
    ).first()
    if existing:
        return existing
    during = Interval(booking.starts_at, booking.ends_at)
    if official == diaries.official_of(office, booking) or not _free_spans(
        office, official, [(booking.date, during)], now, None
    ):
        raise ColleagueNotFree
    _end_expired_holds(lane, during, now)
    return Booking.objects.create(
        office_id=booking.office_id,
        service_id=booking.service_id,
        lane_id=lane,
        date=booking.date,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        expires_at=booking.ends_at,
        mode=booking.mode,
        channel=Channel.DESK,
        companion_of=booking,
        created_at=now,
    )


def remove_colleague(booking: Booking, official: Official, *, now: datetime) -> None:
    """Remove one colleague from the meeting; the day is locked."""
    _end_holds(Booking.objects.filter(companion_of=booking, lane__official=official), now)


def remove_colleagues(booking: Booking, *, now: datetime) -> None:
    """Remove all colleagues, because the booking has lost its time."""
    if booking.mode == Mode.VIDEO:
        remove_colleagues_of_all([booking.pk], now=now)


def remove_colleagues_of_all(bookings: Iterable[UUID], *, now: datetime) -> None:
    """Remove all colleagues of several bookings; their days are locked."""
    if booking_ids := list(bookings):
        _end_holds(Booking.objects.filter(companion_of__in=booking_ids), now)


def release_companions(rows: Iterable[Booking], *, now: datetime, actor: int | None = None) -> None:
    """Release companions who cannot come, and record it for the official who leads the meeting."""
    for companion in rows:
        _end_holds(Booking.objects.filter(pk=companion.pk), now)
        official = Lane.objects.only("official_id").get(pk=companion.lane_id).official_id
        assert official is not None  # noqa: S101  # a companion is on an official's lane
        record(
            events.ColleagueFreed(
                office=companion.office_id,
                at=now,
                actor=actor,
                booking=str(companion.companion_of_id),
                official=official,
            )
        )


def is_official_free(
    office: OfficeSnapshot, official: Official, booking: Booking, *, now: datetime
) -> bool:
    """Whether the official is free at the time of the booking."""
    during = Interval(booking.starts_at, booking.ends_at)
    return bool(_free_spans(office, official, [(booking.date, during)], now, booking.pk))


def move_colleagues(booking: Booking, *, now: datetime) -> None:
    """Move the colleagues to the booking's new time; both days are locked.

    Colleagues who are not free then are released. That happens only when the new time was not
    chosen among the common free ones, such as a substitute offered by the office.
    """
    if booking.mode != Mode.VIDEO:
        return
    office = snapshot_by_id(booking.office_id)
    during = Interval(booking.starts_at, booking.ends_at)
    leading_official = diaries.official_of(office, booking)
    for companion in Booking.objects.filter(companion_of=booking, state=BookingState.HELD):
        same_time = (companion.starts_at, companion.ends_at) == (during.start, during.end)
        if same_time and companion.lane_id != booking.lane_id:
            continue
        colleague = diaries.official_of(office, companion)
        if colleague in {None, leading_official}:
            _end_holds(Booking.objects.filter(pk=companion.pk), now)
            continue
        if not _free_spans(office, colleague, [(booking.date, during)], now, booking.pk):
            release_companions([companion], now=now)
            continue
        _end_expired_holds(companion.lane_id, during, now)
        companion.date = booking.date
        companion.starts_at, companion.ends_at = during.start, during.end
        companion.expires_at = during.end
        companion.save(update_fields=["date", "starts_at", "ends_at", "expires_at"])


def colleagues_of(office: OfficeSnapshot, booking: UUID | None) -> list[Official]:
    """The officials who join the booking's meeting besides its own one."""
    if booking is None:
        return []
    rows = Booking.objects.filter(companion_of=booking, state=BookingState.HELD)
    officials = (
        diaries.official_of(office, companion)
        for companion in rows.only("lane_id").order_by("lane_id")
    )
    return [official for official in officials if official]


def common_slots(
    office: OfficeSnapshot,
    slots: list[Slot],
    colleagues: Sequence[Official],
    *,
    now: datetime,
    besides: UUID | None = None,
) -> list[Slot]:
    """The slots at which all colleagues are free too; one SQL statement per colleague."""
    for colleague in colleagues:
        spans = [(slot.day, Interval(slot.starts_at, slot.ends_at)) for slot in slots]
        free_times = _free_spans(office, colleague, spans, now, besides)
        slots = [slot for slot in slots if (slot.starts_at, slot.ends_at) in free_times]
    return slots


def check_colleagues_free(
    office: OfficeSnapshot, during: During, *, now: datetime, of: UUID | None
) -> None:
    """Check that the colleagues of the booking `of` are free at this time. Raises SlotTaken."""
    for colleague in colleagues_of(office, of):
        day = calendar.day_of(during.start, office.tz)
        if not _free_spans(office, colleague, [(day, during)], now, of):
            raise SlotTaken


def _free_spans(
    office: OfficeSnapshot,
    official: Official | None,
    spans: Sequence[tuple[date, During]],
    now: datetime,
    besides: UUID | None,
) -> set[tuple[datetime, datetime]]:
    """The starts and ends of those spans in which the official works and has nothing else."""
    if official is None or not spans:
        return set()
    days = sorted({day for day, _ in spans})
    rows = diaries.claims_by_day(
        office, [official], 1, (days[0], days[-1]), (now, now), besides, for_list=False
    )
    occupied = {day: list(zip(starts, ends, strict=True)) for day, starts, ends, *_ in rows}
    hours = {
        day: [
            opening
            for minutes in office.opening_hours.of_diary(official.pk, day)
            if (opening := calendar.instants_of_minutes(minutes, day, office.tz))
        ]
        for day in days
    }
    return {
        (during.start, during.end)
        for day, during in spans
        if any(opening.contains(during) for opening in hours[day])
        and not _overlaps(during, occupied.get(day, ()))
    }


def _overlaps(during: During, occupied: Iterable[tuple[int, int]]) -> bool:
    start, end = (int(instant.timestamp()) // 60 for instant in (during.start, during.end))
    return any(begins < end and start < ends for begins, ends in occupied)


def _end_expired_holds(lane: int, during: During, now: datetime) -> None:
    """End expired holds on the lane, because its constraint would still count them."""
    expired = Booking.objects.filter(
        lane=lane, state__in=EXPIRING, expires_at__lte=now, starts_at__lt=during.end
    )
    expired.filter(ends_at__gt=during.start).update(
        state=BookingState.EXPIRED, ended_at=now, expires_at=None
    )


def _end_holds(rows: QuerySet[Booking], now: datetime) -> None:
    rows.filter(state=BookingState.HELD).update(
        state=BookingState.EXPIRED, ended_at=now, expires_at=None
    )
