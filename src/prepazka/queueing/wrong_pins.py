"""Counting wrong PINs under the lock of the office's day, which every check-in takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from prepazka.booking.models import Booking
from prepazka.core import calendar, events, pin_guard
from prepazka.core.pin_guard import Asks, WrongPins
from prepazka.journal.record import record
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import WrongPin

KEPT = timedelta(days=2)


def questions_of(office: OfficeSnapshot, device: Device | None, *, now: datetime) -> Asks:
    """What the kiosk asks for besides the PIN; without a `device`, what all kiosks ask for."""
    today = calendar.local_instant(calendar.day_of(now, office.tz), 0, office.tz)
    lately = Q(at__gt=now - pin_guard.KIOSK_WITHIN)
    since = min(today, now - pin_guard.KIOSK_WITHIN)
    rows = WrongPin.objects.filter(office=office.row, at__gte=since, at__lte=now)
    counts = rows.aggregate(
        kiosk=Count("pk", filter=lately & Q(device=device) if device else Q(pk=None)),
        office=Count("pk", filter=Q(at__gte=today)),
        answered=Count("pk", filter=Q(at__gte=today, answered=True)),
    )
    return pin_guard.questions_after(WrongPins(**counts))


def matching_bookings(
    bookings: Iterable[Booking], second_answer: str, guard: Asks
) -> list[Booking]:
    """The bookings that the second answer fits."""
    return [
        booking
        for booking in bookings
        if pin_guard.is_right_answer(second_answer, str(booking.pk), booking.phone, guard)
    ]


def note_wrong_pin(office: OfficeSnapshot, device: Device, guard: Asks, *, now: datetime) -> None:
    """Count a wrong PIN, and record when the kiosk or the whole office begins to ask for more.

    The caller has locked the office's day, so that the day's limit is recorded once.
    """
    WrongPin.objects.filter(office=office.row, at__lt=now - KEPT).delete()
    WrongPin.objects.create(
        office=office.row, device=device, at=now, answered=guard is not Asks.NOTHING
    )
    asks = questions_of(office, device, now=now)
    if asks is not guard:
        record(
            events.PinGuardRaised(
                office=office.office_id, at=now, device=device.pk, asks=asks.value
            )
        )
    if _wrong_today(office, now) == pin_guard.OFFICE_WRONG:
        record(events.DayOfWrongPins(office=office.office_id, at=now, wrong=pin_guard.OFFICE_WRONG))


def _wrong_today(office: OfficeSnapshot, now: datetime) -> int:
    today = calendar.local_instant(calendar.day_of(now, office.tz), 0, office.tz)
    return WrongPin.objects.filter(office=office.row, at__gte=today, at__lte=now).count()


@dataclass(frozen=True)
class GuardedKiosk:
    """A kiosk that asks for more than the PIN, and from when until when."""

    device: Device
    since: datetime
    until: datetime


def guarded_kiosks(office: OfficeSnapshot, *, now: datetime) -> list[GuardedKiosk]:
    """The kiosks that ask for more than the PIN now, for staff."""
    today = calendar.local_instant(calendar.day_of(now, office.tz), 0, office.tz)
    since = min(today, now - pin_guard.KIOSK_WITHIN)
    rows = list(
        WrongPin.objects.filter(office=office.row, at__gte=since, at__lte=now)
        .order_by("at")
        .values_list("device", "at", "answered")
    )
    if len(rows) < pin_guard.KIOSK_WRONG:
        return []
    office_times = [at for _, at, _ in rows if at >= today]
    answered_times = [at for _, at, answered in rows if at >= today and answered]
    kiosks = Device.objects.filter(
        office=office.row, kind=Device.Kind.KIOSK, retired=False
    ).order_by("position", "code")
    guarded = []
    for kiosk in kiosks:
        kiosk_times = [at for device, at, _ in rows if device == kiosk.pk]
        during = pin_guard.guarded_during(kiosk_times, office_times, answered_times, now=now)
        if during is not None:
            guarded.append(GuardedKiosk(kiosk, during.start, during.end))
    return guarded


def day_limit_since(office: OfficeSnapshot, *, now: datetime) -> datetime | None:
    """When the wrong PINs of today reached the limit of the office; None if they have not."""
    today = calendar.local_instant(calendar.day_of(now, office.tz), 0, office.tz)
    rows = WrongPin.objects.filter(office=office.row, at__gte=today, at__lte=now)
    times = rows.order_by("at").values_list("at", flat=True)
    return next(iter(times[pin_guard.OFFICE_WRONG - 1 : pin_guard.OFFICE_WRONG]), None)
