"""Diaries of officials: one lane each, with hours of their own, beside the lanes of agendas."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from prepazka.booking.models import LIVE, Booking, Lane, quoted
from prepazka.core import calendar, slots
from prepazka.offices.directory import Directory
from prepazka.offices.models import Official, Service

WORD = slots.MOST_LANES  # a set of officials is read in words that fit a bigint

# Whether a live row takes its term: one moment for holds, an earlier one for the unconfirmed.
STANDS = """NOT (b.state = 'held' AND b.expires_at <= %s
               OR b.state = 'unconfirmed' AND b.expires_at <= %s)"""
STANDS_FOR_LIST = (
    STANDS + " AND NOT (b.state = 'held' AND b.channel = 'list' AND b.offer_id IS NULL)"
)


@lru_cache(maxsize=16)
def _statement(words: int, *, for_list: bool) -> str:
    """As `terms.TAKEN`, for lanes that are named one by one and have a buffer around claims.

    Busy time of the officials is taken too, under the first day that it touches.
    """
    each = [f"w{n}" for n in range(words)]
    lanes = ", ".join(f"bit_or(d.{w}) AS {w}" for w in each)
    return f"""
    WITH diary AS MATERIALIZED (
        SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::int[]{", %s::bigint[]" * words})
            AS d(lane, official, buffer, {", ".join(each)})
    )
    SELECT date, array_agg(starts ORDER BY starts), array_agg(ends ORDER BY starts),
           sum(places)::int, {", ".join(f"array_agg({w} ORDER BY starts)" for w in each)}
      FROM (
        SELECT b.date, (extract(epoch FROM b.starts_at) / 60)::int - d.buffer AS starts,
               (extract(epoch FROM b.ends_at) / 60)::int + d.buffer AS ends, {lanes},
               count(*) FILTER (WHERE b.channel IN ('web', 'api', 'list'))
                   * ceil(extract(epoch FROM b.ends_at - b.starts_at) / 60 / %s) AS places
          FROM booking_booking b
          JOIN diary d ON d.lane = b.lane_id
         WHERE b.office_id = %s AND b.date BETWEEN %s AND %s
           AND b.state IN {quoted(LIVE)}
           AND {STANDS_FOR_LIST if for_list else STANDS}
           AND (%s::uuid IS NULL OR b.id <> %s AND b.companion_of_id IS DISTINCT FROM %s)
         GROUP BY b.date, b.starts_at, b.ends_at, d.buffer
        UNION ALL
        SELECT greatest((y.starts_at AT TIME ZONE %s)::date, %s::date),
               floor(extract(epoch FROM y.starts_at) / 60)::int - d.buffer,
               ceil(extract(epoch FROM y.ends_at) / 60)::int + d.buffer, {lanes}, 0
          FROM booking_busy y
          JOIN diary d ON d.official = y.official_id
         WHERE y.office_id = %s AND y.starts_at < %s AND y.ends_at > %s
         GROUP BY 1, 2, 3
      ) AS together
     GROUP BY date
    """  # noqa: S608  # made of constants and of numbers


def taken(
    office: Directory,
    whose: Sequence[Official],
    unit: int,
    days: tuple[date, date],
    expired: tuple[datetime, datetime],
    besides: UUID | None,
    *,
    for_list: bool,
) -> list[Any]:
    """Live claims and busy time in the diaries: per day minutes since 1970, sets of officials.

    The n-th official of `whose` is the n-th bit. One statement, whose answer grows with the
    different times of the days and not with the officials.
    """
    lanes = lanes_of(office)
    words = [
        [1 << n - first if 0 <= n - first < WORD else 0 for n in range(len(whose))]
        for first in range(0, len(whose), WORD)
    ]
    first = calendar.local_instant(days[0], 0, office.tz)
    last = calendar.local_instant(days[1] + timedelta(days=1), 0, office.tz)
    with connection.cursor() as cursor:
        cursor.execute(
            _statement(len(words), for_list=for_list),
            [
                [lanes[one.pk] for one in whose],
                [one.pk for one in whose],
                [one.buffer_min for one in whose],
                *words,
                unit,
                office.office.pk,
                *days,
                *expired,
                besides,
                besides,
                besides,
                office.office.timezone,
                days[0],
                office.office.pk,
                last,
                first,
            ],
        )
        rows = cursor.fetchall()
    found = {
        day: (starts, ends, _joined(sets), public) for day, starts, ends, public, *sets in rows
    }
    _carry_over_midnight(found, days[1], office.tz)
    return [(day, *of_day) for day, of_day in found.items()]


def _carry_over_midnight(found: dict[date, Any], last: date, tz: ZoneInfo) -> None:
    """Let busy time that lasts into the next day be taken there as well, in the order of time."""
    day = min(found, default=last)
    while day < last:
        midnight, after = _end_of(day, tz), day + timedelta(days=1)
        for one in zip(*found.get(day, ((), (), ()))[:3], strict=True):
            if one[1] > midnight:
                starts, ends, sets, _ = found.setdefault(after, ([], [], [], 0))
                at = bisect(starts, one[0])
                for known, new in zip((starts, ends, sets), one, strict=True):
                    known.insert(at, new)
        day = after


@lru_cache(maxsize=4096)
def _end_of(day: date, tz: ZoneInfo) -> int:
    """The minute since 1970 at which the day ends."""
    return int(calendar.local_instant(day + timedelta(days=1), 0, tz).timestamp()) // 60


def _joined(words: list[list[int]]) -> list[int]:
    """Sets of all officials, of the words in which they were read."""
    joined, *more = words
    for shift, word in enumerate(more, start=1):
        joined = [low | high << shift * WORD for low, high in zip(joined, word, strict=True)]
    return joined


def least_loaded(whose: Sequence[Official], free: int, claims: Sequence[slots.Taken]) -> Official:
    """Of the free officials the one with the fewest claims and appointments that day.

    Equals come in the order of the file.
    """

    def people(number: int) -> int:
        return sum(claim.lanes >> number & 1 for claim in claims)

    return whose[min((n for n in range(len(whose)) if free >> n & 1), key=people)]


def lanes_of(office: Directory) -> dict[int, int]:
    """The lane of each official, by their id; retired ones too."""
    if "diaries" not in office.kept:
        rows = Lane.objects.filter(office=office.office, official__isnull=False)
        office.kept["diaries"] = dict(rows.values_list("official_id", "pk"))
    return cast("dict[int, int]", office.kept["diaries"])


def official_of(office: Directory, booking: Booking) -> Official | None:
    """The official whom the booking is with, if it is with one."""
    if "whose" not in office.kept:
        office.kept["whose"] = {lane: pk for pk, lane in lanes_of(office).items()}
    pk = office.kept["whose"].get(booking.lane_id)
    return office.officials[pk] if pk else None


def free_officials(office: Directory, service: Service, free: int) -> list[Official]:
    """Who they are, of a term's set of lanes that was asked for without naming anybody."""
    whose = office.officials_for(service.pk)
    return [one for n, one in enumerate(whose) if free >> n & 1]
