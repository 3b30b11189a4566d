"""Search of a file of stolen passwords on this machine, as Have I Been Pwned publishes it.

Lines are `SHA-1 in hex:count`, in the order of the hashes; about 40 GB for the whole collection.
It is bisected on the disk in some forty short reads; no service learns of a password.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import BinaryIO

LINE = re.compile(rb"([0-9A-Fa-f]{40})(:\d+)?\s*")
LONGEST = 80  # bytes of a line that are read; a longer one is not of such a file
LOOKED_AT = 64  # lines, spread over the file, that are checked to be in order


class NotAHashList(ValueError):
    """The file holds no SHA-1 hashes in ascending order; the text says where."""


def check_hash_list(path: Path) -> None:
    """Check that the file can be searched. Raises OSError, and NotAHashList."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        previous = b""
        for number in range(LOOKED_AT):
            at = _start_of_line(file, size * number // LOOKED_AT)
            file.seek(at)
            line = file.readline(LONGEST)
            if not line and previous:  # the last line is longer than a step
                break
            if not LINE.fullmatch(line):
                raise NotAHashList(f"byte {at} does not begin a line of a SHA-1 hash and a count")
            if line[:40].upper() < previous:
                raise NotAHashList(f"the hashes are not in ascending order at byte {at}")
            previous = line[:40].upper()


def is_stolen(password: str, path: Path) -> bool:
    """Whether the password's hash is in the file. Raises OSError."""
    digest = hashlib.sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    password_hash = digest.hexdigest().upper().encode()
    with path.open("rb") as file:
        low, high = 0, file.seek(0, 2)
        while low < high:  # the first line not below the hash begins in low..high
            middle = (low + high) // 2
            at = _start_of_line(file, middle)
            file.seek(at)
            line = file.readline(LONGEST)
            if at >= high or not line:
                high = middle
            elif line[:40].upper() < password_hash:
                low = file.tell()
            else:
                high = middle
        file.seek(_start_of_line(file, low))
        return file.readline(LONGEST)[:40].upper() == password_hash


def _start_of_line(file: BinaryIO, at: int) -> int:
    """Byte at which the first line begins that begins at `at` or later."""
    if at == 0:
        return 0
    file.seek(at - 1)
    file.readline(LONGEST)
    return file.tell()
