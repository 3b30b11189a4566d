"""WAV files of speech: reading, trimming, writing, loudness."""

from __future__ import annotations

import array
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

QUIET = 300  # of 32,767; quieter samples cannot be heard in a hall
MARGIN_S = 0.03


@dataclass(frozen=True)
class Sound:
    """Samples of one channel, 16 bits each."""

    samples: array.array[int]
    hertz: int

    @property
    def seconds(self) -> float:
        """The length in seconds."""
        return len(self.samples) / self.hertz

    @property
    def loudest(self) -> int:
        """The largest amplitude."""
        return max(map(abs, self.samples), default=0)


def read_wav(file: Path) -> Sound:
    """The sound of a WAV file. Raises ValueError unless it has one channel and 16 bits."""
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


def trim_silence(sound: Sound, pause_s: float = 0.0) -> Sound:
    """The sound without silence at both ends, so that clips join, and with a pause before it."""
    audible = [i for i, sample in enumerate(sound.samples) if abs(sample) >= QUIET]
    if not audible:
        return Sound(array.array("h"), sound.hertz)
    margin = int(MARGIN_S * sound.hertz)
    pause = array.array("h", bytes(2 * int(pause_s * sound.hertz)))
    cut = sound.samples[max(0, audible[0] - margin) : audible[-1] + margin]
    return Sound(pause + cut, sound.hertz)


def write_wav(sound: Sound, file: Path) -> None:
    """Write the sound as a WAV of one channel and 16 bits."""
    samples = sound.samples
    if sys.byteorder == "big":
        samples = array.array("h", samples)
        samples.byteswap()
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(sound.hertz)
        out.writeframes(samples.tobytes())
