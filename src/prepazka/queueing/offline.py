"""What browsers get, while on-line, to go on with when they are cut off (docs/offline.md)."""

from __future__ import annotations

import hashlib
import math
from collections import Counter as Tally
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count

from prepazka.booking.models import Booking, ReplacedPin
from prepazka.booking.models import State as BookingState
from prepazka.core import calendar, discipline, events, offline
from prepazka.journal.record import record
from prepazka.offices.directory import Directory
from prepazka.offices.models import Device, Mode
from prepazka.queueing.held import Holder
from prepazka.queueing.locks import lock_queue, lock_series
from prepazka.queueing.models import (
    BLOCK,
    BUSIEST_OF,
    ENOUGH,
    HEARD,
    IN_QUEUE,
    MOST_NUMBERS,
    OFFLINE_FROM,
    SILENT_AFTER,
    CallLease,
    NumberLease,
    NumberSeries,
    OfflineGrant,
    Shift,
    State,
    Ticket,
)
from prepazka.queueing.refusals import CounterNotOpen
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
    blocks: list[dict[str, Any]]


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
    enough = _enough(office, grant.date)
    if _short(grant, enough):
        lock_queue(office.office.pk)
        # Under the lock: another renewal of this browser may have leased meanwhile.
        for letter, lacking in sorted(_short(grant, enough).items()):
            _lease_block(grant, letter, BLOCK * math.ceil(lacking / BLOCK), now)
    return grant


def _enough(office: Directory, day: date) -> dict[str, int]:
    """How many numbers of each letter a kiosk must have left: those of the busiest recent day.

    Such a day is eight hours or more of all kiosks and desks together, so that a kiosk can stand
    in for all of them.
    """
    recent = Ticket.objects.filter(
        office=office.office, date__gt=day - BUSIEST_OF, date__lte=day
    ).values("letter", "date")
    busiest: dict[str, int] = {}
    for row in recent.annotate(tickets=Count("pk")):
        busiest[row["letter"]] = max(busiest.get(row["letter"], 0), row["tickets"])
    letters = {office.agenda_of(s).letter for s in office.offered_services()}
    return {letter: min(max(ENOUGH, busiest.get(letter, 0)), MOST_NUMBERS) for letter in letters}


def _short(grant: OfflineGrant, enough: dict[str, int]) -> dict[str, int]:
    """How many numbers the kiosk lacks, of each letter of which it has too few."""
    left = _numbers_left(grant)
    return {
        letter: least - left.get(letter, 0)
        for letter, least in enough.items()
        if left.get(letter, 0) < least
    }


def numbers_held(office: Directory, now: datetime) -> dict[int, dict[str, int]]:
    """How many numbers of each letter each kiosk can still give alone today, by the kiosk's id.

    As far as its log has come: what a kiosk gives while it is cut off, the server does not know.
    """
    day = calendar.day_of(now, office.tz)
    grants = OfflineGrant.objects.filter(office=office.office, date=day, device__isnull=False)
    held: dict[int, dict[str, int]] = {}
    for grant in grants.order_by("renewed_at"):  # of a browser that was replaced, only the last
        held[grant.device_id or 0] = _numbers_left(grant)
    return held


def pin_list(grant: OfflineGrant, office: Directory) -> list[dict[str, Any]]:
    """Today's PINs as the kiosk may keep them: hidden, with window, rules, letter and state.

    `ticket` is the ticket that was called in vain, for its words; None for all others. A PIN that
    a booking had before has the state `pin_changed`.
    """
    booked = Booking.objects.filter(office=office.office, date=grant.date, state__in=PINS_OF)
    booked = booked.filter(mode=Mode.PERSON).select_related("ticket")
    replaced = ReplacedPin.objects.filter(office=office.office, date=grant.date)
    entries = [
        _hidden_pin(grant, office, one, str(one.pin))
        for one in booked.exclude(pin__isnull=True).exclude(pin="")
    ]
    entries += [
        _hidden_pin(grant, office, row.booking, row.pin)
        | {"state": "pin_changed", "since": None, "ticket": None}
        for row in replaced.select_related("booking__ticket")
    ]
    return sorted(entries, key=lambda entry: str(entry["h"]))


def _hidden_pin(
    grant: OfflineGrant, office: Directory, booking: Booking, pin: str
) -> dict[str, Any]:
    service = office.services[booking.service_id]
    rules = office.rules_of(service)
    ticket = getattr(booking, "ticket", None)
    missed = ticket if ticket and ticket.state == State.NO_SHOW else None
    return {
        "h": grant.hide(pin),
        "start": booking.starts_at.isoformat(),
        "end": booking.ends_at.isoformat(),
        "early": rules.early_min,
        "late": rules.late_min,
        "state": booking.state,
        "missed": missed is not None,
        "returned": missed is not None and missed.pin_returned_at is not None,
        "since": ticket.issued_at.isoformat() if ticket else None,
        "ticket": missed,
        "letter": office.agenda_of(service).letter,
        "service": service.code,
    }


@transaction.atomic
def renew(
    *, office: Directory, shift: Shift, browser: str, ack: int, now: datetime, page: str = ""
) -> CallList:
    """Renew a console's list; `ack` is the version its browser now has, so what left it is free.

    Empty during a break, and for a page that gave its list back. Consoles that have been silent
    for SILENT_AFTER lose theirs. Raises CounterNotOpen.
    """
    lock_queue(office.office.pk)
    # Under the lock: a break or the end of the shift may have come since the request was read.
    shift = Shift.objects.get(pk=shift.pk)
    if shift.closed_at is not None:
        raise CounterNotOpen
    grant = _renewed(office, now, f"{shift.pk}:{browser}", shift=shift)
    shares = shares_of(office, shift.counter_id)
    if not _takes_part(grant, shift, page):
        grant.calls.all().delete()
        return CallList(grant, [], {}, shares, blocks_of(office, now))
    _drop_silent(office, grant, now)
    grant.calls.filter(leaving__lte=ack).delete()
    stopped = stopped_now(office.office.pk)
    queue = {w.ticket: w for w in waiting(office, now) if w.service not in stopped}
    order = [
        c.ticket for c in discipline.ordered(queue.values(), policy=policy_of(office), now=now)
    ]
    leases = list(CallLease.objects.filter(office=office.office).select_related("grant__shift"))
    counters = _live_counters(office, now) | {shift.counter_id}
    mine = {
        lease.ticket_id for lease in leases if lease.grant_id == grant.pk and lease.leaving is None
    }
    leave = {pk for pk in mine if pk not in queue}
    leave |= _surplus(office, queue, order, leases, counters, grant)
    take = dealt_to(office, queue, order, leases, counters, shift)
    _write_list(grant, leave, take)
    kept = [queue[pk] for pk in order if pk in (mine | take) - leave]
    return CallList(grant, kept, _labels(kept), shares, blocks_of(office, now))


def _takes_part(grant: OfflineGrant, shift: Shift, page: str) -> bool:
    """Whether the console may hold people; notes the page that renews, under the queue's lock."""
    if page != grant.page:
        grant.page, grant.left = page, False
        grant.save(update_fields=["page", "left"])
    return shift.paused_at is None and not grant.left


def _drop_silent(office: Directory, own: OfflineGrant, now: datetime) -> None:
    """Whoever is on the list of a console silent for too long can be dealt to another."""
    CallLease.objects.filter(
        office=office.office, grant__renewed_at__lte=now - SILENT_AFTER
    ).exclude(grant=own).delete()


@transaction.atomic
def leave_page(*, office: Directory, shift: Shift, page: str) -> bool:
    """Give back the list of a console whose page was closed, and whether it did.

    Only the page that renewed last may: the farewell of an earlier page of the same browser can
    come after the first renewal of the next one. The page's own later renewals get nobody.
    """
    lock_queue(office.office.pk)
    grant = OfflineGrant.objects.filter(office=office.office, shift=shift, page=page).first()
    if not page or grant is None:
        return False
    grant.left = True
    grant.save(update_fields=["left"])
    grant.calls.all().delete()
    return True


@transaction.atomic
def log_out(*, clerk: int, page: str = "") -> None:
    """Whoever logs out of a console holds nobody any more; the counter stays open.

    `page`, if the browser says it, gets nobody by a renewal that was under way.
    """
    shift = Shift.objects.filter(clerk=clerk, closed_at=None).first()
    if shift is None:
        return
    lock_queue(shift.office_id)
    if page:
        OfflineGrant.objects.filter(shift=shift, page=page).update(left=True)
    CallLease.objects.filter(grant__shift=shift).delete()


@dataclass(frozen=True)
class SilentCounter:
    """A counter whose console is silent, and the numbers that only it may call for now."""

    holder: Holder
    labels: list[str]


def silent_counters(held: dict[int, Holder]) -> list[SilentCounter]:
    """The holders of `held_elsewhere`, each with the numbers that still wait, oldest first."""
    waiting_there = Ticket.objects.filter(pk__in=held, state__in=IN_QUEUE).order_by("issued_at")
    labels: dict[Holder, list[str]] = {}
    for ticket in waiting_there if held else ():
        labels.setdefault(held[ticket.pk], []).append(ticket.label)
    return [SilentCounter(holder, numbers) for holder, numbers in labels.items()]


def shares_of(office: Directory, counter: int) -> list[dict[str, Any]]:
    """Of each letter which of the kiosks' numbers are this counter's, and the number of each owner.

    A number `n` belongs to `owners[(n - OFFLINE_FROM) % step]`; the numbers of closed counters are
    shared out among those that are open.
    """
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
            numbers = [office.counters[pk].number for pk in owner]
            shares.append(
                {"letter": agenda.letter, "step": len(able), "mine": mine, "owners": numbers}
            )
    return shares


def blocks_of(office: Directory, now: datetime) -> list[dict[str, Any]]:
    """The blocks that kiosks have today, each with the last number of it known as given, or None."""
    day = calendar.day_of(now, office.tz)
    leases = NumberLease.objects.filter(office=office.office, date=day).order_by("letter", "first")
    given = Ticket.objects.filter(office=office.office, date=day, number__gte=OFFLINE_FROM)
    numbers = list(given.values_list("letter", "number"))
    return [
        {
            "letter": lease.letter,
            "first": lease.first,
            "last": lease.last,
            "given": max(
                (n for k, n in numbers if k == lease.letter and lease.first <= n <= lease.last),
                default=None,
            ),
        }
        for lease in leases
    ]


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


def _lease_block(grant: OfflineGrant, letter: str, many: int, now: datetime) -> None:
    series = lock_series(grant.office_id, grant.date, letter)
    first = _next_block(series)
    last = first + many - 1
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


def _live_counters(office: Directory, now: datetime) -> set[int]:
    """Counters whose consoles are on-line and take people."""
    return set(
        OfflineGrant.objects.filter(
            office=office.office,
            renewed_at__gt=now - HEARD,
            left=False,
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
    shift: Shift,
) -> set[int]:
    taken = {lease.ticket_id for lease in leases}
    free = [(str(pk), _able(office, queue[pk], counters)) for pk in order if pk not in taken]
    dealt = offline.dealt(free, held_now=_loads(leases, counters), limit=MOST_CALLS)
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
