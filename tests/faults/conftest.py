"""What the tests of faults share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.program import Mailbox


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    """An open mail server, which also this process uses."""
    box = Mailbox()
    box.open()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
    yield box
    box.close()
