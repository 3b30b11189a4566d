"""The reference of a booking: six characters derived from its id, to be read out by telephone."""

from uuid import UUID

# Without letters that sound or look like digits (I, L, O) and without U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 6  # 30 random bits: of a million bookings one in a thousand references names two
_SHIFT = 128 - 5 * LENGTH
_SAID = str.maketrans("OIL", "011", " -\u2013\u00a0")


def reference_of(booking: UUID) -> str:
    """Six characters in two groups, such as 4K7-9M2."""
    number = booking.int >> _SHIFT
    characters = "".join(ALPHABET[number >> 5 * n & 31] for n in reversed(range(LENGTH)))
    return f"{characters[:3]}-{characters[3:]}"


def ids_of(text: str) -> tuple[UUID, UUID] | None:
    """The lowest and the highest id with the reference; None where the text is no reference."""
    characters = text.upper().translate(_SAID)
    if len(characters) != LENGTH or not set(characters) <= set(ALPHABET):
        return None
    number = 0
    for character in characters:
        number = number << 5 | ALPHABET.index(character)
    return UUID(int=number << _SHIFT), UUID(int=(number + 1 << _SHIFT) - 1)
