"""The offices that come with the program, by name."""

from __future__ import annotations

from importlib import resources

SUFFIX = ".yaml"


def names() -> list[str]:
    """The names of the presets."""
    files = resources.files("prepazka.presets").iterdir()
    return sorted(one.name.removesuffix(SUFFIX) for one in files if one.name.endswith(SUFFIX))


def text(name: str) -> str:
    """The file of a preset. Raises KeyError."""
    if name not in names():
        raise KeyError(name)
    return (resources.files("prepazka.presets") / f"{name}{SUFFIX}").read_text(encoding="utf-8")
