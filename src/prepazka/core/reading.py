"""Strict parsers of days, instants, whole numbers and JSON from requests.

Python's own parsers accept the years 1 and 9999, which overflow with the first subtraction,
thousands of digits, NaN, and characters that the database refuses.
"""

from __future__ import annotations

import json
import math
import re
from datetime import date, datetime
from typing import Any

EARLIEST, LATEST = 1900, 2199  # years accepted in a day or an instant
LARGEST_ID = 2**63 - 1  # of a database's id
LARGEST_NUMBER = 2**53 - 1  # of JSON that all programs understand alike (RFC 7493)
DEEPEST = 32  # levels of JSON
# PostgreSQL keeps no NUL, and half of a surrogate pair is no character.
UNREADABLE = re.compile("[\x00\ud800-\udfff]")


class NotReadable(ValueError):
    """The text is not valid JSON for us; the message gives the reason for a log."""


def read_day(text: object) -> date | None:
    """The day of a text such as 2026-11-23, or None."""
    try:
        read = date.fromisoformat(str(text))
    except ValueError:
        return None
    return read if EARLIEST <= read.year <= LATEST else None


def read_instant(text: object) -> datetime | None:
    """The instant of a text such as 2026-11-23T08:00:00+01:00, or None; it must have an offset."""
    try:
        read = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return read if is_within_reach(read) else None


def is_within_reach(moment: datetime) -> bool:
    """Whether an instant has an offset and a year that can be computed with."""
    return moment.utcoffset() is not None and EARLIEST <= moment.year <= LATEST


def read_whole_number(text: object, limit: int = LARGEST_ID) -> int | None:
    """The whole number of ASCII digits in the text, if it is at most `limit`; else None."""
    digits = str(text)
    if not re.fullmatch(r"[0-9]{1,19}", digits):
        return None
    number = int(digits)
    return number if number <= limit else None


def json_value(text: bytes | str, largest: int = LARGEST_NUMBER) -> Any:
    """The value of a JSON text, read as I-JSON (RFC 7493). Raises NotReadable.

    Refused are: other encodings than UTF-8, NaN and infinities, numbers beyond `largest`, a name
    twice in one object, more than DEEPEST levels, NUL and lone surrogates.
    """
    try:
        if isinstance(text, bytes):
            text = text.decode()
        parsed = json.loads(
            text,
            parse_constant=_constant,
            parse_float=lambda digits: _bounded(float(digits), largest),
            parse_int=lambda digits: _bounded(_int(digits), largest),
            object_pairs_hook=_object,
        )
    except RecursionError as error:
        raise NotReadable("too deep") from error
    except NotReadable:
        raise
    except ValueError as error:  # also what is no UTF-8
        raise NotReadable(str(error)[:100]) from error
    _check_texts(parsed)
    return parsed


def _constant(name: str) -> float:
    raise NotReadable(f"{name} is no number")


def _int(digits: str) -> int:
    if len(digits) > 40:  # noqa: PLR2004  # beyond any largest; int() itself stops at thousands
        raise NotReadable("a number is too large")
    return int(digits)


def _bounded(number: float, largest: int) -> Any:
    if not math.isfinite(number) or abs(number) > largest:
        raise NotReadable("a number is too large")
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotReadable("a name stands twice in an object")
    return members


def _check_texts(parsed: Any) -> None:
    """Raise NotReadable for a text that the database refuses, or for too many levels."""
    nodes = [parsed]
    for _depth in range(DEEPEST):
        children: list[Any] = []
        for node in nodes:
            if isinstance(node, str) and UNREADABLE.search(node):
                raise NotReadable("a text has a character that is none")
            if isinstance(node, dict):
                children += (*node.keys(), *node.values())
            elif isinstance(node, list):
                children += node
        if not children:
            return
        nodes = children
    raise NotReadable("too deep")
