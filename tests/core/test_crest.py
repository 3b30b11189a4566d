"""Which pictures may be a crest, and how it looks in a mail."""

import random
import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from prepazka.core.crest_images import (
    MOST_BYTES,
    SIGNATURE,
    WrongCrest,
    clean_crest,
    crest_digest,
    crest_for_mail,
)
from tests.crests import jpeg, png


def chunk(kind: bytes, inside: bytes) -> bytes:
    return (
        struct.pack(">I", len(inside))
        + kind
        + inside
        + struct.pack(">I", zlib.crc32(kind + inside))
    )


def noise(width: int, height: int) -> bytes:
    written = BytesIO()
    pixels = random.Random(1).randbytes(width * height * 3)
    Image.frombytes("RGB", (width, height), pixels).save(written, "PNG")
    return written.getvalue()


def test_only_what_is_drawn_is_kept() -> None:
    given = png(note="Jana Nova, 50.1N 14.4E")
    assert b"Jana Nova" in given
    cleaned = clean_crest(given + b"<script>alert(1)</script>")
    assert b"Jana" not in cleaned
    assert b"script" not in cleaned
    with Image.open(BytesIO(cleaned)) as picture, Image.open(BytesIO(given)) as before:
        assert picture.info.get("Author") is None
        assert picture.tobytes() == before.tobytes()
    assert clean_crest(cleaned) == cleaned
    assert crest_digest(cleaned) != crest_digest(clean_crest(png(100, 100)))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "unreadable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "unreadable"),
        (jpeg(), "unreadable"),
        (png()[:-20], "unreadable"),  # cut off
        (png().replace(b"IDAT", b"IDAU", 1), "unreadable"),
        (SIGNATURE + chunk(b"IEND", b""), "unreadable"),
        (SIGNATURE + chunk(b"IHDR", b"1234") + chunk(b"IEND", b""), "unreadable"),
        (noise(200, 200), "heavy"),
        (b"x" * (MOST_BYTES + 1), "heavy"),
        (png(47, 60), "misshapen"),
        (png(601, 500), "misshapen"),
        (png(500, 100), "misshapen"),
    ],
)
def test_others_are_refused_by_their_content(content: bytes, reason: str) -> None:
    with pytest.raises(WrongCrest) as wrong:
        clean_crest(content)
    assert wrong.value.reason == reason


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0)
    bomb = SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(WrongCrest, match="misshapen"):
        clean_crest(bomb + chunk(b"IEND", b""))


def test_a_mail_shows_it_on_white_of_its_own() -> None:
    content, width, height = crest_for_mail(clean_crest(png()))
    with Image.open(BytesIO(content)) as picture:
        assert picture.size == (2 * width, 2 * height)
        assert picture.mode == "RGB"  # nothing shows through
        assert picture.getpixel((1, 1)) == (255, 255, 255)
        assert picture.getpixel((width, height)) == (179, 38, 30)
    assert (width, height) == (47, 56)
    assert len(content) < MOST_BYTES
