"""What browsers get, while on-line, to go on with when they are cut off (docs/offline.md)."""

from __future__ import annotations

import hashlib
from collections import Counter as Tally
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from prepazka.booking.models import Booking
from prepazka.booking.models import State as BookingState
from prepazka.core import calendar, discipline, events, offline
from prepazka.journal.record import record
from prepazka.offices.directory import Directory
from prepazka.offices.models import Device, Mode
from prepazka.queueing.locks import lock_queue, lock_series
from prepazka.queueing.models import (
    BLOCK,
    ENOUGH,
    HEARD,
    IN_QUEUE,
    OFFLINE_FROM,
    CallLease,
    NumberLease,
    NumberSeries,
    OfflineGrant,
    Shift,
    State,
    Ticket,
)
from prepazka.queueing.turns import policy_of, stopped_now, waiting

MOST_CALLS = 60  # on one console's list
AT_LEAST = timedelta(hours=8)
PINS_OF = (
    BookingState.UNCONFIRMED,
    BookingState.CONFIRMED,
    BookingState.ARRIVED,
    BookingState.SERVED,
    BookingState.NO_SHOW,
    BookingState.CANCELLED_BY_CITIZEN,
    BookingState.CANCELLED_BY_OFFICE,
)


@dataclass(frozen=True)
class CallList:
    """A console's grant, its own tickets in the order of turn, and its share of unknown numbers."""

    grant: OfflineGrant
    tickets: list[discipline.Waiting]
    labels: dict[int, str]
    shares: list[dict[str, Any]]


@transaction.atomic
def lease_numbers(
    *, office: Directory, device: Device, browser: str, now: datetime
) -> OfflineGrant:
    """Give or renew a kiosk's right to go on alone today, with enough numbers of each letter."""
    return _with_numbers(office, _renewed(office, now, _token(device, browser), device=device), now)


def lease_tomorrow(
    *, office: Directory, device: Device, browser: str, now: datetime
) -> OfflineGrant | None:
    """In the evening a kiosk gets the next day's right too, so that it never has less than eight hours."""
    day = calendar.day_of(now, office.tz) + timedelta(days=1)
    midnight = calendar.local_instant(day, 0, office.tz)
    if midnight - now >= AT_LEAST:
        return None
    return _lease_day(office=office, device=device, browser=browser, day=day, now=now)


@transaction.atomic
def _lease_day(
    *, office: Directory, device: Device, browser: str, day: date, now: datetime
) -> OfflineGrant:
    grant = _renewed(office, now, _token(device, browser), day, device=device)
    return _with_numbers(office, grant, now)


def _token(device: Device, browser: str) -> str:
    return f"{device.token_hash}:{browser}"


def _with_numbers(office: Directory, grant: OfflineGrant, now: datetime) -> OfflineGrant:
    letters = {office.agenda_of(s).letter for s in office.offered_services()}
    used = _numbers_left(grant)
    short = sorted(letter for letter in letters if used.get(letter, 0) < ENOUGH)
    if short:
        lock_queue(office.office.pk)
        for letter in short:
            if _numbers_left(grant).get(letter, 0) < ENOUGH:
                _lease_block(grant, letter, now)
    return grant


def pin_list(grant: OfflineGrant, office: Directory) -> list[dict[str, Any]]:
    """Today's PINs as the kiosk may keep them: hidden, with window, rules, letter and state.

    `ticket` is the ticket that was called in vain, for its words; None for all others.
    """
    booked = Booking.objects.filter(office=office.office, date=grant.date, state__in=PINS_OF)
    booked = booked.filter(mode=Mode.PERSON).select_related("ticket")
    found = []
    for one in booked.exclude(pin__isnull=True).exclude(pin=""):
        service = office.services[one.service_id]
        rules = office.rules_of(service)
        ticket = getattr(one, "ticket", None)
        missed = ticket if ticket and ticket.state == State.NO_SHOW else None
        found.append(
            {
                "h": grant.hide(str(one.pin)),
                "start": one.starts_at.isoformat(),
                "end": one.ends_at.isoformat(),
                "early": rules.early_min,
                "late": rules.late_min,
                "state": one.state,
                "missed": missed is not None,
                "returned": missed is not None and missed.pin_returned_at is not None,
                "ticket": missed,
                "letter": office.agenda_of(service).letter,
                "service": service.code,
            }
        )
    return sorted(found, key=lambda entry: str(entry["h"]))


@transaction.atomic
def renew(*, office: Directory, shift: Shift, browser: str, ack: int, now: datetime) -> CallList:
    """Renew a console's list; `ack` is the version its browser now has, so what left it is free."""
    lock_queue(office.office.pk)
    grant = _renewed(office, now, f"{shift.pk}:{browser}", shift=shift)
    grant.calls.filter(leaving__lte=ack).delete()
    stopped = stopped_now(office.office.pk)
    queue = {w.ticket: w for w in waiting(office, now) if w.service not in stopped}
    order = [
        c.ticket for c in discipline.ordered(queue.values(), policy=policy_of(office), now=now)
    ]
    leases = list(CallLease.objects.filter(office=office.office).select_related("grant__shift"))
    counters = _live_counters(office, leases, now) | {shift.counter_id}
    mine = {
        lease.ticket_id for lease in leases if lease.grant_id == grant.pk and lease.leaving is None
    }
    leave = {pk for pk in mine if pk not in queue}
    if shift.paused_at is None:
        leave |= _surplus(office, queue, order, leases, counters, grant)
    take = dealt_to(office, queue, order, leases, counters, grant, shift)
    _write_list(grant, leave, take)
    kept = [queue[pk] for pk in order if pk in (mine | take) - leave]
    return CallList(grant, kept, _labels(kept), shares_of(office, shift.counter_id))


@transaction.atomic
def take_back(*, office: Directory, counter: int, now: datetime, actor: int) -> int:
    """Staff looked at a silent counter: its people may be called by others. How many they were."""
    lock_queue(office.office.pk)
    found = CallLease.objects.filter(
        office=office.office, grant__shift__counter=counter, grant__renewed_at__lt=now - HEARD
    )
    many, _ = found.delete()
    if many:
        record(events.ListTakenBack(office=office.office.pk, counter=counter, at=now, actor=actor))
    return many


def silent_counters(office: Directory, now: datetime) -> dict[int, list[str]]:
    """Counters whose consoles are cut off, with the numbers on their lists."""
    held: dict[int, list[str]] = {}
    for lease in CallLease.objects.filter(
        office=office.office, grant__renewed_at__lt=now - HEARD, ticket__state__in=IN_QUEUE
    ).select_related("ticket", "grant__shift"):
        held.setdefault(_counter(lease.grant), []).append(lease.ticket.label)
    return held


def shares_of(office: Directory, counter: int) -> list[dict[str, Any]]:
    """Of each kiosk's block which numbers are this counter's; those of closed ones are shared out."""
    is_open = set(
        Shift.objects.filter(office=office.office, closed_at=None).values_list(
            "counter_id", flat=True
        )
    ) | {counter}
    shares = []
    for agenda in office.agendas.values():
        services = [s.pk for s in office.offered_services() if s.agenda_id == agenda.pk]
        able = [c.pk for c in office.open_counters() if office.serves[c.pk].intersection(services)]
        there = [pk for pk in able if pk in is_open]
        if counter in able:
            owner = [pk if pk in is_open else there[n % len(there)] for n, pk in enumerate(able)]
            mine = [n for n, pk in enumerate(owner) if pk == counter]
            shares.append({"letter": agenda.letter, "step": len(able), "mine": mine})
    return shares


def _renewed(
    office: Directory, now: datetime, token: str, day: date | None = None, **whose: Any
) -> OfflineGrant:
    day = day or calendar.day_of(now, office.tz)
    grant, made = OfflineGrant.objects.get_or_create(
        office=office.office,
        date=day,
        pairing=hashlib.sha256(token.encode()).hexdigest(),
        **whose,
        defaults={
            "made_at": now,
            "renewed_at": now,
            "expires_at": calendar.local_instant(day + timedelta(days=1), 0, office.tz),
        },
    )
    if not made:
        OfflineGrant.objects.filter(pk=grant.pk).update(renewed_at=now)
        grant.renewed_at = now
    return grant


def _numbers_left(grant: OfflineGrant) -> dict[str, int]:
    """How many numbers of each letter the kiosk has not used, as far as its log has come."""
    left: dict[str, int] = {}
    given = set(grant.events.filter(kind="issue").values_list("label", flat=True))
    for lease in grant.numbers.all():
        free = sum(f"{lease.letter}{n}" not in given for n in range(lease.first, lease.last + 1))
        left[lease.letter] = left.get(lease.letter, 0) + free
    return left


def _lease_block(grant: OfflineGrant, letter: str, now: datetime) -> None:
    series = lock_series(grant.office_id, grant.date, letter)
    first = _next_block(series)
    last = first + BLOCK - 1
    NumberLease.objects.create(
        office_id=grant.office_id,
        grant=grant,
        series=series,
        date=grant.date,
        letter=letter,
        first=first,
        last=last,
    )
    record(
        events.NumbersLeased(
            office=grant.office_id,
            device=grant.device_id or 0,
            at=now,
            letter=letter,
            first=first,
            last=last,
        )
    )


def _next_block(series: NumberSeries) -> int:
    ends = series.leases.values_list("last", flat=True)
    return max([OFFLINE_FROM - 1, series.last, *ends]) + 1


def _live_counters(office: Directory, leases: list[CallLease], now: datetime) -> set[int]:
    """Counters whose consoles are on-line and take people."""
    return set(
        OfflineGrant.objects.filter(
            office=office.office,
            renewed_at__gt=now - HEARD,
            shift__closed_at=None,
            shift__paused_at=None,
            shift__isnull=False,
        ).values_list("shift__counter_id", flat=True)
    )


def _counter(grant: OfflineGrant) -> int:
    """The counter of a console's grant; only those have call leases."""
    return grant.shift.counter_id if grant.shift else 0


def _able(office: Directory, one: discipline.Waiting, counters: set[int]) -> frozenset[int]:
    if one.for_counter is not None:
        return frozenset({one.for_counter} & counters)
    return frozenset(c for c in counters if one.service in office.serves[c])


def _loads(leases: list[CallLease], counters: set[int]) -> dict[int, int]:
    tally = Tally(_counter(lease.grant) for lease in leases if lease.leaving is None)
    return {counter: tally[counter] for counter in counters}


def _surplus(
    office: Directory,
    queue: dict[int, discipline.Waiting],
    order: list[int],
    leases: list[CallLease],
    counters: set[int],
    grant: OfflineGrant,
) -> set[int]:
    """Those of the console's own whom a counter with fewer people should have, the last first."""
    here = _counter(grant)
    mine = {x.ticket_id for x in leases if x.grant_id == grant.pk and x.leaving is None}
    loads, left = _loads(leases, counters), set()
    for pk in reversed([pk for pk in order if pk in mine]):
        able = _able(office, queue[pk], counters)
        to = min(able - {here}, key=lambda c: loads[c], default=None)
        if here not in able or (to is not None and loads[here] > loads[to] + 1):
            left.add(pk)
            loads[here] -= 1
            if to is not None:
                loads[to] += 1
    return left


def dealt_to(
    office: Directory,
    queue: dict[int, discipline.Waiting],
    order: list[int],
    leases: list[CallLease],
    counters: set[int],
    grant: OfflineGrant,
    shift: Shift,
) -> set[int]:
    if shift.paused_at is not None:
        return set()
    taken = {lease.ticket_id for lease in leases}
    free = [(str(pk), _able(office, queue[pk], counters)) for pk in order if pk not in taken]
    dealt = offline.dealt(free, has=_loads(leases, counters), most=MOST_CALLS)
    return {int(ticket) for ticket, to in dealt.items() if to == shift.counter_id}


def _write_list(grant: OfflineGrant, leave: set[int], take: set[int]) -> None:
    if not leave and not take:
        return
    grant.version += 1
    OfflineGrant.objects.filter(pk=grant.pk).update(version=grant.version)
    grant.calls.filter(ticket__in=leave, leaving=None).update(leaving=grant.version)
    CallLease.objects.bulk_create(
        CallLease(office_id=grant.office_id, ticket_id=pk, grant=grant) for pk in sorted(take)
    )


def _labels(kept: list[discipline.Waiting]) -> dict[int, str]:
    return {t.pk: t.label for t in Ticket.objects.filter(pk__in=[w.ticket for w in kept])}
