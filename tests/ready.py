"""Loads all that the web and the worker load; imported by the process that they are forks of.

That process must hold no thread and no connection, which a fork would share or lose.
"""

from __future__ import annotations

import gc
import threading

from prepazka.config import asgi, uvicorn_server, work  # sets Django up
from prepazka.looks.compress_static import PACKAGE

from tests import programs  # isort: skip
from django.contrib.auth.hashers import PBKDF2PasswordHasher  # isort: skip
from django.db import connection  # isort: skip
from django.template.loader import get_template  # isort: skip
from django.urls import get_resolver  # isort: skip

LOADED = (asgi, programs, uvicorn_server, work)


def _load_templates() -> None:
    for folder in PACKAGE.glob("**/templates"):
        for file in folder.rglob("*.*"):
            get_template(str(file.relative_to(folder)))


PBKDF2PasswordHasher.iterations = 1  # or a log-in would hash the quick one of a test anew
assert get_resolver().reverse_dict  # all addresses, with their views
_load_templates()
assert threading.active_count() == 1
assert connection.connection is None
gc.collect()
gc.freeze()  # a collection in a fork would copy everything
