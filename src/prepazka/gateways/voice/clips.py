"""The folder of clips: our `rendered/cs/23.wav`, which an office's `own/cs/23.mp3` replaces."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from prepazka.core.speech import LANGUAGES, PLACES, SPOKEN, every_clip
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
PAUSE_S = 0.25  # before the place, as for a comma
SHORTEST_S, LONGEST_S = 0.08, 4.0
NO_SPEAKER = (
    "There is nothing to speak with: install espeak-ng (Debian: apt install espeak-ng), or the"
    " extra prepazka[voice], or put recordings into the folder. Until then displays only chime."
)


@dataclass(frozen=True)
class Clips:
    """The available clips: files by "cs/23" or "chime"; `version` changes with the files."""

    files: dict[str, Path]
    version: str

    def has(self, names: list[str]) -> bool:
        """Whether all the clips are available."""
        return all(name in self.files for name in names)


def available_clips(folder: str) -> Clips:
    """The clips of the folder; cached until one of its folders changes."""
    if not folder:
        return Clips({}, "")
    return _clips_in(folder, tuple(_modified_at(subfolder) for subfolder in _folders(Path(folder))))


@lru_cache(maxsize=4)
def _clips_in(folder: str, changed: tuple[int, ...]) -> Clips:
    clip_names = {CHIME, *(f"{la}/{clip}" for la in LANGUAGES for clip in every_clip(la))}
    files = {}
    for subfolder in _folders(Path(folder)):
        of_language = f"{subfolder.name}/" if subfolder.name in LANGUAGES else ""
        for file in sorted(subfolder.iterdir()) if subfolder.is_dir() else ():
            name = of_language + file.stem
            if name in clip_names and file.suffix in TYPES and file.is_file():
                files[name] = file
    stamps = "".join(f"{n}{f}{f.stat().st_mtime_ns}" for n, f in sorted(files.items()))
    return Clips(files, hashlib.sha256(stamps.encode()).hexdigest()[:12])


def _folders(folder: Path) -> Iterator[Path]:
    """The folders of clips; a clip in a later one replaces the same clip in an earlier one."""
    for kind in (RENDERED, OWN):
        yield folder / kind
        for language in LANGUAGES:
            yield folder / kind / language


def _modified_at(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def render_clips(folder: Path, *, by: str, anew: bool = False) -> int:
    """Render missing clips, or all with `anew`; returns how many. Raises CannotSpeak.

    A file gets its name only when it is complete. The office's own recordings stay as they are.
    """
    home, recipe = folder / RENDERED, _recipe(by)
    mark = home / RECIPE
    anew = anew or not mark.exists() or mark.read_text(encoding="ascii") != recipe
    for leftover in home.glob(f"{MAKING}*"):  # of an interrupted rendering
        shutil.rmtree(leftover, ignore_errors=True)
    rendered = 0
    for language in LANGUAGES:
        (home / language).mkdir(parents=True, exist_ok=True)
        for clip in every_clip(language):
            file = home / language / f"{clip}.wav"
            if anew or not file.exists():
                _render_one(clip, language, file, by)
                rendered += 1
    mark.write_text(recipe, encoding="ascii")
    return rendered


def _render_one(clip: str, language: str, file: Path, by: str) -> None:
    with tempfile.TemporaryDirectory(dir=file.parent.parent, prefix=MAKING) as work_folder:
        raw, ready = Path(work_folder) / "raw.wav", Path(work_folder) / "ready.wav"
        espeak.write_speech(espeak.spoken_text(clip, language), language, raw, by)
        try:
            speech = sound.trim_silence(sound.read_wav(raw), PAUSE_S if clip in PLACES else 0)
        except ValueError as error:
            raise espeak.CannotSpeak(str(error)) from error
        if not speech.samples:
            raise espeak.CannotSpeak(f"{by} said nothing for {language}/{clip}")
        sound.write_wav(speech, ready)
        ready.replace(file)


def _recipe(by: str) -> str:
    """A hash of everything that determines the sound of clips."""
    words = [f"{la} {espeak.spoken_text(c, la)}" for la in LANGUAGES for c in every_clip(la)]
    ingredients = [
        Path(by).name,
        str(espeak.RATE),
        str([spoken.voice for spoken in SPOKEN.values()]),
        str(PAUSE_S),
        *words,
    ]
    return hashlib.sha256("\n".join(ingredients).encode()).hexdigest()[:16]


def faults_of_clips(folder: Path) -> list[str]:
    """Lines about clips that are missing, silent or too long, and about unused recordings."""
    lines, present = [], available_clips(str(folder)).files
    for language in LANGUAGES:
        lacking = [c for c in every_clip(language) if f"{language}/{c}" not in present]
        if lacking:
            listed = ", ".join(lacking[:5]) + (" …" if len(lacking) > len(lacking[:5]) else "")
            lines.append(f"{language}: {len(lacking)} clips are missing: {listed}")
    lines += [text for file in present.values() if (text := _fault_of(file))]
    used = set(present.values())
    for subfolder in _folders(folder):
        for file in (
            sorted(subfolder.iterdir()) if subfolder.name != RENDERED and subfolder.is_dir() else ()
        ):
            if file.is_file() and file not in used and OWN in file.parts:
                lines.append(
                    f"{file.name} in {subfolder.name} is no clip, or not the first of its name"
                )
    return lines


def _fault_of(file: Path) -> str:
    """What is wrong with a file, or empty; of files other than WAV only the size is checked."""
    name = f"{file.parent.name}/{file.name}"
    if file.suffix != ".wav":
        return "" if file.stat().st_size else f"{name} is empty"
    try:
        recording = sound.read_wav(file)
    except ValueError as error:
        return f"{name} cannot be checked: {error}" if OWN not in file.parts else ""
    if recording.loudest < sound.QUIET:
        return f"{name} is silent"
    if not SHORTEST_S <= recording.seconds <= LONGEST_S:
        return f"{name} lasts {recording.seconds:.2f} s"
    return ""
