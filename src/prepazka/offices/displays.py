"""What a display shows and says, as its options tell; what they leave out is as usual."""

from __future__ import annotations

from typing import Any

LAYOUTS = ("hall", "counter", "corridor", "portrait", "door")
SOUNDS = ("off", "chime", "speech")
ARROWS = ("left", "right", "ahead", "upstairs", "downstairs")
LOUDEST = 100


def usual(layout: str) -> dict[str, Any]:
    """The options of a display that says nothing more about itself.

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
    """All options but the counters, with the usual ones where there is none."""
    known = usual(options.get("layout", LAYOUTS[0]))
    return known | {key: options[key] for key in known if key in options}
