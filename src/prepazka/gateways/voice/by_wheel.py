"""A program of its own: says one text by the library of the wheel espeakng-loader into a WAV file.

Run as `python by_wheel.py VOICE RATE FILE TEXT`. The library is under the GPL, so nothing else of
ours imports it or this file; they meet over the command line and the finished file only.
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
    """Write what is said; 1 when the library has no such voice."""
    import espeakng_loader  # noqa: PLC0415  # an optional extra

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    path = str(espeakng_loader.get_data_path()).encode()
    hertz = library.espeak_Initialize(SYNCHRONOUS, 0, path, 0)
    heard = bytearray()

    def take(samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if count > 0:
            heard.extend(ctypes.string_at(samples, count * 2))
        return 0

    kept = CALLBACK(take)
    library.espeak_SetSynthCallback(kept)
    if hertz <= 0 or library.espeak_SetVoiceByName(voice.encode()):
        return 1
    library.espeak_SetParameter(RATE, int(rate), 0)
    said = text.encode()
    library.espeak_Synth(said, len(said) + 1, 0, 1, 0, UTF8_WITH_PHONEMES, None, None)
    library.espeak_Synchronize()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(hertz)
        sound.writeframes(bytes(heard))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
