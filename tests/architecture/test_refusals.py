"""Refusals have a message for people and a docstring for developers, and no text depends on docstrings.

`python -OO` removes docstrings, so what a person reads must not come from one.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import prepazka
from prepazka.core.refusal import Refused

SOURCE = Path(prepazka.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
READS_DOCSTRINGS = re.compile(r"__doc__|\bgetdoc\(")
# Classes that say their base's message on purpose, each with the reason.
INHERITS: dict[str, str] = {}

ANSWERS = """
import json

import django

django.setup()
from django.test import RequestFactory
from prepazka.accounts import sealing
from prepazka.booking import refusals
from prepazka.core import pins, refusal
from prepazka.web import errors, limits

raised = []
for kind, params in (
    (refusal.Refused, {}),
    (refusals.TooManyPersons, {"most": 4}),
    (refusals.PhoneWithExtension, {}),
    (limits.TooManyTries, {"minutes": 3}),
    (pins.PinsExhausted, {}),
    (sealing.SecretUnreadable, {}),
):
    try:
        raise kind(**params)
    except refusal.Refused as error:
        for language in ("cs", "en"):
            request = RequestFactory().get("/api/v1/offices", HTTP_ACCEPT_LANGUAGE=language)
            response = errors.api_problem(request, error)
            raised.append([response.status_code, json.loads(response.content)])
print(json.dumps(raised))
"""
HELP = "from prepazka.config.cli import main; main(['--help'])"


def refusals() -> list[type[Refused]]:
    for module in pkgutil.walk_packages([str(SOURCE)], "prepazka."):
        if module.name.split(".")[1] != "config" and ".migrations" not in module.name:
            importlib.import_module(module.name)
    ours = [kind for kind in _subclasses(Refused) if kind.__module__.startswith("prepazka.")]
    assert len(ours) > 100
    return ours


def _subclasses(kind: type[Refused]) -> Iterator[type[Refused]]:
    for below in kind.__subclasses__():
        yield below
        yield from _subclasses(below)


def test_every_refusal_has_a_message_of_its_own() -> None:
    silent = {
        kind.__name__ for kind in refusals() if not isinstance(vars(kind).get("message"), str)
    }
    assert silent == INHERITS.keys()


def test_no_two_refusals_say_the_same() -> None:
    messages = [kind.message for kind in refusals() if "message" in vars(kind)]
    assert sorted(messages) == sorted(set(messages))


def test_every_refusal_has_a_docstring_that_is_not_its_message() -> None:
    unexplained = [
        kind.__name__
        for kind in refusals()
        if not kind.__dict__.get("__doc__") or inspect.cleandoc(kind.__doc__ or "") == kind.message
    ]
    assert unexplained == []


@pytest.mark.parametrize("folder", ["src", "attack", "bench", "faults", "tools", "tests"])
def test_nothing_reads_docstrings(folder: str) -> None:
    readers = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path != Path(__file__)
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if READS_DOCSTRINGS.search(line)
    ]
    assert readers == []


@pytest.mark.parametrize("code", [ANSWERS, HELP], ids=["refusals", "help"])
def test_people_read_the_same_without_docstrings(code: str) -> None:
    plain, optimized = _output(code), _output(code, "-OO")
    assert plain.strip()
    assert optimized == plain


def test_the_answers_without_docstrings_are_sentences() -> None:
    answers = json.loads(_output(ANSWERS, "-OO"))
    details = [problem["title"] for _status, problem in answers]
    assert "A booking here can be for at most 4 people." in details
    assert all(detail.endswith(".") for detail in details)


def _output(code: str, *options: str) -> str:
    run = subprocess.run(
        [sys.executable, *options, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout
