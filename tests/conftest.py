"""What every test needs: compiled messages, and nothing left of the test before."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from prepazka.looks.compile_messages import compile_messages
from prepazka.offices import directory
from prepazka.queueing import learning
from prepazka.reporting import forecast


def pytest_configure() -> None:
    compile_messages()


@pytest.fixture(autouse=True)
def _nothing_outlives_its_test() -> Iterator[None]:
    yield
    translation.deactivate()  # a page read in English leaves its language in the thread
    directory._known.clear()
    learning._known.clear()
    forecast.forget()


@pytest.fixture(autouse=True)
def _estimates_are_never_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests press faster than people; what they look at is of that very moment."""
    monkeypatch.setattr(forecast, "PAUSE", 0.0)
    monkeypatch.setattr(forecast, "SHARE", 0.0)
    monkeypatch.setattr(learning, "LOOK_EVERY", 0.0)
