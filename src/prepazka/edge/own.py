"""Live parts of personal pages: one look at the office after a change serves all who ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import close_old_connections

from prepazka.edge.answers import Look, Own
from prepazka.edge.snapshots import MOST_KEPT, Snapshots

T = TypeVar("T")


class OwnParts:
    """Finds the office of a code once, its look after each change, and makes the part out of it."""

    def __init__(self, snapshots: Snapshots) -> None:
        self.snapshots = snapshots
        self._offices: dict[str, int] = {}  # by code; a code that does not exist is never kept

    async def give(self, own: Own) -> bytes:
        """The part as HTML, never older than the last change. Raises LookupError."""
        office = self._offices.get(own.code)
        if office is None:
            office = await self._in_thread(own.find, own.code)
            if len(self._offices) >= MOST_KEPT:
                self._offices.clear()
            self._offices[own.code] = office
        look = await self._look(own, office)
        made = look.shown.get((own.code, own.language))
        if made is None:
            made = await self._in_thread(look.show, own.code, own.language)
            look.shown[own.code, own.language] = made
        return made

    async def _look(self, own: Own, office: int) -> Look:
        key = f"{own.name}/{office}"
        kept = self.snapshots.get(key)
        if kept is None:

            def build() -> tuple[int, Look]:
                close_old_connections()
                return office, own.look(office)

            kept = await self.snapshots.make(key, build, own.topics, soonest=0.0)
        found: Look = kept.body
        return found

    async def _in_thread(self, do: Callable[..., T], *said: Any) -> T:
        def done() -> T:
            close_old_connections()  # as Django does at the start of a request
            return do(*said)

        return await asyncio.get_running_loop().run_in_executor(self.snapshots.pool, done)
