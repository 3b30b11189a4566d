"""Incidents: a system that services need is down, its services pause and people are warned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from prepazka.booking.models import Booking, BookingState
from prepazka.core import calendar, events
from prepazka.journal.record import record
from prepazka.offices import office_snapshot
from prepazka.offices.models import Incident, Office, System
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import IN_QUEUE, IncidentNotice, Ticket
from prepazka.queueing.queue_locks import lock_queue
from prepazka.queueing.refusals import AlreadyDown, IncidentOver, NothingNeedsIt


@dataclass(frozen=True)
class Touched:
    """How many people an incident concerns at this moment."""

    waiting: int  # tickets in the queue
    booked: int  # bookings within the hours of warning, not arrived yet
    told: int  # those of both who get a message


def count_affected(
    *, office: OfficeSnapshot, system: System, warn_hours: int | None, now: datetime
) -> Touched:
    """How many people an incident declared now would concern. Reads only."""
    services = [s.pk for s in office.needing(system.pk)]
    reachable = ~Q(email="", phone="")
    soon = _bookings_soon(office, services, warn_hours, now)
    waiting_bookings = _bookings_waiting(office, services, now)
    return Touched(
        waiting=_tickets_waiting(office, services, now).count(),
        booked=soon.count(),
        told=soon.filter(reachable).count() + waiting_bookings.filter(reachable).count(),
    )


@transaction.atomic
def declare_incident(
    *,
    office: OfficeSnapshot,
    system: System,
    cause: Incident.Cause,
    now: datetime,
    actor: int,
    note: Mapping[str, str] | None = None,
    expected_at: datetime | None = None,
    warn_hours: int | None = None,
) -> Incident:
    """Pause the services that need the system, and warn those who wait or are booked soon.

    Declaring it again while it lasts returns the same incident. Raises NothingNeedsIt.
    """
    row = Office.objects.select_for_update(no_key=True).get(pk=office.office_id)
    lasting = Incident.objects.filter(system=system, ended_at=None).first()
    if lasting:
        return lasting
    lock_queue(row.pk)
    declared = Incident.objects.create(
        office=row,
        system=system,
        cause=cause,
        note=dict(note or {}),
        expected_at=expected_at,
        warn_hours=warn_hours,
        began_at=now,
        began_by_id=actor,
    )
    Office.objects.filter(pk=row.pk).update(version=F("version") + 1)
    office_now = office_snapshot.read_snapshot(row)
    services = [s.pk for s in office_now.stopped_by(declared)]
    if not services:
        raise NothingNeedsIt
    told_count = _tell_stopped(declared, office_now, services, now)
    record(
        events.IncidentDeclared(
            office=row.pk,
            at=now,
            actor=actor,
            incident=declared.pk,
            system=system.pk,
            waiting=_tickets_waiting(office_now, services, now).count(),
            bookings=told_count,
        )
    )
    return declared


@transaction.atomic
def change_incident(
    *,
    incident: int,
    system: System,
    cause: Incident.Cause,
    note: Mapping[str, str],
    expected_at: datetime | None,
    now: datetime,
    actor: int,
) -> int:
    """Correct an incident while it lasts; returns how many bookings are warned again.

    People who were warned get another message only if the expected end changes. If the system
    changes, those whom it does not concern are told that theirs works. Raises IncidentOver,
    AlreadyDown, NothingNeedsIt.
    """
    incident_row = Incident.objects.select_related("system").get(pk=incident)
    row = Office.objects.select_for_update(no_key=True).get(pk=incident_row.office_id)
    incident_row.refresh_from_db()
    if incident_row.ended_at:
        raise IncidentOver
    system_before, time_changed = incident_row.system_id, incident_row.expected_at != expected_at
    corrected = (system.pk, str(cause), dict(note), expected_at)
    if (
        system_before,
        incident_row.cause,
        dict(incident_row.note),
        incident_row.expected_at,
    ) == corrected:
        return 0
    if (
        system_before != system.pk
        and Incident.objects.filter(system=system, ended_at=None).exists()
    ):
        raise AlreadyDown
    lock_queue(row.pk)
    incident_row.system, incident_row.cause, incident_row.note, incident_row.expected_at = (
        system,
        cause,
        dict(note),
        expected_at,
    )
    incident_row.save(update_fields=["system", "cause", "note", "expected_at"])
    Office.objects.filter(pk=row.pk).update(version=F("version") + 1)
    office_now = office_snapshot.read_snapshot(row)
    services = [s.pk for s in office_now.stopped_by(incident_row)]
    if not services:
        raise NothingNeedsIt
    if system_before != system.pk:
        _lift_from_others(incident_row, system_before, office_now, services, now)
    told_count = _tell_again(incident_row, now) if time_changed else 0
    if system_before != system.pk:
        _tell_stopped(incident_row, office_now, services, now)
    record(
        events.IncidentChanged(
            office=row.pk,
            at=now,
            actor=actor,
            incident=incident_row.pk,
            system=system.pk,
            was=system_before,
            expected=iso_or_blank(expected_at),
            bookings=told_count,
        )
    )
    return told_count


def iso_or_blank(expected_at: datetime | None) -> str:
    """The expected end in ISO format, as in the journal; "" where it is unknown."""
    return expected_at.isoformat() if expected_at else ""


@transaction.atomic
def warn_booked(*, incident: int, now: datetime) -> int:
    """Warn those whose appointment has come near since, each once. Returns how many."""
    incident_row = Incident.objects.select_related("office").get(pk=incident)
    row = Office.objects.select_for_update(no_key=True).get(pk=incident_row.office_id)
    incident_row.refresh_from_db(fields=["ended_at"])
    if incident_row.ended_at:
        return 0
    office = office_snapshot.snapshot_of(row)
    services = [s.pk for s in office.stopped_by(incident_row)]
    return _warn_once(
        incident_row, _bookings_soon(office, services, incident_row.warn_hours, now), now
    )


@transaction.atomic
def end_incident(*, incident: int, now: datetime, actor: int) -> Incident:
    """End the incident: services go on, and people who were warned are told. May be repeated."""
    incident_row = Incident.objects.select_related("system").get(pk=incident)
    Office.objects.select_for_update(no_key=True).get(pk=incident_row.office_id)
    incident_row.refresh_from_db(fields=["ended_at"])
    if incident_row.ended_at:
        return incident_row
    lock_queue(incident_row.office_id)
    incident_row.ended_at = now
    incident_row.save(update_fields=["ended_at"])
    Office.objects.filter(pk=incident_row.office_id).update(version=F("version") + 1)
    told_bookings = [warned.booking_id for warned in notices_still_due(incident_row, now)]
    for booking in told_bookings:
        record(
            events.WarningLifted(
                office=incident_row.office_id,
                at=now,
                booking=str(booking),
                incident=incident_row.pk,
            )
        )
    record(
        events.IncidentEnded(
            office=incident_row.office_id,
            at=now,
            actor=actor,
            incident=incident_row.pk,
            system=incident_row.system_id,
            bookings=len(told_bookings),
        )
    )
    return incident_row


def notices_still_due(incident: Incident, now: datetime) -> QuerySet[IncidentNotice]:
    """Warnings of people who still wait, or whose booking is unchanged since."""
    return incident.notices.filter(
        Q(booking__state=BookingState.CONFIRMED, booking__ends_at__gt=now)
        | Q(booking__ticket__state__in=IN_QUEUE),
        booking__sequence=F("sequence"),
    )


def current_incident(booking: Booking) -> Incident | None:
    """The present incident of which the booking's person was warned; None without one."""
    rows = Incident.objects.filter(ended_at=None, notices__booking=booking)
    return rows.select_related("system").last()


def _tell_stopped(
    incident: Incident, office: OfficeSnapshot, services: list[int], now: datetime
) -> int:
    """Withdraw announced waits of the services and warn those concerned; returns how many."""
    # Announced waits no longer hold, and the calibration must not judge them.
    _tickets_waiting(office, services, now).update(p20=None, p50=None, p80=None, judged=True)
    told_count = _warn_once(incident, _bookings_waiting(office, services, now), now)
    return told_count + _warn_once(
        incident, _bookings_soon(office, services, incident.warn_hours, now), now
    )


def _tell_again(incident: Incident, now: datetime) -> int:
    """Record a warning with the new expected end for everybody who was warned."""
    told_bookings = [warned.booking_id for warned in notices_still_due(incident, now)]
    for booking in told_bookings:
        record(
            events.WarningChanged(
                office=incident.office_id,
                at=now,
                booking=str(booking),
                incident=incident.pk,
                expected=iso_or_blank(incident.expected_at),
            )
        )
    return len(told_bookings)


def _lift_from_others(
    incident: Incident,
    system_before: int,
    office: OfficeSnapshot,
    services: list[int],
    now: datetime,
) -> None:
    """Tell those whom the new system does not concern that the one named before works."""
    unconcerned = (
        notices_still_due(incident, now)
        .exclude(booking__in=_bookings_waiting(office, services, now))
        .exclude(booking__in=_bookings_soon(office, services, None, now))
    )
    for warned in list(unconcerned):
        warned.delete()  # should the first one be meant after all, they are told anew
        record(
            events.WarningLifted(
                office=incident.office_id,
                at=now,
                booking=str(warned.booking_id),
                incident=incident.pk,
                system=system_before,
            )
        )


def _warn_once(incident: Incident, bookings: QuerySet[Booking], now: datetime) -> int:
    """Record a warning for each booking without one; returns how many."""
    unwarned = list(bookings.exclude(incident_notices__incident=incident))
    IncidentNotice.objects.bulk_create(
        IncidentNotice(incident=incident, booking=booking, sequence=booking.sequence)
        for booking in unwarned
    )
    for booking in unwarned:
        record(
            events.BookingWarned(
                office=incident.office_id, at=now, booking=str(booking.pk), incident=incident.pk
            )
        )
    return len(unwarned)


def _tickets_waiting(
    office: OfficeSnapshot, services: list[int], now: datetime
) -> QuerySet[Ticket]:
    return Ticket.objects.filter(
        office=office.row,
        date=calendar.day_of(now, office.tz),
        service__in=services,
        state__in=IN_QUEUE,
    )


def _bookings_waiting(
    office: OfficeSnapshot, services: list[int], now: datetime
) -> QuerySet[Booking]:
    """Bookings of people who have arrived and wait."""
    return Booking.objects.filter(ticket__in=_tickets_waiting(office, services, now))


def _bookings_soon(
    office: OfficeSnapshot, services: list[int], warn_hours: int | None, now: datetime
) -> QuerySet[Booking]:
    """Confirmed bookings of today that begin within the hours, or are not over yet."""
    bookings = Booking.objects.filter(
        office=office.row,
        date=calendar.day_of(now, office.tz),
        service__in=services,
        state=BookingState.CONFIRMED,
        ends_at__gt=now,
    ).order_by("starts_at", "pk")
    if warn_hours is None:
        return bookings
    return bookings.filter(starts_at__lt=now + timedelta(hours=warn_hours))
