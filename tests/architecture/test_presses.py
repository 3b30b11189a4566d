"""The steps at a counter that pages and programs share are dispatched by one table."""

from __future__ import annotations

from prepazka.queueing import presses
from prepazka.surfaces.api import counter_resources
from prepazka.surfaces.console import counter_steps

SHARED = presses.CLIENT_STEPS.keys() | presses.COUNTER_STEPS.keys()


def test_pages_and_programs_have_the_same_steps() -> None:
    names = {counter_resources.NAMES.get(name, name) for name in counter_steps.STEPS}
    assert names == counter_resources.STEPS.keys()


def test_each_shared_step_has_a_sentence() -> None:
    assert counter_steps.SENTENCES.keys() == SHARED
    assert counter_steps.STEPS.keys() > SHARED
