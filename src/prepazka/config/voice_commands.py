"""`prepazka voice`: makes and checks the clips of speech that displays play."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from prepazka.core.speech import LANGUAGES, call_sentence, every_clip, words_of_clip
from prepazka.gateways.voice import clips, espeak

EXAMPLE = ("A023", "counter", "4")


def folder(arguments: argparse.Namespace) -> Path:
    """The folder of clips: PREPAZKA_VOICE, as for the web; else `voice` in the data folder."""
    return Path(os.environ.get("PREPAZKA_VOICE") or Path(arguments.data) / "voice").absolute()


def render(arguments: argparse.Namespace) -> int:
    """Make the clips that are missing, by the installed speech program."""
    voice_folder, speaker = folder(arguments), espeak.find_speaker()
    if not speaker:
        print(clips.NO_SPEAKER, file=sys.stderr)
        return 1
    if arguments.quietly:
        os.nice(19)  # other processes of a hall at work, or of the first start, go first
    try:
        count = clips.render_clips(voice_folder, by=speaker, anew=arguments.anew)
    except espeak.CannotSpeak as error:
        print(f"The clips could not be created: {error}", file=sys.stderr)
        return 1
    if count or not arguments.quietly:
        print(f"{count} clips were created with {speaker} in {voice_folder}.")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Print which clips exist, what is wrong with them, and the words of a call."""
    voice_folder = folder(arguments)
    files = clips.available_clips(str(voice_folder)).files.values()
    recorded = sum(clips.OWN in file.relative_to(voice_folder).parts for file in files)
    print(f"Folder {voice_folder}: {len(files)} clips, {recorded} of them recorded by the office.")
    print(f"Speech program: {espeak.find_speaker() or 'none is installed'}")
    for language in LANGUAGES:
        print(f"{language}: {call_sentence(*EXAMPLE, language)}")
    faults = clips.faults_of_clips(voice_folder)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def names(arguments: argparse.Namespace) -> int:
    """Print the names of all clips and their words, for recording them."""
    for language in LANGUAGES:
        for clip in every_clip(language):
            print(f"{language}/{clip}\t{words_of_clip(clip, language)}")
    return 0
