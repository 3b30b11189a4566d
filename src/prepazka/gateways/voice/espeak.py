"""Running of espeak-ng for one clip."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from prepazka.core.speech import SPOKEN, words_of_clip

RATE = 150  # words a minute; a little slower than usual, for a room with an echo
TIMEOUT = 20.0  # seconds; a clip takes some hundredths of a second
WHEEL = Path(__file__).with_name("by_wheel.py")


class CannotSpeak(Exception):
    """espeak-ng is missing or failed."""


def find_speaker() -> str:
    """The available speaker: a program's path, "espeakng-loader", or empty."""
    program = shutil.which("espeak-ng")
    return program or ("espeakng-loader" if find_spec("espeakng_loader") else "")


def spoken_text(clip: str, language: str) -> str:
    """The text that makes espeak-ng pronounce the clip correctly."""
    pronounced = SPOKEN[language].pronounced
    words = words_of_clip(clip, language)
    return pronounced.get(words) or " ".join(pronounced.get(word, word) for word in words.split())


def write_speech(text: str, language: str, file: Path, by: str) -> None:
    """Write the speech of a text to a WAV file. Raises CannotSpeak."""
    voice = SPOKEN[language].voice
    if by == "espeakng-loader":
        command = [sys.executable, str(WHEEL), voice, str(RATE), str(file), text]
    else:
        command = [by, "-v", voice, "-s", str(RATE), "-w", str(file), text]
    try:
        process = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotSpeak(f"{by}: {error}") from error
    if process.returncode or not file.exists():
        raise CannotSpeak(f"{by}: {process.stderr.decode(errors='replace').strip()[-300:]}")
