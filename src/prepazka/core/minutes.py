"""The text of minutes: its form, and how two people's changes of one version come together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

TEXTS = ("present", "subject", "course", "conclusions")
LONGEST = 20_000
LONGEST_CELL = 500
MOST_TASKS = 50
EMPTY: Mapping[str, Any] = {
    "present": "",
    "subject": "",
    "course": "",
    "conclusions": "",
    "tasks": [],
}

Content = dict[str, Any]


def understood(said: Any) -> Content:
    """The content in its one form. Raises ValueError for anything else."""
    if not isinstance(said, dict):
        raise ValueError("no minutes")  # noqa: TRY004  # one kind for all that is not understood
    made: Content = {name: _text(said.get(name, ""), LONGEST) for name in TEXTS}
    tasks = said.get("tasks", [])
    if not isinstance(tasks, list) or len(tasks) > MOST_TASKS:
        raise ValueError("tasks")
    made["tasks"] = [_task(one) for one in tasks]
    if len({one["id"] for one in made["tasks"]}) != len(tasks):
        raise ValueError("two tasks of one id")
    return made


def _task(said: Any) -> dict[str, str]:
    if not isinstance(said, dict):
        raise ValueError("task")  # noqa: TRY004
    made = {name: _text(said.get(name, ""), LONGEST_CELL) for name in ("what", "who")}
    number, until = str(said.get("id", "")), str(said.get("until", ""))
    if not 0 < len(number) <= 40 or not number.isascii():  # noqa: PLR2004  # longer than a UUID
        raise ValueError("id of a task")
    return {"id": number, **made, "until": date.fromisoformat(until).isoformat() if until else ""}


def _text(said: Any, most: int) -> str:
    if not isinstance(said, str) or len(said) > most:
        raise ValueError("text")
    return said.replace("\r\n", "\n").replace("\x00", "")


def merge(base: Content, mine: Content, theirs: Content) -> tuple[Content, list[str]]:
    """Both changes field by field and task by task, and where they contradict each other.

    There the result holds what is written already (`theirs`); the person decides about their own.
    """
    conflicts: list[str] = []

    def choose(name: str, was: Any, my: Any, their: Any) -> Any:
        if my in (was, their):
            return their
        if their == was:
            return my
        conflicts.append(name)
        return their

    made: Content = {name: choose(name, base[name], mine[name], theirs[name]) for name in TEXTS}
    was, my, their = ({one["id"]: one for one in side["tasks"]} for side in (base, mine, theirs))
    tasks = []
    for number in [*their, *(one for one in my if one not in their)]:
        kept = choose(f"task:{number}", was.get(number), my.get(number), their.get(number))
        if kept is None and f"task:{number}" in conflicts:
            # They deleted what I have changed: the changed task stays, for deleting is easy.
            conflicts.pop()
            kept = my[number]
        elif my.get(number) is None and f"task:{number}" in conflicts:
            conflicts.pop()  # I deleted what they have changed: the same
        if kept is not None:
            tasks.append(kept)
    made["tasks"] = tasks
    return made, conflicts


def is_blank(content: Content) -> bool:
    """Whether nothing was written about the meeting itself."""
    said = any(content[name].strip() for name in ("course", "conclusions"))
    return not said and not any(one["what"].strip() for one in content["tasks"])
