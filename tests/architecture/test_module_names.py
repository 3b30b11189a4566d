"""A module's name leads to one file, and a module is large enough to be worth opening.

A maintainer opens a file by a part of its name: of five `incidents.py` four are the wrong one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path, PurePath

import pytest

import prepazka

SOURCE = Path(prepazka.__file__).parent
LEAST_LINES = 30

# Names that several modules may have, with the reason; `templatetags` are exempt as a folder.
SHARED = {
    "__init__": "Python's name of a package",
    "apps": "Django looks for the configuration of an app there",
    "forms": "Django's custom for the forms of a surface",
    "models": "Django looks for the tables of an app there",
    "refusals": "ours: each package declares what it refuses in a module of this name",
    "sql": "ours: a context whose SQL would lie in many modules has it in this one",
    "urls": "Django's custom for the addresses of a surface",
    "views": "Django's custom for the pages of a surface",
}

# Modules under LEAST_LINES lines, with the reason why each is not part of a neighbour.
SMALL = {
    "config/asgi.py": "servers are told this name",
    "core/booking_reference.py": "a rule that booking's searches, privacy and screens share",
    "core/czech_order.py": "a rule of its own: the Czech alphabet",
    "core/file_rules.py": "what the office file, the tables and meetings share",
    "core/idle.py": "what the office file, the tables and the middleware share",
    "core/room_addresses.py": "what the office file and meetings share, without Django",
    "core/visitor_address.py": "what the edge and Django share",
    "gateways/calendars/unreadable.py": "the error of modules that do not import each other",
    "gateways/sms/console.py": "its name is a value of SMS_GATEWAY",
    "gateways/sms/file.py": "its name is a value of SMS_GATEWAY",
    "jobs/meeting_tasks.py": "tasks that are registered only where meetings are on",
    "journal/statements.py": "what the SQL of all contexts shares",
    "meetings/participant_links.py": "signs and reads one kind of token, as `booking_links` does",
    "queueing/presses.py": "one table of steps over two modules of use-cases",
    "web/demo_people.py": "commands read it where Django is not set up",
}


def modules() -> dict[PurePath, str]:
    """The text of each module by its path below the package, without migrations."""
    return {
        path.relative_to(SOURCE): path.read_text(encoding="utf-8")
        for path in SOURCE.rglob("*.py")
        if "migrations" not in path.parts
    }


def namesakes(paths: Iterable[PurePath], shared: Collection[str]) -> dict[str, list[str]]:
    """Names that several modules have although they are not in `shared`, with the modules."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        if path.parent.name != "templatetags":  # the name in `{% load %}` is the surface's
            by_name[path.stem].append(path.as_posix())
    return {
        name: sorted(same) for name, same in by_name.items() if len(same) > 1 and name not in shared
    }


def small(texts: Mapping[PurePath, str]) -> set[str]:
    """Modules under LEAST_LINES lines whose name and place a framework does not prescribe."""
    return {
        path.as_posix()
        for path, text in texts.items()
        if len(text.splitlines()) < LEAST_LINES
        and path.stem not in SHARED
        and not path.stem.endswith("_urls")
        and path.parent.name != "templatetags"
    }


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a/hall.py", "b/hall.py"], {"hall"}),
        (["a/hall.py", "a/models/hall.py"], {"hall"}),
        (["a/hall.py", "b/halls.py"], set()),
        (["a/views.py", "b/views.py"], set()),
        (["a/console.py", "b/templatetags/console.py"], set()),
    ],
)
def test_control_namesakes_are_seen(paths: list[str], names: set[str]) -> None:
    assert namesakes(map(PurePath, paths), SHARED).keys() == names


@pytest.mark.parametrize(
    ("path", "lines", "seen"),
    [
        ("a/hall.py", LEAST_LINES - 1, True),
        ("a/hall.py", LEAST_LINES, False),
        ("a/__init__.py", 1, False),
        ("a/urls.py", 7, False),
        ("a/templatetags/a.py", 7, False),
    ],
)
def test_control_small_modules_are_seen(path: str, lines: int, *, seen: bool) -> None:
    assert small({PurePath(path): "x = 1\n" * lines}) == ({path} if seen else set())


def test_two_modules_have_two_names() -> None:
    assert namesakes(modules(), SHARED) == {}, "name each by its content, as a noun of the trade"


def test_each_shared_name_is_shared() -> None:
    assert namesakes(modules(), ()).keys() == SHARED.keys(), "drop the name from SHARED"


def test_small_modules_are_part_of_a_neighbour() -> None:
    assert small(modules()) - SMALL.keys() == set(), "join it, or say in SMALL why not"
    assert SMALL.keys() - small(modules()) == set(), "no longer small: drop it from SMALL"
