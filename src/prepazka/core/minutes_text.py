"""The content of minutes of a meeting: its validation, and merging two people's changes."""

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


def validate_content(submitted: Any) -> Content:
    """The submitted content, validated and normalized. Raises ValueError for anything else."""
    if not isinstance(submitted, dict):
        raise ValueError("no minutes")  # noqa: TRY004  # one kind for all that is not understood
    content: Content = {name: _text(submitted.get(name, ""), LONGEST) for name in TEXTS}
    tasks = submitted.get("tasks", [])
    if not isinstance(tasks, list) or len(tasks) > MOST_TASKS:
        raise ValueError("tasks")
    content["tasks"] = [_task(task) for task in tasks]
    if len({task["id"] for task in content["tasks"]}) != len(tasks):
        raise ValueError("two tasks of one id")
    return content


def _task(submitted: Any) -> dict[str, str]:
    if not isinstance(submitted, dict):
        raise ValueError("task")  # noqa: TRY004
    cells = {name: _text(submitted.get(name, ""), LONGEST_CELL) for name in ("what", "who")}
    number, until = str(submitted.get("id", "")), str(submitted.get("until", ""))
    if not 0 < len(number) <= 40 or not number.isascii():  # noqa: PLR2004  # longer than a UUID
        raise ValueError("id of a task")
    return {"id": number, **cells, "until": date.fromisoformat(until).isoformat() if until else ""}


def _text(submitted: Any, longest: int) -> str:
    if not isinstance(submitted, str) or len(submitted) > longest:
        raise ValueError("text")
    return submitted.replace("\r\n", "\n").replace("\x00", "")


def merge_changes(base: Content, mine: Content, theirs: Content) -> tuple[Content, list[str]]:
    """Both people's changes merged by field and task, and the names of fields in conflict.

    On a conflict the stored text (`theirs`) wins; the person who saves decides about their own.
    """
    conflicts: list[str] = []

    def choose(name: str, was: Any, my: Any, their: Any) -> Any:
        if my in (was, their):
            return their
        if their == was:
            return my
        conflicts.append(name)
        return their

    merged_content: Content = {
        name: choose(name, base[name], mine[name], theirs[name]) for name in TEXTS
    }
    was, my, their = ({task["id"]: task for task in side["tasks"]} for side in (base, mine, theirs))
    tasks = []
    for number in [*their, *(task_id for task_id in my if task_id not in their)]:
        merged_task = choose(f"task:{number}", was.get(number), my.get(number), their.get(number))
        if merged_task is None and f"task:{number}" in conflicts:
            # They deleted a task that I changed: it stays, because deleting it again is easy.
            conflicts.pop()
            merged_task = my[number]
        elif my.get(number) is None and f"task:{number}" in conflicts:
            conflicts.pop()  # I deleted a task that they changed: it stays as well
        if merged_task is not None:
            tasks.append(merged_task)
    merged_content["tasks"] = tasks
    return merged_content, conflicts


def is_blank(content: Content) -> bool:
    """Whether neither the course, the conclusions nor any task has text."""
    has_text = any(content[name].strip() for name in ("course", "conclusions"))
    return not has_text and not any(task["what"].strip() for task in content["tasks"])
