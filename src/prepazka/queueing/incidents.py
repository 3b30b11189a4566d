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
from prepazka.queueing.refusals import AlreadyDown, IncidentOver, NothingNeedsIt


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
    told = _stop(made, fresh, services, now)
    record(
        events.IncidentDeclared(
            office=row.pk,
            at=now,
            actor=actor,
            incident=made.pk,
            system=system.pk,
            waiting=_waiting(fresh, services, now).count(),
            bookings=told,
        )
    )
    return made


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
    """Correct what is said of it while it lasts; returns how many bookings are told again.

    Those who were told are told again only if it should work again at another time. If it is
    another system, whom it does not concern is told that it works. Raises IncidentOver,
    AlreadyDown, NothingNeedsIt.
    """
    found = Incident.objects.select_related("system").get(pk=incident)
    row = Office.objects.select_for_update(no_key=True).get(pk=found.office_id)
    found.refresh_from_db()
    if found.ended_at:
        raise IncidentOver
    was, moved = found.system_id, found.expected_at != expected_at
    said = (system.pk, str(cause), dict(note), expected_at)
    if (was, found.cause, dict(found.note), found.expected_at) == said:
        return 0
    if was != system.pk and Incident.objects.filter(system=system, ended_at=None).exists():
        raise AlreadyDown
    lock_queue(row.pk)
    found.system, found.cause, found.note, found.expected_at = (
        system,
        cause,
        dict(note),
        expected_at,
    )
    found.save(update_fields=["system", "cause", "note", "expected_at"])
    Office.objects.filter(pk=row.pk).update(version=F("version") + 1)
    fresh = directory.read(row)
    services = [s.pk for s in fresh.stopped_by(found)]
    if not services:
        raise NothingNeedsIt
    if was != system.pk:
        _lift_from_others(found, was, fresh, services, now)
    told = _tell_again(found, now) if moved else 0
    if was != system.pk:
        _stop(found, fresh, services, now)
    record(
        events.IncidentChanged(
            office=row.pk,
            at=now,
            actor=actor,
            incident=found.pk,
            system=system.pk,
            was=was,
            expected=iso(expected_at),
            bookings=told,
        )
    )
    return told


def iso(expected_at: datetime | None) -> str:
    """When it should work again, as the journal keeps it."""
    return expected_at.isoformat() if expected_at else ""


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
    told = [one.booking_id for one in concerned(found, now)]
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


def concerned(incident: Incident, now: datetime) -> QuerySet[Warned]:
    """Those who were told and still wait or are to come as booked then."""
    return incident.warned.filter(
        Q(booking__state=BookingState.CONFIRMED, booking__ends_at__gt=now)
        | Q(booking__ticket__state__in=IN_QUEUE),
        booking__sequence=F("sequence"),
    )


def current_incident(booking: Booking) -> Incident | None:
    """What does not work at the moment and was to be told to the booking's person."""
    rows = Incident.objects.filter(ended_at=None, warned__booking=booking)
    return rows.select_related("system").last()


def _stop(incident: Incident, office: Directory, services: list[int], now: datetime) -> int:
    """Take back what was announced of the services, and tell those concerned; how many."""
    # It holds no more, and must not be judged.
    _waiting(office, services, now).update(p20=None, p50=None, p80=None, judged=True)
    told = _warn(incident, _here(office, services, now), now)
    return told + _warn(incident, _soon(office, services, incident.warn_hours, now), now)


def _tell_again(incident: Incident, now: datetime) -> int:
    """Those who were told learn the new time."""
    told = [one.booking_id for one in concerned(incident, now)]
    for booking in told:
        record(
            events.WarningChanged(
                office=incident.office_id,
                at=now,
                booking=str(booking),
                incident=incident.pk,
                expected=iso(incident.expected_at),
            )
        )
    return len(told)


def _lift_from_others(
    incident: Incident, was: int, office: Directory, services: list[int], now: datetime
) -> None:
    """Whom the other system does not concern is told that what was named before works."""
    others = (
        concerned(incident, now)
        .exclude(booking__in=_here(office, services, now))
        .exclude(booking__in=_soon(office, services, None, now))
    )
    for one in list(others):
        one.delete()  # should the first one be meant after all, they are told anew
        record(
            events.WarningLifted(
                office=incident.office_id,
                at=now,
                booking=str(one.booking_id),
                incident=incident.pk,
                system=was,
            )
        )


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
