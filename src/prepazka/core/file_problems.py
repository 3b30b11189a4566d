"""Errors about files as one sentence that says what to do."""

from __future__ import annotations

import errno

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
