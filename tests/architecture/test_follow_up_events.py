"""A job reacts to every kind of event that tells somebody something or frees a slot."""

import pytest

from prepazka.core.events import REGISTRY
from prepazka.jobs.rounds import FREEING
from prepazka.messaging.kinds import TO_PARTICIPANTS, TO_PERSON


@pytest.mark.parametrize("kind", sorted({*TO_PERSON, *TO_PARTICIPANTS, *FREEING}))
def test_it_is_followed_up(kind: str) -> None:
    assert REGISTRY[kind].followed_up
