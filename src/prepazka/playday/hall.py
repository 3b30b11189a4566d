"""What the virtual people share: the time of the day, the office, who has which number."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from prepazka.playday.plan import Nature, Service, Span
from prepazka.playday.tally import Tally, Visit
from prepazka.playday.web import Browser, Net


@dataclass
class Clock:
    """The demo's clock as set: what it shows follows from the real time passed."""

    start: datetime
    speed: float
    began: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """What the office's clock shows."""
        return self.start + timedelta(seconds=(time.monotonic() - self.began) * self.speed)

    async def until(self, moment: datetime) -> None:
        """Sleep until the clock shows it."""
        left = (moment - self.now()).total_seconds() / self.speed
        if left > 0:
            await asyncio.sleep(left)

    async def minutes(self, count: float) -> None:
        """Sleep for so many minutes of the office."""
        await asyncio.sleep(count * 60 / self.speed)


@dataclass
class Hall:
    """The office while it is played."""

    slug: str
    seed: int
    net: Net
    clock: Clock
    services: dict[str, Service]
    opened: list[Span]
    kiosk: Browser | None
    desk: Browser
    visits: dict[str, Visit] = field(default_factory=dict)
    natures: dict[str, Nature] = field(default_factory=dict)

    @property
    def tally(self) -> Tally:
        """The counts of the run."""
        return self.net.tally

    def register(self, label: str, *, booked_from: datetime | None = None) -> Visit:
        """Somebody has got a number."""
        now = self.clock.now()
        since = max(now, booked_from) if booked_from else now
        visit = Visit(label, now, since, booked=booked_from is not None)
        self.visits[label] = visit
        self.tally.visits.append(visit)
        return visit

    def waiting(self) -> int:
        """How many hold a number and have not been called."""
        return sum(not one.ended and one.called_at is None for one in self.visits.values())


def last_part(url: str) -> str:
    """The end of an address, for example a ticket's code."""
    return PurePosixPath(url.split("?", maxsplit=1)[0]).name
