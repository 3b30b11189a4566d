"""An office's crest: which pictures may be one, and the crest on white paper for mails.

The picture is a PNG: mail programs (Outlook, Gmail) show no SVG, and a PNG holds no script and
fetches nothing.
"""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from typing import Any

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_BYTES = 32 * 1024  # it goes with every mail, and stands in the office's file
LEAST_PX, MOST_PX = 48, 600
MOST_SHAPE = 4  # the largest ratio of the longer side to the shorter
# Chunks needed to draw the picture; texts, times, places, profiles and animations are dropped.
KEPT_CHUNKS = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
MAIL_HEIGHT_PX, MAIL_MARGIN_PX = 56, 6  # as shown; the picture has twice as many, for sharp screens
DIGEST_LENGTH = 16


class WrongCrest(ValueError):
    """The picture cannot be a crest; `reason` is "unreadable", "heavy" or "misshapen"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def clean_crest(content: bytes) -> bytes:
    """The same picture with nothing but its pixels. Raises WrongCrest.

    Cleaning a cleaned picture changes nothing. The content decides, whatever the file's name.
    """
    if len(content) > MOST_BYTES:
        raise WrongCrest("heavy")
    chunks = _chunks(content)
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) < 8:  # noqa: PLR2004
        raise WrongCrest("unreadable")
    width, height = struct.unpack(">II", chunks[0][1][:8])
    small, large = sorted((width, height))
    # Checked before unpacking, because a few bytes can declare a picture that fills the memory.
    if small < LEAST_PX or large > MOST_PX or large > MOST_SHAPE * small:
        raise WrongCrest("misshapen")
    picture = SIGNATURE + b"".join(_chunk(*chunk) for chunk in chunks if chunk[0] in KEPT_CHUNKS)
    _draw(picture)
    return picture


def crest_digest(content: bytes) -> str:
    """A digest of the picture, for addresses that browsers may cache for ever."""
    return sha256(content).hexdigest()[:DIGEST_LENGTH]


@lru_cache(maxsize=32)
def crest_for_mail(content: bytes) -> tuple[bytes, int, int]:
    """The crest on white with a margin, and its width and height as shown in pixels.

    A mail program in the dark changes colours behind a picture, not those in it: without its own
    white a dark crest would vanish.
    """
    from PIL import Image  # noqa: PLC0415  # only where a mail is written

    picture = _draw(content).convert("RGBA")
    inner_height = MAIL_HEIGHT_PX - 2 * MAIL_MARGIN_PX
    inner_width = max(1, round(picture.width * inner_height / picture.height))
    scaled = picture.resize((2 * inner_width, 2 * inner_height), Image.Resampling.LANCZOS)
    width, height = inner_width + 2 * MAIL_MARGIN_PX, MAIL_HEIGHT_PX
    sheet = Image.new("RGB", (2 * width, 2 * height), "white")
    sheet.paste(scaled, (2 * MAIL_MARGIN_PX, 2 * MAIL_MARGIN_PX), scaled)
    png = BytesIO()
    sheet.save(png, "PNG", optimize=True)
    return png.getvalue(), width, height


def _chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    """The type and content of each chunk, with its checksum right. Raises WrongCrest."""
    if not content.startswith(SIGNATURE):
        raise WrongCrest("unreadable")
    chunks, offset = [], len(SIGNATURE)
    while offset + 12 <= len(content):
        (length,) = struct.unpack(">I", content[offset : offset + 4])
        kind, inside = content[offset + 4 : offset + 8], content[offset + 8 : offset + 8 + length]
        checksum = content[offset + 8 + length : offset + 12 + length]
        if checksum != struct.pack(">I", zlib.crc32(kind + inside)):
            raise WrongCrest("unreadable")
        chunks.append((kind, inside))
        if kind == b"IEND":
            return chunks  # bytes after the end of the picture are dropped
        offset += 12 + length
    raise WrongCrest("unreadable")


def _chunk(kind: bytes, inside: bytes) -> bytes:
    return (
        struct.pack(">I", len(inside))
        + kind
        + inside
        + struct.pack(">I", zlib.crc32(kind + inside))
    )


def _draw(content: bytes) -> Any:
    """The pixels, as an image of Pillow. Raises WrongCrest."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  # after the limits

    try:
        with Image.open(BytesIO(content), formats=("PNG",)) as picture:
            picture.load()
            return picture.copy()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        raise WrongCrest("unreadable") from error
