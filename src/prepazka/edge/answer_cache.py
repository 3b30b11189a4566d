"""Cached hot answers, rebuilt when the journal has changed."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

# Seconds: the greatest age of an answer even without changes, because waits depend on the time; and
# the default least time between two rebuilds, however many people ask.
OLDEST = 10.0
SOONEST = 0.25
MOST_KEPT = 2_000


@dataclass
class Snapshot:
    """One cached answer with the topics it depends on."""

    build: Callable[[], tuple[int, Any]]
    office: int | None = None
    topics: frozenset[str] = frozenset()
    soonest: float = SOONEST
    body: Any = b""  # bytes to send, or an object from which each person's part is made
    etag: bytes = b""
    made_at: float = float("-inf")
    old: bool = True
    again: bool = False  # changed while it was being built
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Snapshots:
    """The answers of this process by address."""

    def __init__(self, pool: Executor) -> None:
        self.pool = pool
        self._kept: dict[str, Snapshot] = {}
        self._making: dict[str, Snapshot] = {}

    def get(self, key: str) -> Snapshot | None:
        """The cached answer if it is fresh enough; else None."""
        snapshot = self._kept.get(key)
        if snapshot is None:
            return None
        age = time.monotonic() - snapshot.made_at
        return snapshot if age < snapshot.soonest or (not snapshot.old and age < OLDEST) else None

    async def make(
        self,
        key: str,
        build: Callable[[], tuple[int, Any]],
        topics: frozenset[str],
        soonest: float = SOONEST,
    ) -> Snapshot:
        """The answer, rebuilt once for all concurrent requests.

        Raises LookupError (from `build`) where the address leads to nothing; that is not cached.
        """
        snapshot = self._kept.get(key)
        if snapshot is None:
            # Shared, so that a page that opens in a thousand browsers at once is built once.
            snapshot = self._making.setdefault(key, Snapshot(build, topics=topics, soonest=soonest))
        async with snapshot.lock:
            if current := self.get(key):
                return current
            # It stays old until it is rebuilt, so that requests meanwhile wait for the new one.
            snapshot.again = False
            self._making[key] = (
                snapshot  # so that `changed` reaches it even if the cache is cleared
            )
            loop = asyncio.get_running_loop()
            try:
                snapshot.office, snapshot.body = await loop.run_in_executor(
                    self.pool, snapshot.build
                )
            finally:
                self._making.pop(key, None)
            snapshot.old = snapshot.again
            snapshot.etag = _etag(snapshot.body) if isinstance(snapshot.body, bytes) else b""
            snapshot.made_at = time.monotonic()
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = snapshot
            return snapshot

    def changed(self, office: int | None, topics: list[str]) -> None:
        """Invalidate the answers that depend on these topics of the office; None: all answers."""
        for snapshot in (*self._kept.values(), *self._making.values()):
            concerns_office = office is None or snapshot.office in (office, None)
            if concerns_office and (office is None or snapshot.topics.intersection(topics)):
                snapshot.old = snapshot.again = True


def _etag(body: bytes) -> bytes:
    return b'"' + hashlib.blake2b(body, digest_size=9).hexdigest().encode() + b'"'
