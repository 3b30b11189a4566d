"""How many times of an office a network keeps: counted under its lock, released by the head."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Min, Q

from prepazka.booking.locks import lock_days
from prepazka.booking.models import EXPIRING, Booking, Lane, State, quoted
from prepazka.booking.parts import NO_NETWORK, end
from prepazka.booking.refusals import TooManyHolds
from prepazka.core import events, hold_limits
from prepazka.core.hold_limits import DAY, FULL_LENGTH, HOUR, Asker, Live, Widths
from prepazka.journal.models import Event
from prepazka.journal.record import record
from prepazka.offices.directory import Directory
from prepazka.offices.models import Office

LISTED_FROM = 3  # times that a network keeps before the head sees it in the list

LIVE_OF = f"""
SELECT
  count(*) FILTER (WHERE live AND network = %(address)s),
  count(*) FILTER (WHERE live AND network_56 = %(area)s),
  count(*) FILTER (WHERE live),
  count(*) FILTER (WHERE hour AND network = %(address)s),
  count(*) FILTER (WHERE hour AND network_56 = %(area)s),
  count(*) FILTER (WHERE hour),
  count(*) FILTER (WHERE unclicked AND network = %(address)s),
  count(*) FILTER (WHERE unclicked AND network_56 = %(area)s),
  count(*) FILTER (WHERE unclicked),
  min(expires_at) FILTER (WHERE live)
FROM (
  SELECT network, network_56, expires_at,
    state IN {quoted(EXPIRING)} AND expires_at > %(now)s AS live,
    state = 'confirmed' AND confirmed_at > %(day)s AS unclicked,
    state = 'confirmed' AND confirmed_at > %(hour)s AS hour
  FROM booking_booking
  WHERE office_id = %(office)s AND network_48 = %(site)s AND network_48 <> ''
    AND id IS DISTINCT FROM %(besides)s
    AND (%(before)s::timestamptz IS NULL OR created_at < %(before)s)
) AS of_network
"""  # noqa: S608  # made of constants
KEPT = f"""
SELECT count(*) FROM booking_booking
WHERE office_id = %(office)s AND network_48 <> '' AND crowds
AND (state IN {quoted(EXPIRING)} AND expires_at > %(now)s
     OR state = 'confirmed' AND confirmed_at > %(hour)s)
"""  # noqa: S608  # made of constants


def limit_hold(office: Directory, asker: Asker | None, *, now: datetime) -> timedelta:
    """How long the asker may keep one more time; the caller has locked its day.

    Raises TooManyHolds.
    """
    if asker is None:
        return FULL_LENGTH
    lock_network(office.office.pk, asker)
    live = live_of(office.office.pk, asker, now=now)
    crowded = is_crowded(office, now=now)
    if not hold_limits.may_keep(live, asker.limits, crowded=crowded):
        raise too_many(office.office, live, now=now)
    return hold_limits.length(live, asker.limits, crowded=crowded)


def limit_extension(
    booking: Booking, office: Directory, asker: Asker | None, *, now: datetime
) -> timedelta:
    """How long a hold lasts when it is extended: by how many its network began to keep before."""
    if asker is None:
        return FULL_LENGTH
    own = _keeper_of(booking, asker)
    lock_network(office.office.pk, own)
    live = live_of(office.office.pk, own, now=now, besides=booking, before=booking.created_at)
    return hold_limits.length(live, own.limits, crowded=is_crowded(office, now=now))


def limit_unclicked(
    booking: Booking, office: Directory, asker: Asker | None, *, now: datetime
) -> None:
    """Let a booking be confirmed without a click, if its network may. Raises TooManyHolds."""
    if asker is None:
        return
    own = _keeper_of(booking, asker)
    lock_network(office.office.pk, own)
    live = live_of(office.office.pk, own, now=now, besides=booking)
    crowded = is_crowded(office, now=now)
    if not hold_limits.may_book_unclicked(live, own.limits, crowded=crowded):
        raise TooManyHolds(minutes=60, contact=contact_of_office(office.office))


def _keeper_of(booking: Booking, asker: Asker) -> Asker:
    """Whose hold it is: who holds by one network and goes on by another is counted by the first."""
    keys = (booking.network, booking.network_56, booking.network_48)
    return replace(asker, keys=keys) if booking.network_48 else asker


def too_many(office: Office, live: Live, *, now: datetime) -> TooManyHolds:
    """The refusal, with when the first of the network's times ends."""
    minutes = hold_limits.minutes_until(live.frees_at, now, otherwise=FULL_LENGTH)
    return TooManyHolds(minutes=minutes, contact=contact_of_office(office))


def contact_of_office(office: Office) -> str:
    """How a refused person reaches the office: by telephone wherever the file gives a number."""
    return office.phone or office.email or str(office.name)


def lock_network(office: int, asker: Asker) -> None:
    """Let one at a time count what the widest network of the asker keeps of the office.

    Taken after all days, and no day is locked afterwards, so nobody waits in a circle.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"network:{office}:{asker.keys[2]}"],
        )


def live_of(
    office: int,
    asker: Asker,
    *,
    now: datetime,
    besides: Booking | None = None,
    before: datetime | None = None,
) -> Live:
    """What the asker's network has of the office now; one statement."""
    address, area, site = asker.keys
    with connection.cursor() as cursor:
        cursor.execute(
            LIVE_OF,
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


def kept_of(office: Directory, *, now: datetime) -> int:
    """How many times of the office citizens keep unconfirmed, or took without a click this hour."""
    with connection.cursor() as cursor:
        cursor.execute(KEPT, {"office": office.office.pk, "now": now, "hour": now - HOUR})
        return int(cursor.fetchone()[0])


def ceiling_of(office: Directory) -> int:
    """How many of them make the office crowded."""
    if "ceiling" not in office.kept:
        lanes = Lane.objects.filter(office=office.office).count()
        office.kept["ceiling"] = hold_limits.ceiling(lanes)
    return int(office.kept["ceiling"])


def is_crowded(office: Directory, *, now: datetime) -> bool:
    """Whether more times are kept than people usually keep."""
    return kept_of(office, now=now) >= ceiling_of(office)


def crowd_of(office: Directory, *, now: datetime) -> int:
    """How many times are kept, where that is more than usual; else nothing."""
    kept = kept_of(office, now=now)
    return kept if kept >= ceiling_of(office) else 0


@dataclass(frozen=True)
class Keeper:
    """A network that keeps times now; `name` is the start of its hash, never an address."""

    name: str
    key: str
    times: int
    since: datetime


def keepers(office: Directory, *, now: datetime) -> list[Keeper]:
    """The networks that keep the most times, which the head can release."""
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
def release_network(*, office: Directory, network: str, now: datetime, actor: int) -> int:
    """Give back at once all that the network keeps unconfirmed; what is confirmed stays.

    Returns how many times there were. Repeated, it finds none and records nothing.
    """
    rows = _kept_by_citizens(office, now).filter(network=network)
    lock_days(office.office.pk, rows.values_list("date", flat=True))
    released = 0
    for booking in rows:
        end(booking, State.EXPIRED, now)
        released += 1
    if released:
        record(events.NetworkReleased(office=office.office.pk, at=now, actor=actor, times=released))
    return released


@transaction.atomic
def watch_crowd(*, office: Directory, now: datetime) -> bool:
    """Note in the journal that the office is crowded, at most once an hour; the head sees it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"crowd:{office.office.pk}"]
        )
    kept = kept_of(office, now=now)
    if kept < ceiling_of(office) or crowded_at(office, now=now):
        return False
    record(events.OfficeCrowded(office=office.office.pk, at=now, times=kept))
    return True


def crowded_at(office: Directory, *, now: datetime) -> datetime | None:
    """When the office was last noted as crowded, within the last hour."""
    rows = Event.objects.filter(
        office=office.office.pk, kind="OfficeCrowded", at__gt=now - HOUR, at__lte=now
    )
    return rows.order_by("-at").values_list("at", flat=True).first()


def forget_networks(*, office: int, now: datetime) -> int:
    """Erase the hashes of bookings confirmed without a click more than a day ago."""
    rows = Booking.objects.filter(office=office).exclude(network_48="")
    return rows.exclude(state__in=EXPIRING).exclude(confirmed_at__gt=now - DAY).update(**NO_NETWORK)


def _kept_by_citizens(office: Directory, now: datetime) -> Any:
    return Booking.objects.filter(
        ~Q(network_48=""),
        office=office.office,
        crowds=True,
        state__in=EXPIRING,
        expires_at__gt=now,
    )
