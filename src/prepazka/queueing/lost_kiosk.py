"""Reporting a kiosk lost or stolen: it is disconnected, and PINs that it held are replaced."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max

from prepazka.booking.booking_locks import lock_days
from prepazka.booking.models import Booking, BookingState, ReplacedPin
from prepazka.booking.transitions import change_pin
from prepazka.core import calendar, events
from prepazka.journal.record import record
from prepazka.offices import devices
from prepazka.offices.models import Device, Mode
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import OfflineGrant

# A renewal under way when the last one's time was read may hold PINs that are this much newer.
RENEWAL_LASTS = timedelta(minutes=5)


@transaction.atomic
def report_kiosk_lost(*, office: OfficeSnapshot, device: int, now: datetime, actor: int) -> int:
    """Disconnect the kiosk and replace the PINs it held; returns how many bookings have a new one.

    Each of these people gets a message with the new PIN. A second report changes nothing.
    """
    kiosk = Device.objects.select_for_update(no_key=True).get(pk=device, office=office.row)
    if kiosk.lost_at is not None:
        return 0
    renewals = _renewals(kiosk, office, now)
    lock_days(office.office_id, sorted(renewals))
    # Read under the lock of the days: a check-in at another kiosk happens before or after this.
    held = bookings_on_kiosk(office, kiosk, now=now)
    today = calendar.day_of(now, office.tz)
    ReplacedPin.objects.filter(office=office.row, date__lt=today).delete()
    for booking in held:
        change_pin(booking, now=now, actor=actor)
    devices.revoke_pairing(device=kiosk.pk, now=now, actor=actor)
    # Even if the kiosk's browser was replaced before, because the lost one may be the earlier one.
    Device.objects.filter(pk=kiosk.pk).update(lost_at=now, revoked_at=now)
    record(
        events.KioskLost(
            office=office.office_id, device=kiosk.pk, at=now, actor=actor, bookings=len(held)
        )
    )
    return len(held)


def bookings_on_kiosk(office: OfficeSnapshot, kiosk: Device, *, now: datetime) -> list[Booking]:
    """Bookings to come whose PINs the kiosk's grants hold, in order of time."""
    held: list[Booking] = []
    for day, renewed_at in _renewals(kiosk, office, now).items():
        rows = Booking.objects.filter(
            office=office.row,
            date=day,
            state=BookingState.CONFIRMED,
            mode=Mode.PERSON,
            confirmed_at__lte=renewed_at + RENEWAL_LASTS,
        ).exclude(pin="")
        held += [
            booking
            for booking in rows.order_by("starts_at", "pk")
            if office.rules_of(office.services[booking.service_id]).counts_until(booking.ends_at)
            > now
        ]
    return held


def count_refused_entries(kiosk: Device) -> int:
    """How many entries of its log the kiosk has sent since it was reported lost; all refused."""
    grants = OfflineGrant.objects.filter(device=kiosk, made_at__lt=kiosk.revoked_at)
    return sum(grants.values_list("refused", flat=True)) if kiosk.revoked_at else 0


def _renewals(kiosk: Device, office: OfficeSnapshot, now: datetime) -> dict[date, datetime]:
    """The last renewal of the kiosk's list by day, for days from today on."""
    grants = OfflineGrant.objects.filter(device=kiosk, date__gte=calendar.day_of(now, office.tz))
    days = grants.values("date").annotate(last=Max("renewed_at")).order_by("date")
    return {row["date"]: row["last"] for row in days}
