"""Errors as texts: for logs without people's contacts, and about files with what to do."""

from __future__ import annotations

import errno
import re
import traceback
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+")
NUMBER = re.compile(r"\+?\d(?:[ ()/-]?\d){6,}")


def without_contacts(text: str) -> str:
    """The text with … in place of e-mail addresses and of numbers as long as a telephone's."""
    return NUMBER.sub("…", ADDRESS.sub("…", text))


def kind_and_place(error: BaseException) -> str:
    """The class of an error and the file and line where it arose, without its message."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)
    own_frames = [frame for frame in frames if PACKAGE in Path(frame.filename).parents]
    last_frame = (own_frames or frames)[-1] if frames else None
    location = f" in {Path(last_frame.filename).name}:{last_frame.lineno}" if last_frame else ""
    return f"{type(error).__name__}{location}"


_SENTENCES = {
    errno.ENOENT: "There is no file or folder {name}; look whether its path is right.",
    errno.EISDIR: "{name} is a folder; name a file.",
    errno.ENOTDIR: "{name} lies in no folder; look whether its path is right.",
    errno.EEXIST: "{name} is there already, and is no folder; choose another name.",
    errno.EACCES: "{name} may not be used by this user; change its rights, or name another.",
    errno.EPERM: "{name} may not be used by this user; change its rights, or name another.",
    errno.EROFS: "{name} lies where nothing can be written; name another place.",
    errno.ENOSPC: "There is no space left for {name}; make room, or name another place.",
}


def sentence_of(error: OSError, name: object = None) -> str:
    """The sentence about the file that the error names, or about `name`."""
    quoted_name = f'"{name or error.filename}"'
    sentence = _SENTENCES.get(error.errno or 0)
    if sentence:
        return sentence.format(name=quoted_name)
    return f"{quoted_name} cannot be used: {error.strerror or error}."
