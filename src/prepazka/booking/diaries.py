"""Diaries of officials: each official has one lane with hours of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from django.db import connection

from prepazka.booking import sql
from prepazka.booking.models import Booking, Lane
from prepazka.core import slots
from prepazka.core.day_layout import carry_over_midnight, day_bounds
from prepazka.offices.models import Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot

WORD = slots.MOST_LANES  # a set of officials is read in words that fit a bigint


def claims_by_day(
    office: OfficeSnapshot,
    officials: Sequence[Official],
    unit: int,
    days: tuple[date, date],
    expired: tuple[datetime, datetime],
    besides: UUID | None,
    *,
    for_list: bool,
) -> list[Any]:
    """Live claims and busy time of the officials: per day starts, ends, sets of officials, public.

    Starts and ends are minutes since 1970; a set has a bit for the n-th of `officials`. One SQL
    statement, whose number of rows does not depend on the number of officials.
    """
    lanes = lanes_of(office)
    words = [
        [1 << n - offset if 0 <= n - offset < WORD else 0 for n in range(len(officials))]
        for offset in range(0, len(officials), WORD)
    ]
    window_start, window_end = day_bounds(*days, office.tz)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.taken_in_diaries(len(words), for_list=for_list),
            [
                [lanes[official.pk] for official in officials],
                [official.pk for official in officials],
                [official.buffer_min for official in officials],
                *words,
                unit,
                office.office_id,
                *days,
                *expired,
                besides,
                besides,
                besides,
                office.row.timezone,
                days[0],
                office.office_id,
                window_end,
                window_start,
            ],
        )
        rows = cursor.fetchall()
    by_day = {
        day: (starts, ends, _joined_sets(sets), public) for day, starts, ends, public, *sets in rows
    }
    carry_over_midnight(by_day, days[1], office.tz)
    return [(day, *of_day) for day, of_day in by_day.items()]


def _joined_sets(words: list[list[int]]) -> list[int]:
    """Sets of all officials, joined from the words of bits in which they were read."""
    joined, *higher_words = words
    for shift, word in enumerate(higher_words, start=1):
        joined = [low | high << shift * WORD for low, high in zip(joined, word, strict=True)]
    return joined


def least_loaded(
    officials: Sequence[Official], free: int, claims: Sequence[slots.Taken]
) -> Official:
    """The free official with the fewest claims and appointments that day.

    `free` has a bit per official. Ties go to the first in the office file.
    """

    def people(number: int) -> int:
        return sum(claim.lanes >> number & 1 for claim in claims)

    return officials[min((n for n in range(len(officials)) if free >> n & 1), key=people)]


def lanes_of(office: OfficeSnapshot) -> dict[int, int]:
    """The lane id of each official by the official's id, including retired officials."""
    if "diaries" not in office.kept:
        rows = Lane.objects.filter(office=office.row, official__isnull=False)
        office.kept["diaries"] = dict(rows.values_list("official_id", "pk"))
    return cast("dict[int, int]", office.kept["diaries"])


def official_of(office: OfficeSnapshot, booking: Booking) -> Official | None:
    """The official whom the booking is with; None for a booking on an agenda's lane."""
    if "whose" not in office.kept:
        office.kept["whose"] = {lane: pk for pk, lane in lanes_of(office).items()}
    pk = office.kept["whose"].get(booking.lane_id)
    return office.officials[pk] if pk else None


def free_officials(office: OfficeSnapshot, service: Service, free: int) -> list[Official]:
    """The officials of a slot's set of lanes (`Slot.lanes`), for a search without an official."""
    officials = office.officials_for(service.pk)
    return [official for n, official in enumerate(officials) if free >> n & 1]
