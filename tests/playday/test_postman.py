"""Which link a mail holds: one that asks for the click, or one to a booking made at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from prepazka.playday.postman import Mailbox


class Demo:
    """A browser that sees one mail."""

    def __init__(self, link: str) -> None:
        self.link, self.to = link, ""

    async def get(self, path: str) -> Any:
        if path == "/demo/posta/?vsichni":
            return SimpleNamespace(text=f'<a href="/demo/posta/7/">Objednávka</a><br>{self.to}')
        return SimpleNamespace(text=f'<a href="http://x{self.link}">{self.link}</a>')


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("/potvrzeni/a.b/", ("potvrzeni", "a.b")),
        ("/objednavka/c.d/", ("objednavka", "c.d")),
    ],
)
def test_the_link_says_whether_it_must_be_confirmed(link: str, found: tuple[str, str]) -> None:
    demo = Demo(link)
    mailbox = Mailbox(demo)  # type: ignore[arg-type]
    demo.to = f"obcan1.{mailbox.mark}@ukazka.example"
    # In a thread of its own: the browser of the journeys may keep a loop running in this one.
    with ThreadPoolExecutor(1) as aside:
        assert aside.submit(asyncio.run, mailbox.token_for(demo.to)).result() == found
