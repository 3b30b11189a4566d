"""The head's page of who did what has words for everything that a person of the staff can do."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import prepazka
from prepazka.core.events import REGISTRY
from prepazka.surfaces.manager.audit_pages import BY_NOBODY, WORDS

SOURCE = Path(prepazka.__file__).parent


def with_actor() -> Iterator[tuple[str, str]]:
    """The kinds that some function makes and gives an actor, with the place."""
    for path in SOURCE.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef):
                known = "actor" in {
                    one.arg for one in ast.walk(function) if isinstance(one, ast.arg)
                }
                for call in ast.walk(function):
                    if isinstance(call, ast.Call) and (kind := kind_of(call)):
                        given = {one.arg for one in call.keywords}
                        if "actor" in given or (None in given and known):
                            yield kind, f"{path.name}:{call.lineno}"


def kind_of(call: ast.Call) -> str:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return name if name in REGISTRY else ""


def test_every_kind_has_words_or_is_nobodys() -> None:
    assert WORDS.keys() | BY_NOBODY == REGISTRY.keys()
    assert not WORDS.keys() & BY_NOBODY


@pytest.mark.parametrize("language", ["cs", "en"])
def test_no_kind_shows_as_the_name_of_a_class(language: str) -> None:
    from django.utils import translation  # noqa: PLC0415

    with translation.override(language):
        said = {kind: words() for kind, words in WORDS.items()}
    assert all(words and words not in REGISTRY for words in said.values())
    if language == "cs":
        with translation.override("en"):
            assert not [kind for kind, words in WORDS.items() if words() == said[kind]]


def test_what_is_nobodys_is_never_made_with_an_actor() -> None:
    found = set(with_actor())
    assert {"BookingMoved", "TicketIssued", "FeedMade"} <= {kind for kind, _ in found}
    assert sorted(one for one in found if one[0] in BY_NOBODY) == []
