"""Reading and writing of what a display shows and says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import yaml

from prepazka.core.speech import LANGUAGES
from prepazka.officefile import values
from prepazka.officefile.nodes import Section, Wrong, items, scalar
from prepazka.officefile.plan import Text
from prepazka.offices.displays import ARROWS, LAYOUTS, LOUDEST, SOUNDS, options_of, usual

ARROWS_EXPECTED = "directions to counters such as {p1: left, p2: ahead}"


def read_display(
    section: Section, counters: Sequence[str], text: Callable[[yaml.Node], Text]
) -> dict[str, Any]:
    """Its options besides the counters it is for."""
    layout = section.take("layout", values.choice(*LAYOUTS), LAYOUTS[0])
    known = usual(layout)
    return {
        "layout": layout,
        "sound": section.take("sound", _sound, known["sound"]),
        "speech": section.take("speech", _speech, known["speech"]),
        "volume": section.take("volume", values.number(1, LOUDEST), known["volume"]),
        "text": section.take("text", text, known["text"]),
        "arrows": _arrows(section, counters),
    }


def write_display(options: dict[str, Any], text: Callable[[Text], Any]) -> dict[str, Any]:
    """What differs from the usual; the layout always."""
    found = options_of(options)
    known = usual(found["layout"])
    differs = {k: v for k, v in found.items() if v != known[k] or k == "layout"}
    if "text" in differs:
        differs["text"] = text(found["text"])
    if "volume" in differs:
        differs["volume"] = str(found["volume"])
    return differs


def _sound(node: yaml.Node) -> str:
    """`off` as well as `no`, because that is how people switch things off in YAML."""
    found = scalar(node, "one of: " + ", ".join(SOUNDS)).lower()
    return "off" if found in {"no", "false"} else values.choice(*SOUNDS)(node)


def _speech(node: yaml.Node) -> list[str]:
    expected = "languages of speech such as [cs, en]; there are: " + ", ".join(LANGUAGES)
    found = [scalar(one, expected) for one in items(node, expected)]
    if not found or len(set(found)) < len(found) or not set(found) <= set(LANGUAGES):
        raise Wrong(expected)
    return found


def _arrows(section: Section, counters: Sequence[str]) -> dict[str, str]:
    below = section.section("arrows", ARROWS_EXPECTED)
    if below is None:
        return {}
    found = {}
    for code in counters:
        direction = below.take(code, values.choice(*ARROWS), "")
        if direction:
            found[code] = direction
    below.done()
    return found
