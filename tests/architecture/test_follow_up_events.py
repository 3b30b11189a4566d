"""A job reacts to every kind of event that tells somebody something or frees a slot."""

import pytest

from prepazka.core.events import REGISTRY
from prepazka.jobs.rounds import FREEING
from prepazka.messaging.message_delivery import KINDS


@pytest.mark.parametrize("kind", sorted({*KINDS, *FREEING}))
def test_it_is_followed_up(kind: str) -> None:
    assert REGISTRY[kind].followed_up
