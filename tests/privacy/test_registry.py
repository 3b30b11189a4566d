"""No model or field can be added without saying whether it holds what a client said or gave."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import translation

from prepazka.jobs.periodic_steps import STEPS
from prepazka.privacy.registry import HELD, ROOTS, WITHOUT, WORDS_OF_FIELDS, WORDS_OF_VALUES, Held

CAN_HOLD_WORDS = (
    models.CharField,
    models.TextField,
    models.JSONField,
    models.BinaryField,
    models.FileField,
    models.GeneratedField,
    models.GenericIPAddressField,
    ArrayField,
)


def ours() -> list[type[models.Model]]:
    return [
        model
        for config in apps.get_app_configs()
        if config.name.startswith("prepazka.")
        for model in config.get_models()
    ]


def wordy(model: type[models.Model]) -> set[str]:
    return {
        field.name for field in model._meta.concrete_fields if isinstance(field, CAN_HOLD_WORDS)
    }


def unclassified(held: Held) -> set[str]:
    return wordy(held.model) - {*held.personal, *held.facts, *held.plain}


def test_every_model_is_registered_once() -> None:
    registered = [held.model._meta.label for held in HELD]
    assert len(set(registered)) == len(registered)
    assert {*registered, *WITHOUT} == {model._meta.label for model in ours()}
    assert not {*registered} & {*WITHOUT}


@pytest.mark.parametrize("held", HELD, ids=lambda held: held.model._meta.label)
def test_every_field_that_can_hold_words_is_classified(held: Held) -> None:
    assert not unclassified(held)
    names = [*held.personal, *held.facts, *held.plain]
    assert len(set(names)) == len(names)
    assert set(names) <= {field.name for field in held.model._meta.concrete_fields}


def test_a_new_field_would_be_noticed() -> None:
    fields = ("personal", "facts", "plain")
    for held in HELD:
        for kind in fields:
            for name in set(getattr(held, kind)) & wordy(held.model):
                rest: Any = {k: tuple(n for n in getattr(held, k) if n != name) for k in fields}
                assert unclassified(Held(held.model, held.title, erased_by="", **rest)) == {name}


@pytest.mark.parametrize("held", HELD, ids=lambda held: held.model._meta.label)
def test_what_is_personal_is_erased_by_a_step(held: Held) -> None:
    assert bool(held.personal) == bool(held.erased_by)
    assert not held.erased_by or held.erased_by in STEPS


def test_contacts_are_looked_up_wherever_they_are() -> None:
    """A model with an address or a number of a client is one by which a person is found."""
    with_contact = {held.model for held in HELD if {"email", "phone"} & {*held.personal}}
    assert with_contact == set(ROOTS.values())


def test_every_field_and_code_of_an_export_has_words() -> None:
    assert WORDS_OF_FIELDS.keys() >= {
        name for held in HELD if held.paths for name in (*held.personal, *held.facts)
    }
    for held in HELD:
        for name in held.facts:
            field = held.model._meta.get_field(name)
            codes = {str(code) for code, _ in (getattr(field, "choices", None) or ())}
            assert codes <= WORDS_OF_VALUES.keys(), (held.model, name)
    every = {**WORDS_OF_FIELDS, **WORDS_OF_VALUES}
    with translation.override("cs"):
        czech = {key: str(words) for key, words in every.items()}
    with translation.override("en"):
        same = {key for key, words in every.items() if str(words) == czech[key]}
    assert same <= {"pin", "sms", "pdf", "email", "text", "role"}
