"""Options of a display: what it shows and says, with defaults for what they leave out."""

from __future__ import annotations

from typing import Any

LAYOUTS = ("hall", "counter", "corridor", "portrait", "door")
SOUNDS = ("off", "chime", "speech")
ARROWS = ("left", "right", "ahead", "upstairs", "downstairs")
LOUDEST = 100


def default_options(layout: str) -> dict[str, Any]:
    """Default options of a display in that layout.

    Above a counter it does not speak: the display of the hall does, and both would be heard at once.
    """
    return {
        "layout": layout,
        "sound": {"counter": "chime", "door": "off"}.get(layout, "speech"),
        "speech": ["cs"],
        "volume": LOUDEST,
        "text": {},
        "arrows": {},
    }


def options_of(options: dict[str, Any]) -> dict[str, Any]:
    """All options but the counters, with the default where one is missing."""
    defaults = default_options(options.get("layout", LAYOUTS[0]))
    return defaults | {key: options[key] for key in defaults if key in options}
