"""The words of a call and the clips that say them."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.core import speech

languages = st.sampled_from(speech.LANGUAGES)
places = st.sampled_from(speech.PLACES)
labels = st.builds(
    str.__add__,
    st.text(string.ascii_uppercase, min_size=1, max_size=3),
    st.integers(0, 999).map(str),
)


@pytest.mark.parametrize(
    ("label", "place", "number", "cs", "en"),
    [
        ("V23", "counter", "4", "Číslo vé dvacet tři, přepážka čtyři.", "Number V twenty three, counter four."),
        ("A023", "counter", "1", "Číslo á nula dvacet tři, přepážka jedna.", "Number A zero twenty three, counter one."),
        ("R333", "door", "205", "Číslo er tři sta třicet tři, dveře číslo dvě stě pět.", "Number R three hundred and thirty three, door number two hundred and five."),
        ("AB100", "office", "12a", "Číslo á bé sto, kancelář dvanáct á.", "Number A B one hundred, office twelve A."),
        ("W7", "booth", "Ř3", "Číslo dvojité vé sedm, kabinka eř tři.", "Number W seven, booth R three."),
        ("O1234", "window", "0", "Číslo ó jedna dva tři čtyři, okénko nula.", "Number O one two three four, window zero."),
    ],
)  # fmt: skip
def test_sentences(label: str, place: str, number: str, cs: str, en: str) -> None:
    assert speech.call_sentence(label, place, number, "cs") == cs
    assert speech.call_sentence(label, place, number, "en") == en


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Přepážka 4", "counter"),
        ("Dveře 205", "door"),
        ("kancelář vedoucí", "office"),
        ("Okénko podatelny", "window"),
        ("Stůl 3", "desk"),
        ("U Karla", "counter"),
        ("", "counter"),
        ("  ", "counter"),
    ],
)
def test_the_kind_of_place_comes_from_its_name(name: str, kind: str) -> None:
    assert speech.place_word(name) == kind


@given(language=languages)
def test_every_number_is_said_in_its_own_way(language: str) -> None:
    said = [speech.number_words(n, language) for n in range(speech.MOST + 1)]
    assert len(set(said)) == len(said)


@given(label=labels, other=labels, place=places, number=st.integers(1, 999), language=languages)
def test_two_tickets_never_sound_the_same(
    label: str, other: str, place: str, number: int, language: str
) -> None:
    said = {speech.clips_of_call(one, place, str(number), language) for one in (label, other)}
    assert len(said) == len({label, other})


@given(label=st.text(max_size=12), place=places, number=st.text(max_size=10), language=languages)
def test_whatever_a_label_is_only_known_clips_say_it(
    label: str, place: str, number: str, language: str
) -> None:
    said = speech.clips_of_call(label, place, number, language)
    assert set(said) <= set(speech.every_clip(language))
    assert said[0] == "number"
    assert said.count(place) == 1
    assert all(speech.words_of_clip(clip, language).strip() for clip in said)


@given(label=labels, place=places, number=st.integers(1, 999).map(str), language=languages)
def test_the_sentence_is_what_the_clips_say(
    label: str, place: str, number: str, language: str
) -> None:
    said = speech.clips_of_call(label, place, number, language)
    words = " ".join(speech.words_of_clip(clip, language) for clip in said)
    written = re.sub(r"[,.]", "", speech.call_sentence(label, place, number, language))
    assert written.casefold() == words.casefold()


@pytest.mark.parametrize("language", speech.LANGUAGES)
def test_names_of_clips_are_plain_names_of_files(language: str) -> None:
    clips = speech.every_clip(language)
    assert len(set(clips)) == len(clips)
    assert all(re.fullmatch(r"[a-z0-9-]+", clip) for clip in clips)
