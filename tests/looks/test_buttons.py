"""Buttons: whether one leads somewhere is said where it stands, never by what stood before it."""

from __future__ import annotations

from pathlib import Path

import prepazka

ROOT = Path(prepazka.__file__).parent


def test_no_template_leaves_an_address_to_the_next_button() -> None:
    left = [str(path) for path in ROOT.rglob("*.html") if "as href %}" in path.read_text()]
    assert left == [], "name it otherwise, and give it to the button it is for: href=address"
