"""Sorting of Czech names (ČSN 97 6030), independent of the database's collations."""

from __future__ import annotations

import re
import unicodedata

# Letters that sort after their plain ones; other marks only decide between otherwise equal words.
AFTER = {"c\u030c": "c~", "r\u030c": "r~", "s\u030c": "s~", "z\u030c": "z~"}
LETTERS = re.compile("ch|[crsz]\u030c")


def czech_key(text: str) -> tuple[str, str]:
    """A key to sort by: `ch` after `h`; č, ř, š and ž after c, r, s and z; spaces first."""
    folded = unicodedata.normalize("NFD", text.casefold().strip())
    placed = LETTERS.sub(lambda match: AFTER.get(match[0], "h~"), folded)
    bare = "".join(letter for letter in placed if not unicodedata.combining(letter))
    return bare, folded
