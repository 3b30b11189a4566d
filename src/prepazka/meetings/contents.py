"""What a file is, by its content and never by its name; and a name that is safe to show."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from pathlib import Path
from typing import IO, NamedTuple

LARGEST_INSIDE = 200 * 1024 * 1024  # bytes of all that a packed file holds
MOST_MEMBERS = 2000
LONGEST_NAME = 100
CHUNK = 1 << 20
ODT = b"application/vnd.oasis.opendocument.text"
DOCX = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
# Programs inside a text; no office needs them to read it.
MACROS = re.compile(
    r"(^|/)(vbaproject\.bin|vbadata\.xml|basic/.*|scripts/.*|activex/.*)$", re.IGNORECASE
)


class Unfit(Exception):
    """The file must not be passed on; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Type(NamedTuple):
    """A kind of `Document`, the suffix its name gets, and what the browser is told."""

    kind: str
    suffix: str
    media: str


TYPES = {
    "pdf": Type("pdf", ".pdf", "application/pdf"),
    "jpeg": Type("image", ".jpg", "image/jpeg"),
    "png": Type("image", ".png", "image/png"),
    "webp": Type("image", ".webp", "image/webp"),
    "odt": Type("odt", ".odt", ODT.decode()),
    "docx": Type(
        "docx",
        ".docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
}
BY_SUFFIX = {one.suffix: one for one in TYPES.values()}


def type_of(file: IO[bytes]) -> Type | None:
    """What the file begins like; the worker looks whether it is that throughout."""
    file.seek(0)
    head = file.read(1024)
    file.seek(0)
    if head.startswith(b"%PDF-"):
        return TYPES["pdf"]
    if head.startswith(b"\xff\xd8\xff"):
        return TYPES["jpeg"]
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return TYPES["png"]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return TYPES["webp"]
    return _packed(file) if head.startswith(b"PK\x03\x04") else None


def _packed(file: IO[bytes]) -> Type | None:
    try:
        with zipfile.ZipFile(file) as whole:
            names = set(whole.namelist())
            if "mimetype" in names and _start(whole, "mimetype").strip() == ODT:
                return TYPES["odt"]
            if "word/document.xml" in names and "[Content_Types].xml" in names:
                return TYPES["docx"]
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError, EOFError):
        return None
    finally:
        file.seek(0)
    return None


def _start(whole: zipfile.ZipFile, name: str, most: int = 200) -> bytes:
    with whole.open(name) as member:
        return member.read(most)


def look_inside(path: Path, kind: str) -> None:
    """Read a text document to its end. Raises Unfit: bomb, macros, encrypted, broken."""
    try:
        with zipfile.ZipFile(path) as whole:
            members = whole.infolist()
            if len(members) > MOST_MEMBERS or sum(m.file_size for m in members) > LARGEST_INSIDE:
                raise Unfit("bomb")
            if any(one.flag_bits & 1 for one in members):
                raise Unfit("encrypted")
            if any(MACROS.search(one.filename.replace("\\", "/")) for one in members):
                raise Unfit("macros")
            _inflate(whole, members)
            if kind == "docx" and DOCX not in _start(whole, "[Content_Types].xml", CHUNK):
                raise Unfit("macros")  # a type of Word with programs, or no text at all
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError) as error:
        raise Unfit("broken") from error
    except EOFError as error:
        raise Unfit("broken") from error


def _inflate(whole: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Count what is really inside: the declared sizes are only a claim."""
    left = LARGEST_INSIDE
    for one in members:
        with whole.open(one) as member:
            while chunk := member.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise Unfit("bomb")


def clean_name(said: str, suffix: str) -> str:
    """The name without folders, control characters and what turns the direction of writing."""
    name = unicodedata.normalize("NFC", said).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in name)
    name = re.sub(r'[<>:"|?*;%]', "_", name)
    name = re.sub(r"\s+", " ", name).strip(" .")
    stem, dot, last = name.rpartition(".")
    if dot and stem and _same(f".{last.lower()}", suffix):
        name = stem
    name = name[: LONGEST_NAME - len(suffix)].strip(" .") or "dokument"
    return name + suffix


def _same(said: str, suffix: str) -> bool:
    return said == suffix or (said, suffix) == (".jpeg", ".jpg")
