"""What may be noted of an error: its words may name people, its kind and place do not."""

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
    """The kind of an error and where it arose, without its words: they may name people."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if PACKAGE in Path(frame.filename).parents] or frames[-1:]
    place = f" in {Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__}{place}"
