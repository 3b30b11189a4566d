"""Reads: open slots, the live monitor, and thousands of live viewers."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench import servers, town
from bench.clients import requests_per_second, viewers
from bench.report import Report
from prepazka.booking import slot_search
from prepazka.offices.office_snapshot import OfficeSnapshot, read_snapshot
from prepazka.queueing.tickets import issue_ticket
from prepazka.reporting import forecast
from prepazka.reporting.monitor import monitor_of_office


def open_slots(report: Report) -> None:
    """The slots of ninety days on ten lanes, with few and with many bookings."""
    now = datetime.now(UTC)
    cost = {}
    for bookings in (100, 10_000):
        where = town.office(f"slots-{bookings}", lanes=10)
        town.fill(where, bookings, now)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE booking_booking")
        service = where.offered_services()[0]
        slot_search.search_slots(office=where, service=service, now=now)
        runs = []
        for _ in range(15):
            started = time.process_time()
            slot_search.search_slots(office=where, service=service, now=now)
            runs.append((time.process_time() - started) * 1000)
        cost[bookings] = sorted(runs)[len(runs) // 2]
    ratio = cost[10_000] / cost[100]
    with servers.program() as program:
        edge = requests_per_second(program, "/api/v1/offices/slots-10000/services/ukon-a/slots")
    with servers.raw_asgi(30_000) as raw:
        limit = requests_per_second(raw, "/")
    report.add(
        "open slots, 90 days, 10 lanes, 10,000 bookings",
        f"{cost[10_000]:.1f} ms CPU from the database ({ratio:.2f}× of 100 bookings);"
        f" {edge:,.0f}/s from the edge",
        f"raw ASGI, 30 kB: {limit:,.0f}/s",
        "≤ 10 ms, ≤ 1.2×",
        reached=cost[10_000] <= 10 and ratio <= 1.2,
    )


def soonest(report: Report) -> None:
    """Whoever of a hundred officials is soonest, in sixty days, with few and many bookings."""
    now = datetime.now(UTC)
    cost, statements = {}, set()
    for officials, days, bookings in ((10, 5, 100), (100, 60, 20_000)):
        where = town.officials(f"soonest-{officials}", officials=officials, horizon_days=days)
        town.fill_diaries(where, bookings, now, days)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE booking_booking, booking_busy")
        service = where.offered_services()[0]
        started = time.perf_counter()
        slot_search.search_slots(office=where, service=service, now=now)
        cold = (time.perf_counter() - started) * 1000
        with CaptureQueriesContext(connection) as seen:
            found = slot_search.search_slots(office=where, service=service, now=now)
        statements.add(len(seen))
        runs = []
        for _ in range(25):
            started = time.perf_counter()
            slot_search.search_slots(office=where, service=service, now=now)
            runs.append((time.perf_counter() - started) * 1000)
        cost[officials] = sorted(runs)[len(runs) // 2]
    with connection.cursor() as cursor:
        started = time.perf_counter()
        cursor.execute(
            "SELECT count(*) FROM booking_booking WHERE office_id = %s"
            " AND date BETWEEN %s AND %s AND state = 'confirmed'",
            [where.office.pk, found[0].day, found[-1].day],
        )
        cursor.fetchall()
        limit = (time.perf_counter() - started) * 1000
    report.add(
        "whoever is soonest: 100 officials, 60 days, 20,000 bookings, 6,000 busy noons",
        f"{cost[100]:.1f} ms with the database ({cost[10]:.1f} ms of 10 officials, 5 days;"
        f" {cold:.0f} ms once after a change of the office); {len(found):,} slots;"
        f" statements {sorted(statements)}",
        f"counting the same bookings: {limit:.1f} ms",
        "≤ 30 ms, statements constant",
        reached=cost[100] <= 30 and len(statements) == 1,
    )


def _snapshot_costs(where: OfficeSnapshot, now: datetime, times: int = 10) -> tuple[float, float]:
    """Milliseconds of processor time, after the first one has loaded everything."""
    monitor_of_office(where, now=now)
    spent = []
    for step in (timedelta(seconds=6), timedelta(0)):
        started = time.process_time()
        for n in range(times):
            if step:
                forecast.clear_outlook_cache()
            monitor_of_office(where, now=now + n * step)
        spent.append((time.process_time() - started) / times * 1000)
    return spent[0], spent[1]


def live_monitor(report: Report) -> None:
    """The monitor's JSON from the edge, beside a bare server that answers as many bytes."""
    now = datetime.now(UTC)
    where = town.office("monitor", lanes=1, letters="ABCD")
    town.hall(where, counters=4, waiting=30, now=now)
    anew, kept = _snapshot_costs(read_snapshot(where.office), now)
    report.add(
        "processor time of one snapshot of the live monitor, 30 waiting × 4 counters",
        f"{anew:.0f} ms with the hall replayed anew, {kept:.1f} ms with the outlook kept",
        "the outlook is replayed once in 5 s or after a change, for all who look",
        "≤ 60 ms anew",
        reached=anew <= 60,
    )
    with servers.program() as program:
        path = "/api/v1/offices/monitor/monitor"
        ours = requests_per_second(program, path)
    with servers.raw_asgi(1_500) as raw:
        limit = requests_per_second(raw, "/")
    report.add(
        "live monitor JSON",
        f"{ours:,.0f}/s = {ours / limit:.0%} of raw",
        f"raw ASGI: {limit:,.0f}/s",
        "≥ 25 % of raw (goal 50 %)",
        reached=ours / limit >= 0.25,
    )


def live_viewers(report: Report, many: int = 5_000) -> None:
    """Thousands of streams and one event, beside a bare asyncio server."""
    servers.more_files()
    where = town.office(f"viewers-{many}", lanes=1)
    service = where.offered_services()[0]

    def fire() -> None:
        issue_ticket(office=where, service=service, touch=uuid4(), now=datetime.now(UTC))
        connection.close()

    with servers.program() as program:
        ours = viewers(program, f"/zive/viewers-{many}/", many, fire)
    with servers.raw_streams() as raw:
        limit = viewers(raw, "/", many, lambda: fire_raw(raw.port))
    ratio = ours.last_ms / limit.last_ms
    report.add(
        f"{many:,} live viewers, one event",
        f"last after {ours.last_ms:.0f} ms = {ratio:.1f}× raw, {ours.kib_each:.1f} KiB each,"
        f" opened in {ours.opened_s:.1f} s",
        f"raw asyncio: last after {limit.last_ms:.0f} ms, {limit.kib_each:.1f} KiB each",
        "≤ 3× raw, ≤ 20 KiB each",
        reached=ratio <= 3 and ours.kib_each <= 20,
    )


def fire_raw(port: int) -> None:
    """Let the bare server of streams send its news."""
    import socket  # noqa: PLC0415  # one request

    with socket.create_connection(("127.0.0.1", port)) as raw:
        raw.sendall(b"GET /fire HTTP/1.1\r\nhost: x\r\n\r\n")
        raw.recv(100)
