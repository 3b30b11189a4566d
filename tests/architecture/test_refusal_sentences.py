"""`refusals.says` tells each refusal of a page from all others, by whatever words it is said."""

from __future__ import annotations

import pytest
from django.urls import get_resolver
from django.utils import translation

from prepazka.web import errors
from tests import refusals


@pytest.fixture(autouse=True)
def _every_refusal_is_imported() -> None:
    assert get_resolver().url_patterns


def test_no_sentence_is_found_on_an_empty_page() -> None:
    codes = list(refusals._refusals())
    assert len(codes) > 50
    assert [code for code in codes if refusals.says("", code)] == []


@pytest.mark.parametrize("language", ["cs", "en"])
def test_a_sentence_is_found_whatever_its_parameters_are(language: str) -> None:
    refusal = type(refusals._refusals()["too_many_holds"])(minutes=3, contact="777 123 456")
    with translation.override(language):
        page = f"Lhota {errors.refusal_sentence(refusal)}"
    assert refusals.says(page, "too_many_holds", language)
    assert not refusals.says(page, "counter_busy", language)


def test_a_code_of_no_refusal_is_an_error() -> None:
    with pytest.raises(KeyError):
        refusals.says("", "nothing_of_the_kind")
