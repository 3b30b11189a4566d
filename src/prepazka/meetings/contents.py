"""What a file is, by its content and never by its name; and a name that is safe to show."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from pathlib import Path
from typing import IO, Any, NamedTuple

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

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


# What a program of texts would load or start by itself: objects of other programs inside the text.
EMBEDDED = re.compile(
    r"(^|/)(embeddings/.+|oleobject[^/]*\.bin|objectreplacements/.+)$", re.IGNORECASE
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how every OLE file begins, whatever its name
RELATIONS = re.compile(r"\.rels$", re.IGNORECASE)
HYPERLINK = re.compile(r"/hyperlink$", re.IGNORECASE)
HARMLESS = ("http://", "https://", "mailto:", "tel:", "#")
# Elements of ODF that load or start what their address says, when the text is opened.
LOADED = {"image", "object", "object-ole", "plugin", "applet", "floating-frame", "event-listener"}
LOADED |= {"section-source", "file-source", "dde-source", "script", "font-face-uri", "fill-image"}
XLINK = "{http://www.w3.org/1999/xlink}href"
LARGEST_XML = 8 * 1024 * 1024


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
    """Read a text document to its end. Raises Unfit: bomb, macros, embedded, outside, encrypted, broken."""
    try:
        with zipfile.ZipFile(path) as whole:
            members = whole.infolist()
            if len(members) > MOST_MEMBERS or sum(m.file_size for m in members) > LARGEST_INSIDE:
                raise Unfit("bomb")
            if any(one.flag_bits & 1 for one in members):
                raise Unfit("encrypted")
            if any(MACROS.search(one.filename.replace("\\", "/")) for one in members):
                raise Unfit("macros")
            if any(EMBEDDED.search(one.filename.replace("\\", "/")) for one in members):
                raise Unfit("embedded")
            _inflate(whole, members)
            _look_at_links(whole, members, kind)
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
            begins = member.read(len(OLE))
            if begins == OLE:
                raise Unfit("embedded")
            left -= len(begins)
            while chunk := member.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise Unfit("bomb")


def _look_at_links(whole: zipfile.ZipFile, members: list[zipfile.ZipInfo], kind: str) -> None:
    """Raise Unfit("outside") for what a program would fetch when it opens the text.

    A link that somebody has to press may lead to the web; templates, pictures, frames and objects may
    not lie outside the file.
    """
    for one in members:
        relations = kind == "docx" and RELATIONS.search(one.filename)
        if not relations and not (kind == "odt" and one.filename.lower().endswith(".xml")):
            continue
        if one.file_size > LARGEST_XML:
            raise Unfit("bomb")
        try:
            with whole.open(one) as member:
                root = ElementTree.parse(member).getroot()
        except (ElementTree.ParseError, DefusedXmlException) as error:
            raise Unfit("broken") from error
        if any((_leads_out if relations else _loads)(element) for element in root.iter()):
            raise Unfit("outside")


def _leads_out(relation: Any) -> bool:
    """Whether a relation of a DOCX is outside the file, and no ordinary hyperlink."""
    target = relation.get("Target", "").strip().lower()
    outside = relation.get("TargetMode", "").lower() == "external" or "://" in target
    link = HYPERLINK.search(relation.get("Type", "")) and target.startswith(HARMLESS)
    return outside and not link


def _loads(element: Any) -> bool:
    """Whether an element of an ODT fetches or starts what is outside the file."""
    target = element.get(XLINK, "").strip().lower()
    tag = str(element.tag).rpartition("}")[2]
    if tag == "a":
        return bool(target) and not target.startswith(HARMLESS)
    return tag in LOADED and (":" in target or target.startswith(("//", "\\\\", "../")))


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
