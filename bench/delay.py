"""From a clerk's call to the displays of the hall and to everybody who watches it live."""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

from bench import servers, town
from bench.clients import Connection
from bench.crowd import Crowd
from bench.reads import fire_raw
from bench.report import Report
from bench.writes import WORKERS, _as
from prepazka.accounts.tokens import make_token
from prepazka.offices import devices
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot

DISPLAYS, CALLS, PAUSE = 5, 60, 0.5
WARM, FIRST = 2.0, 5  # seconds, and calls that are not counted
VIEWERS = 1_000


def delay(report: Report, many: int = VIEWERS) -> None:
    """A call at a counter by the API, until every display has the number on it."""
    now = datetime.now(UTC)
    where = town.office("delay", lanes=1, letters="ABCD")
    clerk = town.hall(where, counters=4, waiting=2 * CALLS + 30, now=now)[0]
    token = make_token(user=clerk, name="bench", now=now)
    screens = [_paired(where, number, now) for number in range(DISPLAYS)]
    met = {}
    for kind, boards in (("streams alone", ()), ("and their pages", ("/delay/nazivo/",))):
        with (
            servers.program(workers=WORKERS) as program,
            Crowd(program.port, "/zive/delay/", many, *boards) as crowd,
        ):
            met[kind] = asyncio.run(_calls(program.port, token, screens, crowd))
    with servers.raw_streams() as raw, Crowd(raw.port, "/", many) as crowd:
        limit = asyncio.run(_fires(raw.port, crowd))
    worst = met["and their pages"]
    report.add(
        f"call to display, {many:,} live viewers that load the board with each call",
        "; ".join(f"{kind}: {seen.line()}" for kind, seen in met.items()),
        f"raw asyncio, one event: {limit.line()}",
        "p99 of the displays ≤ 250 ms",
        reached=worst.p99(worst.displays) <= 250,
    )


@dataclass
class _Met:
    """Seconds from the moment in which the call was sent."""

    answered: list[float] = field(default_factory=list)
    displays: list[float] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)
    boards: list[float] = field(default_factory=list)

    @staticmethod
    def p99(found: list[float], share: float = 0.99) -> float:
        ranked = sorted(found)
        return ranked[min(len(ranked) - 1, int(share * len(ranked)))] * 1000

    def line(self) -> str:
        """p50 and p99 of what was measured, in ms."""
        named = {
            "answered": self.answered,
            "shown on displays": self.displays,
            "heard by viewers": self.heard,
            "boards": self.boards,
        }
        return ", ".join(
            f"{name} p50 {self.p99(found, 0.5):.0f} p99 {self.p99(found):.0f} ms"
            for name, found in named.items()
            if found
        )


def _paired(where: OfficeSnapshot, number: int, now: datetime) -> str:
    display = Device.objects.create(
        office=where.office, code=f"d{number}", kind="display", name={"cs": "Displej"}
    )
    code = devices.make_pairing_code(device=display, now=now)
    return devices.pair_device(code=code, now=now, kind=Device.Kind.DISPLAY)[1]


class _Screen:
    """A display as its page behaves: the stream, and at once the content."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token
        self.seen: dict[str, float] = {}  # numbers, with the moment of each
        self.loaded = asyncio.Condition()

    async def watch(self) -> None:
        page = await Connection(self.port).open()
        page.cookies["prepazka_panel"] = self.token
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"GET /zive/delay/ HTTP/1.1\r\nhost: localhost\r\n\r\n")
        while line := await reader.readline():
            if not line.startswith(b"event: changed"):
                continue
            status, body = await page.ask("GET", "/panel/obsah/", {}, b"")
            if status != HTTPStatus.OK:
                raise RuntimeError(page.head)
            for number in re.findall(r'data-ticket="([^"]+)"', body.decode()):
                self.seen.setdefault(number, time.perf_counter())
            async with self.loaded:
                self.loaded.notify_all()

    async def shows(self, number: str) -> float:
        """The moment in which the number appeared."""
        async with self.loaded:
            await self.loaded.wait_for(lambda: number in self.seen)
        return self.seen[number]


async def _calls(port: int, token: str, tokens: list[str], crowd: Crowd) -> _Met:
    screens = [_Screen(port, one) for one in tokens]
    watching = [asyncio.create_task(screen.watch()) for screen in screens]
    clerk, met = await Connection(port).open(), _Met()
    address = "/api/v1/offices/delay/counter"
    await asyncio.sleep(WARM)
    for number in range(CALLS):
        crowd.told()
        sent = time.perf_counter()
        status, said = await clerk.ask("POST", f"{address}/next", _as(token), b"")
        answered = time.perf_counter()
        if status != HTTPStatus.OK:
            raise RuntimeError(said)
        ticket = json.loads(said)["client"]["number"]
        shown = await asyncio.wait_for(asyncio.gather(*(s.shows(ticket) for s in screens)), 30)
        await asyncio.sleep(PAUSE)
        heard, boards = crowd.told()
        if number >= FIRST:
            met.answered.append(answered - sent)
            met.displays += [at - sent for at in shown]
            met.heard += [at - sent for at in heard]
            met.boards += [at - sent for at in boards]
        await clerk.ask("POST", f"{address}/finish", _as(token), b"")
        await asyncio.sleep(PAUSE)
    for task in watching:
        task.cancel()
    return met


async def _fires(port: int, crowd: Crowd) -> _Met:
    """The same news by a bare server, which has nothing to look up or to write."""
    met = _Met()
    for _ in range(10):
        crowd.told()
        sent = time.perf_counter()
        await asyncio.to_thread(fire_raw, port)
        await asyncio.sleep(PAUSE)
        met.heard += [at - sent for at in crowd.told()[0]]
    return met
