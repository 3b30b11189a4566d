"""Colleagues at a meeting: each keeps the time in their own lane by a claim of its own.

A companion is a hold until the meeting ends, as the claims of an offer are: the lane's constraint
guards it, and nothing that counts visits counts it. It follows its booking and ends with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import QuerySet

from prepazka.booking import diaries
from prepazka.booking.models import EXPIRING, Booking, Channel, Lane, State
from prepazka.booking.refusals import ColleagueNotFree, TermTaken
from prepazka.core import calendar, events
from prepazka.core.interval import Interval
from prepazka.journal.record import record
from prepazka.offices.directory import Directory, directory_by_id
from prepazka.offices.models import Mode, Official

if TYPE_CHECKING:
    from prepazka.booking.terms import Term

During = Interval[datetime]


def add(booking: Booking, official: Official, *, now: datetime) -> Booking:
    """Keep the colleague's time for the booking, whose day is locked. Raises ColleagueNotFree.

    Asked again, it answers with the claim that is there.
    """
    office = directory_by_id(booking.office_id)
    lane = diaries.lanes_of(office)[official.pk]
    known = Booking.objects.filter(companion_of=booking, lane=lane, state=State.HELD).first()
    if known:
        return known
    during = Interval(booking.starts_at, booking.ends_at)
    if official == diaries.official_of(office, booking) or not _free(
        office, official, [(booking.date, during)], now, None
    ):
        raise ColleagueNotFree
    _let_go(lane, during, now)
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


def drop(booking: Booking, official: Official, *, now: datetime) -> None:
    """Give one colleague's time back; the day is locked."""
    _end(Booking.objects.filter(companion_of=booking, lane__official=official), now)


def free(booking: Booking, *, now: datetime) -> None:
    """Give back the time of all colleagues, because the booking has lost its term."""
    if booking.mode == Mode.VIDEO:
        free_all([booking.pk], now=now)


def free_all(bookings: Iterable[UUID], *, now: datetime) -> None:
    """The same for several bookings; their days are locked."""
    if wanted := list(bookings):
        _end(Booking.objects.filter(companion_of__in=wanted), now)


def lose(rows: Iterable[Booking], *, now: datetime, actor: int | None = None) -> None:
    """These colleagues cannot come: their time is free, and who leads the meeting is told."""
    for one in rows:
        _end(Booking.objects.filter(pk=one.pk), now)
        official = Lane.objects.only("official_id").get(pk=one.lane_id).official_id
        assert official is not None  # noqa: S101  # a companion is on an official's lane
        record(
            events.ColleagueFreed(
                office=one.office_id,
                at=now,
                actor=actor,
                booking=str(one.companion_of_id),
                official=official,
            )
        )


def is_free(office: Directory, official: Official, booking: Booking, *, now: datetime) -> bool:
    """Whether the official could come to the meeting of the booking as it is."""
    during = Interval(booking.starts_at, booking.ends_at)
    return bool(_free(office, official, [(booking.date, during)], now, booking.pk))


def carry(booking: Booking, *, now: datetime) -> None:
    """Let the colleagues follow to the booking's new term; both days are locked.

    Whoever is not free there gives the time back: that happens only where the term was not chosen
    among common ones, as a substitute that the office itself offered.
    """
    if booking.mode != Mode.VIDEO:
        return
    office = directory_by_id(booking.office_id)
    during = Interval(booking.starts_at, booking.ends_at)
    own = diaries.official_of(office, booking)
    for one in Booking.objects.filter(companion_of=booking, state=State.HELD):
        if (one.starts_at, one.ends_at) == (during.start, during.end) and one.lane_id != (
            booking.lane_id
        ):
            continue
        colleague = diaries.official_of(office, one)
        if colleague in {None, own}:
            _end(Booking.objects.filter(pk=one.pk), now)
            continue
        if not _free(office, colleague, [(booking.date, during)], now, booking.pk):
            lose([one], now=now)
            continue
        _let_go(one.lane_id, during, now)
        one.date, one.starts_at, one.ends_at = booking.date, during.start, during.end
        one.expires_at = during.end
        one.save(update_fields=["date", "starts_at", "ends_at", "expires_at"])


def colleagues_of(office: Directory, booking: UUID | None) -> list[Official]:
    """Who comes to the booking's meeting besides its own official."""
    if booking is None:
        return []
    rows = Booking.objects.filter(companion_of=booking, state=State.HELD)
    found = (diaries.official_of(office, one) for one in rows.only("lane_id").order_by("lane_id"))
    return [one for one in found if one]


def common(
    office: Directory,
    terms: list[Term],
    colleagues: Sequence[Official],
    *,
    now: datetime,
    besides: UUID | None = None,
) -> list[Term]:
    """Those of the terms at which all colleagues are free too; one SQL statement for each."""
    for colleague in colleagues:
        spans = [(one.day, Interval(one.starts_at, one.ends_at)) for one in terms]
        kept = _free(office, colleague, spans, now, besides)
        terms = [one for one in terms if (one.starts_at, one.ends_at) in kept]
    return terms


def must_be_free(office: Directory, during: During, *, now: datetime, of: UUID | None) -> None:
    """Look that the colleagues of a booking can follow it to this time. Raises TermTaken."""
    day = calendar.day_of(during.start, office.tz)
    for colleague in colleagues_of(office, of):
        if not _free(office, colleague, [(day, during)], now, of):
            raise TermTaken


def _free(
    office: Directory,
    official: Official | None,
    spans: Sequence[tuple[date, During]],
    now: datetime,
    besides: UUID | None,
) -> set[tuple[datetime, datetime]]:
    """Those of the times at which the official is at work and nothing is in the way."""
    if official is None or not spans:
        return set()
    days = sorted({day for day, _ in spans})
    rows = diaries.taken(
        office, [official], 1, (days[0], days[-1]), (now, now), besides, for_list=False
    )
    taken = {day: list(zip(starts, ends, strict=True)) for day, starts, ends, *_ in rows}
    hours = {
        day: [
            known
            for one in office.diary_hours(official, day)
            if (known := calendar.instants(one, day, office.tz))
        ]
        for day in days
    }
    return {
        (during.start, during.end)
        for day, during in spans
        if any(one.contains(during) for one in hours[day])
        and not _overlaps(during, taken.get(day, ()))
    }


def _overlaps(during: During, taken: Iterable[tuple[int, int]]) -> bool:
    start, end = (int(one.timestamp()) // 60 for one in (during.start, during.end))
    return any(begins < end and start < ends for begins, ends in taken)


def _let_go(lane: int, during: During, now: datetime) -> None:
    """End holds that ran out on the lane, which the constraint would still count."""
    over = Booking.objects.filter(
        lane=lane, state__in=EXPIRING, expires_at__lte=now, starts_at__lt=during.end
    )
    over.filter(ends_at__gt=during.start).update(state=State.EXPIRED, ended_at=now, expires_at=None)


def _end(rows: QuerySet[Booking], now: datetime) -> None:
    rows.filter(state=State.HELD).update(state=State.EXPIRED, ended_at=now, expires_at=None)
