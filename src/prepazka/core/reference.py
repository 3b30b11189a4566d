"""The reference of a booking: short enough to be said on the telephone, read out of its id."""

from uuid import UUID

# Without letters that sound or look like digits (I, L, O) and without U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 6  # 30 random bits: of a million bookings one in a thousand references names two
_SHIFT = 128 - 5 * LENGTH
_SAID = str.maketrans("OIL", "011", " -\u2013\u00a0")


def reference_of(booking: UUID) -> str:
    """Six characters in two groups, such as 4K7-9M2."""
    value = booking.int >> _SHIFT
    written = "".join(ALPHABET[value >> 5 * n & 31] for n in reversed(range(LENGTH)))
    return f"{written[:3]}-{written[3:]}"


def ids_of(said: str) -> tuple[UUID, UUID] | None:
    """The lowest and the highest id with that reference; None if it is none."""
    written = said.upper().translate(_SAID)
    if len(written) != LENGTH or not set(written) <= set(ALPHABET):
        return None
    value = 0
    for character in written:
        value = value << 5 | ALPHABET.index(character)
    return UUID(int=value << _SHIFT), UUID(int=(value + 1 << _SHIFT) - 1)
