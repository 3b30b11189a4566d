"""A system that services need is down: they wait, people are told, and then it all goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from prepazka.booking.models import Booking
from prepazka.booking.models import State as BookingState
from prepazka.core import calendar, events
from prepazka.journal.record import record
from prepazka.offices import directory
from prepazka.offices.directory import Directory
from prepazka.offices.models import Incident, Office, System
from prepazka.queueing.locks import lock_queue
from prepazka.queueing.models import IN_QUEUE, Ticket, Warned
from prepazka.queueing.refusals import NothingNeedsIt


@dataclass(frozen=True)
class Touched:
    """Whom an incident concerns at this moment."""

    waiting: int  # tickets in the queue
    booked: int  # booked for the hours in which people are told, and not here yet
    told: int  # of both, those who get a message


def touched(*, office: Directory, system: System, warn_hours: int | None, now: datetime) -> Touched:
    """Whom it would concern, were it declared now. Reads only."""
    services = [s.pk for s in office.needing(system.pk)]
    reached = ~Q(email="", phone="")
    soon = _soon(office, services, warn_hours, now)
    here = _here(office, services, now)
    return Touched(
        waiting=_waiting(office, services, now).count(),
        booked=soon.count(),
        told=soon.filter(reached).count() + here.filter(reached).count(),
    )


@transaction.atomic
def declare_incident(
    *,
    office: Directory,
    system: System,
    cause: Incident.Cause,
    now: datetime,
    actor: int,
    note: Mapping[str, str] | None = None,
    expected_at: datetime | None = None,
    warn_hours: int | None = None,
) -> Incident:
    """Pause the services that need the system, and tell those who wait and are booked soon.

    Declared again while it lasts, it is the same incident. Raises NothingNeedsIt.
    """
    row = Office.objects.select_for_update(no_key=True).get(pk=office.office.pk)
    known = Incident.objects.filter(system=system, ended_at=None).first()
    if known:
        return known
    lock_queue(row.pk)
    made = Incident.objects.create(
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
    fresh = directory.read(row)
    services = [s.pk for s in fresh.stopped_by(made)]
    if not services:
        raise NothingNeedsIt
    waiting = _waiting(fresh, services, now)
    # What was announced to them holds no more, and must not be judged.
    waiting.update(p20=None, p50=None, p80=None, judged=True)
    told = _warn(made, _here(fresh, services, now), now)
    told += _warn(made, _soon(fresh, services, warn_hours, now), now)
    record(
        events.IncidentDeclared(
            office=row.pk,
            at=now,
            actor=actor,
            incident=made.pk,
            system=system.pk,
            waiting=waiting.count(),
            bookings=told,
        )
    )
    return made


@transaction.atomic
def warn_booked(*, incident: int, now: datetime) -> int:
    """Tell those whose term has come near since; each once. Returns how many."""
    found = Incident.objects.select_related("office").get(pk=incident)
    row = Office.objects.select_for_update(no_key=True).get(pk=found.office_id)
    found.refresh_from_db(fields=["ended_at"])
    if found.ended_at:
        return 0
    office = directory.directory(row)
    services = [s.pk for s in office.stopped_by(found)]
    return _warn(found, _soon(office, services, found.warn_hours, now), now)


@transaction.atomic
def end_incident(*, incident: int, now: datetime, actor: int) -> Incident:
    """The system works again: services go on, and whoever was told is told so. May be repeated."""
    found = Incident.objects.select_related("system").get(pk=incident)
    Office.objects.select_for_update(no_key=True).get(pk=found.office_id)
    found.refresh_from_db(fields=["ended_at"])
    if found.ended_at:
        return found
    lock_queue(found.office_id)
    found.ended_at = now
    found.save(update_fields=["ended_at"])
    Office.objects.filter(pk=found.office_id).update(version=F("version") + 1)
    told = list(
        found.warned.filter(
            Q(booking__state=BookingState.CONFIRMED, booking__ends_at__gt=now)
            | Q(booking__ticket__state__in=IN_QUEUE),
            booking__sequence=F("sequence"),
        ).values_list("booking", flat=True)
    )
    for booking in told:
        record(
            events.WarningLifted(
                office=found.office_id, at=now, booking=str(booking), incident=found.pk
            )
        )
    record(
        events.IncidentEnded(
            office=found.office_id,
            at=now,
            actor=actor,
            incident=found.pk,
            system=found.system_id,
            bookings=len(told),
        )
    )
    return found


def _warn(incident: Incident, bookings: QuerySet[Booking], now: datetime) -> int:
    """Note and record each booking that was not told of the incident yet."""
    fresh = list(bookings.exclude(warnings__incident=incident))
    Warned.objects.bulk_create(
        Warned(incident=incident, booking=one, sequence=one.sequence) for one in fresh
    )
    for one in fresh:
        record(
            events.BookingWarned(
                office=incident.office_id, at=now, booking=str(one.pk), incident=incident.pk
            )
        )
    return len(fresh)


def _waiting(office: Directory, services: list[int], now: datetime) -> QuerySet[Ticket]:
    return Ticket.objects.filter(
        office=office.office,
        date=calendar.day_of(now, office.tz),
        service__in=services,
        state__in=IN_QUEUE,
    )


def _here(office: Directory, services: list[int], now: datetime) -> QuerySet[Booking]:
    """Bookings of those who have come and wait."""
    return Booking.objects.filter(ticket__in=_waiting(office, services, now))


def _soon(
    office: Directory, services: list[int], warn_hours: int | None, now: datetime
) -> QuerySet[Booking]:
    """Bookings of today that begin within the hours, or have begun and still hold."""
    found = Booking.objects.filter(
        office=office.office,
        date=calendar.day_of(now, office.tz),
        service__in=services,
        state=BookingState.CONFIRMED,
        ends_at__gt=now,
    ).order_by("starts_at", "pk")
    if warn_hours is None:
        return found
    return found.filter(starts_at__lt=now + timedelta(hours=warn_hours))
