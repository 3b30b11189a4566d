"""The Czech words must be compiled before a page is rendered."""

from typing import Any

import pytest

from prepazka.looks.compile_messages import compile_messages

compile_messages()


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """Passwords of fictitious people need no slow hash."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
