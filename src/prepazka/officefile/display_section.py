"""Reading and writing of the options of displays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import yaml

from prepazka.core.speech import LANGUAGES
from prepazka.officefile import value_readers
from prepazka.officefile.file_plan import Text
from prepazka.officefile.nodes import Section, Wrong, items, scalar
from prepazka.offices.display_options import (
    ARROWS,
    LAYOUTS,
    LOUDEST,
    SOUNDS,
    default_options,
    options_of,
)

ARROWS_EXPECTED = "directions to counters such as {p1: left, p2: ahead}"


def read_display(
    section: Section, counters: Sequence[str], text: Callable[[yaml.Node], Text]
) -> dict[str, Any]:
    """The display's options except its counters."""
    layout = section.take("layout", value_readers.choice(*LAYOUTS), LAYOUTS[0])
    defaults = default_options(layout)
    return {
        "layout": layout,
        "sound": section.take("sound", _sound, defaults["sound"]),
        "speech": section.take("speech", _speech, defaults["speech"]),
        "volume": section.take("volume", value_readers.number(1, LOUDEST), defaults["volume"]),
        "text": section.take("text", text, defaults["text"]),
        "arrows": _arrows(section, counters),
    }


def write_display(options: dict[str, Any], text: Callable[[Text], Any]) -> dict[str, Any]:
    """The options that differ from the layout's defaults, and the layout."""
    full_options = options_of(options)
    defaults = default_options(full_options["layout"])
    differs = {
        name: setting
        for name, setting in full_options.items()
        if setting != defaults[name] or name == "layout"
    }
    if "text" in differs:
        differs["text"] = text(full_options["text"])
    if "volume" in differs:
        differs["volume"] = str(full_options["volume"])
    return differs


def _sound(node: yaml.Node) -> str:
    """The kind of sound; `no` means `off`, because people write that in YAML."""
    sound = scalar(node, "one of: " + ", ".join(SOUNDS)).lower()
    return "off" if sound in {"no", "false"} else value_readers.choice(*SOUNDS)(node)


def _speech(node: yaml.Node) -> list[str]:
    expected = "languages of speech such as [cs, en]; there are: " + ", ".join(LANGUAGES)
    languages = [scalar(language_node, expected) for language_node in items(node, expected)]
    if (
        not languages
        or len(set(languages)) < len(languages)
        or not set(languages) <= set(LANGUAGES)
    ):
        raise Wrong(expected)
    return languages


def _arrows(section: Section, counters: Sequence[str]) -> dict[str, str]:
    arrow_section = section.section("arrows", ARROWS_EXPECTED)
    if arrow_section is None:
        return {}
    arrows = {}
    for code in counters:
        direction = arrow_section.take(code, value_readers.choice(*ARROWS), "")
        if direction:
            arrows[code] = direction
    arrow_section.done()
    return arrows
