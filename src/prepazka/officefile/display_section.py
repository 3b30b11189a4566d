"""Declarations of the options of displays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from prepazka.core.speech import LANGUAGES
from prepazka.officefile import value_readers
from prepazka.officefile.declarations import Field, FileContext, Kind, Right, plain
from prepazka.officefile.nodes import NOTHING, Section, Wrong, items, one_of, scalar
from prepazka.officefile.phrases import listed
from prepazka.officefile.phrases import phrase as _
from prepazka.offices.display_options import ARROWS, LAYOUTS, LOUDEST, SOUNDS, default_options

HEAD = Right.HEAD
SOUND = value_readers.choice(*SOUNDS)


def _of_layout(name: str) -> Callable[[Mapping[str, Any], FileContext], Any]:
    """The default of an option, which depends on the display's layout."""
    return lambda values, _context: default_options(values.get("layout", LAYOUTS[0]))[name]


def _sound(node: yaml.Node) -> str:
    """The kind of sound; `no` means `off`, because people write that in YAML."""
    sound = scalar(node, one_of(SOUNDS)).lower()
    return "off" if sound in {"no", "false"} else SOUND.read(node, FileContext())


def _speech(node: yaml.Node) -> list[str]:
    expected = _(
        "languages of speech such as [cs, en]; there are: %(languages)s",
        languages=listed(LANGUAGES),
    )
    languages = [scalar(language_node, expected) for language_node in items(node, expected)]
    if (
        not languages
        or len(set(languages)) < len(languages)
        or not set(languages) <= set(LANGUAGES)
    ):
        raise Wrong(expected)
    return languages


def _arrows(section: Section, key: str, context: FileContext) -> dict[str, str]:
    arrow_section = section.section(key, _("directions to counters such as {p1: left, p2: ahead}"))
    if arrow_section is None:
        return {}
    direction = value_readers.choice(*ARROWS)
    fields = [Field(code, direction, NOTHING, NOTHING) for code in context.counters]
    chosen = {f.key: f.take(arrow_section, context, {}) for f in fields}
    arrow_section.done()
    return {code: direction for code, direction in chosen.items() if direction}


DISPLAY: tuple[Field, ...] = (
    Field(
        "layout",
        value_readers.choice(*LAYOUTS),
        _("Layout"),
        _(
            "Where the display hangs: in the hall, above a counter, in a corridor, upright, or at"
            " the door with only the QR code for a ticket."
        ),
        attributes=("layout",),
        default=LAYOUTS[0],
        always=True,
    ),
    Field(
        "sound",
        plain("sound", _sound, choices=SOUNDS),
        _("Sound"),
        _("What is heard with a call; let only one display speak in a room."),
        attributes=("sound",),
        default=_of_layout("sound"),
        right=HEAD,
    ),
    Field(
        "speech",
        plain("speech", _speech, choices=LANGUAGES),
        _("Languages of speech"),
        _("In which languages calls are spoken, in this order."),
        attributes=("speech",),
        default=_of_layout("speech"),
        right=HEAD,
    ),
    Field(
        "volume",
        value_readers.number(1, LOUDEST),
        _("Volume"),
        _("Per cent of the computer's volume."),
        attributes=("volume",),
        default=_of_layout("volume"),
        right=HEAD,
    ),
    Field(
        "text",
        value_readers.TEXT,
        _("Line at the bottom"),
        _("The office's own text at the bottom of the display."),
        attributes=("text",),
        default=_of_layout("text"),
        right=HEAD,
    ),
    Field(
        "arrows",
        Kind("arrows", nested=_arrows, bounds={"choices": ARROWS}),
        _("Arrows"),
        _("The direction from this display to a counter."),
        attributes=("arrows",),
        default=_of_layout("arrows"),
    ),
)
