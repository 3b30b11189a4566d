"""Off-line grants of browsers: blocks of numbers, PINs, lists of calls (docs/offline.md)."""

from __future__ import annotations

import hashlib
import math
from collections import Counter as Tally
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count

from prepazka.booking.models import Booking, BookingState, ReplacedPin
from prepazka.core import calendar, discipline, events, offline_merge
from prepazka.journal.record import record
from prepazka.offices.models import Device, Mode
from prepazka.offices.office_snapshot import OfficeSnapshot
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
    Ticket,
    TicketState,
)
from prepazka.queueing.offline_leases import Holder
from prepazka.queueing.queue_locks import lock_number_series, lock_queue
from prepazka.queueing.refusals import CounterNotOpen
from prepazka.queueing.turns import policy_of, stopped_services, waiting_tickets

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
    """A console's grant, its own tickets in order, and its shares of the kiosks' numbers."""

    grant: OfflineGrant
    tickets: list[discipline.Waiting]
    labels: dict[int, str]
    shares: list[dict[str, Any]]
    blocks: list[dict[str, Any]]


@transaction.atomic
def lease_numbers(
    *, office: OfficeSnapshot, device: Device, browser: str, now: datetime
) -> OfflineGrant:
    """Give or renew a kiosk's grant for today, with enough numbers of each letter."""
    return _with_numbers(
        office, _renewed_grant(office, now, _pairing_token(device, browser), device=device), now
    )


def lease_tomorrow(
    *, office: OfficeSnapshot, device: Device, browser: str, now: datetime
) -> OfflineGrant | None:
    """Give a kiosk tomorrow's grant less than eight hours before midnight; else None."""
    day = calendar.day_of(now, office.tz) + timedelta(days=1)
    midnight = calendar.local_instant(day, 0, office.tz)
    if midnight - now >= AT_LEAST:
        return None
    return _lease_day(office=office, device=device, browser=browser, day=day, now=now)


@transaction.atomic
def _lease_day(
    *, office: OfficeSnapshot, device: Device, browser: str, day: date, now: datetime
) -> OfflineGrant:
    grant = _renewed_grant(office, now, _pairing_token(device, browser), day, device=device)
    return _with_numbers(office, grant, now)


def _pairing_token(device: Device, browser: str) -> str:
    return f"{device.token_hash}:{browser}"


def _with_numbers(office: OfficeSnapshot, grant: OfflineGrant, now: datetime) -> OfflineGrant:
    enough = _enough_numbers(office, grant.date)
    if _lacking(grant, enough):
        lock_queue(office.office_id)
        # Re-read under the lock: another renewal of this browser may have leased meanwhile.
        for letter, lacking in sorted(_lacking(grant, enough).items()):
            _lease_block(grant, letter, BLOCK * math.ceil(lacking / BLOCK), now)
    return grant


def _enough_numbers(office: OfficeSnapshot, day: date) -> dict[str, int]:
    """How many numbers of each letter a kiosk must have left: those of the busiest recent day.

    That day's numbers are of all kiosks and desks together, so that one kiosk can stand in for all.
    """
    recent = Ticket.objects.filter(
        office=office.row, date__gt=day - BUSIEST_OF, date__lte=day
    ).values("letter", "date")
    busiest: dict[str, int] = {}
    for row in recent.annotate(tickets=Count("pk")):
        busiest[row["letter"]] = max(busiest.get(row["letter"], 0), row["tickets"])
    letters = {office.agenda_of(s).letter for s in office.offered_services()}
    return {letter: min(max(ENOUGH, busiest.get(letter, 0)), MOST_NUMBERS) for letter in letters}


def _lacking(grant: OfflineGrant, enough: dict[str, int]) -> dict[str, int]:
    """How many numbers the kiosk lacks, for each letter of which it has too few."""
    unused = _numbers_left(grant)
    return {
        letter: least - unused.get(letter, 0)
        for letter, least in enough.items()
        if unused.get(letter, 0) < least
    }


def numbers_held(office: OfficeSnapshot, now: datetime) -> dict[int, dict[str, int]]:
    """By kiosk and letter, how many numbers it can still give off line today.

    The server knows of numbers given off line only as far as the kiosk's log has arrived.
    """
    day = calendar.day_of(now, office.tz)
    grants = OfflineGrant.objects.filter(office=office.row, date=day, device__isnull=False)
    held: dict[int, dict[str, int]] = {}
    for grant in grants.order_by("renewed_at"):  # the last browser of a kiosk wins
        held[grant.device_id or 0] = _numbers_left(grant)
    return held


def pin_list(grant: OfflineGrant, office: OfficeSnapshot) -> list[dict[str, Any]]:
    """Today's PINs for the kiosk to store: hidden, with window, rules, letter and state.

    `ticket` is a ticket that was called in vain, for the texts about it; else None. A PIN that a
    booking had before has the state `pin_changed`.
    """
    booked = Booking.objects.filter(office=office.row, date=grant.date, state__in=PINS_OF)
    booked = booked.filter(mode=Mode.PERSON).select_related("ticket")
    replaced = ReplacedPin.objects.filter(office=office.row, date=grant.date)
    entries = [
        _hidden_pin(grant, office, booking, str(booking.pin))
        for booking in booked.exclude(pin__isnull=True).exclude(pin="")
    ]
    entries += [
        _hidden_pin(grant, office, row.booking, row.pin)
        | {"state": "pin_changed", "since": None, "ticket": None}
        for row in replaced.select_related("booking__ticket")
    ]
    return sorted(entries, key=lambda entry: str(entry["h"]))


def _hidden_pin(
    grant: OfflineGrant, office: OfficeSnapshot, booking: Booking, pin: str
) -> dict[str, Any]:
    service = office.services[booking.service_id]
    rules = office.rules_of(service)
    ticket = getattr(booking, "ticket", None)
    missed = ticket if ticket and ticket.state == TicketState.NO_SHOW else None
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
def renew_list(
    *, office: OfficeSnapshot, shift: Shift, browser: str, ack: int, now: datetime, page: str = ""
) -> CallList:
    """Renew a console's list; `ack` is the version that its browser has.

    Tickets that have left that version become free. The list is empty during a break and for a page
    that gave its list back. Consoles silent for SILENT_AFTER lose theirs. Raises CounterNotOpen.
    """
    lock_queue(office.office_id)
    # Re-read under the lock: the shift may have been paused or closed since the request was read.
    shift = Shift.objects.get(pk=shift.pk)
    if shift.closed_at is not None:
        raise CounterNotOpen
    grant = _renewed_grant(office, now, f"{shift.pk}:{browser}", shift=shift)
    shares = shares_of(office, shift.counter_id)
    if not _takes_part(grant, shift, page):
        grant.calls.all().delete()
        return CallList(grant, [], {}, shares, blocks_of(office, now))
    _drop_silent(office, grant, now)
    grant.calls.filter(leaving__lte=ack).delete()
    stopped = stopped_services(office.office_id)
    queue = {w.ticket: w for w in waiting_tickets(office, now) if w.service not in stopped}
    order = [
        c.ticket
        for c in discipline.order_tickets(queue.values(), policy=policy_of(office), now=now)
    ]
    leases = list(CallLease.objects.filter(office=office.row).select_related("grant__shift"))
    counters = _live_counters(office, now) | {shift.counter_id}
    own_tickets = {
        lease.ticket_id for lease in leases if lease.grant_id == grant.pk and lease.leaving is None
    }
    leaving = {pk for pk in own_tickets if pk not in queue}
    leaving |= _surplus(office, queue, order, leases, counters, grant)
    added = dealt_to(office, queue, order, leases, counters, shift)
    _write_list(grant, leaving, added)
    listed = [queue[pk] for pk in order if pk in (own_tickets | added) - leaving]
    return CallList(grant, listed, _labels(listed), shares, blocks_of(office, now))


def _takes_part(grant: OfflineGrant, shift: Shift, page: str) -> bool:
    """Whether the console may hold tickets; stores the page that renews, under the queue's lock."""
    if page != grant.page:
        grant.page, grant.left = page, False
        grant.save(update_fields=["page", "left"])
    return shift.paused_at is None and not grant.left


def _drop_silent(office: OfficeSnapshot, own: OfflineGrant, now: datetime) -> None:
    """Free the tickets on lists of consoles that have been silent for too long."""
    CallLease.objects.filter(office=office.row, grant__renewed_at__lte=now - SILENT_AFTER).exclude(
        grant=own
    ).delete()


@transaction.atomic
def release_list_of_page(*, office: OfficeSnapshot, shift: Shift, page: str) -> bool:
    """Free the list of a console whose page was closed; returns whether it did.

    Only the page that renewed last may do so, because the farewell of the browser's earlier page
    can arrive after the next one's first renewal. Later renewals of the page get an empty list.
    """
    lock_queue(office.office_id)
    grant = OfflineGrant.objects.filter(office=office.row, shift=shift, page=page).first()
    if not page or grant is None:
        return False
    grant.left = True
    grant.save(update_fields=["left"])
    grant.calls.all().delete()
    return True


@transaction.atomic
def release_list_of_clerk(*, clerk: int, page: str = "") -> None:
    """Free the list of a clerk who logs out; the counter stays open.

    `page`, if the browser sends it, gets an empty list from a renewal that is under way.
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
    """A counter whose console is silent, with the labels of tickets that only it may call now."""

    holder: Holder
    labels: list[str]


def silent_counters(held: dict[int, Holder]) -> list[SilentCounter]:
    """The holders of `held_elsewhere`, each with its tickets that still wait, oldest first."""
    waiting_there = Ticket.objects.filter(pk__in=held, state__in=IN_QUEUE).order_by("issued_at")
    labels: dict[Holder, list[str]] = {}
    for ticket in waiting_there if held else ():
        labels.setdefault(held[ticket.pk], []).append(ticket.label)
    return [SilentCounter(holder, numbers) for holder, numbers in labels.items()]


def shares_of(office: OfficeSnapshot, counter: int) -> list[dict[str, Any]]:
    """By letter, which of the kiosks' numbers are this counter's, and the number of each owner.

    A number `n` belongs to `owners[(n - OFFLINE_FROM) % step]`; the numbers of closed counters are
    shared out among the open ones.
    """
    is_open = set(
        Shift.objects.filter(office=office.row, closed_at=None).values_list("counter_id", flat=True)
    ) | {counter}
    shares = []
    for agenda in office.agendas.values():
        services = [s.pk for s in office.offered_services() if s.agenda_id == agenda.pk]
        able = [c.pk for c in office.open_counters() if office.serves[c.pk].intersection(services)]
        able_and_open = [pk for pk in able if pk in is_open]
        if counter in able:
            owner = [
                pk if pk in is_open else able_and_open[n % len(able_and_open)]
                for n, pk in enumerate(able)
            ]
            own_remainders = [n for n, pk in enumerate(owner) if pk == counter]
            numbers = [office.counters[pk].number for pk in owner]
            shares.append(
                {
                    "letter": agenda.letter,
                    "step": len(able),
                    "mine": own_remainders,
                    "owners": numbers,
                }
            )
    return shares


def blocks_of(office: OfficeSnapshot, now: datetime) -> list[dict[str, Any]]:
    """The blocks of kiosks today, each with the last number of it known as given, or None."""
    day = calendar.day_of(now, office.tz)
    leases = NumberLease.objects.filter(office=office.row, date=day).order_by("letter", "first")
    tickets = Ticket.objects.filter(office=office.row, date=day, number__gte=OFFLINE_FROM)
    numbers = list(tickets.values_list("letter", "number"))
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


def _renewed_grant(
    office: OfficeSnapshot, now: datetime, token: str, day: date | None = None, **holder: Any
) -> OfflineGrant:
    day = day or calendar.day_of(now, office.tz)
    grant, created = OfflineGrant.objects.get_or_create(
        office=office.row,
        date=day,
        pairing=hashlib.sha256(token.encode()).hexdigest(),
        **holder,
        defaults={
            "made_at": now,
            "renewed_at": now,
            "expires_at": calendar.local_instant(day + timedelta(days=1), 0, office.tz),
        },
    )
    if not created:
        OfflineGrant.objects.filter(pk=grant.pk).update(renewed_at=now)
        grant.renewed_at = now
    return grant


def _numbers_left(grant: OfflineGrant) -> dict[str, int]:
    """By letter, how many numbers the kiosk has not used, as far as its log has arrived."""
    unused: dict[str, int] = {}
    used_labels = set(grant.events.filter(kind="issue").values_list("label", flat=True))
    for lease in grant.numbers.all():
        free = sum(
            f"{lease.letter}{n}" not in used_labels for n in range(lease.first, lease.last + 1)
        )
        unused[lease.letter] = unused.get(lease.letter, 0) + free
    return unused


def _lease_block(grant: OfflineGrant, letter: str, size: int, now: datetime) -> None:
    series = lock_number_series(grant.office_id, grant.date, letter)
    first_number = _next_block(series)
    last_number = first_number + size - 1
    NumberLease.objects.create(
        office_id=grant.office_id,
        grant=grant,
        series=series,
        date=grant.date,
        letter=letter,
        first=first_number,
        last=last_number,
    )
    record(
        events.NumbersLeased(
            office=grant.office_id,
            device=grant.device_id or 0,
            at=now,
            letter=letter,
            first=first_number,
            last=last_number,
        )
    )


def _next_block(series: NumberSeries) -> int:
    ends = series.leases.values_list("last", flat=True)
    return max([OFFLINE_FROM - 1, series.last, *ends]) + 1


def _live_counters(office: OfficeSnapshot, now: datetime) -> set[int]:
    """Counters whose consoles are on line and may hold tickets."""
    return set(
        OfflineGrant.objects.filter(
            office=office.row,
            renewed_at__gt=now - HEARD,
            left=False,
            shift__closed_at=None,
            shift__paused_at=None,
            shift__isnull=False,
        ).values_list("shift__counter_id", flat=True)
    )


def _counter_of(grant: OfflineGrant) -> int:
    """The counter of a console's grant; only those have call leases."""
    return grant.shift.counter_id if grant.shift else 0


def _able_counters(
    office: OfficeSnapshot, ticket: discipline.Waiting, counters: set[int]
) -> frozenset[int]:
    if ticket.for_counter is not None:
        return frozenset({ticket.for_counter} & counters)
    return frozenset(c for c in counters if ticket.service in office.serves[c])


def _loads(leases: list[CallLease], counters: set[int]) -> dict[int, int]:
    tally = Tally(_counter_of(lease.grant) for lease in leases if lease.leaving is None)
    return {counter: tally[counter] for counter in counters}


def _surplus(
    office: OfficeSnapshot,
    queue: dict[int, discipline.Waiting],
    order: list[int],
    leases: list[CallLease],
    counters: set[int],
    grant: OfflineGrant,
) -> set[int]:
    """The console's tickets that should go to a counter with fewer, the last in turn first."""
    own_counter = _counter_of(grant)
    own_tickets = {x.ticket_id for x in leases if x.grant_id == grant.pk and x.leaving is None}
    loads, surplus = _loads(leases, counters), set()
    for pk in reversed([pk for pk in order if pk in own_tickets]):
        able = _able_counters(office, queue[pk], counters)
        target = min(able - {own_counter}, key=lambda c: loads[c], default=None)
        if own_counter not in able or (
            target is not None and loads[own_counter] > loads[target] + 1
        ):
            surplus.add(pk)
            loads[own_counter] -= 1
            if target is not None:
                loads[target] += 1
    return surplus


def dealt_to(
    office: OfficeSnapshot,
    queue: dict[int, discipline.Waiting],
    order: list[int],
    leases: list[CallLease],
    counters: set[int],
    shift: Shift,
) -> set[int]:
    leased = {lease.ticket_id for lease in leases}
    free = [
        (str(pk), _able_counters(office, queue[pk], counters)) for pk in order if pk not in leased
    ]
    dealt = offline_merge.deal_tickets(free, held_now=_loads(leases, counters), limit=MOST_CALLS)
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


def _labels(listed: list[discipline.Waiting]) -> dict[int, str]:
    return {t.pk: t.label for t in Ticket.objects.filter(pk__in=[w.ticket for w in listed])}
