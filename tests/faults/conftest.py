"""What the tests of faults share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prepazka.config import embedded
from tests.faults.program import Mailbox


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path of its own, as pytest's are private to root and long."""
    path = Path(tempfile.mkdtemp(prefix="prz-")).resolve()
    yield path
    embedded.stop_server(path)
    shutil.rmtree(path)


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """An open mail server, which also this process uses."""
    box = Mailbox()
    box.open()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
    yield box
    box.close()
