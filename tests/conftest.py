"""What every test needs: compiled messages, and no snapshot of an office that is gone."""

from collections.abc import Iterator

import pytest

from prepazka.looks.compile_messages import compile_messages
from prepazka.offices import directory
from prepazka.queueing import learning
from prepazka.reporting import forecast


def pytest_configure() -> None:
    compile_messages()


@pytest.fixture(autouse=True)
def _no_snapshot_outlives_its_test() -> Iterator[None]:
    yield
    directory._known.clear()
    learning._known.clear()
    forecast.forget()


@pytest.fixture(autouse=True)
def _estimates_are_never_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests press faster than people; what they look at is of that very moment."""
    monkeypatch.setattr(forecast, "PAUSE", 0.0)
    monkeypatch.setattr(forecast, "SHARE", 0.0)
    monkeypatch.setattr(learning, "LOOK_EVERY", 0.0)
