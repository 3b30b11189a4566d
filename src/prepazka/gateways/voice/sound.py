"""WAV files of speech: reading, trimming, and whether something can be heard in them."""

from __future__ import annotations

import array
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

QUIET = 300  # of 32,767: below this nothing is heard in a hall
MARGIN_S = 0.03


@dataclass(frozen=True)
class Sound:
    """Samples of one channel, 16 bits each."""

    samples: array.array[int]
    hertz: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.hertz

    @property
    def loudest(self) -> int:
        """The largest deflection."""
        return max(map(abs, self.samples), default=0)


def read(file: Path) -> Sound:
    """Raises ValueError for anything but a WAV of one channel and 16 bits."""
    try:
        with wave.open(str(file), "rb") as sound:
            if sound.getnchannels() != 1 or sound.getsampwidth() != 2:  # noqa: PLR2004  # bytes
                raise ValueError(f"{file.name} is not a WAV of one channel and 16 bits")
            samples = array.array("h", sound.readframes(sound.getnframes()))
            if sys.byteorder == "big":
                samples.byteswap()
            return Sound(samples, sound.getframerate())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{file.name}: {error}") from error


def trimmed(sound: Sound, pause_s: float = 0.0) -> Sound:
    """Without the silence around what is said, so that clips join; with a pause before it."""
    heard = [i for i, sample in enumerate(sound.samples) if abs(sample) >= QUIET]
    if not heard:
        return Sound(array.array("h"), sound.hertz)
    margin = int(MARGIN_S * sound.hertz)
    pause = array.array("h", bytes(2 * int(pause_s * sound.hertz)))
    cut = sound.samples[max(0, heard[0] - margin) : heard[-1] + margin]
    return Sound(pause + cut, sound.hertz)


def write(sound: Sound, file: Path) -> None:
    """As a WAV of one channel and 16 bits."""
    samples = sound.samples
    if sys.byteorder == "big":
        samples = array.array("h", samples)
        samples.byteswap()
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(sound.hertz)
        out.writeframes(samples.tobytes())
