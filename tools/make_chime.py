"""Writes the chime of the wall display: two soft tones, made of sines only."""

import math
import struct
import sys
import wave
from pathlib import Path

RATE = 11_025
TONES = ((659.26, 0.0), (523.25, 0.38))  # Hz, start in seconds: a falling third
LASTS, FADE, ATTACK, LOUD = 1.25, 4.2, 0.008, 0.42
TARGET = Path(__file__).parents[1] / "src/prepazka/surfaces/display/static/display/chime.wav"


def sample(moment: float) -> float:
    """The height of the wave at the moment."""
    height = 0.0
    for frequency, start in TONES:
        since = moment - start
        if since >= 0:
            envelope = min(since / ATTACK, 1.0) * math.exp(-FADE * since)
            angle = 2 * math.pi * frequency * since
            height += envelope * (
                math.sin(angle) + 0.3 * math.sin(2 * angle) + 0.1 * math.sin(3 * angle)
            )
    return height * LOUD * min(1.0, (LASTS - moment) / 0.05)


def main() -> None:
    """Write the file."""
    values = [sample(n / RATE) for n in range(int(LASTS * RATE))]
    with wave.open(str(TARGET), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        clipped = (max(-1.0, min(1.0, v)) for v in values)
        file.writeframes(b"".join(struct.pack("<h", int(v * 32_000)) for v in clipped))
    sys.stdout.write(f"{TARGET.name}: {TARGET.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
