"""Waiting for a page to say that something is so.

Playwright's own `wait_for_function` evaluates a text inside the page, which our content security
policy refuses from the second attempt on: it passes only where nothing was to be waited for.
"""

from __future__ import annotations

import time

from playwright.sync_api import Error, Page


def becomes(page: Page, expression: str, within: float = 30.0) -> None:
    """Wait until the script is true in the page, also while the page gives way to the next."""
    deadline = time.monotonic() + within
    while True:
        try:
            if page.evaluate(expression):
                return
        except Error as error:
            if "context was destroyed" not in str(error):
                raise
        assert time.monotonic() < deadline, f"never true: {expression}"
        page.wait_for_timeout(50)
