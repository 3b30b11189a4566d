"""Writes: booking, tickets and calls over HTTP, beside the same statements through raw psycopg."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from uuid import uuid4

from django.db import connection

from bench import raw, servers, town
from bench.clients import Ask, Connection, Measured, drive
from bench.costs import Costs
from bench.report import Report
from prepazka.accounts.tokens import make_token
from prepazka.booking import slot_search
from prepazka.booking.models import LIVE, Booking
from prepazka.offices import devices
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing.models import Ticket

# As an installation on two cores runs it.
WORKERS = int(os.environ.get("BENCH_WORKERS", "2"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))


def booking(report: Report) -> None:
    """Hold and confirm by the API: eight clients, ten thousand bookings already there."""
    now = datetime.now(UTC)
    where = town.office("booking", lanes=20)
    town.fill(where, 10_000, now)
    _analyze()
    free = _free_slots(where, now)

    async def hold_and_confirm(_: Connection, __: int, ask: Ask) -> None:
        wanted = {"service": "ukon-a", "starts_at": next(free), "persons": 1, "language": "cs"}
        held = json.loads(
            await ask("POST", "/api/v1/offices/booking/holds", JSON, json.dumps(wanted).encode())
        )
        said = {"name": "Jana Nováková", "email": f"{uuid4().hex}@example.cz"}
        await ask("POST", f"/api/v1/holds/{held['token']}/contact", JSON, json.dumps(said).encode())

    before = Booking.objects.filter(office=where.office, state="confirmed").count()
    with servers.program(workers=WORKERS) as program:
        costs = Costs(program)
        measured = drive(8, SECONDS, program.port, hold_and_confirm, costs=costs)
    made = Booking.objects.filter(office=where.office, state="confirmed").count() - before
    limit = raw.booking_pairs_per_second(where, _free_slots(where, now), SECONDS)
    rate = measured.statuses.get(202, 0) / measured.seconds
    report.add(
        "hold + confirm over HTTP, 8 clients, 10,000 bookings",
        f"{rate:.0f}/s = {rate / limit:.0%} of raw; a request p50 {measured.percentile(0.5):.0f},"
        f" p99 {measured.percentile(0.99):.0f} ms; {_doubled(where)} double bookings;"
        f" {made} made, answers {measured.statuses}; {costs}",
        f"raw psycopg, 16 clients: {limit:.0f}/s",
        "≥ 250/s and 0 double (goal 1,000/s)",
        reached=rate >= 250 and _doubled(where) == 0,
    )


def tickets(report: Report) -> None:
    """Tickets at eight kiosks over HTTP."""
    where = town.office("tickets", lanes=1, letters="ABCD")
    tokens = _kiosks(where, 8)
    limit = raw.tickets_per_second(where, SECONDS / 2)
    Ticket.objects.filter(office=where.office).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM queueing_numberseries WHERE office_id = %s", [where.office.pk])

    async def touch(_: Connection, number: int, ask: Ask) -> None:
        wanted = json.dumps({"service": f"ukon-{'abcd'[number % 4]}"}).encode()
        await ask("POST", "/api/v1/kiosk/tickets", _as(tokens[number]), wanted)

    with servers.program(workers=WORKERS) as program:
        costs = Costs(program)
        measured = drive(8, SECONDS, program.port, touch, costs=costs)
    given = list(Ticket.objects.filter(office=where.office).values_list("letter", "number"))
    gapless = sorted(given) == sorted(
        chain.from_iterable(
            ((letter, n + 1) for n in range(sum(one == letter for one, _ in given)))
            for letter in "ABCD"
        )
    )
    rate = len(measured.latencies) / measured.seconds
    report.add(
        "ticket issue over HTTP, 8 kiosks",
        f"{rate:.0f}/s = {rate / limit:.0%} of raw, p99 {measured.percentile(0.99):.0f} ms;"
        f" {len(given)} numbers, {'distinct and gapless' if gapless else 'WITH GAPS'}; {costs}",
        f"raw psycopg, 16 clients: {limit:.0f}/s",
        "≥ 200/s, distinct, gapless (goal 1,000/s)",
        reached=rate >= 200 and gapless,
    )


def calls(report: Report, counters: int = 8) -> None:
    """Call-next over HTTP with 200 waiting."""
    now = datetime.now(UTC)
    name = f"calls-{counters}"
    where = town.office(name, lanes=1, letters="ABCD")
    clerks = town.hall(where, counters=counters, waiting=200, now=now)
    where = snapshot_of(Office.objects.get(pk=where.office.pk))
    tokens = [make_token(user=clerk, name="bench", now=now) for clerk in clerks]
    limit = raw.calls_p99(where, SECONDS / 2)
    nexts: list[tuple[float, float]] = []  # when a call ended, and how long it took

    async def serve(_: Connection, number: int, ask: Ask) -> None:
        address = f"/api/v1/offices/{name}/counter"
        started = time.perf_counter()
        await ask("POST", f"{address}/next", _as(tokens[number]))
        nexts.append((time.perf_counter(), time.perf_counter() - started))
        await ask("POST", f"{address}/finish", _as(tokens[number]))

    refilling = threading.Event()
    filler = threading.Thread(target=_refill, args=(where, refilling))
    filler.start()
    with servers.program(workers=WORKERS) as program:
        costs = Costs(program)
        measured = drive(counters, SECONDS, program.port, serve, costs=costs)
    refilling.set()
    filler.join()
    called = Ticket.objects.filter(office=where.office, calls__gt=1).count()
    end = max(at for at, _ in nexts)
    took = Measured(measured.seconds, [t for at, t in nexts if at > end - measured.seconds])
    p99 = took.percentile(0.99)
    bar = 50 if counters == 8 else 100
    report.add(
        f"call-next over HTTP, {counters} counters, 200 waiting",
        f"p50 {took.percentile(0.5):.0f}, p99 {p99:.0f} ms, {took.rate:.0f}"
        f" calls/s, {called} called twice; answers {measured.statuses}; {costs}",
        f"raw psycopg, 8 clients: p99 {limit:.1f} ms",
        f"p99 ≤ {bar} ms, 0 duplicates" + (" (goal 15 ms)" if counters == 8 else " (a goal)"),
        reached=p99 <= bar and called == 0,
    )


def _as(token: str) -> dict[str, str]:
    return JSON | {"authorization": f"Bearer {token}", "idempotency-key": str(uuid4())}


JSON = {"content-type": "application/json", "accept": "application/json"}


def _refill(where: OfficeSnapshot, stop: threading.Event) -> None:
    """Keep about two hundred people waiting."""
    while not stop.wait(0.3):
        missing = 200 - Ticket.objects.filter(office=where.office, state="waiting").count()
        if missing > 0:
            town.queue(where, missing, datetime.now(UTC))
    connection.close()


def _free_slots(where: OfficeSnapshot, now: datetime) -> Iterator[str]:
    """Starts of free slots, each as often as it has free lanes, days in turn."""
    service = where.offered_services()[0]
    soon = now + timedelta(hours=1)
    by_day: dict[object, list[str]] = {}
    for slot in slot_search.search_slots(office=where, service=service, now=now):
        if slot.starts_at > soon:
            by_day.setdefault(slot.day, []).extend([slot.starts_at.isoformat()] * slot.free)
    rows = list(by_day.values())
    return (row[n] for n in range(max(map(len, rows))) for row in rows if n < len(row))


def _doubled(where: OfficeSnapshot) -> int:
    """Pairs of live claims that overlap on a lane; the constraint says there are none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM booking_booking a JOIN booking_booking b ON a.lane_id = b.lane_id"
            " AND a.id < b.id AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at"
            " WHERE a.office_id = %s AND a.state = ANY(%s) AND b.state = ANY(%s)",
            [where.office.pk, list(LIVE), list(LIVE)],
        )
        return int(cursor.fetchone()[0])


def _kiosks(where: OfficeSnapshot, many: int) -> list[str]:
    from prepazka.offices.models import Device  # noqa: PLC0415  # beside its use

    now, tokens = datetime.now(UTC), []
    for number in range(many):
        device = Device.objects.create(
            office=where.office,
            code=f"k{number}",
            kind="kiosk",
            name={"cs": "K"},
            options={
                "services": [s.code for s in where.offered_services()],
                "printer": {"kind": "none"},
                "languages": ["cs"],
            },
        )
        code = devices.make_pairing_code(device=device, now=now)
        tokens.append(devices.pair_device(code=code, now=now)[1])
    return tokens


def _analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
