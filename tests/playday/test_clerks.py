"""A clerk stopped in the middle of a press still leaves a closed counter behind."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx

from prepazka.playday.clerks import Clerk
from prepazka.playday.shared_state import Clock, Hall
from prepazka.playday.tally import Tally
from tests import loops

NINE = datetime(2026, 11, 23, 8, tzinfo=UTC)
FREE = '<button id="step-next">'
BUSY = (
    '<p class="console-current__number">V001</p>'
    '<button id="step-start"><button id="step-finish" formaction="/krok/finish/?t=1">'
)


class Console:
    """A slow server's console of one counter: a request goes on when its client has gone."""

    def __init__(self) -> None:
        self.client = ""
        self.open = False
        self.asked = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()

    async def get(self, path: str) -> httpx.Response:
        return httpx.Response(200, text=BUSY if self.client else FREE)

    async def post(self, path: str, form: Any = None, *, fragment: bool = False) -> httpx.Response:
        work = asyncio.create_task(self._done(path))
        self.tasks.add(work)
        await asyncio.shield(work)
        return await self.get(path)

    async def _done(self, path: str) -> None:
        if "next" in path:
            self.asked.set()
            await asyncio.sleep(0.2)
            self.client = "V001"
        elif "otevrit" in path:
            self.open = True
        elif "finish" in path:
            self.client = ""
        elif "close" in path and not self.client:
            self.open = False


def test_a_call_on_its_way_is_awaited_before_the_counter_closes() -> None:
    async def day() -> Console:
        console: Any = Console()
        net: Any = SimpleNamespace(tally=Tally())
        opened = [(NINE, NINE + timedelta(hours=1))]
        hall = Hall("lhota", 1, net, Clock(NINE, 60), {}, opened, None, console)
        clerk = Clerk(hall, 0, "p1", console)
        working = asyncio.create_task(clerk.work())
        await console.asked.wait()
        working.cancel()
        await asyncio.wait([working])
        await clerk.close()
        await asyncio.wait(console.tasks)
        return console  # type: ignore[no-any-return]

    console = loops.run(day())
    assert (console.client, console.open) == ("", False)
