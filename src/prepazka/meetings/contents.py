"""Type and safety checks of uploaded files by their content, and safe file names."""

from __future__ import annotations

import re
import unicodedata
import zipfile
from pathlib import Path
from typing import IO, Any, NamedTuple

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

LARGEST_INSIDE = 200 * 1024 * 1024  # bytes of an archive's content when unpacked
MOST_MEMBERS = 2000
LONGEST_FILE_NAME = 100
CHUNK = 1 << 20
ODT = b"application/vnd.oasis.opendocument.text"
DOCX = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
# Macros in a text document.
MACROS = re.compile(
    r"(^|/)(vbaproject\.bin|vbadata\.xml|basic/.*|scripts/.*|activex/.*)$", re.IGNORECASE
)


# Objects of other programs embedded in a text document, which a word processor may start.
EMBEDDED = re.compile(
    r"(^|/)(embeddings/.+|oleobject[^/]*\.bin|objectreplacements/.+)$", re.IGNORECASE
)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the first bytes of an OLE file
RELATIONS = re.compile(r"\.rels$", re.IGNORECASE)
HYPERLINK = re.compile(r"/hyperlink$", re.IGNORECASE)
HARMLESS = ("http://", "https://", "mailto:", "tel:", "#")
# Elements of ODF that load or start the target of their link when the document is opened.
LOADED = {"image", "object", "object-ole", "plugin", "applet", "floating-frame", "event-listener"}
LOADED |= {"section-source", "file-source", "dde-source", "script", "font-face-uri", "fill-image"}
XLINK = "{http://www.w3.org/1999/xlink}href"
LARGEST_XML = 8 * 1024 * 1024


class Unfit(Exception):
    """The file must not be shared; `code` is the reason."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Type(NamedTuple):
    """A file type: the kind of `Document`, the suffix of its name, and its media type."""

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
BY_SUFFIX = {file_type.suffix: file_type for file_type in TYPES.values()}


def type_of(file: IO[bytes]) -> Type | None:
    """The type by the first bytes; None if unknown. The worker checks the rest of the file."""
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
    return _type_of_archive(file) if head.startswith(b"PK\x03\x04") else None


def _type_of_archive(file: IO[bytes]) -> Type | None:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and _head_of_member(archive, "mimetype").strip() == ODT:
                return TYPES["odt"]
            if "word/document.xml" in names and "[Content_Types].xml" in names:
                return TYPES["docx"]
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError, EOFError):
        return None
    finally:
        file.seek(0)
    return None


def _head_of_member(archive: zipfile.ZipFile, name: str, limit: int = 200) -> bytes:
    with archive.open(name) as member:
        return member.read(limit)


def look_inside(path: Path, kind: str) -> None:
    """Check a whole text document.

    Raises Unfit with bomb, macros, embedded, outside, encrypted or broken.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if (
                len(members) > MOST_MEMBERS
                or sum(member.file_size for member in members) > LARGEST_INSIDE
            ):
                raise Unfit("bomb")
            if any(member.flag_bits & 1 for member in members):
                raise Unfit("encrypted")
            if any(MACROS.search(member.filename.replace("\\", "/")) for member in members):
                raise Unfit("macros")
            if any(EMBEDDED.search(member.filename.replace("\\", "/")) for member in members):
                raise Unfit("embedded")
            _check_size(archive, members)
            _check_links(archive, members, kind)
            if kind == "docx" and DOCX not in _head_of_member(
                archive, "[Content_Types].xml", CHUNK
            ):
                raise Unfit("macros")  # a Word type with macros, or no text document at all
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError) as error:
        raise Unfit("broken") from error
    except EOFError as error:
        raise Unfit("broken") from error


def _check_size(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> None:
    """Check the unpacked size by reading it, as declared sizes may lie; also finds OLE files.

    Raises Unfit with bomb or embedded.
    """
    bytes_left = LARGEST_INSIDE
    for zip_info in members:
        with archive.open(zip_info) as member:
            head = member.read(len(OLE))
            if head == OLE:
                raise Unfit("embedded")
            bytes_left -= len(head)
            while chunk := member.read(CHUNK):
                bytes_left -= len(chunk)
                if bytes_left < 0:
                    raise Unfit("bomb")


def _check_links(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], kind: str) -> None:
    """Check that opening the document fetches nothing. Raises Unfit with outside, bomb or broken.

    Hyperlinks to the web are allowed; templates, pictures, frames and objects must be in the file.
    """
    for zip_info in members:
        relations = kind == "docx" and RELATIONS.search(zip_info.filename)
        if not relations and not (kind == "odt" and zip_info.filename.lower().endswith(".xml")):
            continue
        if zip_info.file_size > LARGEST_XML:
            raise Unfit("bomb")
        try:
            with archive.open(zip_info) as member:
                root = ElementTree.parse(member).getroot()
        except (ElementTree.ParseError, DefusedXmlException) as error:
            raise Unfit("broken") from error
        if any((_points_outside if relations else _loads)(element) for element in root.iter()):
            raise Unfit("outside")


def _points_outside(relation: Any) -> bool:
    """Whether a relation of a DOCX has its target outside the file and is no hyperlink."""
    target = relation.get("Target", "").strip().lower()
    outside = relation.get("TargetMode", "").lower() == "external" or "://" in target
    link = HYPERLINK.search(relation.get("Type", "")) and target.startswith(HARMLESS)
    return outside and not link


def _loads(element: Any) -> bool:
    """Whether an element of an ODT fetches or starts something outside the file."""
    target = element.get(XLINK, "").strip().lower()
    tag = str(element.tag).rpartition("}")[2]
    if tag == "a":
        return bool(target) and not target.startswith(HARMLESS)
    return tag in LOADED and (":" in target or target.startswith(("//", "\\\\", "../")))


def clean_name(raw_name: str, suffix: str) -> str:
    """A safe name with the suffix: no folders, control characters or direction marks."""
    name = unicodedata.normalize("NFC", raw_name).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in name)
    name = re.sub(r'[<>:"|?*;%]', "_", name)
    name = re.sub(r"\s+", " ", name).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if dot and stem and _is_same_suffix(f".{ending.lower()}", suffix):
        name = stem
    name = name[: LONGEST_FILE_NAME - len(suffix)].strip(" .") or "dokument"
    return name + suffix


def _is_same_suffix(ending: str, suffix: str) -> bool:
    return ending == suffix or (ending, suffix) == (".jpeg", ".jpg")
