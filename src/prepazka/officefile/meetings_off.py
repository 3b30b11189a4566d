"""The refusal of an office file with meetings where the installation has none."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from prepazka.officefile.nodes import Problem, WrongFile, compose
from prepazka.officefile.phrases import phrase as _

REMOTE = ("phone", "video")
REMOTE_HOURS = tuple(f"{mode} hours" for mode in REMOTE)
EXPECTED = _(
    "nothing, because meetings are switched off in this installation"
    " (PREPAZKA_MEETINGS=off); people can only meet in person"
)


def refuse_meetings(text: str) -> None:
    """Refuse what the file says of meetings by telephone or video. Raises WrongFile.

    The file is otherwise valid.
    """
    if problems := list(_problems(compose(text), "")):
        raise WrongFile(problems)


def _problems(node: yaml.Node, where: str) -> Iterator[Problem]:
    """The settings of meetings in the agendas, services and officials, and in the office."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key_node, value in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        path = f"{where}.{key}" if where else key
        parts = path.split(".")
        if key in REMOTE_HOURS or (key == "rooms" and len(parts) > 1) or path == "video":
            yield Problem(line, path, f"“{key}”", EXPECTED)
        elif key == "modes":
            modes = value.value if isinstance(value, yaml.SequenceNode) else [value]
            if remote := [str(mode.value) for mode in modes if mode.value in REMOTE]:
                yield Problem(line, path, ", ".join(remote), EXPECTED)
        elif parts[0] in {"agendas", "officials"}:
            yield from _problems(value, path)
