"""Files that people bring, made small and by hand."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00" + bytes(500) + b"PE\x00\x00"


def kept_in(folder: Path, settings: Any) -> Path:
    """Let files of meetings be kept in that folder."""
    papers = settings.STORAGES["papers"]
    options = papers["OPTIONS"] | {"location": str(folder)}
    settings.STORAGES = settings.STORAGES | {"papers": papers | {"OPTIONS": options}}
    return folder


def file(content: bytes, name: str = "soubor") -> ContentFile[Any]:
    return ContentFile(content, name=name)


def pdf(*lines: str, pages: int = 1, script: str = "", more: bytes = b"") -> bytes:
    """A PDF of that many pages, each with the lines and its number; perhaps with a script."""
    parts: list[bytes] = [b"", b""]
    kids = []
    for number in range(1, pages + 1):
        said = " ".join(f"0 -28 Td ({line}) Tj" for line in (*lines, f"Strana {number}"))
        stream = f"BT /F1 22 Tf 60 780 Td {said} ET".encode("latin-1", "replace")
        parts.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        content = len(parts)
        parts.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources"
            b" << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
            % content
        )
        kids.append(b"%d 0 R" % len(parts))
    act = b" /OpenAction << /S /JavaScript /JS (%s) >>" % script.encode() if script else b""
    parts[0] = b"<< /Type /Catalog /Pages 2 0 R%s >>" % act
    parts[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), pages)
    whole, places = b"%PDF-1.7\n" + more, []
    for number, part in enumerate(parts, 1):
        places.append(len(whole))
        whole += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % at for at in places)
    return whole + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
        % (len(parts) + 1, table, len(parts) + 1, len(whole))
    )


def picture(form: str = "JPEG", size: tuple[int, int] = (64, 32), *, place: bool = False) -> bytes:
    """A picture; of JPEG perhaps with the place where it was taken, and lying on its side."""
    made, exif = io.BytesIO(), Image.Exif()
    if place:
        exif[0x0112] = 6  # turned to the right
        exif[0x010E] = "doma u Veselych"
        exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", size, "#2362a2").save(made, form, exif=exif)
    return made.getvalue()


def packed(members: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as whole:
        for name, content in members.items():
            whole.writestr(name, content)
    return made.getvalue()


def odt(more: dict[str, bytes] | None = None) -> bytes:
    kind = b"application/vnd.oasis.opendocument.text"
    return packed({"mimetype": kind, "content.xml": b"<office/>"} | (more or {}))


def docx(more: dict[str, bytes] | None = None, kind: str = "document.main+xml") -> bytes:
    types = f"application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}"
    members = {"[Content_Types].xml": types.encode(), "word/document.xml": b"<w/>"}
    return packed(members | (more or {}))
