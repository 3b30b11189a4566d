"""Search of bookings for telephone operators: by name, telephone, e-mail, PIN or reference.

Names, contacts and PINs are erased some days after the visit, so only bookings of the last days can
be found by them; older ones are found by reference, which is part of the id. Statements are fast
even if nothing has ever been erased.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from prepazka.booking.contacts import normalise_phone
from prepazka.booking.models import FOLDED, WORDS_SEARCHED, Booking, BookingState
from prepazka.booking.refusals import PhoneNotUnderstood
from prepazka.core.booking_reference import ids_of
from prepazka.core.contact_text import clean_email, clean_text
from prepazka.core.phone_numbers import EXTENSION, WRITTEN_WITH, plain_phone
from prepazka.journal.statements import quoted

MOST = 20
MOST_WORDS = 50  # different words with one prefix; beyond them more letters are needed
FEWEST_LETTERS = 2
FEWEST_DIGITS = 3
PIN_DIGITS = 4
HELD = quoted(BookingState.HELD)
_LAST = "\U0010ffff"  # no character sorts behind it

Row = tuple[UUID, datetime]


@dataclass(frozen=True)
class Found:
    """The results: upcoming bookings in the order of time, then past ones, newest first."""

    bookings: list[Booking]
    more: bool = False  # whether there are others, so that the query should be longer


def _upcoming_and_past(condition: str) -> str:
    """The SQL of the nearest upcoming and the latest past bookings that meet the condition."""
    rows = (  # made of constants, like all statements here
        "SELECT id, starts_at FROM booking_booking"  # noqa: S608
        f" WHERE office_id = %(office)s AND state <> {HELD} AND {condition}"
    )
    return (
        f"(({rows} AND starts_at >= %(now)s ORDER BY starts_at LIMIT %(most)s) UNION ALL"
        f" ({rows} AND starts_at < %(now)s ORDER BY starts_at DESC LIMIT %(most)s))"
    )


REVERSED = 'reverse(phone) COLLATE "C"'
LOWERED = 'lower(email) COLLATE "C"'
BY_ID = _upcoming_and_past("id BETWEEN %(low)s AND %(high)s")
BY_PIN = _upcoming_and_past("pin = %(pin)s")
BY_PHONE = _upcoming_and_past(f"phone <> '' AND {REVERSED} >= %(low)s AND {REVERSED} < %(high)s")
BY_EMAIL = _upcoming_and_past(f"email <> '' AND {LOWERED} >= %(low)s AND {LOWERED} < %(high)s")
SAME_PHONE = _upcoming_and_past(f"phone <> '' AND {REVERSED} = reverse(%(phone)s::text)")
SAME_EMAIL = _upcoming_and_past(f"email <> '' AND {LOWERED} = lower(%(email)s::text)")


def _by_word(number: int) -> str:
    """The SQL of the different words with a prefix, and of the nearest bookings of each.

    The words are walked from one to the next in the index, so that the work grows with different
    words and not with bookings; the index carries the whole name for queries of several words.
    """
    word = f"split_part(name_folded, ' ', {number})"
    next_word = (
        f"SELECT {word} AS word FROM booking_booking"  # noqa: S608
        f" WHERE office_id = %(office)s AND state <> {HELD} AND {word} > ''"
        f" AND {word} {{than}} AND {word} < %(high)s ORDER BY office_id, {word} LIMIT 1"
    )
    matches = _upcoming_and_past(
        f"{word} > '' AND {word} = words.word AND ' ' || name_folded LIKE ALL (%(others)s::text[])"
    )
    return f"""
    (WITH RECURSIVE walk AS (
        ({next_word.format(than=">= %(low)s")})
        UNION ALL
        SELECT ({next_word.format(than="> walk.word")}) FROM walk WHERE walk.word IS NOT NULL
    ), words AS MATERIALIZED (
        SELECT word FROM walk WHERE word IS NOT NULL LIMIT %(words)s
    )
    SELECT found.id, found.starts_at, counted.words
      FROM (SELECT count(*) AS words FROM words) AS counted
      LEFT JOIN (words CROSS JOIN LATERAL {matches} AS found) ON true)
    """  # noqa: S608


FOLD = f"SELECT {FOLDED % {'expressions': '%s::text'}}"
BY_NAME = " UNION ALL ".join(_by_word(n + 1) for n in range(WORDS_SEARCHED))


def find_bookings(office: int, query: str, *, now: datetime) -> Found:
    """The bookings that match the query in any of its meanings; none for an empty query."""
    start_by_booking: dict[UUID, datetime] = {}
    has_more = False
    for statement, params in _statements_for(query):
        rows = _rows(statement, {"office": office, "now": now, **params})
        for pk, at, *words in rows:
            has_more = has_more or words >= [MOST_WORDS]
            if pk:
                start_by_booking[pk] = at
    return _nearest(start_by_booking, now, has_more=has_more)


def of_same_person(booking: Booking, *, now: datetime) -> Found:
    """The bookings with the same contact, including this one."""
    start_by_booking = {booking.pk: booking.starts_at}
    params = {"office": booking.office_id, "now": now}
    if booking.email:
        start_by_booking |= dict(_rows(SAME_EMAIL, {**params, "email": booking.email}))
    if booking.phone:
        start_by_booking |= dict(_rows(SAME_PHONE, {**params, "phone": booking.phone}))
    return _nearest(start_by_booking, now)


def _statements_for(query: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The statements for each meaning of the query, with their parameters."""
    query = clean_text(query)
    if ids := ids_of(query):
        yield BY_ID, {"low": ids[0], "high": ids[1]}
    if "@" in query:
        yield BY_EMAIL, _prefix_range(query.lower())
        with suppress(ValueError):  # a whole address, perhaps in punycode
            yield BY_EMAIL, _prefix_range(clean_email(query).lower())
        return
    number = EXTENSION.sub("", plain_phone(query))
    digits = "".join(filter(str.isdecimal, number))
    if number and set(number) <= WRITTEN_WITH:
        if len(digits) == PIN_DIGITS:
            yield BY_PIN, {"pin": digits}
        if len(digits) >= FEWEST_DIGITS:
            with suppress(PhoneNotUnderstood):
                digits = normalise_phone(number)
            yield BY_PHONE, _prefix_range(digits[::-1])
        return
    if digits:
        return  # no name has digits
    words = sorted(_folded(query).split(), key=len, reverse=True)
    if words and len(words[0]) >= FEWEST_LETTERS:
        other_words = [f"% {word}%" for word in words[1:]]
        yield BY_NAME, {**_prefix_range(words[0]), "others": other_words, "words": MOST_WORDS}


def _prefix_range(low: str) -> dict[str, str]:
    return {"low": low, "high": low + _LAST}


def _folded(text: str) -> str:
    """The text folded as the database folds names."""
    with connection.cursor() as cursor:
        cursor.execute(FOLD, [text])
        return str(cursor.fetchone()[0])


def _rows(statement: str, params: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"most": MOST + 1, **params})
        return list(cursor.fetchall())


def _nearest(
    start_by_booking: dict[UUID, datetime], now: datetime, *, has_more: bool = False
) -> Found:
    coming = sorted((at, pk) for pk, at in start_by_booking.items() if at >= now)
    past = sorted(((at, pk) for pk, at in start_by_booking.items() if at < now), reverse=True)
    nearest_ids = [pk for _, pk in (*coming, *past)[:MOST]]
    rows = Booking.objects.in_bulk(nearest_ids)
    bookings = [rows[pk] for pk in nearest_ids if pk in rows and not _never_requested(rows[pk])]
    return Found(bookings, has_more or len(start_by_booking) > MOST)


def _never_requested(booking: Booking) -> bool:
    """Whether it is a hold whose form was never sent."""
    return booking.state == BookingState.EXPIRED and booking.requested_at is None
