"""From a clerk's call to the telephones of those who wait: each has the page of its own ticket."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus

from bench import servers, town
from bench.clients import Connection
from bench.crowd import Crowd
from bench.report import Report
from bench.servers import Server
from bench.writes import WORKERS, _as
from prepazka.accounts.tokens import make_token
from prepazka.queueing.models import Ticket

PHONES, CALLS, PAUSE = 200, 20, 1.5
FIRST = 3  # calls that are not counted


def ticket_pages(report: Report) -> None:
    """A call at a counter by the API, until every telephone has its place after it."""
    now = datetime.now(UTC)
    where = town.office("phones", lanes=1, letters="ABCD")
    clerk = town.hall(where, counters=4, waiting=PHONES + CALLS + 10, now=now)[0]
    token = make_token(user=clerk, name="bench", now=now)
    rows = Ticket.objects.filter(office=where.office).order_by("-issued_at")
    pages = [f"/t/{code}/stav/" for code in rows.values_list("code", flat=True)[:PHONES]]
    with (
        servers.program(workers=WORKERS) as program,
        Crowd(program.port, "/zive/phones/", PHONES, *pages) as crowd,
    ):
        met = asyncio.run(_calls(program, token, crowd))
    shown = sorted(met.shown)
    middle, p99 = (shown[int(share * len(shown))] * 1000 for share in (0.5, 0.99))
    report.add(
        f"call to telephone, {PHONES} who wait load the page of their ticket with each call",
        f"p50 {middle:.0f} ms, p99 {p99:.0f} ms; processor time of the web, by call:"
        f" {met.cpu / met.calls * 1000:.0f} ms",
        f"the page waits {crowd.waits} by itself",
        "p99 ≤ 1 s",
        reached=p99 <= 1000,
    )


@dataclass
class _Met:
    shown: list[float] = field(default_factory=list)  # seconds since the call was sent
    cpu: float = 0.0
    calls: int = 0


async def _calls(program: Server, token: str, crowd: Crowd) -> _Met:
    clerk, met = await Connection(program.port).open(), _Met()
    address = "/api/v1/offices/phones/counter"
    await asyncio.sleep(2)
    for number in range(CALLS):
        crowd.told()
        spent, sent = program.cpu, time.perf_counter()
        status, said = await clerk.ask("POST", f"{address}/next", _as(token), b"")
        if status != HTTPStatus.OK:
            raise RuntimeError(json.loads(said))
        await asyncio.sleep(PAUSE)
        shown = crowd.told()[1]
        while len(shown) < PHONES:
            await asyncio.sleep(PAUSE)
            shown += crowd.told()[1]
        if number >= FIRST:
            met.shown += [at - sent for at in shown]
            met.cpu += program.cpu - spent
            met.calls += 1
        await clerk.ask("POST", f"{address}/finish", _as(token), b"")
        await asyncio.sleep(PAUSE)
    return met
