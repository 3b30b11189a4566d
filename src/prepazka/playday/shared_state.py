"""The state that virtual people share: the clock, the office, the visits by label."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from prepazka.playday.http_clients import Browser, Net
from prepazka.playday.tally import Tally, Visit
from prepazka.playday.visit_plans import Nature, Service, Span


@dataclass
class Clock:
    """The demo's clock, computed from the real time passed since it was set."""

    start: datetime
    speed: float
    began: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """The time on the office's clock."""
        return self.start + timedelta(seconds=(time.monotonic() - self.began) * self.speed)

    async def until(self, moment: datetime) -> None:
        """Sleep until the clock shows the moment."""
        seconds_left = (moment - self.now()).total_seconds() / self.speed
        if seconds_left > 0:
            await asyncio.sleep(seconds_left)

    async def minutes(self, count: float) -> None:
        """Sleep for so many minutes of the office."""
        await asyncio.sleep(count * 60 / self.speed)


@dataclass
class Hall:
    """The office during the simulated day."""

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
        """Add the visit of somebody who has got a ticket."""
        now = self.clock.now()
        since = max(now, booked_from) if booked_from else now
        visit = Visit(label, now, since, booked=booked_from is not None)
        self.visits[label] = visit
        self.tally.visits.append(visit)
        return visit

    def waiting(self) -> int:
        """How many hold a ticket and have not been called."""
        return sum(not visit.ended and visit.called_at is None for visit in self.visits.values())


def last_part(url: str) -> str:
    """The end of an address, for example a ticket's code."""
    return PurePosixPath(url.split("?", maxsplit=1)[0]).name
