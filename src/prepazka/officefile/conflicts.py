"""Conflicts of an office with its live bookings, tickets, shifts and waiting list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from prepazka.booking.models import (
    EXPIRING,
    OPEN,
    RETURNING,
    Booking,
    BookingState,
    WaitingListEntry,
)
from prepazka.booking.waiting_list import ENDED
from prepazka.core import calendar
from prepazka.core.interval import Interval
from prepazka.offices.models import Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Shift, Ticket

COMING = (BookingState.HELD, *OPEN, BookingState.ARRIVED)


@dataclass(frozen=True)
class Conflict:
    """A visit that no longer fits; `reference` is a booking's id, a ticket or a counter."""

    reference: str
    when: str
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.what} {self.reference} ({self.when}): {self.why}"


def conflicts(office: OfficeSnapshot, *, now: datetime) -> list[Conflict]:
    """Future bookings, today's tickets, open counters and entries that no longer fit the office."""
    waits = [
        Conflict(str(entry.pk), f"{entry.service.code}, {entry.from_date}", "waiting list", why)
        for entry, why in unmet_waits(office, now)
    ]
    return [*_bookings(office, now), *_tickets(office, now), *_shifts(office), *waits]


def unmet_waits(office: OfficeSnapshot, now: datetime) -> list[tuple[WaitingListEntry, str]]:
    """Entries of the waiting list for services no longer offered, each with the reason."""
    rows = WaitingListEntry.objects.filter(
        office=office.row, to_date__gte=calendar.day_of(now, office.tz)
    ).exclude(state__in=ENDED)
    checked = (
        (row, _why_entry_does_not_fit(office, row)) for row in rows.order_by("queued_at", "pk")
    )
    return [(row, why) for row, why in checked if why]


def _why_entry_does_not_fit(office: OfficeSnapshot, entry: WaitingListEntry) -> str:
    service = office.services[entry.service_id]
    if service.retired:
        return "its service is no longer in the file"
    if not service.bookable:
        return "its service can no longer be booked"
    if not office.rules_of(service).waiting_list:
        return "its service has no waiting list any more"
    if not office.counters_for(service.pk):
        return "no counter serves it any more"
    official = office.officials[entry.official_id] if entry.official_id else None
    return _why_not_with_official(office, service, official) if official else ""


def _why_not_with_official(office: OfficeSnapshot, service: Service, official: Official) -> str:
    if official.retired:
        return f"{official.code} is no longer in the file"
    if official not in office.officials_for(service.pk):
        return f"{official.code} does not have its topic any more"
    return ""


def _bookings(office: OfficeSnapshot, now: datetime) -> list[Conflict]:
    rows = Booking.objects.filter(office=office.row, state__in=COMING, ends_at__gt=now).exclude(
        RETURNING | Q(state__in=EXPIRING) & Q(expires_at__lte=now) | Q(companion_of__isnull=False)
    )
    unfit = []
    for booking in rows.select_related("lane").order_by("starts_at", "pk"):
        why = _why_booking_does_not_fit(office, booking)
        if why:
            local = booking.starts_at.astimezone(office.tz)
            service = office.services[booking.service_id].code
            unfit.append(
                Conflict(str(booking.pk), f"{service}, {local:%Y-%m-%d %H:%M}", "booking", why)
            )
    return unfit


def _why_booking_does_not_fit(office: OfficeSnapshot, booking: Booking) -> str:
    """Why the booking no longer fits; empty if it does."""
    service = office.services[booking.service_id]
    if service.retired:
        return "its service is no longer in the file"
    if not service.bookable:
        return "its service can no longer be booked"
    if why := _why_lane_does_not_fit(office, booking):
        return why
    if not office.counters_for(service.pk):
        return "no counter serves it any more"
    if not _within_hours(office, booking):
        return "it is outside the booking hours of that day"
    return ""


def _why_lane_does_not_fit(office: OfficeSnapshot, booking: Booking) -> str:
    service, lane = office.services[booking.service_id], booking.lane
    quota, why = office.rules_of(service).quota, ""
    if lane.official_id:
        why = _why_not_with_official(office, service, office.officials[lane.official_id])
    elif office.officials_for(service.pk):
        why = "its service is now booked with officials"
    elif lane.agenda_id != service.agenda_id:
        why = "its service has moved to another agenda"
    elif lane.number >= quota:
        why = f"it has place {lane.number + 1}, the quota is now {quota}"
    return why


def _within_hours(office: OfficeSnapshot, booking: Booking) -> bool:
    booked_time = Interval(booking.starts_at, booking.ends_at)
    service = office.services[booking.service_id]
    if booking.lane.official_id:
        official = office.officials[booking.lane.official_id]
        hours = office.opening_hours.of_official(
            official.pk, service.pk, booking.date, booking.mode
        )
    else:
        hours = office.opening_hours.bookable(service.pk, booking.date, booking.mode)
    return any(
        opening.contains(booked_time)
        for minutes in hours
        if (opening := calendar.instants_of_minutes(minutes, booking.date, office.tz))
    )


def _tickets(office: OfficeSnapshot, now: datetime) -> list[Conflict]:
    today = calendar.day_of(now, office.tz)
    rows = Ticket.objects.filter(office=office.row, date=today, state__in=(*IN_QUEUE, *AT_COUNTER))
    unfit = []
    for ticket in rows.order_by("pk"):
        service = office.services[ticket.service_id]
        why = ""
        if service.retired:
            why = "its service is no longer in the file"
        elif not office.counters_for(service.pk):
            why = "no counter serves it any more"
        elif ticket.for_counter_id and office.counters[ticket.for_counter_id].retired:
            why = "the counter it was sent to is no longer in the file"
        if why:
            unfit.append(Conflict(ticket.label, f"{service.code}, today", "ticket", why))
    return unfit


def _shifts(office: OfficeSnapshot) -> list[Conflict]:
    rows = Shift.objects.filter(office=office.row, closed_at=None, counter__retired=True)
    return [
        Conflict(shift.counter.number, "open now", "counter", "it is no longer in the file")
        for shift in rows.select_related("counter").order_by("pk")
    ]
