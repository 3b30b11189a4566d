"""Every word that the program stores stands in the glossary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from prepazka.booking.models import BookingState, Channel
from prepazka.core.events import REGISTRY
from prepazka.core.pins import Outcome
from prepazka.offices.models import Device, HoursException, Role
from prepazka.queueing.models import TicketState

GLOSSARY = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"
EXPLAINED = frozenset(re.findall(r"`(\w+)`", GLOSSARY.read_text(encoding="utf-8")))


def ours() -> Iterator[type[models.Model]]:
    return (one for one in apps.get_models() if one.__module__.startswith("prepazka."))


def choices() -> Iterator[tuple[str, str]]:
    """The values of every field with choices, whichever model has them."""
    for model in ours():
        for field in model._meta.get_fields():
            for value, _ in getattr(field, "choices", None) or ():
                yield f"{model.__name__}.{field.name}", str(value)


WORDS = {
    "models": {one.__name__ for one in ours()},
    "values of choices": {value for _, value in choices()},
    "kinds of events": set(REGISTRY),
    "outcomes of a PIN": {one.value for one in Outcome},
}


@pytest.mark.parametrize("kind", WORDS)
def test_every_word_is_explained(kind: str) -> None:
    assert WORDS[kind]
    assert sorted(WORDS[kind] - EXPLAINED) == []


def test_no_class_is_explained_that_is_gone() -> None:
    classes = {word for word in EXPLAINED if re.fullmatch(r"([A-Z][a-z]+)+", word)}
    assert sorted(classes - WORDS["models"] - WORDS["kinds of events"]) == []


def test_states_and_roles_are_among_the_values() -> None:
    """A control: were the choices of a field not found, the test above would pass in vain."""
    wanted = [*BookingState, *TicketState, *Channel, *Role, *Device.Kind, *HoursException.Kind]
    assert {str(one) for one in wanted} <= WORDS["values of choices"]
