"""Reading and writing of an office's crest: a picture file next to the office file, or base64."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from pathlib import Path

import yaml

from prepazka.core.crest_images import (
    LEAST_PX,
    MOST_BYTES,
    MOST_PX,
    MOST_SHAPE,
    WrongCrest,
    clean_crest,
)
from prepazka.core.error_texts import sentence_of
from prepazka.officefile.declarations import FileContext, Kind
from prepazka.officefile.nodes import Wrong, scalar
from prepazka.officefile.phrases import phrase as _

EXPECTED = _('the name of a PNG picture beside the file such as "crest.png"')
PICTURE = "data:image/png;base64,"
LINE = 96
WRONG = {
    "unreadable": _("a whole PNG picture"),
    "heavy": _("a PNG picture of at most %(most)s KB", most=MOST_BYTES // 1024),
    "misshapen": _(
        "a picture of %(least)s to %(most)s pixels on each side, at most %(shape)s times as wide"
        " as high or as high as wide",
        least=LEAST_PX,
        most=MOST_PX,
        shape=MOST_SHAPE,
    ),
}


def read_crest(node: yaml.Node, context: FileContext) -> bytes:
    """The cleaned PNG; files are read from the folder of the office file only."""
    text = scalar(node, EXPECTED)
    content = _decoded(text) if text.startswith(PICTURE) else _read_file(text, context.folder)
    try:
        return clean_crest(content)
    except WrongCrest as wrong:
        raise Wrong(WRONG[wrong.reason]) from wrong


def _decoded(text: str) -> bytes:
    try:
        return b64decode("".join(text.removeprefix(PICTURE).split()), validate=True)
    except binascii.Error as error:
        raise Wrong(_("a PNG picture in base64 after %(start)s", start=PICTURE)) from error


def _read_file(name: str, folder: Path | None) -> bytes:
    if folder is None:
        raise Wrong(
            _("the picture itself, %(start)s…: here is no folder to look for it", start=PICTURE)
        )
    if Path(name).name != name or not name.isprintable():
        raise Wrong(_("%(what)s, in the same folder", what=EXPECTED))
    try:
        with (folder / name).open("rb") as picture:
            return picture.read(MOST_BYTES + 1)
    except OSError as error:
        why = sentence_of(error, name).rstrip(".")
        raise Wrong(_("%(what)s. %(why)s", what=EXPECTED, why=why)) from error


def write_crest(content: bytes) -> str:
    """The picture as base64 in lines, as `read_crest` reads it; empty without a picture."""
    if not content:
        return ""
    text = b64encode(content).decode()
    return "\n".join([PICTURE, *(text[at : at + LINE] for at in range(0, len(text), LINE))])


CREST: Kind[bytes] = Kind("crest", read_crest, lambda content, _context: write_crest(content))
