"""What every test needs: compiled messages, and no snapshot of an office that is gone."""

from collections.abc import Iterator

import pytest

from prepazka.looks.compile_messages import compile_messages
from prepazka.offices import directory
from prepazka.reporting import hall


def pytest_configure() -> None:
    compile_messages()


@pytest.fixture(autouse=True)
def _no_snapshot_outlives_its_test() -> Iterator[None]:
    yield
    directory._known.clear()
    hall._means.clear()
