"""`prepazka voice`: make the clips that the displays say, look whether they are all right."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from prepazka.core.speech import LANGUAGES, every_clip, sentence, words_of
from prepazka.gateways.voice import clips, espeak

EXAMPLE = ("A023", "counter", "4")


def folder(arguments: argparse.Namespace) -> Path:
    """PREPAZKA_VOICE, as the web has it; else in the data folder, as `prepazka run` has it."""
    return Path(os.environ.get("PREPAZKA_VOICE") or Path(arguments.data) / "voice").absolute()


def render(arguments: argparse.Namespace) -> int:
    """Say what is missing."""
    where, by = folder(arguments), espeak.speaker()
    if not by:
        print(clips.NO_SPEAKER, file=sys.stderr)
        return 1
    if arguments.quietly:
        os.nice(19)  # beside a hall at work, or at the first start
    try:
        made = clips.render(where, by=by, anew=arguments.anew)
    except espeak.CannotSpeak as error:
        print(f"The clips could not be made: {error}", file=sys.stderr)
        return 1
    if made or not arguments.quietly:
        print(f"{made} clips were said by {by} into {where}.")
    return 0


def check(arguments: argparse.Namespace) -> int:
    """Say what is there, what is wrong with it, and how a call sounds."""
    where = folder(arguments)
    found = clips.clips(str(where)).files.values()
    own = sum(clips.OWN in file.relative_to(where).parts for file in found)
    print(f"Folder {where}: {len(found)} clips, {own} of them recorded by the office.")
    print(f"Spoken by: {espeak.speaker() or 'nothing is installed'}")
    for language in LANGUAGES:
        print(f"{language}: {sentence(*EXAMPLE, language)}")
    wrong = clips.faults(where)
    for one in wrong:
        print(one, file=sys.stderr)
    return 1 if wrong else 0


def names(arguments: argparse.Namespace) -> int:
    """Names of all clips and their words, for whoever records them."""
    for language in LANGUAGES:
        for clip in every_clip(language):
            print(f"{language}/{clip}\t{words_of(clip, language)}")
    return 0
