"""A program that speaks one text into a WAV file by the library of the wheel espeakng-loader.

Run as `python by_wheel.py VOICE RATE FILE TEXT`. The library is under the GPL, so none of our other
code imports it or this file; it is used by the command line and the WAV file only.
"""

from __future__ import annotations

import ctypes
import sys
import wave

SYNCHRONOUS, RATE, UTF8_WITH_PHONEMES = 2, 1, 0x101
CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def main(voice: str, rate: str, file: str, text: str) -> int:
    """Write the speech; returns the exit code, 1 if the library has no such voice."""
    import espeakng_loader  # noqa: PLC0415  # an optional extra

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    path = str(espeakng_loader.get_data_path()).encode()
    hertz = library.espeak_Initialize(SYNCHRONOUS, 0, path, 0)
    audio = bytearray()

    def take(samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if count > 0:
            audio.extend(ctypes.string_at(samples, count * 2))
        return 0

    callback = CALLBACK(take)
    library.espeak_SetSynthCallback(callback)
    if hertz <= 0 or library.espeak_SetVoiceByName(voice.encode()):
        return 1
    library.espeak_SetParameter(RATE, int(rate), 0)
    encoded = text.encode()
    library.espeak_Synth(encoded, len(encoded) + 1, 0, 1, 0, UTF8_WITH_PHONEMES, None, None)
    library.espeak_Synchronize()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(hertz)
        sound.writeframes(bytes(audio))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
