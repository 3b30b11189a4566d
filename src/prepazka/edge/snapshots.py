"""Hot public answers, kept ready in memory and made anew when the journal says so."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

# Seconds: an answer is never older than this even if nothing happens, since time itself passes;
# and after a change it is made anew at most this often, however many people ask (by default).
OLDEST = 10.0
SOONEST = 0.25
MOST_KEPT = 2_000


@dataclass
class Snapshot:
    """One answer, with what it depends on."""

    build: Callable[[], tuple[int, Any]]
    office: int | None = None
    topics: frozenset[str] = frozenset()
    soonest: float = SOONEST
    body: Any = b""  # bytes to send, or what they are made of for each who asks
    etag: bytes = b""
    made_at: float = float("-inf")
    old: bool = True
    again: bool = False  # there was a change while it was being made
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Snapshots:
    """The answers of this process by address."""

    def __init__(self, pool: Executor) -> None:
        self.pool = pool
        self._kept: dict[str, Snapshot] = {}
        self._making: dict[str, Snapshot] = {}

    def get(self, key: str) -> Snapshot | None:
        """The answer if it is fresh enough to be sent as it is."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        age = time.monotonic() - kept.made_at
        return kept if age < kept.soonest or (not kept.old and age < OLDEST) else None

    async def make(
        self,
        key: str,
        build: Callable[[], tuple[int, Any]],
        topics: frozenset[str],
        soonest: float = SOONEST,
    ) -> Snapshot:
        """The answer, made anew by one of those who ask while the others wait for it.

        Raises LookupError (from `build`) where there is no such thing; that is not kept.
        """
        kept = self._kept.get(key)
        if kept is None:
            # One for all: a page that opens in a thousand browsers at once is looked up once.
            kept = self._making.setdefault(key, Snapshot(build, topics=topics, soonest=soonest))
        async with kept.lock:
            if fresh := self.get(key):
                return fresh
            # It stays old until the new one is there: whoever asks meanwhile waits for that.
            kept.again = False
            self._making[key] = kept  # so that it hears of changes whatever becomes of the others
            loop = asyncio.get_running_loop()
            try:
                kept.office, kept.body = await loop.run_in_executor(self.pool, kept.build)
            finally:
                self._making.pop(key, None)
            kept.old = kept.again
            kept.etag = _etag(kept.body) if isinstance(kept.body, bytes) else b""
            kept.made_at = time.monotonic()
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = kept
            return kept

    def changed(self, office: int | None, topics: list[str]) -> None:
        """Mark as old what depends on these topics of the office; None marks everything."""
        for kept in (*self._kept.values(), *self._making.values()):
            whose = office is None or kept.office in (office, None)
            if whose and (office is None or kept.topics.intersection(topics)):
                kept.old = kept.again = True


def _etag(body: bytes) -> bytes:
    return b'"' + hashlib.blake2b(body, digest_size=9).hexdigest().encode() + b'"'
