"""espeak-ng: where it is, and how it is asked for one clip."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from prepazka.core.speech import words_of

VOICES = {"cs": "cs", "en": "en"}  # "en" is the British one
RATE = 150  # words a minute: a little slower than usual, for a room with an echo
TIMEOUT = 20.0  # seconds; a clip takes some hundredths of one
WHEEL = Path(__file__).with_name("by_wheel.py")
# In Czech a lone vowel is read as a word ("a" short) or described ("dlouhé á"); these are sounds.
SOUNDS = {"á": "[[a:]]", "é": "[[e:]]", "í": "[[i:]]", "ó": "[[o:]]", "ú": "[[u:]]"}


class CannotSpeak(Exception):
    """espeak-ng is missing or did not say what it was asked to."""


def speaker() -> str:
    """What can speak here: a program's path, "espeakng-loader", or nothing."""
    program = shutil.which("espeak-ng")
    return program or ("espeakng-loader" if find_spec("espeakng_loader") else "")


def spoken(clip: str, language: str) -> str:
    """The text that makes espeak-ng say the clip rightly."""
    words = words_of(clip, language)
    if language != "cs":
        return words
    # As people say them; written out, their last consonants are hard to hear.
    return SOUNDS.get(words) or re.sub(r"\b(sed|os)m", r"\1um", words)


def say(text: str, language: str, file: Path, by: str) -> None:
    """Write the spoken text as a WAV file. Raises CannotSpeak."""
    voice = VOICES[language]
    if by == "espeakng-loader":
        command = [sys.executable, str(WHEEL), voice, str(RATE), str(file), text]
    else:
        command = [by, "-v", voice, "-s", str(RATE), "-w", str(file), text]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotSpeak(f"{by}: {error}") from error
    if done.returncode or not file.exists():
        raise CannotSpeak(f"{by}: {done.stderr.decode(errors='replace').strip()[-300:]}")
