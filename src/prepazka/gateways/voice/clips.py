"""The folder of clips: `rendered/cs/23.wav` is ours, `own/cs/23.mp3` an office's, which goes first."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from prepazka.core.speech import LANGUAGES, PLACES, every_clip
from prepazka.gateways.voice import espeak, sound

RENDERED, OWN, RECIPE = "rendered", "own", "recipe.txt"
CHIME, MAKING = "chime", "making-"
TYPES = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
}
PAUSE_S = 0.25  # before the place, where a comma stands
SHORTEST_S, LONGEST_S = 0.08, 4.0
NO_SPEAKER = (
    "There is nothing to speak with: install espeak-ng (Debian: apt install espeak-ng), or the"
    " extra prepazka[voice], or put recordings into the folder. Until then displays only chime."
)


@dataclass(frozen=True)
class Clips:
    """What can be played: files by "cs/23" or "chime"; `version` changes with them."""

    files: dict[str, Path]
    version: str

    def has(self, names: list[str]) -> bool:
        """Whether all of them can be played."""
        return all(name in self.files for name in names)


def clips(folder: str) -> Clips:
    """Everything in the folder now; read anew only when a folder in it has changed."""
    if not folder:
        return Clips({}, "")
    return _listed(folder, tuple(_changed(where) for where in _folders(Path(folder))))


@lru_cache(maxsize=4)
def _listed(folder: str, changed: tuple[int, ...]) -> Clips:
    known = {CHIME, *(f"{la}/{clip}" for la in LANGUAGES for clip in every_clip(la))}
    files = {}
    for where in _folders(Path(folder)):
        of_language = f"{where.name}/" if where.name in LANGUAGES else ""
        for file in sorted(where.iterdir()) if where.is_dir() else ():
            name = of_language + file.stem
            if name in known and file.suffix in TYPES and file.is_file():
                files[name] = file
    stamps = "".join(f"{n}{f}{f.stat().st_mtime_ns}" for n, f in sorted(files.items()))
    return Clips(files, hashlib.sha256(stamps.encode()).hexdigest()[:12])


def _folders(folder: Path) -> Iterator[Path]:
    """From what counts least to what counts most."""
    for kind in (RENDERED, OWN):
        yield folder / kind
        for language in LANGUAGES:
            yield folder / kind / language


def _changed(where: Path) -> int:
    try:
        return where.stat().st_mtime_ns
    except OSError:
        return 0


def render(folder: Path, *, by: str, anew: bool = False) -> int:
    """Say all clips that are missing, or all; how many were said. Raises CannotSpeak.

    Each file appears under its name only when it is whole. Recordings of the office stay as they are.
    """
    home, recipe = folder / RENDERED, _recipe(by)
    mark = home / RECIPE
    anew = anew or not mark.exists() or mark.read_text(encoding="ascii") != recipe
    for left in home.glob(f"{MAKING}*"):  # by a rendering that was killed
        shutil.rmtree(left, ignore_errors=True)
    made = 0
    for language in LANGUAGES:
        (home / language).mkdir(parents=True, exist_ok=True)
        for clip in every_clip(language):
            file = home / language / f"{clip}.wav"
            if anew or not file.exists():
                _render_one(clip, language, file, by)
                made += 1
    mark.write_text(recipe, encoding="ascii")
    return made


def _render_one(clip: str, language: str, file: Path, by: str) -> None:
    with tempfile.TemporaryDirectory(dir=file.parent.parent, prefix=MAKING) as place:
        raw, ready = Path(place) / "raw.wav", Path(place) / "ready.wav"
        espeak.say(espeak.spoken(clip, language), language, raw, by)
        try:
            said = sound.trimmed(sound.read(raw), PAUSE_S if clip in PLACES[language] else 0)
        except ValueError as error:
            raise espeak.CannotSpeak(str(error)) from error
        if not said.samples:
            raise espeak.CannotSpeak(f"{by} said nothing for {language}/{clip}")
        sound.write(said, ready)
        ready.replace(file)


def _recipe(by: str) -> str:
    """Changes when the same names would sound different."""
    words = [f"{la} {espeak.spoken(c, la)}" for la in LANGUAGES for c in every_clip(la)]
    made_of = [Path(by).name, str(espeak.RATE), str(espeak.VOICES), str(PAUSE_S), *words]
    return hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:16]


def faults(folder: Path) -> list[str]:
    """What is missing, silent or too long, and recordings under names that nothing asks for."""
    found, present = [], clips(str(folder)).files
    for language in LANGUAGES:
        lacking = [c for c in every_clip(language) if f"{language}/{c}" not in present]
        if lacking:
            shown = ", ".join(lacking[:5]) + (" …" if len(lacking) > len(lacking[:5]) else "")
            found.append(f"{language}: {len(lacking)} clips are missing: {shown}")
    found += [text for file in present.values() if (text := _wrong_with(file))]
    used = set(present.values())
    for where in _folders(folder):
        for file in sorted(where.iterdir()) if where.name != RENDERED and where.is_dir() else ():
            if file.is_file() and file not in used and OWN in file.parts:
                found.append(
                    f"{file.name} in {where.name} is no clip, or not the first of its name"
                )
    return found


def _wrong_with(file: Path) -> str:
    """Only WAV files can be looked into; of others we know that they are not empty."""
    name = f"{file.parent.name}/{file.name}"
    if file.suffix != ".wav":
        return "" if file.stat().st_size else f"{name} is empty"
    try:
        heard = sound.read(file)
    except ValueError as error:
        return f"{name} cannot be checked: {error}" if OWN not in file.parts else ""
    if heard.loudest < sound.QUIET:
        return f"{name} is silent"
    if not SHORTEST_S <= heard.seconds <= LONGEST_S:
        return f"{name} lasts {heard.seconds:.2f} s"
    return ""
