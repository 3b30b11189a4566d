"""When a kiosk asks for more than the PIN, and how many PINs a guesser hits: docs/security.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from prepazka.core.booking_reference import ids_of, reference_of
from prepazka.core.interval import Interval
from prepazka.core.pins import PINS

KIOSK_WITHIN = timedelta(minutes=15)
KIOSK_WRONG = 10  # wrong PINs of one kiosk within that time
OFFICE_WRONG = 40  # wrong PINs of the office on one local day
# Wrong answers of the office on one day by three digits; then only the booking's code is taken.
DIGITS_WRONG = 19
DIGITS, ANSWERS = 3, 1000


class Asks(Enum):
    """What a kiosk asks for besides the PIN."""

    NOTHING = "nothing"
    DIGITS_OR_CODE = "digits_or_code"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class WrongPins:
    """Counts of wrong PINs: lately at the kiosk, today in the office, today with an answer."""

    kiosk: int
    office: int
    answered: int


def questions_after(wrong: WrongPins) -> Asks:
    """What to ask for after so many wrong PINs."""
    if wrong.answered >= DIGITS_WRONG:
        return Asks.CODE
    if wrong.kiosk >= KIOSK_WRONG or wrong.office >= OFFICE_WRONG:
        return Asks.DIGITS_OR_CODE
    return Asks.NOTHING


def guarded_during(
    kiosk: Sequence[datetime],
    office: Sequence[datetime],
    answered: Sequence[datetime],
    *,
    now: datetime,
) -> Interval[datetime] | None:
    """The interval in which a kiosk asks for more than the PIN; None if it does not now.

    Further wrong PINs put the end off. The end of a daily limit is the maximal datetime here; the
    caller knows when the day ends.

    `kiosk` are the times of its wrong PINs of today and lately, `office` those of the office's day,
    `answered` those of the day that came with a second answer; each in ascending order.
    """
    spans = [
        (times[limit - 1], datetime.max.replace(tzinfo=now.tzinfo))
        for times, limit in ((office, OFFICE_WRONG), (answered, DIGITS_WRONG))
        if len(times) >= limit
    ]
    spans += [
        (last_wrong, first_wrong + KIOSK_WITHIN)
        for first_wrong, last_wrong in zip(kiosk, kiosk[KIOSK_WRONG - 1 :], strict=False)
        if last_wrong < first_wrong + KIOSK_WITHIN
    ]
    during: Interval[datetime] | None = None
    for start, end in sorted(spans):
        if during is None or start > during.end:
            during = Interval(start, end)
        else:
            during = Interval(during.start, max(during.end, end))
    return during if during is not None and during.end > now else None


def is_right_answer(second_answer: str, booking: str, phone: str, guard: Asks) -> bool:
    """Whether the answer is the booking's code, or the last digits of its telephone where taken.

    `booking` is its UUID as text.
    """
    compact = "".join(second_answer.split())
    if (
        guard is Asks.DIGITS_OR_CODE
        and compact.isascii()
        and compact.isdecimal()
        and len(compact) == DIGITS
    ):
        return bool(phone) and phone.endswith(compact)
    return ids_of(compact) is not None and ids_of(compact) == ids_of(reference_of(UUID(booking)))


def expected_hits(tries: int, live: int) -> float:
    """The most PINs of `live` bookings that so many tries are expected to hit."""
    return tries * live / len(PINS)


def expected_hits_answered(live: int, tries: int = DIGITS_WRONG) -> float:
    """The same where the telephone's last digits are asked as well."""
    return expected_hits(tries, live) / ANSWERS
