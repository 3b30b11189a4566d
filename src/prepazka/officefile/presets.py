"""Sample office files that come with the program, by name."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from prepazka.core.error_texts import sentence_of
from prepazka.officefile.nodes import Problem, WrongFile
from prepazka.officefile.phrases import phrase as _

SUFFIX = ".yaml"


class NoSuchFile(Exception):
    """Neither a readable file nor a preset; the message says why and lists the presets."""


def preset_names() -> list[str]:
    """The names of the presets."""
    files = resources.files("prepazka.presets").iterdir()
    return sorted(file.name.removesuffix(SUFFIX) for file in files if file.name.endswith(SUFFIX))


def preset_text(name: str) -> str:
    """The text of a preset. Raises KeyError."""
    if name not in preset_names():
        raise KeyError(name)
    return (resources.files("prepazka.presets") / f"{name}{SUFFIX}").read_text(encoding="utf-8")


def folder_of(name: str) -> Path:
    """The folder of a file or preset, in which files it names are looked for."""
    if not Path(name).exists() and name in preset_names():
        return Path(str(resources.files("prepazka.presets")))
    return Path(name).parent


def text_of(name: str) -> str:
    """The text of a file, or of a preset if there is no such file. Raises NoSuchFile, WrongFile."""
    path = Path(name)
    if not path.exists() and name in preset_names():
        return preset_text(name)
    try:
        content = path.read_bytes()
    except OSError as error:
        presets = ", ".join(preset_names())
        raise NoSuchFile(f"{sentence_of(error, name)} Or name a preset: {presets}.") from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        value = _("the byte %(code)s", code=f"0x{content[error.start]:02x}")
        raise WrongFile([Problem(line, "", value, _("text in UTF-8"))]) from error
