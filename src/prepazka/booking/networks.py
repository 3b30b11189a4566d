"""Limits on how many times of an office one network may hold, and their release by the head."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Min, Q

from prepazka.booking import sql
from prepazka.booking.booking_locks import lock_days
from prepazka.booking.models import EXPIRING, Booking, BookingState, Lane
from prepazka.booking.refusals import TooManyHolds
from prepazka.booking.transitions import NO_NETWORK, end_booking
from prepazka.core import events, hold_limits
from prepazka.core.hold_limits import DAY, FULL_LENGTH, HOUR, Asker, Live, Widths
from prepazka.journal.models import Event
from prepazka.journal.record import record
from prepazka.journal.statements import lock_name
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot

LISTED_FROM = 3  # holds of a network from which the head sees it in the list


def limit_hold(office: OfficeSnapshot, asker: Asker | None, *, now: datetime) -> timedelta:
    """The length of one more hold for the asker; the caller has locked its day.

    Raises TooManyHolds.
    """
    if asker is None:
        return FULL_LENGTH
    lock_network(office.office_id, asker)
    live = live_counts(office.office_id, asker, now=now)
    crowded = is_office_crowded(office, now=now)
    if not hold_limits.may_keep(live, asker.limits, crowded=crowded):
        raise too_many_holds(office.row, live, now=now)
    return hold_limits.hold_length(live, asker.limits, crowded=crowded)


def limit_extension(
    booking: Booking, office: OfficeSnapshot, asker: Asker | None, *, now: datetime
) -> timedelta:
    """The length of an extension; depends on how many earlier holds the network has."""
    if asker is None:
        return FULL_LENGTH
    keeper = _keeper_of(booking, asker)
    lock_network(office.office_id, keeper)
    live = live_counts(
        office.office_id, keeper, now=now, besides=booking, before=booking.created_at
    )
    return hold_limits.hold_length(live, keeper.limits, crowded=is_office_crowded(office, now=now))


def limit_confirmed_without_click(
    booking: Booking, office: OfficeSnapshot, asker: Asker | None, *, now: datetime
) -> None:
    """Check the network's limit of bookings confirmed without a click. Raises TooManyHolds."""
    if asker is None:
        return
    keeper = _keeper_of(booking, asker)
    lock_network(office.office_id, keeper)
    live = live_counts(office.office_id, keeper, now=now, besides=booking)
    crowded = is_office_crowded(office, now=now)
    if not hold_limits.may_book_unclicked(live, keeper.limits, crowded=crowded):
        raise TooManyHolds(minutes=60, contact=contact_of_office(office.row))


def _keeper_of(booking: Booking, asker: Asker) -> Asker:
    """The asker with the network that made the hold, which counts even if the person changed it."""
    keys = (booking.network, booking.network_56, booking.network_48)
    return replace(asker, keys=keys) if booking.network_48 else asker


def too_many_holds(office: Office, live: Live, *, now: datetime) -> TooManyHolds:
    """The refusal, with the minutes until the first hold of the network ends."""
    minutes = hold_limits.minutes_until(live.frees_at, now, otherwise=FULL_LENGTH)
    return TooManyHolds(minutes=minutes, contact=contact_of_office(office))


def contact_of_office(office: Office) -> str:
    """The office's contact for a refused person: telephone, else e-mail, else the name."""
    return office.phone or office.email or str(office.name)


def lock_network(office: int, asker: Asker) -> None:
    """Lock the asker's widest network in the office while its holds are counted.

    Taken after all days, and no day is locked afterwards, which prevents deadlocks.
    """
    lock_name(f"network:{office}:{asker.keys[2]}")


def live_counts(
    office: int,
    asker: Asker,
    *,
    now: datetime,
    besides: Booking | None = None,
    before: datetime | None = None,
) -> Live:
    """The counts of live and recent bookings of the asker's network; one SQL statement."""
    address, area, site = asker.keys
    with connection.cursor() as cursor:
        cursor.execute(
            sql.NETWORK_COUNTS,
            {
                "office": office,
                "address": address,
                "area": area,
                "site": site,
                "now": now,
                "hour": now - HOUR,
                "day": now - DAY,
                "besides": besides.pk if besides else None,
                "before": before,
            },
        )
        row = cursor.fetchone()
    return Live(Widths(*row[:3]), Widths(*row[3:6]), Widths(*row[6:9]), row[9])


def count_unconfirmed(office: OfficeSnapshot, *, now: datetime) -> int:
    """The number of citizens' unconfirmed bookings and of this hour's ones without a click."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.UNCONFIRMED_COUNT, {"office": office.office_id, "now": now, "hour": now - HOUR}
        )
        return int(cursor.fetchone()[0])


def crowded_ceiling(office: OfficeSnapshot) -> int:
    """The number of such bookings from which the office counts as crowded."""
    if "ceiling" not in office.kept:
        lanes = Lane.objects.filter(office=office.row).count()
        office.kept["ceiling"] = hold_limits.crowding_threshold(lanes)
    return int(office.kept["ceiling"])


def is_office_crowded(office: OfficeSnapshot, *, now: datetime) -> bool:
    """Whether unusually many times of the office are held."""
    return count_unconfirmed(office, now=now) >= crowded_ceiling(office)


def count_of_crowd(office: OfficeSnapshot, *, now: datetime) -> int:
    """The number of held times if the office is crowded, else 0."""
    kept_times = count_unconfirmed(office, now=now)
    return kept_times if kept_times >= crowded_ceiling(office) else 0


@dataclass(frozen=True)
class Keeper:
    """A network with holds; `name` is the start of its hash, never an address."""

    name: str
    key: str
    times: int
    since: datetime


def networks_with_most_holds(office: OfficeSnapshot, *, now: datetime) -> list[Keeper]:
    """The networks with the most holds, at most 50, which the head can release."""
    rows = (
        _kept_by_citizens(office, now)
        .values("network")
        .annotate(times=Count("pk"), since=Min("created_at"))
        .filter(times__gte=LISTED_FROM)
        .order_by("-times", "network")[:50]
    )
    return [
        Keeper(row["network"][:6].upper(), row["network"], row["times"], row["since"])
        for row in rows
    ]


@transaction.atomic
def release_network(*, office: OfficeSnapshot, network: str, now: datetime, actor: int) -> int:
    """End all unconfirmed bookings of the network; confirmed ones stay.

    Returns how many were ended. If there are none, nothing is recorded.
    """
    rows = _kept_by_citizens(office, now).filter(network=network)
    lock_days(office.office_id, rows.values_list("date", flat=True))
    released = 0
    for booking in rows:
        end_booking(booking, BookingState.EXPIRED, now)
        released += 1
    if released:
        record(events.NetworkReleased(office=office.office_id, at=now, actor=actor, times=released))
    return released


@transaction.atomic
def record_crowded_office(*, office: OfficeSnapshot, now: datetime) -> bool:
    """Record that the office is crowded, at most once an hour; False if nothing was recorded."""
    lock_name(f"crowd:{office.office_id}")
    kept_times = count_unconfirmed(office, now=now)
    if kept_times < crowded_ceiling(office) or crowded_at(office, now=now):
        return False
    record(events.OfficeCrowded(office=office.office_id, at=now, times=kept_times))
    return True


def crowded_at(office: OfficeSnapshot, *, now: datetime) -> datetime | None:
    """When the office was recorded as crowded within the last hour; None if it was not."""
    rows = Event.objects.filter(
        office=office.office_id, kind="OfficeCrowded", at__gt=now - HOUR, at__lte=now
    )
    return rows.order_by("-at").values_list("at", flat=True).first()


def forget_networks(*, office: int, now: datetime) -> int:
    """Erase network hashes of bookings confirmed more than a day ago; returns how many."""
    rows = Booking.objects.filter(office=office).exclude(network_48="")
    return rows.exclude(state__in=EXPIRING).exclude(confirmed_at__gt=now - DAY).update(**NO_NETWORK)


def _kept_by_citizens(office: OfficeSnapshot, now: datetime) -> Any:
    return Booking.objects.filter(
        ~Q(network_48=""),
        office=office.row,
        crowds=True,
        state__in=EXPIRING,
        expires_at__gt=now,
    )
