"""Reading and writing of an office's crest: a picture file next to the office file, or base64."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Callable
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
from prepazka.officefile.nodes import Wrong, scalar

EXPECTED = 'the name of a PNG picture beside the file such as "crest.png"'
PICTURE = "data:image/png;base64,"
LINE = 96
WRONG = {
    "unreadable": "a whole PNG picture",
    "heavy": f"a PNG picture of at most {MOST_BYTES // 1024} KB",
    "misshapen": f"a picture of {LEAST_PX} to {MOST_PX} pixels on each side, at most {MOST_SHAPE}"
    " times as wide as high or as high as wide",
}


def read_crest(folder: Path | None) -> Callable[[yaml.Node], bytes]:
    """A reader of the crest that returns the cleaned PNG; files are read from the folder only."""

    def read(node: yaml.Node) -> bytes:
        text = scalar(node, EXPECTED)
        content = _decoded(text) if text.startswith(PICTURE) else _read_file(text, folder)
        try:
            return clean_crest(content)
        except WrongCrest as wrong:
            raise Wrong(WRONG[wrong.reason]) from wrong

    return read


def _decoded(text: str) -> bytes:
    try:
        return b64decode("".join(text.removeprefix(PICTURE).split()), validate=True)
    except binascii.Error as error:
        raise Wrong(f"a PNG picture in base64 after {PICTURE}") from error


def _read_file(name: str, folder: Path | None) -> bytes:
    if folder is None:
        raise Wrong(f"the picture itself, {PICTURE}…: here is no folder to look for it")
    if Path(name).name != name or not name.isprintable():
        raise Wrong(f"{EXPECTED}, in the same folder")
    try:
        with (folder / name).open("rb") as picture:
            return picture.read(MOST_BYTES + 1)
    except OSError as error:
        raise Wrong(f"{EXPECTED}. {sentence_of(error, name).rstrip('.')}") from error


def write_crest(content: bytes) -> str:
    """The picture as base64 in lines, as `read_crest` reads it; empty without a picture."""
    if not content:
        return ""
    text = b64encode(content).decode()
    return "\n".join([PICTURE, *(text[at : at + LINE] for at in range(0, len(text), LINE))])
