"""Counting wrong PINs, under the lock of the office's day that every check-in takes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count, Q

from prepazka.booking.models import Booking
from prepazka.core import calendar, events, pin_guard
from prepazka.core.pin_guard import Asks, WrongPins
from prepazka.journal.record import record
from prepazka.offices.directory import Directory
from prepazka.offices.models import Device
from prepazka.queueing.models import WrongPin

KEPT = timedelta(days=2)


def asked_of(office: Directory, device: Device | None, *, now: datetime) -> Asks:
    """What the kiosk asks for beside the PIN; without a `device`, what the whole office does."""
    today = calendar.local_instant(calendar.day_of(now, office.tz), 0, office.tz)
    lately = Q(at__gt=now - pin_guard.KIOSK_WITHIN)
    since = min(today, now - pin_guard.KIOSK_WITHIN)
    rows = WrongPin.objects.filter(office=office.office, at__gte=since, at__lte=now)
    counts = rows.aggregate(
        kiosk=Count("pk", filter=lately & Q(device=device) if device else Q(pk=None)),
        office=Count("pk", filter=Q(at__gte=today)),
        answered=Count("pk", filter=Q(at__gte=today, answered=True)),
    )
    return pin_guard.asks(WrongPins(**counts))


def matching(bookings: Iterable[Booking], second: str, asked: Asks) -> list[Booking]:
    """Of the bookings with a PIN those that the second answer fits."""
    return [one for one in bookings if pin_guard.answers(second, str(one.pk), one.phone, asked)]


def note_wrong(office: Directory, device: Device, asked: Asks, *, now: datetime) -> None:
    """Count a wrong PIN; the journal says so when the kiosk asks for more from now on."""
    WrongPin.objects.filter(office=office.office, at__lt=now - KEPT).delete()
    WrongPin.objects.create(
        office=office.office, device=device, at=now, answered=asked is not Asks.NOTHING
    )
    asks = asked_of(office, device, now=now)
    if asks is not asked:
        record(
            events.PinGuardRaised(
                office=office.office.pk, at=now, device=device.pk, asks=asks.value
            )
        )


def guarded_kiosks(office: Directory, *, now: datetime) -> list[Device]:
    """The kiosks that ask for more than the PIN now, for the staff."""
    kiosks = Device.objects.filter(
        office=office.office, kind=Device.Kind.KIOSK, retired=False
    ).order_by("position", "code")
    return [one for one in kiosks if asked_of(office, one, now=now) is not Asks.NOTHING]
