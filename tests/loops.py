"""Coroutines run from tests that are no coroutines themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """The coroutine's answer; it runs in a thread, beside the loop of a journey's browser.

    The browser's loop lives in the thread of the tests from the first journey of a process to its
    end, so that `asyncio.run` fails there by the order of the tests.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
