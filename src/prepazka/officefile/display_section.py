"""Declarations of the options of displays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from prepazka.core.speech import LANGUAGES
from prepazka.officefile import value_readers
from prepazka.officefile.declarations import Field, FileContext, Kind, Right, option, plain
from prepazka.officefile.nodes import Section, Wrong, items, one_of, scalar
from prepazka.officefile.phrases import listed
from prepazka.officefile.phrases import phrase as _
from prepazka.offices.display_options import ARROWS, LAYOUTS, LOUDEST, SOUNDS, default_options
from prepazka.offices.languages import installed_languages

HEAD = Right.HEAD
SOUND = value_readers.choice(*SOUNDS)


def _spoken() -> list[str]:
    """The languages of the installation in which calls can be spoken."""
    return [code for code in installed_languages() if code in LANGUAGES]


def _of_layout(name: str) -> Callable[[Mapping[str, Any], FileContext], Any]:
    """The default of an option, which depends on the display's layout."""
    return lambda values, _context: default_options(values.get("layout", LAYOUTS[0]))[name]


def _sound(node: yaml.Node) -> str:
    """The kind of sound; `no` means `off`, because people write that in YAML."""
    sound = scalar(node, one_of(SOUNDS)).lower()
    return "off" if sound in {"no", "false"} else SOUND.read(node, FileContext())


def _speech(node: yaml.Node) -> list[str]:
    spoken = _spoken()
    expected = _(
        "languages of speech such as [cs, en]; there are: %(languages)s",
        languages=listed(spoken),
    )
    languages = [scalar(language_node, expected) for language_node in items(node, expected)]
    if not languages or len(set(languages)) < len(languages) or not set(languages) <= set(spoken):
        raise Wrong(expected)
    return languages


def _arrows(section: Section, key: str, context: FileContext) -> dict[str, str]:
    arrow_section = section.section(key, _("directions to counters such as {p1: left, p2: ahead}"))
    if arrow_section is None:
        return {}
    direction = value_readers.choice(*ARROWS)
    fields = [Field(code, direction) for code in context.counters]
    chosen = {f.key: f.take(arrow_section, context, {}) for f in fields}
    arrow_section.done()
    return {code: direction for code, direction in chosen.items() if direction}


DISPLAY: tuple[Field[Any], ...] = (
    option(
        "layout",
        Field("layout", value_readers.choice(*LAYOUTS), default=LAYOUTS[0], always=True),
        _("Layout"),
        _(
            "Where the display hangs: in the hall, above a counter, in a corridor, upright, or at"
            " the door with only the QR code for a ticket."
        ),
    ),
    option(
        "sound",
        Field(
            "sound", plain("sound", _sound, choices=SOUNDS), default=_of_layout("sound"), right=HEAD
        ),
        _("Sound"),
        _("What is heard with a call; let only one display speak in a room."),
    ),
    option(
        "speech",
        Field(
            "speech",
            plain("speech", _speech, choices=LANGUAGES),
            default=_of_layout("speech"),
            right=HEAD,
        ),
        _("Languages of speech"),
        _("In which languages calls are spoken, in this order."),
    ),
    option(
        "volume",
        Field("volume", value_readers.number(1, LOUDEST), default=_of_layout("volume"), right=HEAD),
        _("Volume"),
        _("Per cent of the computer's volume."),
    ),
    option(
        "text",
        Field("text", value_readers.TEXT, default=_of_layout("text"), right=HEAD),
        _("Line at the bottom"),
        _("The office's own text at the bottom of the display."),
    ),
    option(
        "arrows",
        Field(
            "arrows",
            Kind("arrows", nested=_arrows, bounds={"choices": ARROWS}),
            default=_of_layout("arrows"),
        ),
        _("Arrows"),
        _("The direction from this display to a counter."),
    ),
)
