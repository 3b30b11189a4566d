"""Speech is listened to: how long it is, whether anything is heard, which phonemes it has."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from difflib import SequenceMatcher
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest

from prepazka.config import cli
from prepazka.core import speech
from prepazka.gateways.voice import clips, espeak, sound
from tests import needs

EXACT = ("cs", "en")
ESPEAK = needs.path("espeak-ng")
needs_espeak = needs.mark("espeak-ng")


def phonemes(texts: list[str], language: str) -> list[str]:
    """What espeak-ng says for each text, without stress and pauses."""
    command = [ESPEAK, "-q", "--ipa", "-v", speech.SPOKEN[language].voice]
    said = [
        subprocess.run([*command, text], capture_output=True, text=True, check=True).stdout
        for text in texts
    ]
    return [re.sub(r"[ˈˌ\s]", "", one) for one in said]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All clips, said once for all processes of the run: whoever comes second waits for the first."""
    base = tmp_path_factory.getbasetemp()
    of_run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    place = of_run / "voice-of-all"
    with (of_run / "voice.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        everything = sum(len(speech.every_clip(language)) for language in speech.LANGUAGES)
        assert clips.render_clips(place, by=ESPEAK) in {everything, 0}
    return place


@needs_espeak
def test_every_clip_is_heard_and_is_short(folder: Path) -> None:
    assert clips.faults_of_clips(folder) == []
    known = clips.available_clips(str(folder)).files
    lengths = {name: sound.read_wav(file).seconds for name, file in known.items()}
    assert 0.15 < min(lengths.values()) < max(lengths.values()) < 2.2
    # Trimmed: a clip starts within a twentieth of a second, but a place after the pause of a comma.
    heard = sound.read_wav(known["cs/23"])
    assert max(map(abs, heard.samples[: heard.hertz // 20])) >= sound.QUIET
    place = sound.read_wav(known["cs/counter"])
    assert max(map(abs, place.samples[: place.hertz // 5])) < sound.QUIET
    size = sum(file.stat().st_size for file in known.values())
    assert size < len(speech.LANGUAGES) * 7_500_000


@needs_espeak
@pytest.mark.parametrize("language", speech.LANGUAGES)
def test_different_clips_sound_different(folder: Path, language: str) -> None:
    files = {
        n: f for n, f in clips.available_clips(str(folder)).files.items() if n.startswith(language)
    }
    assert len({sound.read_wav(file).samples.tobytes() for file in files.values()}) == len(files)


@needs_espeak
def test_what_is_hard_to_say_is_said_rightly() -> None:
    """Lone vowels, ř, numbers: the phonemes a Czech would expect."""
    expected = {
        "letter-a": "aː",
        "letter-e": "eː",
        "letter-i": "iː",
        "letter-o": "oː",
        "letter-u": "uː",
        "letter-r": "er",
        "letter-r-caron": "er̝",
        "letter-q": "kveː",
        "letter-w": "dvojiteːveː",
        "letter-x": "iks",
        "33": "tr̝̊itsettr̝̊i",
        "4": "tʃtir̝i",
        "200": "dvjesce",
        "counter": "pr̝̊epaːʃka",
        "door": "dver̝etʃiːslo",
        "number": "tʃiːslo",
        "0": "nula",
        "7": "sedum",
        "80": "osumdesaːt",
    }
    said = phonemes([espeak.spoken_text(clip, "cs") for clip in expected], "cs")
    assert dict(zip(expected, said, strict=True)) == expected
    # The control: fed as it is written, the letter would be described instead of said.
    assert phonemes(["á"], "cs") != ["aː"]


@needs_espeak
@pytest.mark.parametrize("language", speech.LANGUAGES)
def test_numbers_are_those_that_espeak_itself_counts(language: str) -> None:
    """An independent reader of digits says the same as our words, in its own run of words."""
    some = [*range(0, 98, 7), 22, 100, 101, 205, 333, 444, 512, 600, 719, 999]
    names = [speech.clips_of_call("", "counter", str(n), language)[2:] for n in some]
    ours = phonemes(
        [" ".join(espeak.spoken_text(c, language) for c in one) for one in names], language
    )
    theirs = phonemes([str(n) for n in some], language)
    if language in EXACT:
        heard = zip(some, map(_run, ours), map(_run, theirs), strict=True)
        assert {n: (a, b) for n, a, b in heard if a != b} == {}
        return
    # Elsewhere espeak counts in other sounds than it reads words: each is nearest to its own number.
    nearest = [max(range(len(some)), key=lambda i: _likeness(one, theirs[i])) for one in ours]
    assert [some[i] for i in nearest] == some


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _run(said: str) -> str:
    """In one breath espeak joins words: "devět set" with one s, unvoiced and voiced d and t alike."""
    # It counts "dvacet jeden"; a counter's number is "dvacet jedna".
    said = re.sub("jeden$", "jedna", said)
    plain = said.replace("ɐ", "a").replace("ə", "a").replace("r̝̊", "r̝")
    plain = plain.replace("dɹɪdand", "dɹɪdan")  # "two hundred 'n' five"
    plain = re.sub(r"[tdcɟ]s*", lambda m: "d" + "s" * (len(m[0]) > 1), plain).replace("ː", "")
    return re.sub(r"(.)\1+", r"\1", plain)


@needs_espeak
def test_only_what_is_missing_is_said_again_and_own_recordings_go_first(
    folder: Path, tmp_path: Path
) -> None:
    place = tmp_path / "voice"
    shutil.copytree(folder, place)
    (place / "rendered/cs/23.wav").unlink()
    assert clips.faults_of_clips(place) == ["cs: 1 clips are missing: 23"]
    (place / "rendered/making-killed").mkdir()
    assert clips.render_clips(place, by=ESPEAK) == 1
    assert not (place / "rendered/making-killed").exists()
    before = clips.available_clips(str(place))
    (place / "own/cs").mkdir(parents=True)
    own = place / "own/cs/23.mp3"
    own.write_bytes(b"ID3 recorded")
    (place / "own/chime.ogg").write_bytes(b"OggS")
    after = clips.available_clips(str(place))
    assert after.files["cs/23"] == own
    assert after.files["chime"] == place / "own/chime.ogg"
    assert after.version != before.version
    assert clips.render_clips(place, by=ESPEAK) == 0
    assert own.read_bytes() == b"ID3 recorded"


@needs_espeak
def test_the_check_finds_silence_and_recordings_that_nothing_asks_for(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PREPAZKA_VOICE", raising=False)
    shutil.copytree(folder, tmp_path / "voice")
    assert cli.main(["voice", "check", "--data", str(tmp_path)]) == 0
    assert "Číslo á nula dvacet tři, přepážka čtyři." in capsys.readouterr().out
    good = sound.read_wav(folder / "rendered/cs/5.wav")
    quiet = type(good.samples)("h", bytes(2 * good.hertz))
    sound.write_wav(sound.Sound(quiet, good.hertz), tmp_path / "voice/rendered/cs/5.wav")
    sound.write_wav(
        sound.Sound(good.samples * 20, good.hertz), tmp_path / "voice/rendered/en/6.wav"
    )
    (tmp_path / "voice/rendered/en/7.wav").write_bytes(b"RIFF broken")
    (tmp_path / "voice/own/en").mkdir(parents=True)
    (tmp_path / "voice/own/en/dvacet.wav").write_bytes(b"RIFF")
    (tmp_path / "voice/own/en/8.mp3").write_bytes(b"")
    assert cli.main(["voice", "check", "--data", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    for words in ("cs/5.wav is silent", "en/6.wav lasts", "en/7.wav cannot be checked", "dvacet.wav in en is no clip", "en/8.mp3 is empty"):  # fmt: skip
        assert words in said


def program(folder: Path, body: str) -> str:
    """A program that stands in for espeak-ng."""
    file = folder / "espeak-ng"
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


@pytest.mark.parametrize("body", ["echo broken >&2; exit 3", 'printf "no wav" > "$6"', "exit 0"])
def test_a_program_that_fails_leaves_no_clip(tmp_path: Path, body: str) -> None:
    with pytest.raises(espeak.CannotSpeak):
        clips.render_clips(tmp_path / "voice", by=program(tmp_path, body))
    assert clips.available_clips(str(tmp_path / "voice")).files == {}
    assert not list((tmp_path / "voice").rglob("*.wav"))


def test_without_anything_to_speak_with_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(espeak, "find_speaker", lambda: "")
    assert cli.main(["voice", "render", "--data", str(tmp_path)]) == 1
    assert "apt install espeak-ng" in capsys.readouterr().err


def test_the_library_under_the_gpl_is_never_in_our_process() -> None:
    source = Path(espeak.__file__).parent
    importing = [f.name for f in source.glob("*.py") if "import espeakng_loader" in f.read_text()]
    assert importing == ["by_wheel.py"]
    everywhere = source.parents[1].rglob("*.py")
    assert not [f for f in everywhere if re.search(r"import .*by_wheel", f.read_text())]
    assert os.fspath(espeak.WHEEL).endswith("by_wheel.py")


def test_names_are_listed_for_whoever_records_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["voice", "names"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "cs/letter-a\tá" in lines
    assert len(lines) == sum(len(speech.every_clip(code)) for code in speech.LANGUAGES)


@pytest.mark.parametrize("language", speech.LANGUAGES)
def test_the_wheel_speaks_too(tmp_path: Path, language: str) -> None:
    for clip in ("letter-a", "23"):
        file = tmp_path / f"{clip}.wav"
        espeak.write_speech(espeak.spoken_text(clip, language), language, file, "espeakng-loader")
        heard = sound.trim_silence(sound.read_wav(file))
        assert 0.15 < heard.seconds < 1.5
        assert heard.loudest > sound.QUIET
