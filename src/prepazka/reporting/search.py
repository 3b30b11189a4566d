"""One box for whoever answers the telephone: name, telephone, e-mail, PIN or reference.

Names, contacts and PINs are erased some days after the visit, so of a million past bookings only
those of the last days answer to them; the rest is found by reference alone, because the reference
is part of the id. The statements stay quick even if nothing had ever been erased.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from prepazka.booking.contacts import EXTENSION, WRITTEN_WITH, normalise_phone, plain_phone
from prepazka.booking.models import FOLDED, WORDS_SEARCHED, Booking, State
from prepazka.booking.refusals import PhoneNotUnderstood
from prepazka.core.contact_text import clean_email, clean_text
from prepazka.core.reference import ids_of

MOST = 20
MOST_WORDS = 50  # different words that begin alike; beyond them more letters are needed
FEWEST_LETTERS = 2
FEWEST_DIGITS = 3
PIN_DIGITS = 4
_LAST = "\U0010ffff"  # no character sorts behind it

Row = tuple[UUID, datetime]


@dataclass(frozen=True)
class Found:
    """The upcoming bookings in the order of time, then the past ones, the newest first."""

    bookings: list[Booking]
    more: bool = False  # there are others; the operator should say more


def _both(condition: str) -> str:
    """The nearest upcoming and the latest past bookings that meet the condition."""
    rows = (  # made of constants, like all statements here
        "SELECT id, starts_at FROM booking_booking"  # noqa: S608
        f" WHERE office_id = %(office)s AND state <> 'held' AND {condition}"
    )
    return (
        f"(({rows} AND starts_at >= %(now)s ORDER BY starts_at LIMIT %(most)s) UNION ALL"
        f" ({rows} AND starts_at < %(now)s ORDER BY starts_at DESC LIMIT %(most)s))"
    )


REVERSED = 'reverse(phone) COLLATE "C"'
LOWERED = 'lower(email) COLLATE "C"'
BY_ID = _both("id BETWEEN %(low)s AND %(high)s")
BY_PIN = _both("pin = %(pin)s")
BY_PHONE = _both(f"phone <> '' AND {REVERSED} >= %(low)s AND {REVERSED} < %(high)s")
BY_EMAIL = _both(f"email <> '' AND {LOWERED} >= %(low)s AND {LOWERED} < %(high)s")
SAME_PHONE = _both(f"phone <> '' AND {REVERSED} = reverse(%(phone)s::text)")
SAME_EMAIL = _both(f"email <> '' AND {LOWERED} = lower(%(email)s::text)")


def _by_word(number: int) -> str:
    """Each different word that begins as wanted, and per word the nearest bookings.

    The words are walked from one to the next in the index, so the work grows with different words
    and never with bookings; where more words were said, the index carries the whole name.
    """
    word = f"split_part(name_folded, ' ', {number})"
    next_word = (
        f"SELECT {word} AS word FROM booking_booking"  # noqa: S608
        f" WHERE office_id = %(office)s AND state <> 'held' AND {word} > ''"
        f" AND {word} {{than}} AND {word} < %(high)s ORDER BY office_id, {word} LIMIT 1"
    )
    found = _both(
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
      LEFT JOIN (words CROSS JOIN LATERAL {found} AS found) ON true)
    """  # noqa: S608


BY_NAME = " UNION ALL ".join(_by_word(n + 1) for n in range(WORDS_SEARCHED))


def find_bookings(office: int, said: str, *, now: datetime) -> Found:
    """What the words in the box may mean, all of it; nothing for an empty box."""
    found: dict[UUID, datetime] = {}
    more = False
    for statement, values in _readings(said):
        rows = _rows(statement, {"office": office, "now": now, **values})
        for pk, at, *words in rows:
            more = more or words >= [MOST_WORDS]
            if pk:
                found[pk] = at
    return _nearest(found, now, more=more)


def of_same_person(booking: Booking, *, now: datetime) -> Found:
    """The bookings with the same contact, this one among them."""
    found = {booking.pk: booking.starts_at}
    values = {"office": booking.office_id, "now": now}
    if booking.email:
        found |= dict(_rows(SAME_EMAIL, {**values, "email": booking.email}))
    if booking.phone:
        found |= dict(_rows(SAME_PHONE, {**values, "phone": booking.phone}))
    return _nearest(found, now)


def _readings(said: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The statements that the words call for."""
    said = clean_text(said)
    if ids := ids_of(said):
        yield BY_ID, {"low": ids[0], "high": ids[1]}
    if "@" in said:
        yield BY_EMAIL, _beginning(said.lower())
        with suppress(ValueError):  # a whole address, perhaps in punycode
            yield BY_EMAIL, _beginning(clean_email(said).lower())
        return
    number = EXTENSION.sub("", plain_phone(said))
    digits = "".join(filter(str.isdecimal, number))
    if number and set(number) <= WRITTEN_WITH:
        if len(digits) == PIN_DIGITS:
            yield BY_PIN, {"pin": digits}
        if len(digits) >= FEWEST_DIGITS:
            with suppress(PhoneNotUnderstood):
                digits = normalise_phone(number)
            yield BY_PHONE, _beginning(digits[::-1])
        return
    if digits:
        return  # no name has any
    words = sorted(_folded(said).split(), key=len, reverse=True)
    if words and len(words[0]) >= FEWEST_LETTERS:
        others = [f"% {word}%" for word in words[1:]]
        yield BY_NAME, {**_beginning(words[0]), "others": others, "words": MOST_WORDS}


def _beginning(low: str) -> dict[str, str]:
    return {"low": low, "high": low + _LAST}


def _folded(said: str) -> str:
    """The words as the database has folded the names."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {FOLDED % {'expressions': '%s::text'}}", [said])
        return str(cursor.fetchone()[0])


def _rows(statement: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"most": MOST + 1, **values})
        return list(cursor.fetchall())


def _nearest(found: dict[UUID, datetime], now: datetime, *, more: bool = False) -> Found:
    coming = sorted((at, pk) for pk, at in found.items() if at >= now)
    past = sorted(((at, pk) for pk, at in found.items() if at < now), reverse=True)
    wanted = [pk for _, pk in (*coming, *past)[:MOST]]
    rows = Booking.objects.in_bulk(wanted)
    shown = [rows[pk] for pk in wanted if pk in rows and not _came_to_nothing(rows[pk])]
    return Found(shown, more or len(found) > MOST)


def _came_to_nothing(booking: Booking) -> bool:
    """A hold that was never sent; nobody has ever heard of it."""
    return booking.state == State.EXPIRED and booking.requested_at is None
