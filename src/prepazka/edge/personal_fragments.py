"""Live parts of personal pages; one read of the office after a change serves all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import close_old_connections

from prepazka.edge.answer_cache import MOST_KEPT, Snapshots
from prepazka.edge.hot_routes import Look, Own

T = TypeVar("T")


class OwnParts:
    """Live parts by code; the code's office is found once, and read again after each change."""

    def __init__(self, snapshots: Snapshots) -> None:
        self.snapshots = snapshots
        self._offices: dict[str, int] = {}  # by code; unknown codes are never kept

    async def give(self, own: Own) -> bytes:
        """The part as HTML, never older than the last change. Raises LookupError."""
        office = self._offices.get(own.code)
        if office is None:
            office = await self._in_thread(own.find, own.code)
            if len(self._offices) >= MOST_KEPT:
                self._offices.clear()
            self._offices[own.code] = office
        look = await self._look(own, office)
        rendered = look.shown.get((own.code, own.language))
        if rendered is None:
            rendered = await self._in_thread(look.show, own.code, own.language)
            look.shown[own.code, own.language] = rendered
        return rendered

    async def _look(self, own: Own, office: int) -> Look:
        key = f"{own.name}/{office}"
        snapshot = self.snapshots.get(key)
        if snapshot is None:

            def build() -> tuple[int, Look]:
                close_old_connections()
                return office, own.look(office)

            snapshot = await self.snapshots.make(key, build, own.topics, soonest=0.0)
        office_look: Look = snapshot.body
        return office_look

    async def _in_thread(self, call: Callable[..., T], *arguments: Any) -> T:
        def run() -> T:
            close_old_connections()  # as Django does at the start of a request
            return call(*arguments)

        return await asyncio.get_running_loop().run_in_executor(self.snapshots.pool, run)
