"""Errors for logs: kind and place only, because an error's message may name people."""

from __future__ import annotations

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
