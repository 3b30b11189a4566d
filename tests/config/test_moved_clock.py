"""The offset of `make test-days` moves the tests' clock, loudly, and no office's."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from prepazka.config.settings import PUBLIC_KEY
from tests import programs
from tests.clock import real_now

YEAR = timedelta(days=366)
SHOWN = (
    "import django; django.setup(); from prepazka.offices import clock; print(clock.now(), end='')"
)


def ask(*arguments: str, offset: str, key: str) -> subprocess.CompletedProcess[str]:
    """What a Python program with this offset and secret key answers."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREPAZKA_", "PYTEST_"))}
    environment = kept | {
        "PYTHONPATH": str(programs.ROOT / "src"),
        "DJANGO_SETTINGS_MODULE": "prepazka.config.settings",
        "PREPAZKA_TEST_CLOCK_OFFSET": offset,
        "PREPAZKA_SECRET_KEY": key,
    }
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.real_time
def test_the_offset_moves_the_clock_and_the_log_says_so() -> None:
    before = real_now()
    offset = round(YEAR.total_seconds())
    answer = ask("-c", SHOWN, offset=str(offset), key=PUBLIC_KEY)
    # `real_now` may itself be moved; the machine's clock is the same for both.
    moved_by = timedelta(seconds=int(os.environ.get("PREPAZKA_TEST_CLOCK_OFFSET", "0")))
    shown = datetime.fromisoformat(answer.stdout) + moved_by - YEAR
    assert before <= shown <= real_now()
    assert f"The clock is moved by {offset} s for tests" in answer.stderr


@pytest.mark.real_time
def test_without_it_the_clock_shows_the_machine_s_time_and_says_nothing() -> None:
    answer = ask("-c", SHOWN, offset="", key=PUBLIC_KEY)
    moved_by = timedelta(seconds=int(os.environ.get("PREPAZKA_TEST_CLOCK_OFFSET", "0")))
    off = real_now() - moved_by - datetime.fromisoformat(answer.stdout)
    assert timedelta() <= off < timedelta(minutes=1)
    assert answer.stderr == ""


@pytest.mark.parametrize(
    ("offset", "said"), [("60", "Unset PREPAZKA_TEST_CLOCK_OFFSET"), ("a day", "whole number")]
)
def test_an_installation_with_a_secret_of_its_own_refuses_it(offset: str, said: str) -> None:
    command = ("-m", "prepazka.config.cli", "web", "--port", "0")
    answer = ask(*command, offset=offset, key="x" * 50)
    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
