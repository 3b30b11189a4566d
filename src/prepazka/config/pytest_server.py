"""A pytest plugin: one temporary PostgreSQL for the whole run, unless DATABASE_URL names another.

The workers of pytest-xdist inherit DATABASE_URL, and pytest-django gives each its own database: a
copy of the server's first one, which is migrated once for all of them.
"""

import contextlib
import os
import subprocess
import sys

import pytest

from prepazka.config import embedded

_cleanup = contextlib.ExitStack()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Start the server before pytest-django reads the settings, which need its address."""
    if os.environ.get("DATABASE_URL") or early_config.known_args_namespace.version:
        return
    os.environ["DATABASE_URL"] = _cleanup.enter_context(embedded.start_temporary_server())
    _cleanup.callback(os.environ.pop, "DATABASE_URL")
    script = "import sys; from prepazka.config.cli import main; sys.exit(main(['migrate']))"
    migrating = subprocess.Popen([sys.executable, "-c", script])
    if getattr(early_config.known_args_namespace, "numprocesses", None):
        _compile_tests(early_config)
    if migrating.wait():
        pytest.exit("The tests' database could not be prepared.", returncode=1)
    os.environ["PREPAZKA_TEST_TEMPLATE"] = embedded.DATABASE
    _cleanup.callback(os.environ.pop, "PREPAZKA_TEST_TEMPLATE")


def _compile_tests(config: pytest.Config) -> None:
    """Collect the tests once, so that not every worker rewrites the asserts of every file."""
    command = [sys.executable, "-m", "pytest", *config.invocation_params.args]
    command += ["--collect-only", "-qqq", "--numprocesses=0"]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    # The workers report errors in the files.
    subprocess.run(command, env=environment, capture_output=True, check=False)


def pytest_configure() -> None:
    """Name the database that the tests' own are copies of."""
    from django.db import connection  # noqa: PLC0415  # the settings are read only now

    if "PREPAZKA_TEST_TEMPLATE" in os.environ:
        connection.settings_dict["TEST"]["TEMPLATE"] = os.environ["PREPAZKA_TEST_TEMPLATE"]


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Stop the server after the last test; a no-op in the workers, which started none."""
    _cleanup.close()
